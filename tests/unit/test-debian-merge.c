/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/dpkgdb.h"
#include "builder/sources/debian/merge.h"
#include "signing/error.h"
#include "tests/unit/pack-maker.h"

#define INFO "var/lib/dpkg/info/"
#define CONTROL(name, more) "Package: " name "\nVersion: 1.0-1\nArchitecture: all\n" more "Description: a test\n"

typedef struct {
  DebianSystem *system;
  Tree *tree;
  Changes *changes;
  GError *error;
} Fixture;

/* Two packages merged; FALSE when they cannot be. */
static gboolean
merge(Fixture *fixture, const Member *a, const char *control_a, const Member *b, const char *control_b, const char *exclude)
{
  g_autoptr(Pack) first = maker_pack(a, control_a), second = maker_pack(b, control_b);
  Pack *packs[] = {second, first}; /* their order must not matter */
  const char *const globs[] = {exclude, NULL};
  fixture->error = NULL;
  fixture->tree = tree_new();
  fixture->changes = changes_new(fixture->tree);
  fixture->system = debian_system_new(packs, 2, "amd64", &fixture->error);
  return fixture->system != NULL && debian_merge(fixture->system, fixture->tree, &(DebianMergeOptions){.exclude = globs},
                                                 fixture->changes, &fixture->error);
}

static void
clear(Fixture *fixture)
{
  g_clear_pointer(&fixture->changes, changes_free);
  g_clear_pointer(&fixture->tree, tree_free);
  g_clear_pointer(&fixture->system, debian_system_free);
  g_clear_error(&fixture->error);
}

static void
assert_text(const Changes *changes, const char *path, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) content = changes_read(changes, path, 100000, &error);
  g_assert_no_error(error);
  g_autofree char *text = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
  g_assert_cmpstr(text, ==, expected);
}

static void
write_database(Fixture *fixture)
{
  gboolean written = debian_write_database(fixture->system, fixture->changes, &(DebianDatabaseOptions){NULL}, &fixture->error);
  g_assert_no_error(fixture->error);
  g_assert_true(written);
}

static const Member just_x[] = {{"usr/bin/x", ENTRY_FILE, "a", 0755}, {INFO "a.list", ENTRY_FILE, "/.\n/bin/x\n", 0}, {0}};
static const Member also_x[] = {{"usr/bin/x", ENTRY_FILE, "b", 0755}, {0}};
static const Member nothing[] = {{"usr", ENTRY_DIRECTORY, NULL, 0}, {0}};

static void
a_file_of_two_packages_names_both(void)
{
  Fixture fixture;
  g_assert_false(merge(&fixture, just_x, CONTROL("a", ""), also_x, CONTROL("b", ""), NULL));
  g_assert_cmpstr(fixture.error->message, ==,
                  "'/usr/bin/x' is in package 'a' (1.0-1) and in package 'b' (1.0-1), and neither replaces the other\n"
                  "hint: leave one of the packages out, or add the path to the recipe's 'exclude'");
  clear(&fixture);
  g_assert_true(merge(&fixture, just_x, CONTROL("a", ""), also_x, CONTROL("b", ""), "/bin/x"));
  g_assert_null(tree_lookup(fixture.tree, "usr/bin/x"));
  clear(&fixture);
}

static void
the_replacing_package_wins(void)
{
  static const struct {
    const char *a, *b, *winner; /* Replaces fields; NULL: refused */
  } cases[] = {{"", "Replaces: a\n", "b"},
               {"", "Replaces: c, a (<< 2)\n", "b"},
               {"Replaces: b\n", "", "a"},
               {"", "Replaces: a (<< 1)\n", NULL},
               {"", "Replaces: ab\n", NULL}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Fixture fixture;
    g_autofree char *a = g_strdup_printf("Package: a\nVersion: 1\nArchitecture: all\n%s", cases[i].a);
    g_autofree char *b = g_strdup_printf("Package: b\nVersion: 1\nArchitecture: all\n%s", cases[i].b);
    g_assert_true(merge(&fixture, just_x, a, also_x, b, NULL) == (cases[i].winner != NULL));
    if (cases[i].winner != NULL) {
      assert_text(fixture.changes, "usr/bin/x", cases[i].winner);
      write_database(&fixture);
      assert_text(fixture.changes, INFO "a.list", strcmp(cases[i].winner, "a") == 0 ? "/.\n/bin/x\n" : "/.\n");
    }
    clear(&fixture);
  }
}

