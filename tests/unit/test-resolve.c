/* SPDX-License-Identifier: Apache-2.0
 *
 * From recipe and lock to the lock that holds, against small signed archives.
 */
#include "builder/progress/display.h"
#include "builder/engine/resolve.h"
#include "signing/error.h"
#include "tests/unit/archive-maker.h"

#define STANZA(name, version, arch, digit, more)                                                                               \
  "Package: " name "\nVersion: " version "\nArchitecture: " arch "\nFilename: pool/" name "_" version "_" arch ".deb\n"        \
  "Size: 10\n" more "SHA256: " DIGITS(digit) "\n\n"
#define DIGITS(digit) EIGHT(digit) EIGHT(digit) EIGHT(digit) EIGHT(digit) EIGHT(digit) EIGHT(digit) EIGHT(digit) EIGHT(digit)
#define EIGHT(digit) digit digit digit digit digit digit digit digit

#define FIRST STANZA("app", "1", "amd64", "a", "Depends: lib\n") STANZA("lib", "1", "amd64", "b", "")
#define LATER                                                                                                                  \
  FIRST STANZA("app", "2", "amd64", "c", "Depends: lib\n") STANZA("lib", "2", "amd64", "d", "")                                \
    STANZA("extra", "1", "amd64", "e", "")

typedef struct {
  char *folder, *mirror, *recipe, *lock, *said;
  Store *store;
  Progress *progress;
  Display *display;
  int fd;
  ResolveOptions options;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("ashlar-resolve-XXXXXX", &error);
  g_assert_no_error(error);
  fixture->mirror = g_build_filename(fixture->folder, "mirror", NULL);
  fixture->recipe = g_build_filename(fixture->folder, "app.yaml", NULL);
  fixture->lock = g_build_filename(fixture->folder, "app.lock", NULL);
  fixture->said = g_build_filename(fixture->folder, "said", NULL);
  g_autofree char *path = g_build_filename(fixture->folder, "store", NULL);
  fixture->store = store_open(path, &error);
  g_assert_no_error(error);
  fixture->fd = g_creat(fixture->said, 0600);
  fixture->progress = progress_new();
  fixture->display = display_new(fixture->progress, DISPLAY_PLAIN, fixture->fd, NULL);
  fixture->options.fetch.progress = fixture->progress;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  display_free(fixture->display);
  progress_free(fixture->progress);
  g_close(fixture->fd, NULL);
  store_unref(fixture->store);
  shell("chmod -R u+w '%s' && rm -r '%s'", fixture->folder, fixture->folder);
  g_free(fixture->folder);
  g_free(fixture->mirror);
  g_free(fixture->recipe);
  g_free(fixture->lock);
  g_free(fixture->said);
}

static Recipe *
recipe_of(Fixture *fixture, const char *arch, const char *packages)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text =
    g_strdup_printf("name: app\nversion: 1\narch: [%s]\ndebian:\n  suite: stone\n  mirror: file://%s\n  keyring: %s/good.gpg\n"
                    "  scripts: skip\n  packages: [%s]\nconfig: {entrypoint: [/app]}\n",
                    arch, fixture->mirror, keys, packages);
  g_assert_true(g_file_set_contents(fixture->recipe, text, -1, NULL));
  Recipe *recipe = recipe_load(fixture->recipe, NULL, &error);
  g_assert_no_error(error);
  return recipe;
}

/* The lock as "arch:name=version ...", once the lock file was made to hold for @recipe. */
static char *
locked(Fixture *fixture, const Recipe *recipe)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Lock) lock = resolve_lock_file(recipe, fixture->store, fixture->lock, &fixture->options, &error);
  g_assert_no_error(error);
  g_autoptr(Lock) written = lock_load(fixture->lock, &error);
  g_assert_no_error(error);
  g_autofree char *text = lock_to_text(lock), *again = lock_to_text(written);
  g_assert_cmpstr(text, ==, again);
  GString *shown = g_string_new(NULL);
  for (guint i = 0; i < lock->archs->len; i++) {
    const LockArch *arch = lock->archs->pdata[i];
    for (guint j = 0; j < arch->packages->len; j++) {
      const LockPackage *package = arch->packages->pdata[j];
      g_string_append_printf(shown, "%s%s:%s=%s", shown->len > 0 ? " " : "", arch->arch, package->name, package->version);
    }
  }
  return g_string_free(shown, FALSE);
}

static void
assert_locks(Fixture *fixture, const Recipe *recipe, const char *expected)
{
  g_autofree char *shown = locked(fixture, recipe);
  g_assert_cmpstr(shown, ==, expected);
}

