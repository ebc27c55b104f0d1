/* SPDX-License-Identifier: Apache-2.0
 *
 * The order in which dpkg gets packages: batches and waves, told as "f e | a (b) c", waves behind each other, what is configured
 * before one in brackets.
 */
#include "builder/sources/debian/install_plan.h"
#include "tests/unit/pack-maker.h"

typedef struct {
  const char *name, *fields;
} Package;

static void
append_units(GString *text, const GPtrArray *units)
{
  for (guint i = 0; i < units->len; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? " " : "", ((const DebianUnit *)units->pdata[i])->name);
}

static char *
describe(const GPtrArray *batches)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < batches->len; i++) {
    const DebianBatch *batch = batches->pdata[i];
    guint n = 0;
    g_string_append(text, i > 0 ? " | " : "");
    for (guint k = 0; k < batch->waves->len; k++) {
      const DebianWave *wave = batch->waves->pdata[k];
      if (wave->configure->len > 0) {
        g_string_append(text, " (");
        append_units(text, wave->configure);
        g_string_append(text, ") ");
      }
      append_units(text, wave->units);
      n += wave->units->len;
    }
    g_assert_cmpuint(n, ==, batch->units->len);
  }
  return g_string_free(text, FALSE);
}

/* Those that the status file @status tells of. */
static DebianInstalledSet *
installed_from(const char *status)
{
  const Member members[] = {{"var/lib/dpkg/status", ENTRY_FILE, status, 0}, {0}};
  g_autoptr(GError) error = NULL;
  g_autoptr(Pack) pack = maker_pack(members, NULL);
  g_autoptr(Tree) tree = tree_new();
  g_assert_true(tree_insert(tree, tree_add_pack(tree, pack), 0, &error));
  DebianInstalledSet *set = debian_installed_read(tree, "amd64", &error);
  g_assert_no_error(error);
  return set;
}

/* @status: of what was there before, or NULL. @variant and @asked: names with blanks between. */
static void
assert_plan_on(const char *status, const Package *packages, const char *variant, const char *asked, const char *expected)
{
  static const Member nothing[] = {{"usr", ENTRY_DIRECTORY, NULL, 0}, {0}};
  g_autoptr(GPtrArray) packs = g_ptr_array_new_with_free_func((GDestroyNotify)pack_unref);
  for (const Package *package = packages; package->name != NULL; package++) {
    g_autofree char *control = g_strdup_printf("Package: %s\nVersion: 1\nArchitecture: all\n%s", package->name,
                                               package->fields);
    g_ptr_array_add(packs, maker_pack(nothing, control));
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(DebianSystem) system = debian_system_new((Pack *const *)packs->pdata, packs->len, "amd64", &error);
  g_assert_no_error(error);
  g_autoptr(DebianInstalledSet) installed = status != NULL ? installed_from(status) : NULL;
  system->installed = installed;
  g_auto(GStrv) variants = g_strsplit(variant, " ", -1), names = g_strsplit(asked, " ", -1);
  g_autoptr(GPtrArray) batches = debian_install_plan(system, (const char *const *)variants, (const char *const *)names);
  g_autofree char *plan = describe(batches);
  g_assert_cmpstr(plan, ==, expected);
}

static void
assert_plan(const Package *packages, const char *variant, const char *asked, const char *expected)
{
  assert_plan_on(NULL, packages, variant, asked, expected);
}

#define ESSENTIAL                                                                                                              \
  {"e", "Essential: yes\nDepends: f\n"},                                                                                       \
  {                                                                                                                            \
    "f", ""                                                                                                                    \
  }

static void
essential_packages_come_first_and_together(void)
{
  static const Package packages[] = {ESSENTIAL, {"a", "Depends: b\n"}, {"b", "Depends: f\n"}, {0}};
  assert_plan(packages, "", "a", "f e | b a");
  assert_plan(packages, "b", "a", "f e | b | a");
}

/* What is asked for in addition, at the end, leaves what came before as it was. */
static void
what_is_added_at_the_end_changes_only_the_last_batch(void)
{
  static const Package packages[] = {ESSENTIAL,  {"a", "Depends: a1, a2, a3, a4, a5, a6, a7, a8, a9, aa, ab, ac, ad, ae, af\n"},
                                     {"a1", ""}, {"a2", ""},
                                     {"a3", ""}, {"a4", ""},
                                     {"a5", ""}, {"a6", ""},
                                     {"a7", ""}, {"a8", ""},
                                     {"a9", ""}, {"aa", ""},
                                     {"ab", ""}, {"ac", ""},
                                     {"ad", ""}, {"ae", ""},
                                     {"af", ""}, {"b", "Depends: a\n"},
                                     {"c", ""},  {0}};
  static const char first[] = "f e | a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af a | b c";
  assert_plan(packages, "", "a b c", first);
  /* in a batch the order is that of the names, and of what depends on what */
  assert_plan(packages, "", "a c b", first);
}

static void
what_is_pre_depended_on_is_configured_before(void)
{
  static const Package packages[] = {ESSENTIAL, {"a", "Pre-Depends: v | e\n"},       {"b", "Depends: c\nProvides: v\n"},
                                     {"c", ""}, {"d", "Pre-Depends: a (>= 1), f\n"}, {0}};
  assert_plan(packages, "", "d", "f e | c b (c b) a (a) d");
}

/* An archive may hold what no archive should. */
static void
circles_end(void)
{
  static const Package packages[] = {ESSENTIAL, {"a", "Pre-Depends: b\n"}, {"b", "Pre-Depends: a\nDepends: missing\n"}, {0}};
  assert_plan(packages, "", "a", "f e | a (a) b");
}

static void
recommended_packages_come_along(void)
{
  static const Package packages[] = {ESSENTIAL, {"a", "Recommends: r\n"}, {"b", ""}, {"r", ""}, {"stray", ""}, {0}};
  assert_plan(packages, "", "a b", "f e | a b r | stray");
}

#define STANZA(name, fields) "Package: " name "\nStatus: install ok installed\nVersion: 0\nArchitecture: all\n" fields "\n"

/* All that comes in place of something is first, by waves even where it is essential; what is there needs nothing more. */
static void
what_was_there_counts_as_installed(void)
{
  static const Package packages[] = {{"e", "Essential: yes\nPre-Depends: f\n"},
                                     {"f", ""},
                                     {"a", "Depends: virtual | z\nPre-Depends: here | z\n"},
                                     {"b", "Depends: a\n"},
                                     {"n", ""},
                                     {"z", "Depends: here (>= 1) | n\n"},
                                     {0}};
  assert_plan_on(STANZA("e", "") STANZA("here", "Provides: virtual, w\n") STANZA("b", ""), packages, "", "z a",
                 "f a b (f) e | n z");
  assert_plan_on(STANZA("here", ""), packages, "", "a", "f (f) e | n z a | b");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  maker_open();
  g_test_add_func("/install-plan/essential", essential_packages_come_first_and_together);
  g_test_add_func("/install-plan/added", what_is_added_at_the_end_changes_only_the_last_batch);
  g_test_add_func("/install-plan/pre-depends", what_is_pre_depended_on_is_configured_before);
  g_test_add_func("/install-plan/circles", circles_end);
  g_test_add_func("/install-plan/recommends", recommended_packages_come_along);
  g_test_add_func("/install-plan/installed", what_was_there_counts_as_installed);
  int status = g_test_run();
  maker_close();
  return status;
}
