/* SPDX-License-Identifier: Apache-2.0
 *
 * The tests of recipes, each on an image made on the spot.
 */
#include "builder/check/check.h"
#include "builder/check/junit.h"
#include "elf-maker.h"
#include "pack-maker.h"
#include "signing/error.h"

#define N_MANY 100000

#define ROOT "root:x:0:0:root:/root:/bin/sh\n"
#define APP "app:x:7:8::/srv:/usr/sbin/nologin\n"

static const Member files[] = {
  {.path = "etc/group", .content = "root:x:0:\napp:x:8:\nwww:x:9:app\n"},
  {.path = "etc/motd", .content = "hello\nworld\n"},
  {.path = "etc/mtab", .type = ENTRY_SYMLINK, .content = "../proc/self/mounts"},
  {.path = "etc/passwd", .content = ROOT APP},
  {.path = "etc/shut", .content = "x", .mode = 0600},
  {.path = "etc/twin", .type = ENTRY_HARDLINK, .content = "etc/motd"},
  {.path = "bin", .type = ENTRY_SYMLINK, .content = "usr/bin"},
  {.path = "tmp", .type = ENTRY_DIRECTORY, .mode = 01777},
  {.path = "usr/bin/loop", .type = ENTRY_SYMLINK, .content = "loop"},
  {.path = "usr/bin/su", .content = "#!", .mode = 04755},
  {.path = "usr/bin/vi", .type = ENTRY_SYMLINK, .content = "vim"},
  {.path = "usr/bin/wall", .content = "#!", .mode = 02755},
  {.path = "usr/share/doc/a/copyright", .content = "free"},
  {.path = "usr/share/doc/b", .content = "\x01\xff"},
  {.path = "var/lock", .type = ENTRY_SYMLINK, .content = "/run/lock"},
  {.path = "var/mine", .type = ENTRY_SYMLINK, .content = "lock/mine"},
  {.path = "var/open", .type = ENTRY_DIRECTORY, .mode = 0777},
  {.path = "var/open/file", .content = "x", .mode = 0666},
  {0},
};

/* ---- making images ---- */

static void
insert(Tree *tree, Pack *pack)
{
  g_autoptr(GError) error = NULL;
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    gboolean inserted = tree_insert(tree, number, i, &error);
    g_assert_no_error(error);
    g_assert_true(inserted);
  }
}

static Tree *
tree_of(const Member *members)
{
  Tree *tree = tree_new();
  g_autoptr(Pack) pack = maker_pack(members, NULL);
  insert(tree, pack);
  return tree;
}

typedef struct {
  const char *path;
  MadeElf elf;
} Program;

/* Adds what ends with one without a path. */
static void
add_programs(Tree *tree, const Program *programs)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PackWriter) writer = pack_writer_new(maker_store, PACK_ZSTD, &error);
  g_assert_no_error(error);
  for (; programs->path != NULL; programs++) {
    g_autoptr(GBytes) bytes = elf_make(&programs->elf);
    gsize size;
    gconstpointer data = g_bytes_get_data(bytes, &size);
    Entry entry = {.path = programs->path, .type = ENTRY_FILE, .mode = 0755, .size = size};
    g_assert_true(pack_writer_add(writer, &entry, &error) && pack_writer_data(writer, data, size, &error));
  }
  g_autoptr(Pack) pack = maker_finish(writer);
  insert(tree, pack);
}

/* ---- running tests ---- */

/* What a recipe with @tests says of @tree: "KIND: FAILURE" a line. @config is of the recipe's too. */
static CheckReport *
report_on(const Tree *tree, const char *config, const char *tests)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(maker_folder, "demo.yaml", NULL);
  g_autofree char *text = g_strdup_printf("name: demo\nversion: 1\nconfig: {%s}\ntests:\n%s", config, tests);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  g_autoptr(Recipe) recipe = recipe_load(path, NULL, &error);
  g_assert_no_error(error);
  CheckReport *report = check_report_new(recipe->name);
  CheckSubject subject = {.tree = tree, .config = &recipe->config, .generated = {TREE_NO_PACK, TREE_NO_PACK}};
  gboolean run = check_image(&subject, recipe, check_report_begin(report, "amd64"), &error);
  g_assert_no_error(error);
  g_assert_true(run);
  return report;
}

