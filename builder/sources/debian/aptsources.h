/* SPDX-License-Identifier: Apache-2.0
 *
 * The package sources of a machine (sources.list(5)): etc/apt/sources.list, sources.list.d/ in both styles, below a root.
 */
#ifndef ASHLAR_DEBIAN_APTSOURCES_H
#define ASHLAR_DEBIAN_APTSOURCES_H

#include <glib.h>

/* One suite of one URI. */
typedef struct {
  char *uri; /* as written, without a '/' at its end */
  char *suite;
  char **components;                              /* at least one */
  char **architectures;                           /* or NULL: any */
  char *signed_by;                                /* paths or fingerprints, or the key itself; or NULL */
  char *trusted, *check_date, *check_valid_until; /* words as written, or NULL */
} AptSource;

/* All binary sources that are enabled, in apt's order (elements AptSource*). Flat repositories and CD-ROMs are left out.
 * @unreadable as of aptconf_file. */
GPtrArray *aptsources_read(const char *root, GPtrArray *unreadable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds those of one file's @text; @deb822 tells the style. */
gboolean aptsources_parse(GPtrArray *sources, const char *text, gboolean deb822, const char *file,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *aptsources_new(void);

#endif
