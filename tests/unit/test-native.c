/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/merge.h"
#include "builder/sources/debian/native.h"
#include "tests/unit/pack-maker.h"

#define INFO "var/lib/dpkg/info/"
#define CONTROL(name) "Package: " name "\nVersion: 1.0-1\nArchitecture: all\nDescription: a test\n"

/* A package "a" with the postinst under test and package "b", which needs it, over the base that @before tells of, if any. */
typedef struct {
  DebianSystem *system;
  DebianInstalledSet *installed;
  Tree *tree;
  Changes *changes;
  Accounts *accounts;
  DebianScriptReport *report;
  char *notes; /* "a postinst: ..." lines of what was left out */
} Fixture;

static void
lay_base(Fixture *fixture, const Member *before)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Pack) pack = maker_pack(before, NULL);
  guint number = tree_add_pack(fixture->tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    g_assert_true(tree_insert(fixture->tree, number, i, NULL));
  fixture->installed = fixture->system->installed = debian_installed_read(fixture->tree, "amd64", &error);
  g_assert_no_error(error);
  g_assert_true(accounts_load(fixture->accounts, fixture->changes, NULL));
}

static void
configure(Fixture *fixture, const Member *a, const Member *b, const Member *before, gboolean leave_out)
{
  static const char *const none[] = {NULL};
  g_autoptr(GError) error = NULL;
  g_autoptr(Pack) first = maker_pack(a, CONTROL("a")), second = maker_pack(b, CONTROL("b") "Depends: a\n");
  Pack *packs[] = {first, second};
  *fixture = (Fixture){.tree = tree_new(), .accounts = accounts_new(), .report = debian_script_report_new()};
  fixture->changes = changes_new(fixture->tree);
  fixture->system = debian_system_new(packs, 2, "amd64", &error);
  g_assert_no_error(error);
  if (before != NULL)
    lay_base(fixture, before);
  g_assert_true(debian_merge(fixture->system, fixture->tree, &(DebianMergeOptions){0}, fixture->changes, &error));
  g_autoptr(GPtrArray) batches = debian_install_plan(fixture->system, none, none);
  const DebianConfigureOptions options = {.store = maker_store, .epoch = 86400, .batches = batches, .leave_out = leave_out};
  g_assert_true(debian_native_configure(fixture->system, fixture->tree, fixture->changes, fixture->accounts, &options,
                                        fixture->report, &error));
  g_assert_no_error(error);
  fixture->notes = debian_script_report_unknown(fixture->report);
}

static void
clear(Fixture *fixture)
{
  changes_free(fixture->changes);
  tree_free(fixture->tree);
  accounts_free(fixture->accounts);
  debian_script_report_free(fixture->report);
  debian_system_free(fixture->system);
  g_clear_pointer(&fixture->installed, debian_installed_free);
  g_free(fixture->notes);
}

/* The file's text, a link's target behind "-> ", or NULL where there is nothing (transfer full). */
static char *
text_of(const Changes *changes, const char *path)
{
  g_autofree char *real = changes_resolve(changes, path);
  const Entry *entry = changes_lookup(changes, path);
  if (entry != NULL && entry->type == ENTRY_SYMLINK)
    return g_strconcat("-> ", entry->target, NULL);
  g_autoptr(GBytes) content = real != NULL ? changes_read(changes, real, 100000, NULL) : NULL;
  return content != NULL ? debian_text(content) : NULL;
}

static const Member plain_b[] = {{"usr/bin/b", ENTRY_FILE, "b", 0755}, {0}};

/* ---- what is left out ---- */

