/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/lock/lock.h"
#include "signing/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
add_package(LockArch *arch, const char *name, const char *version)
{
  LockPackage *package = g_new0(LockPackage, 1);
  *package = (LockPackage){
    .name = g_strdup(name),
    .version = g_strdup(version),
    .architecture = g_strdup("amd64"),
    .suite = g_strdup("bookworm"),
    .path = g_strdup_printf("pool/main/%s_%s.deb", name, version),
    .size = 1234,
    .requested = TRUE,
  };
  digest_of(name, strlen(name), &package->sha256);
  g_ptr_array_add(arch->packages, package);
}

static Lock *
sample(void)
{
  Lock *lock = lock_new();
  lock->date = 1700000000;
  add_package(lock_add_arch(lock, "arm64"), "hello", "2.10-3");
  LockArch *amd64 = lock_add_arch(lock, "amd64");
  add_package(amd64, "hello", "2.10-3");
  add_package(amd64, "libc6", "2.36-9+deb12u10");
  return lock;
}

static Lock *
load_text(const char *text, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("lock-XXXXXX", &path, NULL);
  g_assert_cmpint(fd, >=, 0);
  close(fd);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  Lock *lock = lock_load(path, error);
  g_unlink(path);
  return lock;
}

static void
text_survives_a_round_trip(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Lock) lock = sample();
  g_autofree char *text = lock_to_text(lock);
  g_autoptr(Lock) again = load_text(text, &error);
  g_assert_no_error(error);
  g_autofree char *second = lock_to_text(again);
  g_assert_cmpstr(text, ==, second);
  g_assert_cmpint(again->date, ==, 1700000000);
  const LockPackage *found = lock_find_package(lock_find_arch(again, "amd64"), "libc6");
  g_assert_cmpstr(found->version, ==, "2.36-9+deb12u10");
  g_assert_null(lock_find_package(lock_find_arch(again, "amd64"), "libc7"));
  g_assert_null(lock_find_arch(again, "riscv64"));
}

static void
one_input_a_line(void)
{
  g_autoptr(Lock) lock = sample();
  g_autofree char *text = lock_to_text(lock);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  guint packages = 0;
  for (char **line = lines; *line != NULL; line++)
    packages += g_str_has_prefix(*line, "{\"arch\":");
  g_assert_cmpuint(packages, ==, 3);
}

static void
path_stands_beside_the_recipe(void)
{
  static const char *const pairs[][2] = {
    {"web.yaml", "web.lock"}, {"a.b/web.yml", "a.b/web.lock"}, {"a.b/web", "a.b/web.lock"}, {".hidden", ".hidden.lock"}};
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
    g_autofree char *path = lock_path_for(pairs[i][0]);
    g_assert_cmpstr(path, ==, pairs[i][1]);
  }
}

static void
missing_file_is_not_found(void)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(lock_load("/nonexistent/web.lock", &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
}

/* A sample lock with the first @from replaced by @to is refused, and the message holds @told. */
static void
refuses(const char *from, const char *to, const char *told)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Lock) lock = sample();
  g_autofree char *text = lock_to_text(lock);
  char *place = strstr(text, from);
  g_assert_nonnull(place);
  g_autofree char *spoiled = g_strdup_printf("%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
  g_assert_null(load_text(spoiled, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
  if (strstr(error->message, told) == NULL)
    g_error("'%s' does not tell '%s'", error->message, told);
}

static void
malformed_locks_are_refused(void)
{
  refuses("{", "", "line");
  refuses("\"lock\":1", "\"lock\":2", "newer ashlar");
  refuses("\"layer\":1", "\"layer\":99", "newer ashlar");
  refuses("pool/main/libc6", "pool/../libc6", "malformed");
  refuses("\"path\":\"pool", "\"path\":\"/pool", "malformed");
  refuses("\"size\":1234", "\"size\":-1", "malformed");
  refuses("\"name\":\"libc6\"", "\"name\":\"aaa\"", "out of order");
  refuses("\"name\":\"libc6\"", "\"name\":\"hello\"", "there twice");
  refuses("\"sha256\":\"", "\"sha256\":\"0", "malformed");
  refuses("2023-11-14", "yesterday", "date");
  refuses("\"asked\":null", "\"asked\":null,\"asked\":null", "duplicate");
  refuses("\"asked\":null", "\"unknown\":1,\"asked\":null", "unknown");
}

static void
what_is_upon_a_stage_tells_of_its_packages(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Lock) lock = sample();
  Digest below, read;
  digest_of("below", 5, &below);
  lock_set_base(lock, "stage:low", "amd64", &below);
  g_autofree char *text = lock_to_text(lock);
  g_assert_nonnull(strstr(text, "\"base\":{\"from\":\"stage:low\",\"packages\":{\n\"amd64\":\"sha256:"));
  g_autoptr(Lock) again = load_text(text, &error);
  g_assert_no_error(error);
  g_assert_true(lock_base(again, "amd64", &read) && digest_equal(&below, &read));
  g_assert_false(lock_base(again, "arm64", &read));
  /* an image's are manifests */
  g_autoptr(GString) other = g_string_new(text);
  g_string_replace(other, "stage:low", "oci:low", 0);
  g_assert_null(load_text(other->str, &error));
  g_assert_nonnull(strstr(error->message, "'base' is malformed"));
  lock_set_base(again, "oci:low", "arm64", &below);
  g_assert_false(lock_base(again, "amd64", &read));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lock/round-trip", text_survives_a_round_trip);
  g_test_add_func("/lock/one-input-a-line", one_input_a_line);
  g_test_add_func("/lock/path", path_stands_beside_the_recipe);
  g_test_add_func("/lock/upon-a-stage", what_is_upon_a_stage_tells_of_its_packages);
  g_test_add_func("/lock/missing", missing_file_is_not_found);
  g_test_add_func("/lock/malformed", malformed_locks_are_refused);
  return g_test_run();
}
