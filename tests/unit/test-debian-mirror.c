/* SPDX-License-Identifier: Apache-2.0
 *
 * The mirror of this machine's own apt configuration, against what apt itself fetched from it. Skipped, with the reason, on a
 * machine that has none, cannot reach it, or whose lists are of another day.
 */
#include "builder/sources/debian/aptsources.h"
#include "builder/sources/debian/archive.h"
#include "signing/error.h"

#include <stdlib.h>
#include <string.h>

/* What @command prints, or NULL when it fails. */
static char *
output_of(const char *command)
{
  char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)command, NULL}, *output = NULL;
  int status;
  if (g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL, &status, NULL) &&
      g_spawn_check_wait_status(status, NULL))
    return g_strstrip(output);
  g_free(output);
  return NULL;
}

/* The suite that apt is configured for first, which has -updates beside it. */
static char *
configured_suite(void)
{
  g_autoptr(GPtrArray) sources = aptsources_read("/", NULL, NULL);
  for (guint i = 0; sources != NULL && i < sources->len; i++) {
    const AptSource *source = sources->pdata[i];
    if (g_str_has_suffix(source->suite, "-updates"))
      return g_strndup(source->suite, strlen(source->suite) - strlen("-updates"));
  }
  return NULL;
}

/* Whether apt's list of the suite has the date of the Release that we were given. */
static gboolean
is_of_the_same_day(const DebianSuite *suite)
{
  g_autofree char *command = g_strdup_printf(
    "date -u +%%s -d \"$(sed -n 's/^Date: //p' \"$(ls /var/lib/apt/lists/*_dists_%s_InRelease)\")\"", suite->suite);
  g_autofree char *date = output_of(command);
  return date != NULL && g_ascii_strtoll(date, NULL, 10) == suite->date;
}

static void
agrees_with_apt(void)
{
  static const char command[] = "apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' 'Component: main' | "
                                "xargs /usr/lib/apt/apt-helper cat-file | "
                                "awk '$1==\"Package:\"{p=$2} $1==\"Version:\"{v=$2} $1==\"Architecture:\"{a=$2} "
                                "/^$/{if (p) print p, v, a; p=\"\"}' | sort -u | wc -l";
  g_autoptr(GError) error = NULL;
  g_autofree char *suite = configured_suite(), *architecture = output_of("dpkg --print-architecture");
  g_autofree char *counted = output_of(command);
  if (suite == NULL || architecture == NULL || counted == NULL || strcmp(counted, "0") == 0) {
    g_test_skip("this machine has no apt with lists");
    return;
  }
  g_autofree char *folder = g_dir_make_tmp("ashlar-mirror-XXXXXX", NULL);
  DebianArchiveRequest request = {.suite = suite, .check_valid_until = TRUE, .apt_root = "/"};
  FetchOptions options = {0};
  g_autoptr(Store) store = store_open(folder, &error);
  g_assert_no_error(error);
  g_autoptr(DebianArchive) archive = debian_archive_new(&request, &error);
  g_assert_no_error(error);
  g_autoptr(DebianIndex) index = debian_archive_index(archive, store, architecture, NULL, &options, &error);
  gboolean same = TRUE;
  for (guint i = 0; index != NULL && i < debian_archive_n_suites(archive); i++)
    same &= is_of_the_same_day(debian_archive_suite(archive, i));
  if (g_error_matches(error, ASHLAR_ERROR, ASHLAR_ERROR_NETWORK)) {
    g_test_skip("the mirror cannot be reached");
  } else if (!same) {
    g_test_skip("apt's lists are of another day than the mirror");
  } else {
    g_assert_no_error(error);
    g_assert_cmpuint(debian_index_size(index), ==, (guint)g_ascii_strtoull(counted, NULL, 10));
  }
  g_autofree char *clean = g_strdup_printf("chmod -R u+w '%s' && rm -r '%s'", folder, folder);
  g_assert_cmpint(system(clean), ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/debian-mirror/agrees-with-apt", agrees_with_apt);
  return g_test_run();
}