/* Of a script with scripts: skip: what is told, and what is in /etc/made then (NULL: nothing is). */
static const struct {
  const char *name, *script, *told, *made;
} cases[] = {
  {"all is known", "echo x > /etc/made", "", "x\n"},
  {"a command of nobody's interest", "magic 1\necho x > /etc/made", "line 2: runs 'magic 1'", "x\n"},
  {"each is told", "echo x > /etc/made\nmagic\nother || true", "line 3: runs 'magic'; line 4: runs 'other'", "x\n"},
  {"its output goes nowhere", "magic >/dev/null 2>&1 || true\necho x > /etc/made", "line 2: runs 'magic'", "x\n"},
  {"it counts as done", "magic || exit 3\necho x > /etc/made", "line 2: runs 'magic'", "x\n"},
  {"it decides", "echo x > /etc/made\nif magic; then echo y > /etc/made; fi\necho z > /etc/made", "line 3: runs 'magic'",
   "x\n"},
  {"its success is a condition", "magic && echo y > /etc/made\necho z > /etc/made", "line 2: runs 'magic'", NULL},
  {"in a function that decides", "f() { magic; }\nif f; then :; fi\necho x > /etc/made", "line 2: runs 'magic'", NULL},
  {"its output is wanted", "x=$(magic)\necho x > /etc/made", "line 2: runs 'magic'", NULL},
  {"in a pipe", "magic | cat\necho x > /etc/made", "line 2: runs 'magic'", NULL},
  {"at the end of a pipe", "echo a | magic\necho x > /etc/made", "line 2: runs 'magic'", "x\n"},
  {"a file that would not be whole", "magic > /etc/made", "line 2: runs 'magic'", NULL},
  {"a file that was whole", "echo x > /etc/made\n{ echo y; magic; } > /etc/made", "line 3: runs 'magic'", "x\n"},
  {"a file of a package", "magic > /etc/own\ncp /etc/own /etc/made", "line 2: runs 'magic'", NULL},
  {"a folder to go to", "cd '/x\ny'\necho x > /etc/made", "line 2: the path '/x\\ny'", NULL},
  {"a script that fails", "echo x > /etc/made\nfalse\necho y > /etc/made", "line 3: would end with 1", "x\n"},
  {"no shell's script at all", "if", "line 3: a compound command has no end", NULL},
  {"a program that is not there", "frobnicate\nfrobnicate || true\nif frobnicate; then :; fi\necho x > /etc/made",
   "line 2: runs 'frobnicate', which is not there", "x\n"},
  {"what does not end", "while :; do magic; done", NULL, NULL},
};

static void
leaves_out(gconstpointer data)
{
  guint i = GPOINTER_TO_UINT(data);
  g_autofree char *script = g_strconcat("#!/bin/sh\nset -e; ", cases[i].script, "\n", NULL);
  const Member a[] = {{"usr/bin/magic", ENTRY_FILE, "binary", 0755},
                      {"usr/bin/other", ENTRY_FILE, "binary", 0755},
                      {"etc/own", ENTRY_FILE, "own\n", 0},
                      {INFO "a.postinst", ENTRY_FILE, script, 0755},
                      {0}};
  Fixture fixture;
  configure(&fixture, a, plain_b, NULL, TRUE);
  g_autofree char *told = cases[i].told == NULL || *cases[i].told == '\0'
                            ? g_strdup("")
                            : g_strdup_printf("\n  a postinst: %s", cases[i].told);
  g_autofree char *made = text_of(fixture.changes, "etc/made"), *own = text_of(fixture.changes, "etc/own");
  if (cases[i].told != NULL)
    g_assert_cmpstr(fixture.notes, ==, told);
  else
    g_assert_nonnull(strstr(fixture.notes, "does not come to an end"));
  g_assert_cmpstr(made, ==, cases[i].made);
  g_assert_cmpstr(own, ==, "own\n");
  clear(&fixture);
}

static void
without_leaving_out_the_first_line_is_told(void)
{
  static const Member a[] = {
    {"usr/bin/magic", ENTRY_FILE, "binary", 0755}, {INFO "a.postinst", ENTRY_FILE, "#!/bin/sh\nmagic\nother\n", 0755}, {0}};
  Fixture fixture;
  configure(&fixture, a, plain_b, NULL, FALSE);
  g_assert_cmpstr(fixture.notes, ==, "\n  a postinst: line 2: runs 'magic'");
  g_assert_cmpuint(fixture.report->n_left_out, ==, 1);
  clear(&fixture);
}

/* ---- what is done ---- */