static char *
failures_of(const Tree *tree, const char *config, const char *tests)
{
  g_autoptr(CheckReport) report = report_on(tree, config, tests);
  const CheckSuite *suite = report->suites->pdata[0];
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < suite->results->len; i++) {
    const CheckResult *result = suite->results->pdata[i];
    for (guint j = 0; j < result->failures->len; j++)
      g_string_append_printf(text, "%s: %s\n", recipe_test_kind_name(result->kind), (const char *)result->failures->pdata[j]);
  }
  return g_string_free(text, FALSE);
}

typedef struct {
  const char *test, *failures;
} Case;

static void
assert_cases(const Tree *tree, const char *config, const Case *cases)
{
  for (; cases->test != NULL; cases++) {
    g_autofree char *item = g_strdup_printf("  - %s\n", cases->test), *found = failures_of(tree, config, item);
    if (strcmp(found, cases->failures) != 0)
      g_error("%s gives\n%s, not\n%s", cases->test, found, cases->failures);
  }
}

/* ---- files ---- */

static void
files_are_as_they_should_be(void)
{
  static const Case cases[] = {
    {"{file: /etc/motd}", ""},
    {"{file: /etc/motd, type: file, mode: \"0644\", owner: root, group: \"0\", contains: hello, matches: '^world$'}", ""},
    {"{file: /etc/motd, contains: \"lo\\nwo\", size: {least: 12, most: 12}}", ""},
    {"{file: /etc/twin, type: file, contains: hello, size: {least: 12, most: 12}}", ""},
    {"{file: /etc/twin, sha256: 4a1e67f2fe1d1cc7b31d0ca2ec441da4778203a036a77da10344c85e24ff0f92}", ""},
    {"{file: /bin/su, mode: \"4755\"}", ""},
    {"{file: /bin, type: directory}", ""},
    {"{file: /bin, type: symlink, target: usr/bin}", ""},
    {"{file: /usr/bin/vi, target: vim}", ""},
    {"{file: /, type: directory, size: {least: 38, most: 1K}}", ""},
    {"{file: /tmp, mode: \"1777\", exists: true}", ""},
    {"{file: /etc/issue, exists: false}", ""},
    {"{absent: /etc/issue}", ""},
    {"{absent: '/usr/share/man/*'}", ""},
    {0},
  };
  g_autoptr(Tree) tree = tree_of(files);
  assert_cases(tree, "", cases);
}

static void
files_that_are_not_are_told(void)
{
  static const Case cases[] = {
    {"{file: /etc/issue}", "file: '/etc/issue' is not there\n"},
    {"{file: /etc/motd/x}", "file: '/etc/motd/x' is not there\n"},
    {"{file: /usr/bin/vi}", "file: '/usr/bin/vi' is a link to 'vim', which leads nowhere\n"},
    {"{file: /usr/bin/vi, exists: false}", "file: '/usr/bin/vi' is there, and must not be\n"},
    {"{file: /etc/motd, type: directory}", "file: '/etc/motd' is of type file, not directory\n"},
    {"{file: /bin, type: file}", "file: '/bin' is of type directory, not file\n"},
    {"{file: /etc/motd, target: x}", "file: '/etc/motd' is of type file, not symlink\n"},
    {"{file: /bin, target: /usr/bin}", "file: '/bin' points to 'usr/bin', not to '/usr/bin'\n"},
    {"{file: /etc/shut, mode: \"644\"}", "file: '/etc/shut' has mode 0600, not 0644\n"},
    {"{file: /etc/motd, owner: app, group: www}",
     "file: '/etc/motd' belongs to root (0), not app\nfile: '/etc/motd' belongs to the group root (0), not www\n"},
    {"{file: /etc/motd, owner: \"5\"}", "file: '/etc/motd' belongs to root (0), not 5\n"},
    {"{file: /etc/motd, owner: ghost}", "file: '/etc/motd' belongs to root (0), not ghost: there is no such user\n"},
    {"{file: /etc/motd, contains: bye}", "file: '/etc/motd' does not contain 'bye': it holds 'hello\\nworld\\n'\n"},
    {"{file: /etc/motd, matches: '^wor$'}", "file: '/etc/motd' does not match '^wor$': it holds 'hello\\nworld\\n'\n"},
    {"{file: /usr/share/doc/b, contains: x}", "file: '/usr/share/doc/b' does not contain 'x': it holds '\\x01\\xff'\n"},
    {"{file: /etc, contains: x}", "file: '/etc' is of type directory: it has no content\n"},
    {"{file: /etc/motd, sha256: 00000000000000000000000000000000000000000000000000000000000000aa}",
     "file: '/etc/motd' has the SHA-256 4a1e67f2fe1d1cc7b31d0ca2ec441da4778203a036a77da10344c85e24ff0f92, not "
     "00000000000000000000000000000000000000000000000000000000000000aa\n"},
    {"{file: /etc/shut, size: {least: 2}}", "file: '/etc/shut' has 1 byte, less than 2 bytes\n"},
    {"{file: /usr/share, size: {most: 5}}", "file: '/usr/share' has 6 bytes, more than 5 bytes\n"},
    {"{absent: /bin/vi}", "absent: '/bin/vi' is there, and must not be\n"},
    {"{absent: '/usr/share/doc/*'}", "absent: '/usr/share/doc/a' is there, and must not be\n"
                                     "absent: '/usr/share/doc/a/copyright' is there, and must not be\n"
                                     "absent: '/usr/share/doc/b' is there, and must not be\n"},
    {0},
  };
  g_autoptr(Tree) tree = tree_of(files);
  assert_cases(tree, "", cases);
}

