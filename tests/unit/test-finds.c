/* SPDX-License-Identifier: Apache-2.0
 *
 * What fuzzing found, each by its name, where a test says more than that tests/fuzz/corpus has the input.
 */
#include "builder/sources/debian/aptsources.h"
#include "builder/sources/debian/release.h"
#include "rootfs/unpack.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define RELEASE "Suite: stone\nDate: Sat, 10 Jan 2026 00:00:00 UTC\nSHA256:\n"

static void
a_package_source_without_components_is_refused(void)
{
  static const struct {
    const char *text;
    gboolean deb822;
  } cases[] = {{"Types: deb\nURIs: https://example.org/debian\nSuites: stone\n", TRUE},
               {"Types: deb\nURIs: https://example.org/debian\nSuites: ./ stone\nComponents:\n", TRUE},
               {"deb https://example.org/debian stone\n", FALSE}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GPtrArray) sources = aptsources_new();
    g_autoptr(GError) error = NULL;
    g_assert_false(aptsources_parse(sources, cases[i].text, cases[i].deb822, "x.sources", &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
    g_assert_cmpstr(error->message, ==, "x.sources:1: a package source needs a type, a URI, and a suite with components");
  }
  g_autoptr(GPtrArray) sources = aptsources_new();
  g_assert_true(aptsources_parse(sources, "Types: deb\nURIs: https://example.org/flat\nSuites: ./\n", TRUE, "x", NULL));
  g_assert_cmpuint(sources->len, ==, 0);
}

static void
assert_release_refused(const char *entries, const char *message)
{
  g_autofree char *text = g_strconcat(RELEASE, entries, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(Release) release = release_parse(text, strlen(text), &error);
  g_assert_null(release);
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, message);
}

static void
a_release_lists_no_path_with_two_digests(void)
{
  assert_release_refused(" " DIGEST_A " 1 main/x\n " DIGEST_B " 1 main/x\n", "Release: two different digests for 'main/x'");
  static const char twice[] = RELEASE " " DIGEST_A " 1 main/x\n " DIGEST_A " 1 main/x\n";
  g_autoptr(GError) error = NULL;
  g_autoptr(Release) release = release_parse(twice, strlen(twice), &error);
  g_assert_no_error(error);
}

static void
a_release_lists_nothing_above_its_suite(void)
{
  assert_release_refused(" " DIGEST_A " 1 ../x\n", "Release: an index that lies elsewhere, in ' " DIGEST_A " 1 ../x'");
  assert_release_refused(" " DIGEST_A " 1 /x\n", "Release: an index that lies elsewhere, in ' " DIGEST_A " 1 /x'");
}

static gboolean
forget_memory(const Entry *entry, MemberReader *reader, gpointer data, GError **error)
{
  errno = ENOMEM;
  return TRUE;
}

/* libarchive ended the program: it took what errno still said for the reason why a name could not be converted. */
static void
a_name_in_latin1_is_no_lack_of_memory(void)
{
  g_autoptr(GError) error = NULL;
  int fd = open("tests/fuzz/corpus/tar/gnu.tar", O_RDONLY | O_CLOEXEC);
  g_assert_cmpint(fd, >=, 0);
  g_assert_true(unpack_archive(fd, "gnu.tar", forget_memory, NULL, &error));
  g_assert_no_error(error);
  close(fd);
}

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8"); /* as main.c does */
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/finds/a-package-source-without-components-is-refused", a_package_source_without_components_is_refused);
  g_test_add_func("/finds/a-release-lists-no-path-with-two-digests", a_release_lists_no_path_with_two_digests);
  g_test_add_func("/finds/a-release-lists-nothing-above-its-suite", a_release_lists_nothing_above_its_suite);
  g_test_add_func("/finds/a-name-in-latin1-is-no-lack-of-memory", a_name_in_latin1_is_no_lack_of_memory);
  return g_test_run();
}