static void
alternatives_and_accounts(void)
{
  static const Member a[] = {
    {"usr/bin/one", ENTRY_FILE, "1", 0755},
    {INFO "a.postinst", ENTRY_FILE,
     "#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/n n /bin/one 5 --slave /usr/share/s s /nowhere\n"
     "adduser --system --group --home /var/lib/svc svc\nchown svc:adm /var/lib/svc\nchown root:root /usr/bin/one\n",
     0755},
    {0}};
  static const Member b[] = {
    {"usr/bin/two", ENTRY_FILE, "2", 0755},
    {INFO "b.postinst", ENTRY_FILE, "#!/bin/sh\nupdate-alternatives --install /usr/bin/n n /usr/bin/two 7\n", 0755},
    {0}};
  Fixture fixture;
  configure(&fixture, a, b, NULL, TRUE);
  /* no base-passwd: only root is known to be there */
  g_assert_cmpstr(fixture.notes, ==, "\n  a postinst: line 5: an owner 'svc:adm' of base-passwd, which is not there");
  g_autofree char *generic = text_of(fixture.changes, "etc/alternatives/n"), *link = text_of(fixture.changes, "usr/bin/n"),
                  *state = text_of(fixture.changes, "var/lib/dpkg/alternatives/n");
  g_assert_cmpstr(generic, ==, "-> /usr/bin/two");
  g_assert_cmpstr(link, ==, "-> /etc/alternatives/n");
  g_assert_cmpstr(state, ==, "auto\n/usr/bin/n\ns\n/usr/share/s\n\n/bin/one\n5\n/nowhere\n/usr/bin/two\n7\n\n\n");
  g_assert_null(changes_lookup(fixture.changes, "etc/alternatives/s"));
  guint32 uid;
  g_assert_true(accounts_find_user(fixture.accounts, "svc", &uid, NULL));
  g_assert_cmpuint(changes_lookup(fixture.changes, "var/lib/svc")->uid, ==, uid);
  clear(&fixture);
}

/* Of a script: what is in a file then. The image has none of the programs: what they do is done all the same. */
static const struct {
  const char *script, *path, *text;
} done[] = {
  {"echo /bin/sh > /etc/shells; add-shell /usr/bin/zz /bin/sh", "etc/shells", "/bin/sh\n/usr/bin/zz\n/usr/bin/sh\n"},
  {"echo new > /usr/share/new; ucf --three-way /usr/share/new /etc/made", "etc/made", "new\n"},
  {"echo new > /usr/share/new; ucf /usr/share/new /etc/made", "var/lib/ucf/hashfile",
   "9cd599a3523898e6a12e13ec787da50a  /etc/made\n"},
  {"echo new > /usr/share/new; ucf /usr/share/new /etc/made", "var/lib/ucf/cache/:etc:made", "new\n"},
  {"ucfr a /etc/made", "var/lib/ucf/registry", "a \t /etc/made\n"},
  {"systemd-machine-id-setup", "etc/machine-id", ""},
  {"cd /usr/share && find . -type f -name '*.x' -print | sort > /etc/made", "etc/made", "./below/three.x\n./one.x\n./two.x\n"},
  {"printf 'b\\na\\nb\\n' | sort | uniq -c > /etc/made", "etc/made", "      1 a\n      2 b\n"},
  {"printf 'Key  1\\nno\\n' | sed -E -n -e 's/ +/ /g' -e 's/^key /v=/Ip' > /etc/made", "etc/made", "v=1\n"},
  {"printf 'a\\nb\\n' | sed -e '/^a/!d' > /etc/made", "etc/made", "a\n"},
  {". /usr/share/debconf/confmodule; db_get a/text; echo \"$RET\" > /etc/made", "etc/made", "it\n"},
  {". /usr/share/debconf/confmodule; db_get a/list; echo \"<$RET>\" > /etc/made", "etc/made", "<>\n"},
  {". /usr/share/debconf/confmodule; db_input low a/list || true; db_go; db_get a/list; echo \"<$RET>\" > /etc/made",
   "etc/made", NULL},
  {"mkdir -m /etc/made || echo none > /etc/made", "etc/made", "none\n"},
};