static void
assert_fails(Fixture *fixture, const Recipe *recipe, AshlarError code, const char *part)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(resolve_lock_file(recipe, fixture->store, fixture->lock, &fixture->options, &error));
  if (!g_error_matches(error, ASHLAR_ERROR, (int)code) || strstr(error->message, part) == NULL)
    g_error("'%s' (%d) is not %d with '%s'", error->message, error->code, code, part);
}

static void
assert_said(const Fixture *fixture, const char *part)
{
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(fixture->said, &text, NULL, NULL));
  if (strstr(text, part) == NULL)
    g_error("'%s' was not said, but: %s", part, text);
}

static void
new_lock(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  make_archive(fixture->mirror, &(Shape){.packages = FIRST});
  g_autoptr(Recipe) recipe = recipe_of(fixture, "amd64", "app");
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  assert_said(fixture, "(new; commit it");
  g_autoptr(Lock) lock = lock_load(fixture->lock, &error);
  g_assert_no_error(error);
  const LockArch *arch = lock_find_arch(lock, "amd64");
  g_assert_cmpint(lock->date, ==, 1768003200);
  g_assert_true(lock_find_package(arch, "app")->requested);
  g_assert_false(lock_find_package(arch, "lib")->requested);
  g_assert_cmpstr(lock_find_package(arch, "lib")->suite, ==, "stone");
  g_assert_cmpstr(lock_find_package(arch, "lib")->path, ==, "pool/lib_1_amd64.deb");
}

/* Where nothing moves, the date stays too: it is the default epoch. */
static void
holds_until_updated(Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = NULL, *after = NULL;
  make_archive(fixture->mirror, &(Shape){.packages = FIRST});
  g_autoptr(Recipe) recipe = recipe_of(fixture, "amd64", "app");
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  g_assert_true(g_file_get_contents(fixture->lock, &before, NULL, NULL));
  make_archive(fixture->mirror, &(Shape){.packages = FIRST, .date = "Sun, 11 Jan 2026 00:00:00 UTC"});
  fixture->options.update = TRUE;
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  assert_said(fixture, "nothing moved (amd64)");
  g_assert_true(g_file_get_contents(fixture->lock, &after, NULL, NULL));
  g_assert_cmpstr(before, ==, after);
  make_archive(fixture->mirror, &(Shape){.packages = LATER, .date = "Mon, 12 Jan 2026 00:00:00 UTC"});
  fixture->options.update = FALSE;
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  fixture->options.update = TRUE;
  assert_locks(fixture, recipe, "amd64:app=2 amd64:lib=2");
  assert_said(fixture, "  app 1 -> 2 (amd64)");
}

static void
one_package_moves(Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = {"lib", NULL}, *const unknown[] = {"libb", NULL};
  make_archive(fixture->mirror, &(Shape){.packages = FIRST});
  g_autoptr(Recipe) recipe = recipe_of(fixture, "amd64", "app");
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  make_archive(fixture->mirror, &(Shape){.packages = LATER});
  fixture->options.update = TRUE;
  fixture->options.update_packages = unknown;
  assert_fails(fixture, recipe, ASHLAR_ERROR_USAGE, "package 'libb' is not in the lock");
  fixture->options.update_packages = names;
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=2");
}

static void
asking_for_more_moves_no_other(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.packages = FIRST});
  g_autoptr(Recipe) recipe = recipe_of(fixture, "amd64", "app");
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  make_archive(fixture->mirror, &(Shape){.packages = LATER});
  g_autoptr(Recipe) more = recipe_of(fixture, "amd64", "app, extra");
  fixture->options.locked = TRUE;
  assert_fails(fixture, more, ASHLAR_ERROR_USAGE, "the recipe asks for extra");
  fixture->options.locked = FALSE;
  assert_locks(fixture, more, "amd64:app=1 amd64:extra=1 amd64:lib=1");
  assert_said(fixture, "  + extra 1 (amd64)");
  g_autoptr(Recipe) less = recipe_of(fixture, "amd64", "extra");
  assert_locks(fixture, less, "amd64:extra=1");
  assert_said(fixture, "  - app 1 (amd64)");
}

static void
dropped_version_moves(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.packages = FIRST});
  g_autoptr(Recipe) recipe = recipe_of(fixture, "amd64", "app");
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  make_archive(fixture->mirror, &(Shape){.packages = STANZA("app", "1", "amd64", "a", "Depends: lib\n")
                                           STANZA("lib", "3", "amd64", "f", "") STANZA("extra", "1", "amd64", "e", "")});
  g_autoptr(Recipe) more = recipe_of(fixture, "amd64", "app, extra");
  assert_locks(fixture, more, "amd64:app=1 amd64:extra=1 amd64:lib=3");
  assert_said(fixture, "  lib 1 -> 3 (amd64)");
}

