/* SPDX-License-Identifier: Apache-2.0
 *
 * apt's own settings (apt.conf(5)): etc/apt/apt.conf.d/ and etc/apt/apt.conf below a root, read without apt.
 */
#ifndef ASHLAR_DEBIAN_APTCONF_H
#define ASHLAR_DEBIAN_APTCONF_H

#include <glib.h>

typedef struct AptConf AptConf;

/* Files that are not there are no error, those that may not be read are added to @unreadable (see aptconf_file);
 * ASHLAR_ERROR_INVALID names file and line of what is malformed. */
AptConf *aptconf_read(const char *root, GPtrArray *unreadable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds the settings of @text, which stands in @file. */
gboolean aptconf_parse(AptConf *conf, const char *text, const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
AptConf *aptconf_new(void);
void aptconf_free(AptConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AptConf, aptconf_free)

/* The value of "Acquire::http::Proxy" (names in any case), or NULL. */
const char *aptconf_get(const AptConf *conf, const char *name);
/* As apt reads truth: yes, true, with, on, enable, 1 and their opposites; else @otherwise. */
gboolean aptconf_get_boolean(const AptConf *conf, const char *name, gboolean otherwise);
/* The same for a value at hand (NULL: @otherwise). */
gboolean aptconf_boolean(const char *value, gboolean otherwise);
/* Calls @each for every setting right below @scope, in the order in which they were read. */
void aptconf_below(const AptConf *conf, const char *scope, void (*each)(const char *name, const char *value, gpointer data),
                   gpointer data);

/* The files of the folder @path that apt would read (letters, digits, '_', '-', '.'; one of @endings, where "" allows none),
 * sorted; NULL-terminated full paths (transfer full), empty when there is no such folder. */
char **aptconf_list_parts(const char *path, const char *const *endings);
/* The text of one of them (transfer full), or NULL; what is wrong with one that is there and cannot be read is added
 * to @unreadable (char*, owned by it; may be NULL). */
char *aptconf_file(const char *path, GPtrArray *unreadable);

#endif