static void
commands_are_done(void)
{
  static const char templates[] =
    "Template: a/text\nType: string\nDefault: it\n\nTemplate: a/list\nType: select\nChoices: x, y\n";
  for (guint i = 0; i < G_N_ELEMENTS(done); i++) {
    g_autofree char *script = g_strconcat("#!/bin/sh\nset -e\n", done[i].script, "\n", NULL);
    const Member a[] = {{"etc/a", ENTRY_FILE, "a", 0},
                        {"usr/share/below/three.x", ENTRY_FILE, "3", 0},
                        {"usr/share/one.x", ENTRY_FILE, "1", 0},
                        {"usr/share/two.x", ENTRY_FILE, "2", 0},
                        {INFO "a.templates", ENTRY_FILE, templates, 0},
                        {INFO "a.postinst", ENTRY_FILE, script, 0755},
                        {0}};
    Fixture fixture;
    configure(&fixture, a, plain_b, NULL, TRUE);
    g_autofree char *text = text_of(fixture.changes, done[i].path);
    g_test_message("%s%s", done[i].script, fixture.notes);
    g_assert_cmpstr(text, ==, done[i].text);
    g_assert_true((done[i].text == NULL) == (*fixture.notes != '\0'));
    clear(&fixture);
  }
}

/* Bytes that are no certificates, or only begin like one, get into the bundle as update-ca-certificates puts them there. */
static void
certificates_may_be_anything(void)
{
  static const Member a[] = {{"usr/share/ca-certificates/m/One (1).crt", ENTRY_FILE, "not PEM", 0},
                             {"usr/share/ca-certificates/m/Two.crt", ENTRY_FILE,
                              "-----BEGIN CERTIFICATE-----\nMIICMIICoIICAgEB\n-----END CERTIFICATE-----\n", 0},
                             {"usr/share/ca-certificates/m/none.txt", ENTRY_FILE, "x", 0},
                             {INFO "a.postinst", ENTRY_FILE, "#!/bin/sh\nupdate-ca-certificates\n", 0755},
                             {0}};
  Fixture fixture;
  configure(&fixture, a, plain_b, NULL, TRUE);
  g_assert_cmpstr(fixture.notes, ==, "");
  g_autofree char *bundle = text_of(fixture.changes, "etc/ssl/certs/ca-certificates.crt"),
                  *link = text_of(fixture.changes, "etc/ssl/certs/One_=1=.pem");
  g_assert_cmpstr(bundle, ==, "not PEM\n-----BEGIN CERTIFICATE-----\nMIICMIICoIICAgEB\n-----END CERTIFICATE-----\n");
  g_assert_cmpstr(link, ==, "-> /usr/share/ca-certificates/m/One (1).crt");
  g_auto(GStrv) names = changes_list(fixture.changes, "etc/ssl/certs");
  g_assert_cmpuint(g_strv_length(names), ==, 3); /* no hash links */
  clear(&fixture);
}

static void
accounts_of_sysusers(void)
{
  static const Member a[] = {
    {"usr/share/p", ENTRY_FILE, "root:*:0:0:root:/root:/bin/sh\n", 0},
    {"usr/share/g", ENTRY_FILE, "root:*:0:\nold:*:50:\n", 0},
    {"usr/lib/sysusers.d/a.conf", ENTRY_FILE,
     "# a\ng wheel - -\nu low 12 \"Low down\" /var/low /bin/sh\nu high - \"High up\"\nu with 13:old -\nm high old\n", 0},
    {"usr/lib/sysusers.d/z.conf", ENTRY_FILE, "u never - -\n", 0},
    {INFO "a.preinst", ENTRY_FILE, "#!/bin/sh\ncp /usr/share/g /etc/group; cp /usr/share/p /etc/passwd\n", 0755},
    {INFO "a.postinst", ENTRY_FILE, "#!/bin/sh\nset -e\nshadowconfig on\nsystemd-sysusers a.conf\n", 0755},
    {0}};
  static const Member essential_b[] = {{"usr/bin/b", ENTRY_FILE, "b", 0755}, {0}};
  Fixture fixture;
  configure(&fixture, a, essential_b, NULL, TRUE);
  accounts_write(fixture.accounts, fixture.changes, 86400);
  g_autofree char *passwd = text_of(fixture.changes, "etc/passwd"), *group = text_of(fixture.changes, "etc/group"),
                  *shadow = text_of(fixture.changes, "etc/shadow"), *gshadow = text_of(fixture.changes, "etc/gshadow");
  g_assert_cmpstr(passwd, ==,
                  "root:x:0:0:root:/root:/bin/sh\nlow:x:12:12:Low down:/var/low:/bin/sh\n"
                  "high:x:998:998:High up:/:/usr/sbin/nologin\nwith:x:13:50::/:/usr/sbin/nologin\n");
  g_assert_cmpstr(group, ==, "root:x:0:\nold:x:50:high\nwheel:x:999:\nlow:x:12:\nhigh:x:998:\n");
  g_assert_nonnull(strstr(shadow, "high:!*:1::::::\n"));
  g_assert_nonnull(strstr(gshadow, "wheel:!*::\n"));
  clear(&fixture);
}

