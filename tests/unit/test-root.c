/* SPDX-License-Identifier: Apache-2.0
 *
 * The root filesystem of an image, from packs and recipes made on the spot.
 */
#include "builder/engine/root.h"
#include "pack-maker.h"
#include "signing/error.h"

#define CONTROL(name, more) "Package: " name "\nVersion: 1\nArchitecture: amd64\n" more "Description: a test\n"

static const Member base_files[] = {
  {.path = "run", .type = ENTRY_DIRECTORY},     {.path = "usr", .type = ENTRY_DIRECTORY},
  {.path = "usr/bin", .type = ENTRY_DIRECTORY}, {.path = "var", .type = ENTRY_DIRECTORY},
  {.path = "var/run", .type = ENTRY_DIRECTORY}, {0},
};
static const Member tool[] = {
  {.path = "usr", .type = ENTRY_DIRECTORY},
  {.path = "usr/bin", .type = ENTRY_DIRECTORY},
  {.path = "usr/bin/tool", .content = "#!/bin/sh\n", .mode = 0755},
  {.path = "usr/share", .type = ENTRY_DIRECTORY},
  {.path = "usr/share/doc", .type = ENTRY_DIRECTORY},
  {.path = "usr/share/doc/tool", .content = "words\n"},
  {.path = "srv", .type = ENTRY_SYMLINK, .content = "/var/data"},
  {.path = "var", .type = ENTRY_DIRECTORY},
  {.path = "var/data", .type = ENTRY_DIRECTORY},
  {.path = "var/lib/dpkg/info/tool.postinst", .content = "#!/bin/sh\nset -e\nfrobnicate \"$1\"\n\"$x\" y\n", .mode = 0755},
  {0},
};

typedef struct {
  Recipe *recipe;
  Lock *lock;
  LockArch *arch;
  GPtrArray *packs;
} Making;

static void
add_package(Making *making, const Member *members, const char *name, const char *locked_as)
{
  g_autofree char *control = g_strdup_printf(CONTROL("%s", ""), name);
  LockPackage *package = g_new0(LockPackage, 1);
  *package = (LockPackage){.name = g_strdup(locked_as), .version = g_strdup("1"), .architecture = g_strdup("amd64")};
  g_ptr_array_add(making->arch->packages, package);
  g_ptr_array_add(making->packs, maker_pack(members, control));
}

/* @text goes on behind what every recipe of these tests begins with. */
static void
begin(Making *making, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(maker_folder, "test.yaml", NULL);
  g_autofree char *whole =
    g_strconcat("name: test\nversion: 1\narch: [amd64]\ndebian: {suite: stone, packages: [tool], scripts: skip}\n"
                "config: {entrypoint: [/usr/bin/tool]}\n",
                text, NULL);
  g_assert_true(g_file_set_contents(path, whole, -1, NULL));
  making->recipe = recipe_load(path, NULL, &error);
  g_assert_no_error(error);
  making->lock = lock_new();
  making->arch = lock_add_arch(making->lock, "amd64");
  making->packs = g_ptr_array_new_with_free_func((GDestroyNotify)pack_unref);
  add_package(making, base_files, "base-files", "base-files");
}

static void
end(Making *making)
{
  recipe_free(making->recipe);
  lock_free(making->lock);
  g_ptr_array_unref(making->packs);
}

static Root *
assemble_root(const Making *making, GError **error)
{
  const PackagesOptions packages = {.encoding = PACK_ZSTD, .epoch = 77};
  const RootOptions options = {.packages = &packages};
  return root_assemble(maker_store, making->recipe, "amd64", making->arch, making->packs, &options, error);
}

static Root *
root_of(const Making *making)
{
  g_autoptr(GError) error = NULL;
  Root *root = assemble_root(making, &error);
  g_assert_no_error(error);
  return root;
}

static const Entry *
entry_at(const Root *root, const char *path)
{
  const TreeNode *node = tree_lookup(root->tree, path);
  return node != NULL ? node->entry : NULL;
}

static void
assert_text(const Root *root, const char *path, const char *part)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = tree_read(root->tree, path, 100000, &error);
  g_assert_no_error(error);
  g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  if (strstr(text, part) == NULL)
    g_error("/%s does not hold '%s' but: %s", path, part, text);
}

static void
assert_fails(const char *text, const char *part)
{
  g_autoptr(GError) error = NULL;
  Making making;
  begin(&making, text);
  g_assert_null(assemble_root(&making, &error));
  if (strstr(error->message, part) == NULL)
    g_error("'%s' does not tell '%s'", error->message, part);
  end(&making);
}

/* What is at @path belongs to part @i, whose title begins with @title. */
static void
assert_part(const Root *root, const char *path, guint i, const char *title)
{
  const RootPart *part = root->parts->pdata[i];
  g_assert_cmpuint(tree_lookup(root->tree, path)->pack, ==, part->number);
  g_assert_true(g_str_has_prefix(part->title, title));
}