static void
a_pattern_that_never_ends_is_given_up(void)
{
  g_autofree char *letters = g_strnfill(100000, 'a');
  const Member members[] = {{.path = "a", .content = letters}, {0}};
  g_autoptr(Tree) tree = tree_of(members);
  g_autofree char *found = failures_of(tree, "", "  - {file: /a, matches: '^(a|aa)+[bc]$'}\n");
  g_assert_true(g_str_has_prefix(found, "file: '/a' cannot be matched with '^(a|aa)+[bc]$': "));
}

/* ---- accounts and configuration ---- */

static void
users_are_looked_up(void)
{
  static const Case cases[] = {
    {"{user: app, uid: 7, gid: 8, home: /srv, shell: /usr/sbin/nologin, groups: [www, app]}", ""},
    {"{user: games, exists: false}", ""},
    {"{user: games}", "user: there is no user 'games'\n"},
    {"{user: root, exists: false}", "user: the user 'root' is there, and must not be\n"},
    {"{user: app, uid: 8, gid: 7}", "user: the user 'app' has uid 7, not 8\nuser: the user 'app' has gid 8, not 7\n"},
    {"{user: app, home: /, shell: /bin/sh}", "user: the user 'app' has the home '/srv', not '/'\n"
                                             "user: the user 'app' has the shell '/usr/sbin/nologin', not '/bin/sh'\n"},
    {"{user: root, groups: [www, wheel]}", "user: the user 'root' is no member of 'www'\n"
                                           "user: the user 'root' is no member of 'wheel': there is no such group\n"},
    {0},
  };
  g_autoptr(Tree) tree = tree_of(files);
  assert_cases(tree, "", cases);
}

static void
without_accounts_files_are_roots(void)
{
  static const Member members[] = {{.path = "a", .content = "x"}, {0}};
  static const Case cases[] = {
    {"{file: /a, owner: root, group: root}", ""},
    {"{file: /a, owner: app}", "file: '/a' belongs to 0, not app: there is no such user\n"},
    {"{user: app}", "user: there is no user 'app'\n"},
    {0},
  };
  g_autoptr(Tree) tree = tree_of(members);
  assert_cases(tree, "", cases);
}