static void
diverted_files_move_aside(void)
{
  static const Member diverting[] = {{"usr/bin/x", ENTRY_FILE, "b", 0755},
                                     {INFO "b.preinst", ENTRY_FILE,
                                      "#!/bin/sh\ndpkg-divert --package b --rename \\\n --divert /bin/x.real --add /bin/x\n",
                                      0755},
                                     {0}};
  Fixture fixture;
  g_assert_true(merge(&fixture, just_x, CONTROL("a", ""), diverting, CONTROL("b", ""), NULL));
  assert_text(fixture.changes, "usr/bin/x", "b");
  assert_text(fixture.changes, "usr/bin/x.real", "a");
  g_assert_cmpuint(changes_lookup(fixture.changes, "usr/bin/x.real")->mode, ==, 0755);
  write_database(&fixture);
  assert_text(fixture.changes, "var/lib/dpkg/diversions", "/bin/x\n/bin/x.real\nb\n");
  clear(&fixture);
}

static void
folders_are_shared_and_usr_is_merged(void)
{
  static const Member a[] = {{"srv", ENTRY_DIRECTORY, NULL, 0711}, {"usr/lib64/ld.so", ENTRY_FILE, "l", 0}, {0}},
                      b[] = {{"srv", ENTRY_DIRECTORY, NULL, 0700}, {0}};
  Fixture fixture;
  g_assert_true(merge(&fixture, b, CONTROL("a", ""), a, CONTROL("b", "Essential: yes\n"), NULL));
  g_assert_cmpuint(tree_lookup(fixture.tree, "srv")->entry->mode, ==, 0711); /* essential packages come first */
  g_assert_cmpstr(changes_lookup(fixture.changes, "bin")->target, ==, "usr/bin");
  g_assert_cmpstr(changes_lookup(fixture.changes, "lib64")->target, ==, "usr/lib64");
  g_assert_null(changes_lookup(fixture.changes, "lib32"));
  clear(&fixture);
}

static void
files_go_through_other_packages_links(void)
{
  static const Member a[] = {{"opt/real", ENTRY_DIRECTORY, NULL, 0},
                             {"opt/link", ENTRY_SYMLINK, "real", 0777},
                             {"opt/file", ENTRY_FILE, "", 0},
                             {0}},
                      b[] = {{"opt/link", ENTRY_DIRECTORY, NULL, 0}, {"opt/link/f", ENTRY_FILE, "f", 0}, {0}},
                      bad[] = {{"opt/file/f", ENTRY_FILE, "f", 0}, {0}};
  Fixture fixture;
  g_assert_true(merge(&fixture, a, CONTROL("a", ""), b, CONTROL("b", ""), NULL));
  assert_text(fixture.changes, "opt/real/f", "f");
  clear(&fixture);
  g_assert_false(merge(&fixture, a, CONTROL("a", ""), bad, CONTROL("b", ""), NULL));
  g_assert_true(g_str_has_prefix(fixture.error->message, "package 'b': '/opt/file/f'"));
  clear(&fixture);
}

static void
folders_of_what_stays_keep_their_attributes(void)
{
  static const Member a[] = {{"usr/share/doc/a", ENTRY_DIRECTORY, NULL, 0710},
                             {"usr/share/doc/a/x", ENTRY_FILE, "x", 0},
                             {"usr/share/doc/a/copyright", ENTRY_FILE, "c", 0},
                             {"usr/share/doc/b", ENTRY_DIRECTORY, NULL, 0},
                             {0}};
  static const char *const exclude[] = {"/usr/share/doc/*", NULL}, *const include[] = {"/usr/share/doc/*/copyright", NULL};
  g_autoptr(Pack) pack = maker_pack(a, CONTROL("a", ""));
  g_autoptr(DebianSystem) system = debian_system_new(&pack, 1, "amd64", NULL);
  g_autoptr(Tree) tree = tree_new();
  g_autoptr(Changes) changes = changes_new(tree);
  g_assert_true(debian_merge(system, tree, &(DebianMergeOptions){exclude, include}, changes, NULL));
  g_assert_null(tree_lookup(tree, "usr/share/doc/a/x"));
  g_assert_null(tree_lookup(tree, "usr/share/doc/b"));
  g_assert_cmpuint(tree_lookup(tree, "usr/share/doc/a")->entry->mode, ==, 0710);
}