static void
packages_files_and_database(void)
{
  Making making;
  begin(&making, "files: [{path: /etc/motd, content: hello}]\nlinks: [{path: /bin/t, to: tool}]\n");
  add_package(&making, tool, "tool", "tool");
  g_autoptr(Root) root = root_of(&making);
  g_assert_cmpuint(root->n_packages, ==, 2);
  g_assert_cmpint(entry_at(root, "usr/bin/tool")->mode, ==, 0755);
  assert_text(root, "etc/motd", "hello");
  g_assert_cmpstr(entry_at(root, "usr/bin/t")->target, ==, "tool");
  assert_text(root, "var/lib/dpkg/status", "Package: tool\nStatus: install ok installed");
  assert_part(root, "usr/bin/tool", 1, "tool ");
  assert_part(root, "var/lib/dpkg/status", 2, "system configuration");
  assert_part(root, "etc/motd", 3, "files of the recipe");
  end(&making);
}

/* Below var/run (a link that base-files makes) and srv (one that a package ships), whatever the recipe calls it. */
static void
files_go_where_links_lead(void)
{
  Making making;
  begin(&making, "files:\n"
                 "  - {path: /var/run/app/pid, content: \"1\"}\n"
                 "  - {path: /srv/www/index, content: hi}\n"
                 "  - {path: /srv/new, content: there}\n"
                 "links: [{path: /srv/www/latest, to: index}]\n");
  add_package(&making, tool, "tool", "tool");
  g_autoptr(Root) root = root_of(&making);
  g_assert_cmpint(entry_at(root, "var/run")->type, ==, ENTRY_SYMLINK);
  g_assert_cmpint(entry_at(root, "srv")->type, ==, ENTRY_SYMLINK);
  assert_text(root, "run/app/pid", "1");
  assert_text(root, "var/data/www/index", "hi");
  assert_text(root, "var/data/new", "there");
  g_assert_cmpstr(entry_at(root, "var/data/www/latest")->target, ==, "index");
  end(&making);
}

/* The file replaces the link, not what it leads to. */
static void
a_file_takes_a_links_place(void)
{
  Making making;
  begin(&making, "files: [{path: /srv, content: now a file}]\n");
  add_package(&making, tool, "tool", "tool");
  g_autoptr(Root) root = root_of(&making);
  g_assert_cmpint(entry_at(root, "srv")->type, ==, ENTRY_FILE);
  g_assert_cmpint(entry_at(root, "var/data")->type, ==, ENTRY_DIRECTORY);
  end(&making);
}

static void
remove_comes_before_files(void)
{
  Making making;
  begin(&making, "remove: [/usr/share/doc, /var/lib/dpkg/info/*]\nfiles: [{path: /usr/share/doc/mine, content: x}]\n");
  add_package(&making, tool, "tool", "tool");
  g_autoptr(Root) root = root_of(&making);
  g_assert_null(entry_at(root, "usr/share/doc/tool"));
  g_assert_nonnull(entry_at(root, "usr/share/doc/mine"));
  g_assert_null(entry_at(root, "var/lib/dpkg/info/tool.postinst"));
  g_assert_nonnull(entry_at(root, "var/lib/dpkg/status"));
  end(&making);
}

static void
scripts_left_out_are_listed(void)
{
  Making making;
  begin(&making, "");
  add_package(&making, tool, "tool", "tool");
  g_autoptr(Root) root = root_of(&making);
  g_assert_cmpuint(root->skipped->len, ==, 1);
  g_assert_cmpstr(root->skipped->pdata[0], ==,
                  "tool postinst: line 3: runs 'frobnicate', which is not there; line 4: runs ' y'");
  end(&making);
}

/* The second time it is recalled: nothing that the recipe adds makes a difference. */
static void
what_scripts_come_to_is_remembered(void)
{
  static const char *const recipes[] = {"", "files: [{path: /etc/more, content: x}]\n"};
  static const Member maker[] = {{.path = "var/lib/dpkg/info/maker.postinst",
                                  .content = "#!/bin/sh\nset -e\nmkdir -m 0711 -p /etc/x\necho made > /etc/x/made\n"
                                             "adduser --system --group maker\nfrobnicate\nln -s x /etc/y\n",
                                  .mode = 0755},
                                 {0}};
  for (guint i = 0; i < G_N_ELEMENTS(recipes); i++) {
    Making making;
    begin(&making, recipes[i]);
    add_package(&making, maker, "maker", "maker");
    g_autoptr(Root) root = root_of(&making);
    g_assert_cmpuint(root->skipped->len, ==, 1);
    g_assert_cmpstr(root->skipped->pdata[0], ==, "maker postinst: line 6: runs 'frobnicate', which is not there");
    g_assert_cmpuint(entry_at(root, "etc/x")->mode, ==, 0711);
    g_assert_cmpuint(entry_at(root, "etc/x/made")->size, ==, strlen("made\n"));
    g_assert_cmpstr(entry_at(root, "etc/y")->target, ==, "x");
    g_autoptr(GBytes) passwd = tree_read(root->tree, "etc/passwd", 1000, NULL);
    g_autofree char *text = g_strndup(g_bytes_get_data(passwd, NULL), g_bytes_get_size(passwd));
    g_assert_cmpstr(text, ==, "maker:*:100:100::/nonexistent:/usr/sbin/nologin\n");
    end(&making);
  }
}

