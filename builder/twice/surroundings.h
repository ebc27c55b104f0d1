/* SPDX-License-Identifier: Apache-2.0
 *
 * One of two builds that must come to the same bytes: the program itself, run anew, with a store of its own that is empty, and in
 * surroundings that differ from the other one's in all that must not matter:
 *
 *                     the first                      the second
 *   store, outputs    in folders of other names, of another depth and length
 *   recipe            as it was named                the same files by another path
 *   working folder    the user's                     its own
 *   HOME, USER, LOGNAME, TZ, LANG, LC_ALL, umask
 *                     the user's                     others
 *   processors        all                            one
 *   host name         the host's                     another, where the user may have one (a UTS namespace)
 *   environment       sorted                         the other way round
 *   clock, process    as they come: the second begins in another second
 *
 * The order of a folder's entries is the file system's, and the same for both; the date of the clock is not moved.
 * Both end with the program that started them.
 */
#ifndef ASHLAR_TWICE_SURROUNDINGS_H
#define ASHLAR_TWICE_SURROUNDINGS_H

#include <gio/gio.h>

typedef struct {
  guint number; /* 1 or 2 */
  char *store, *output, *work, *home;
  char *recipe;        /* as this build is told of it */
  gint64 began, ended; /* seconds since 1970 */
  gint64 process;      /* its number */
} Surroundings;

/* Makes the folders of build @number below @scratch; @recipe is the path of its recipe. */
gboolean surroundings_init(Surroundings *surroundings, guint number, const char *scratch, const char *recipe,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void surroundings_clear(Surroundings *surroundings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Surroundings, surroundings_clear)

/* Builds there: `ashlar build` with @options (NULL-terminated) besides. Its messages go where ours go; *result is what it printed
 * (with --json). A build that fails has told why: @error then has the code that stands for its exit status. */
gboolean surroundings_build(Surroundings *surroundings, const char *const *options, GCancellable *cancellable, GBytes **result,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The host's and the user's name as build @number may see them. */
const char *surroundings_host(guint number);
const char *surroundings_user(guint number);

#endif