static void
broken_accounts_are_an_error(void)
{
  static const Member members[] = {{.path = "etc/passwd", .content = "root\n"}, {0}};
  g_autoptr(GError) error = NULL;
  g_autoptr(Tree) tree = tree_of(members);
  g_autofree char *path = g_build_filename(maker_folder, "demo.yaml", NULL);
  g_assert_true(g_file_set_contents(path, "name: demo\nversion: 1\ntests: [{user: root}]\n", -1, NULL));
  g_autoptr(Recipe) recipe = recipe_load(path, NULL, NULL);
  g_autoptr(CheckReport) report = check_report_new("demo");
  CheckSubject subject = {.tree = tree, .config = &recipe->config, .generated = {TREE_NO_PACK, TREE_NO_PACK}};
  g_assert_false(check_image(&subject, recipe, check_report_begin(report, "amd64"), &error));
  g_assert_true(g_str_has_prefix(error->message, "test 'user root': /etc/passwd"));
}

static void
ports_are_those_of_the_configuration(void)
{
  static const Case with[] = {{"{port: 80}", ""},
                              {"{port: 53/udp}", ""},
                              {"{port: 53}", "port: the port 53/tcp is not exposed, but 53/udp, 80/tcp\n"},
                              {0}};
  static const Case without[] = {{"{port: 80}", "port: the port 80/tcp is not exposed, but none\n"}, {0}};
  g_autoptr(Tree) tree = tree_of(files);
  assert_cases(tree, "ports: [80, 53/udp]", with);
  assert_cases(tree, "", without);
}

/* ---- the whole image ---- */

static void
whole_images_are_checked(void)
{
  static const Case cases[] = {
    {"{size: {most: 1K}}", ""},
    {"{size: {most: 10}}", "size: the image has 119 bytes, more than 10 bytes\n"},
    {"{size: {least: 1M}}", "size: the image has 119 bytes, less than 1 MiB\n"},
    {"links", "links: '/usr/bin/loop' leads nowhere: it points to 'loop'\nlinks: '/usr/bin/vi' leads nowhere: it points to "
              "'vim'\n"},
    {"{links: {except: ['/usr/bin/*']}}", ""},
    {"setuid", "setuid: '/usr/bin/su' is setuid (mode 4755)\nsetuid: '/usr/bin/wall' is setgid (mode 2755)\n"},
    {"{setuid: {except: [/bin/su]}}", "setuid: '/usr/bin/wall' is setgid (mode 2755)\n"},
    {"world_writable", "world_writable: '/var/open' can be written by everybody (mode 0777)\n"
                       "world_writable: '/var/open/file' can be written by everybody (mode 0666)\n"},
    {"{world_writable: {except: ['/var/open*']}}", ""},
    {"elf", ""},
    {0},
  };
  g_autoptr(Tree) tree = tree_of(files);
  assert_cases(tree, "", cases);
}