static void
same_version_of_other_bytes_is_told(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.packages = FIRST});
  g_autoptr(Recipe) recipe = recipe_of(fixture, "amd64", "app");
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  make_archive(fixture->mirror,
               &(Shape){.packages = STANZA("app", "1", "amd64", "a", "Depends: lib\n") STANZA("lib", "1", "amd64", "9", "")});
  fixture->options.update = TRUE;
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  assert_said(fixture, "  lib 1 -> 1, other bytes (amd64)");
}

#define ARM64 STANZA("app", "1", "arm64", "7", "Depends: lib\n") STANZA("lib", "1", "arm64", "8", "")

static void
architectures_come_and_go(Fixture *fixture, gconstpointer data)
{
  static const char *const only_amd64[] = {"amd64", NULL};
  make_archive(fixture->mirror, &(Shape){.packages = LATER, .arm64 = ARM64});
  g_autoptr(Recipe) one = recipe_of(fixture, "amd64", "lib");
  g_autoptr(Recipe) both = recipe_of(fixture, "amd64, arm64", "lib");
  assert_locks(fixture, one, "amd64:lib=2");
  assert_locks(fixture, both, "amd64:lib=2 arm64:lib=1");
  assert_said(fixture, "  + architecture arm64: 1 packages");
  /* an update of one leaves the other */
  fixture->options.archs = only_amd64;
  fixture->options.update = TRUE;
  assert_locks(fixture, both, "amd64:lib=2 arm64:lib=1");
  fixture->options.update = FALSE;
  /* but another question is answered for all that the lock has an answer for */
  g_autoptr(Recipe) more = recipe_of(fixture, "amd64, arm64", "app");
  assert_locks(fixture, more, "amd64:app=2 amd64:lib=2 arm64:app=1 arm64:lib=1");
  fixture->options.archs = NULL;
  g_autoptr(Recipe) again = recipe_of(fixture, "amd64", "lib");
  assert_locks(fixture, again, "amd64:lib=2");
  assert_said(fixture, "  - architecture arm64");
}

static void
archs_as_they_are_named(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *given[3], *expected;
  } cases[] = {
    {{"arm64"}, "arm64"},
    {{"arm64,amd64"}, "amd64 arm64"},
    {{"arm64", "amd64"}, "amd64 arm64"},
    {{"amd64", "amd64,amd64"}, "amd64"},
    {{"riscv64"}, NULL},
    {{"amd64,"}, NULL},
    {{""}, NULL},
  };
  g_autoptr(Recipe) recipe = recipe_of(fixture, "amd64, arm64", "app");
  g_auto(GStrv) all = resolve_archs(recipe, NULL, NULL);
  g_assert_cmpuint(g_strv_length(all), ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) archs = resolve_archs(recipe, cases[i].given, &error);
    g_autofree char *joined = archs != NULL ? g_strjoinv(" ", archs) : NULL;
    g_assert_cmpstr(joined, ==, cases[i].expected);
    g_assert_true(archs != NULL || g_error_matches(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE));
  }
}

/* What was asked for and cannot be had leaves the lock as it was. */
static void
failure_leaves_the_lock(Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = NULL, *after = NULL;
  make_archive(fixture->mirror, &(Shape){.packages = FIRST});
  g_autoptr(Recipe) recipe = recipe_of(fixture, "amd64", "app");
  assert_locks(fixture, recipe, "amd64:app=1 amd64:lib=1");
  g_assert_true(g_file_get_contents(fixture->lock, &before, NULL, NULL));
  g_autoptr(Recipe) wrong = recipe_of(fixture, "amd64", "app, nothing");
  assert_fails(fixture, wrong, ASHLAR_ERROR_USAGE, "there is no package 'nothing'");
  g_assert_true(g_file_get_contents(fixture->lock, &after, NULL, NULL));
  g_assert_cmpstr(before, ==, after);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run)(Fixture *fixture, gconstpointer data);
  } cases[] = {
    {"new", new_lock},
    {"holds-until-updated", holds_until_updated},
    {"one-package-moves", one_package_moves},
    {"asking-for-more-moves-no-other", asking_for_more_moves_no_other},
    {"dropped-version-moves", dropped_version_moves},
    {"same-version-of-other-bytes", same_version_of_other_bytes_is_told},
    {"architectures-come-and-go", architectures_come_and_go},
    {"archs", archs_as_they_are_named},
    {"failure-leaves-the-lock", failure_leaves_the_lock},
  };
  g_test_init(&argc, &argv, NULL);
  if (!make_keys()) {
    g_print("1..0 # SKIP gpg or gpgv is not installed\n");
    return 0;
  }
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/resolve/", cases[i].name, NULL);
    g_test_add(path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  int status = g_test_run();
  drop_keys();
  return status;
}