static void
the_locks_package_is_the_packs(void)
{
  g_autoptr(GError) error = NULL;
  Making making;
  begin(&making, "");
  add_package(&making, tool, "tool", "hello");
  g_assert_null(assemble_root(&making, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, "'hello'"));
  g_assert_nonnull(strstr(error->message, "'tool'"));
  end(&making);
}

static void
two_packages_of_one_file_are_named(void)
{
  static const Member other[] = {{.path = "usr/bin/tool", .content = "mine"}, {0}};
  g_autoptr(GError) error = NULL;
  Making making;
  begin(&making, "");
  add_package(&making, tool, "tool", "tool");
  add_package(&making, other, "rival", "rival");
  g_assert_null(assemble_root(&making, &error));
  g_assert_nonnull(strstr(error->message, "'/usr/bin/tool'"));
  g_assert_nonnull(strstr(error->message, "'tool'"));
  g_assert_nonnull(strstr(error->message, "'rival'"));
  end(&making);
}

/* What a hostile script asks for is not done outside the root. */
static void
scripts_cannot_lead_out(void)
{
  static const Member hostile[] = {{.path = "usr/bin/x", .content = "x"},
                                   {.path = "var/lib/dpkg/info/hostile.postinst",
                                    .content = "#!/bin/sh\nupdate-alternatives --install /usr/../../a a /usr/bin/x 1\n"
                                               "dpkg-divert --divert /usr/../../../b --add /usr/bin/tool\n"
                                               "adduser --system --home /../../c evil\n"},
                                   {0}};
  Making making;
  begin(&making, "");
  add_package(&making, tool, "tool", "tool");
  add_package(&making, hostile, "hostile", "hostile");
  g_autoptr(Root) root = root_of(&making);
  g_autoptr(GPtrArray) nodes = tree_nodes(root->tree);
  for (guint i = 0; i < nodes->len; i++)
    g_assert_true(entry_path_is_canonical(((const TreeNode *)nodes->pdata[i])->entry->path));
  g_assert_nonnull(entry_at(root, "usr/bin/tool"));
  end(&making);
}

/* ---- users ---- */

static void
users_groups_and_homes(void)
{
  Making making;
  begin(&making, "groups: [{name: staff, gid: 60000, members: [app]}]\n"
                 "users:\n"
                 "  - {name: app, uid: 10001, home: /srv/./home/, groups: [staff]}\n"
                 "  - {name: other, uid: 10002, gid: 60000}\n"
                 "files: [{path: /x, content: x, owner: app, group: staff}]\n");
  add_package(&making, tool, "tool", "tool");
  g_autoptr(Root) root = root_of(&making);
  assert_text(root, "etc/passwd", "root:");
  assert_text(root, "etc/passwd", ":10001:10001:");
  assert_text(root, "etc/passwd", ":10002:60000:");
  assert_text(root, "etc/group", "staff:");
  assert_text(root, "etc/group", ":60000:app");
  g_assert_cmpuint(entry_at(root, "x")->uid, ==, 10001);
  g_assert_cmpuint(entry_at(root, "x")->gid, ==, 60000);
  /* made where the link leads */
  g_assert_cmpuint(entry_at(root, "var/data/home")->uid, ==, 10001);
  end(&making);
}

static void
accounts_that_cannot_be(void)
{
  assert_fails("users: [{name: a, uid: 0}]\n", "root");
  assert_fails("groups: [{name: a, gid: 0}]\n", "root");
  assert_fails("users: [{name: root, uid: 5}]\n", "user 'root' is there already, with uid 0");
  assert_fails("users: [{name: root, gid: 5}]\n", "user 'root' is there already, with gid 0");
  assert_fails("users: [{name: a, groups: [none]}]\n", "there is no group 'none'");
  assert_fails("groups: [{name: a, members: [none]}]\n", "there is no user 'none'");
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run)(void);
  } cases[] = {
    {"packages-files-and-database", packages_files_and_database},
    {"files-go-where-links-lead", files_go_where_links_lead},
    {"a-file-takes-a-links-place", a_file_takes_a_links_place},
    {"remove-comes-before-files", remove_comes_before_files},
    {"scripts-left-out-are-listed", scripts_left_out_are_listed},
    {"what-scripts-come-to-is-remembered", what_scripts_come_to_is_remembered},
    {"the-locks-package-is-the-packs", the_locks_package_is_the_packs},
    {"two-packages-of-one-file-are-named", two_packages_of_one_file_are_named},
    {"scripts-cannot-lead-out", scripts_cannot_lead_out},
    {"users-groups-and-homes", users_groups_and_homes},
    {"accounts-that-cannot-be", accounts_that_cannot_be},
  };
  g_test_init(&argc, &argv, NULL);
  maker_open();
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/root/", cases[i].name, NULL);
    g_test_add_func(path, cases[i].run);
  }
  int status = g_test_run();
  maker_close();
  return status;
}