static void
files_belong_to_packages(void)
{
  static const Member members[] = {
    {.path = "var/lib/dpkg/status", .content = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"},
    {.path = "var/lib/dpkg/info/a.list", .content = "/.\n/bin\n/bin/a\n"},
    {.path = "var/lib/dpkg/diversions"},
    {.path = "bin", .type = ENTRY_SYMLINK, .content = "usr/bin"},
    {.path = "usr/bin/a", .content = "x"},
    {.path = "usr/bin/b", .content = "x"},
    {.path = "srv/site/index.html", .content = "x"},
    {0},
  };
  static const Case cases[] = {
    {"owned", "owned: '/srv/site/index.html' belongs to no package\nowned: '/usr/bin/b' belongs to no package\n"},
    {"{owned: {except: ['/srv/*', /usr/bin/b]}}", ""},
    {0},
  };
  g_autoptr(Tree) tree = tree_of(members);
  assert_cases(tree, "", cases);
}

/* ---- ELF files ---- */

static const Member loader_files[] = {
  {.path = "lib", .type = ENTRY_SYMLINK, .content = "usr/lib"},
  {.path = "lib64", .type = ENTRY_SYMLINK, .content = "usr/lib64"},
  {0},
};
#define LD "/lib64/ld.so"
#define MULTIARCH "usr/lib/x86_64-linux-gnu/"
static const Program loader = {"usr/lib64/ld.so", {.name = "ld.so"}};

static void
assert_elf(const Member *members, const Program *programs, const char *config, const Case *cases)
{
  g_autoptr(Tree) tree = tree_of(loader_files);
  const Program with_loader[] = {loader, {0}};
  add_programs(tree, with_loader);
  add_programs(tree, programs);
  if (members != NULL) {
    g_autoptr(Pack) pack = maker_pack(members, NULL);
    insert(tree, pack);
  }
  assert_cases(tree, config, cases);
}

static void
libraries_are_found_as_the_loader_does(void)
{
  static const Program programs[] = {
    {MULTIARCH "libc.so.6", {.name = "libc.so.6", .needed = "ld.so"}},
    {"usr/lib/libold.so", {0}},
    {"usr/lib/tool/libpart.so.1", {.name = "libpart.so", .needed = "libc.so.6"}},
    {"usr/lib/deep/libdeep.so", {0}},
    {"usr/bin/plain", {.interpreter = LD, .needed = "libc.so.6 libold.so"}},
    {"usr/bin/runpath", {.interpreter = LD, .needed = "libpart.so.1", .runpath = "/nowhere:$ORIGIN/../lib/tool"}},
    {"usr/bin/rpath", {.interpreter = LD, .needed = "libpart.so.1", .rpath = "${ORIGIN}/../lib/tool"}},
    {"usr/bin/absolute", {.type = ET_EXEC, .needed = "/usr/lib/deep/libdeep.so"}},
    {"usr/bin/static", {.type = ET_EXEC}},
    {0},
  };
  static const Case cases[] = {{"elf", ""}, {0}};
  assert_elf(NULL, programs, "", cases);
}

static void
libraries_that_are_missing_are_told(void)
{
  static const Program programs[] = {
    {MULTIARCH "libc.so.6", {0}},
    {MULTIARCH "libarm.so", {.machine = EM_AARCH64}},
    {"opt/libfar.so", {0}},
    {"usr/bin/a", {.interpreter = LD, .needed = "libc.so.6 libgone.so.1"}},
    {"usr/bin/b", {.interpreter = LD, .needed = "libarm.so"}},
    {"usr/bin/c", {.interpreter = LD, .needed = "libfar.so"}},
    {"usr/bin/d", {.interpreter = "/lib/ld-musl.so", .needed = "libplug.so"}},
    {"usr/bin/e", {.interpreter = LD, .machine = EM_AARCH64}},
    {"usr/lib/libplug.so", {.needed = "libgone.so.2"}},
    {"usr/lib/libalone.so", {.needed = "libgone.so.3", .runpath = "$LIB:relative:"}},
    {"usr/share/o.o", {.type = ET_REL, .needed = "libnever.so"}},
    {0},
  };
  static const Case cases[] = {
    {"elf",
     "elf: '/usr/bin/a' needs 'libgone.so.1', which is not in the image\n"
     "elf: '/usr/bin/b' needs 'libarm.so', which is not found: '/usr/lib/x86_64-linux-gnu/libarm.so' is for another machine\n"
     "elf: '/usr/bin/c' needs 'libfar.so', which is not found: '/opt/libfar.so' is not in its search path\n"
     "elf: '/usr/bin/d' needs the interpreter '/lib/ld-musl.so', which is not in the image\n"
     "elf: '/usr/lib/libplug.so', loaded by '/usr/bin/d', needs 'libgone.so.2', which is not in the image\n"
     "elf: '/usr/bin/e' needs the interpreter '/lib64/ld.so', which is for another machine\n"
     "elf: '/usr/lib/libalone.so' needs 'libgone.so.3', which is not in the image\n"},
    {"{elf: {except: ['/usr/bin/*', /usr/lib/libplug.so]}}",
     "elf: '/usr/lib/libalone.so' needs 'libgone.so.3', which is not in the image\n"},
    {0},
  };
  assert_elf(NULL, programs, "", cases);
}

/* RPATH serves those who are loaded below, RUNPATH only who has it; and what is there already serves all. */
static void
who_loads_decides_what_is_found(void)
{
  static const Program programs[] = {
    {"opt/liba.so", {.needed = "libb.so"}},
    {"opt/libb.so", {0}},
    {"opt/libsoname-1.2.so", {.name = "libc.so.1"}},
    {"usr/bin/inherits", {.interpreter = LD, .needed = "liba.so", .rpath = "/opt"}},
    {"usr/bin/first", {.interpreter = LD, .needed = "libb.so liba.so", .runpath = "/opt"}},
    {"usr/bin/soname", {.interpreter = LD, .needed = "libsoname-1.2.so libc.so.1", .runpath = "/opt"}},
    {"usr/bin/keeps", {.interpreter = LD, .needed = "liba.so", .runpath = "/opt"}},
    {0},
  };
  static const Case cases[] = {{"elf", "elf: '/opt/liba.so', loaded by '/usr/bin/keeps', needs 'libb.so', which is not found: "
                                       "'/opt/libb.so' is not in its search path\n"},
                               {0}};
  assert_elf(NULL, programs, "", cases);
}

static void
folders_of_the_cache_and_the_environment_count(void)
{
  static const Program programs[] = {
    {"opt/lib/libx.so", {0}},
    {"usr/bin/x", {.interpreter = LD, .needed = "libx.so"}},
    {0},
  };
  static const Member conf[] = {
    {.path = "etc/ld.so.conf", .content = "# folders\ninclude /etc/ld.so.conf.d/*.conf\ninclude ld.so.conf\n"},
    {.path = "etc/ld.so.conf.d/opt.conf", .content = "/usr/local/lib, /opt/lib # ours\n"},
    {.path = "etc/ld.so.conf.d/nothing.conf"},
    {.path = "etc/ld.so.conf.d/other", .content = "/nowhere\n"},
    {0},
  };
  const Member cache[] = {{.path = "etc/ld.so.cache", .content = "made"}, conf[0], conf[1], conf[2], {0}};
  static const Case lost[] = {
    {"elf", "elf: '/usr/bin/x' needs 'libx.so', which is not found: '/opt/lib/libx.so' is not in its search path\n"}, {0}};
  static const Case found[] = {{"elf", ""}, {0}};
  assert_elf(NULL, programs, "", lost);
  assert_elf(conf, programs, "", lost); /* no cache was made of it */
  assert_elf(cache, programs, "", found);
  assert_elf(NULL, programs, "env: {LD_LIBRARY_PATH: '/x:/opt/lib'}", found);
}

static void
files_that_only_begin_as_elf_are_told(void)
{
  static const Member members[] = {
    {.path = "usr/bin/cut", .content = "\177ELF"}, {.path = "usr/bin/text", .content = "\177EL"}, {0}};
  static const Case cases[] = {
    {"elf", "elf: '/usr/bin/cut' is no sound ELF file: its header is cut short or malformed\n"},
    {"{elf: {except: [/usr/bin/cut]}}", ""},
    {0},
  };
  g_autoptr(Tree) tree = tree_of(members);
  assert_cases(tree, "", cases);
}

/* ---- reports ---- */

static void
many_files_are_no_matter(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PackWriter) writer = pack_writer_new(maker_store, PACK_ZSTD, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < N_MANY; i++) {
    g_autofree char *path = g_strdup_printf("usr/share/%u/%u", i / 1000, i);
    Member member = {.path = path, .type = i % 10 == 0 ? ENTRY_SYMLINK : ENTRY_FILE, .content = "nowhere"};
    maker_add(writer, &member);
  }
  g_autoptr(Pack) pack = maker_finish(writer);
  g_autoptr(Tree) tree = tree_new();
  insert(tree, pack);
  g_autoptr(CheckReport) report = report_on(tree, "",
                                            "  - elf\n  - links\n  - owned\n  - setuid\n  - world_writable\n"
                                            "  - {absent: '/usr/*/7'}\n  - {size: {most: 630000}}\n");
  static const guint expected[] = {0, N_MANY / 10, N_MANY, 0, 0, 2, 0};
  const CheckSuite *suite = report->suites->pdata[0];
  for (guint i = 0; i < suite->results->len; i++) {
    const CheckResult *result = suite->results->pdata[i];
    g_assert_cmpuint(result->n_failures, ==, expected[i]);
    g_assert_cmpuint(result->failures->len, ==, MIN(expected[i], CHECK_FAILURES_MAX));
  }
}