static void
status_is_as_dpkg_writes_it(void)
{
  static const char control[] =
    "Package: a\nSource: src\nVersion: 1:2-3\nArchitecture: amd64\nMaintainer: M <m@example.org>\n"
    "Installed-Size: 5\nDepends: x(>=1),\n y|z:any\nMulti-Arch: same\nSection: misc\nPriority: optional\n"
    "Homepage: https://example.org/\nDescription: short\n long\n";
  static const Member files[] = {
    {INFO "a:amd64.triggers", ENTRY_FILE, "# c\ninterest-noawait /usr/lib/t\ninterest named\nactivate other\n", 0}, {0}};
  Fixture fixture;
  g_assert_true(merge(&fixture, files, control, nothing, CONTROL("b", "Essential: no\n"), NULL));
  write_database(&fixture);
  assert_text(fixture.changes, "var/lib/dpkg/status",
              "Package: a\nStatus: install ok installed\nPriority: optional\nSection: misc\nInstalled-Size: 5\n"
              "Maintainer: M <m@example.org>\nArchitecture: amd64\nMulti-Arch: same\nSource: src\nVersion: 1:2-3\n"
              "Depends: x (>= 1), y | z:any\nDescription: short\n long\nHomepage: https://example.org/\n\n"
              "Package: b\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0-1\nDescription: a test\n\n");
  assert_text(fixture.changes, "var/lib/dpkg/triggers/File", "/usr/lib/t a:amd64/noawait\n");
  assert_text(fixture.changes, "var/lib/dpkg/triggers/named", "a:amd64\n");
  clear(&fixture);
}

static void
hostile_packages_are_refused(void)
{
  static const char *const controls[] = {"Package: ../a\nVersion: 1\nArchitecture: all\n",
                                         "Package: a\nVersion: 1\nArchitecture: a/b\n",
                                         "Package: a\nArchitecture: all\n",
                                         "Version: 1\n",
                                         "garbage",
                                         CONTROL("b", "")};
  for (guint i = 0; i < G_N_ELEMENTS(controls); i++) {
    Fixture fixture;
    g_assert_false(merge(&fixture, nothing, controls[i], nothing, CONTROL("b", ""), NULL));
    g_assert_error(fixture.error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    clear(&fixture);
  }
  static const Member triggers[] = {{INFO "a.triggers", ENTRY_FILE, "interest ../../../etc/x\n", 0}, {0}};
  Fixture fixture;
  g_assert_true(merge(&fixture, triggers, CONTROL("a", ""), nothing, CONTROL("b", ""), NULL));
  g_assert_false(debian_write_database(fixture.system, fixture.changes, &(DebianDatabaseOptions){NULL}, &fixture.error));
  g_assert_error(fixture.error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  clear(&fixture);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  maker_open();
  g_test_add_func("/debian-merge/conflict", a_file_of_two_packages_names_both);
  g_test_add_func("/debian-merge/replaces", the_replacing_package_wins);
  g_test_add_func("/debian-merge/diverted", diverted_files_move_aside);
  g_test_add_func("/debian-merge/shared", folders_are_shared_and_usr_is_merged);
  g_test_add_func("/debian-merge/links", files_go_through_other_packages_links);
  g_test_add_func("/debian-merge/needed-folders", folders_of_what_stays_keep_their_attributes);
  g_test_add_func("/debian-merge/status", status_is_as_dpkg_writes_it);
  g_test_add_func("/debian-merge/hostile", hostile_packages_are_refused);
  int status = g_test_run();
  maker_close();
  return status;
}