/* ---- on a system that was there before ---- */

#define STANZA(name, version)                                                                                                  \
  "Package: " name "\nStatus: install ok installed\nVersion: " version "\nArchitecture: all\nDescription: a test\n\n"

static void
a_base_is_continued(void)
{
  static const Member before[] = {{"etc/passwd", ENTRY_FILE, "root:x:0:0:root:/root:/bin/sh\n", 0},
                                  {"etc/group", ENTRY_FILE, "root:x:0:\n", 0},
                                  {"usr/bin/zero", ENTRY_FILE, "0", 0755},
                                  {"var/lib/dpkg/status", ENTRY_FILE, STANZA("watcher", "1") STANZA("a", "0.9"), 0},
                                  {"var/lib/dpkg/alternatives/n", ENTRY_FILE, "manual\n/usr/bin/n\n\n/usr/bin/zero\n1\n\n", 0},
                                  {"var/lib/dpkg/statoverride", ENTRY_FILE, "root root 4755 /usr/bin/zero\n", 0},
                                  {INFO "a.list", ENTRY_FILE, "/.\n", 0},
                                  {INFO "watcher.list", ENTRY_FILE, "/.\n", 0},
                                  {INFO "watcher.triggers", ENTRY_FILE, "interest-noawait /usr/share/watched\n", 0},
                                  {INFO "watcher.postinst", ENTRY_FILE, "#!/bin/sh\necho \"$@\" > /etc/triggered\n", 0755},
                                  {0}};
  static const Member a[] = {
    {"usr/bin/one", ENTRY_FILE, "1", 0755},
    {INFO "a.preinst", ENTRY_FILE, "#!/bin/sh\necho \"$@\" > /etc/pre\n", 0755},
    {INFO "a.postinst", ENTRY_FILE,
     "#!/bin/sh\nset -e\necho \"$@\" > /etc/post\nupdate-alternatives --install /usr/bin/n n /usr/bin/one 9\n"
     "dpkg-statoverride --list /usr/bin/one || dpkg-statoverride --update --add root root 0700 /usr/bin/one\n",
     0755},
    {0}};
  static const Member b[] = {{"usr/share/watched/b", ENTRY_FILE, "b", 0},
                             {INFO "b.postinst", ENTRY_FILE, "#!/bin/sh\nupdate-alternatives --remove n /usr/bin/one\n", 0755},
                             {0}};
  static const struct {
    const char *path, *text;
  } expected[] = {{"etc/pre", "upgrade 0.9 1.0-1\n"},
                  {"etc/post", "configure 0.9\n"},
                  {"etc/triggered", "triggered /usr/share/watched\n"},
                  {"etc/alternatives/n", NULL}, /* somebody chose */
                  {"var/lib/dpkg/alternatives/n", "manual\n/usr/bin/n\n\n/usr/bin/one\n9\n/usr/bin/zero\n1\n\n"},
                  {"var/lib/dpkg/statoverride", "root root 4755 /usr/bin/zero\nroot root 700 /usr/bin/one\n"}};
  Fixture fixture;
  configure(&fixture, a, b, before, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_autofree char *text = text_of(fixture.changes, expected[i].path);
    g_assert_cmpstr(text, ==, expected[i].text);
  }
  g_assert_cmpstr(fixture.notes, ==, "\n  b postinst: line 2: runs 'update-alternatives --remove n /usr/bin/one'");
  clear(&fixture);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  maker_open();
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/native/%s", cases[i].name);
    g_test_add_data_func(path, GUINT_TO_POINTER(i), leaves_out);
  }
  g_test_add_func("/native/without leaving out", without_leaving_out_the_first_line_is_told);
  g_test_add_func("/native/alternatives and accounts", alternatives_and_accounts);
  g_test_add_func("/native/commands", commands_are_done);
  g_test_add_func("/native/certificates", certificates_may_be_anything);
  g_test_add_func("/native/sysusers", accounts_of_sysusers);
  g_test_add_func("/native/a base", a_base_is_continued);
  int status = g_test_run();
  maker_close();
  return status;
}