static void
all_failures_are_told_at_their_places(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Tree) tree = tree_of(files);
  g_autoptr(CheckReport) report = report_on(tree, "",
                                            "  - {name: its owner, file: /etc/motd, owner: app}\n  - setuid\n"
                                            "  - {file: /etc/motd}\n");
  g_assert_false(check_report_error(report, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED);
  g_autofree char *text = g_strdup_printf("%1$s/demo.yaml:5:5: error: its owner: '/etc/motd' belongs to root (0), not app\n"
                                          "  5 |   - {name: its owner, file: /etc/motd, owner: app}\n    |     ^\n"
                                          "%1$s/demo.yaml:6:5: error: '/usr/bin/su' is setuid (mode 4755)\n"
                                          "  6 |   - setuid\n    |     ^\n"
                                          "  '/usr/bin/wall' is setgid (mode 2755)\n"
                                          "hint: what is meant to be so goes into the test's 'except'\n"
                                          "2 of 3 tests failed",
                                          maker_folder);
  g_assert_cmpstr(error->message, ==, text);
}

static void
junit_holds_what_xml_can(void)
{
  static const Member members[] = {{.path = "a<&\"\x01\xff", .content = "x", .mode = 04755}, {0}};
  g_autoptr(Tree) tree = tree_of(members);
  g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func((GDestroyNotify)check_report_free);
  g_ptr_array_add(reports, report_on(tree, "", "  - {name: \"<a> & 'b' \\uFFFE\", file: /}\n  - setuid\n"));
  CheckResult *first = ((CheckSuite *)((CheckReport *)reports->pdata[0])->suites->pdata[0])->results->pdata[0];
  CheckResult *second = ((CheckSuite *)((CheckReport *)reports->pdata[0])->suites->pdata[0])->results->pdata[1];
  first->microseconds = 1500;
  second->microseconds = 0;
  g_autofree char *text = junit_text(reports);
  g_autofree char *expected = g_strdup_printf(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
    "  <testsuite name=\"demo amd64\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"0.001500\">\n"
    "    <testcase name=\"&lt;a&gt; &amp; 'b' \xef\xbf\xbd\" classname=\"demo amd64\" file=\"%1$s/demo.yaml\" line=\"5\" "
    "time=\"0.001500\"/>\n"
    "    <testcase name=\"setuid\" classname=\"demo amd64\" file=\"%1$s/demo.yaml\" line=\"6\" time=\"0.000000\">\n"
    "      <failure message=\"'/a&lt;&amp;&quot;\\x01\\xff' is setuid (mode 4755)\" type=\"setuid\">%1$s/demo.yaml:6:5\n"
    "'/a&lt;&amp;&quot;\\x01\\xff' is setuid (mode 4755)</failure>\n"
    "    </testcase>\n  </testsuite>\n</testsuites>\n",
    maker_folder);
  g_assert_cmpstr(text, ==, expected);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  maker_open();
  g_test_add_func("/check/files", files_are_as_they_should_be);
  g_test_add_func("/check/files-that-are-not", files_that_are_not_are_told);
  g_test_add_func("/check/endless-pattern", a_pattern_that_never_ends_is_given_up);
  g_test_add_func("/check/users", users_are_looked_up);
  g_test_add_func("/check/no-accounts", without_accounts_files_are_roots);
  g_test_add_func("/check/broken-accounts", broken_accounts_are_an_error);
  g_test_add_func("/check/ports", ports_are_those_of_the_configuration);
  g_test_add_func("/check/whole", whole_images_are_checked);
  g_test_add_func("/check/owned", files_belong_to_packages);
  g_test_add_func("/check/elf/found", libraries_are_found_as_the_loader_does);
  g_test_add_func("/check/elf/missing", libraries_that_are_missing_are_told);
  g_test_add_func("/check/elf/loader", who_loads_decides_what_is_found);
  g_test_add_func("/check/elf/cache", folders_of_the_cache_and_the_environment_count);
  g_test_add_func("/check/elf/malformed", files_that_only_begin_as_elf_are_told);
  g_test_add_func("/check/many", many_files_are_no_matter);
  g_test_add_func("/check/report", all_failures_are_told_at_their_places);
  g_test_add_func("/check/junit", junit_holds_what_xml_can);
  int status = g_test_run();
  maker_close();
  return status;
}
