/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a Packages file (deb822 stanzas, Debian policy 5.1), compressed or not, as a stream: memory is bounded by the largest
 * stanza, and nothing is allocated for a field.
 */
#ifndef ASHLAR_DEBIAN_PACKAGES_H
#define ASHLAR_DEBIAN_PACKAGES_H

#include <gio/gio.h>

typedef enum {
  PACKAGES_PACKAGE,
  PACKAGES_VERSION,
  PACKAGES_ARCHITECTURE,
  PACKAGES_SOURCE,
  PACKAGES_FILENAME,
  PACKAGES_SECTION,
  PACKAGES_DEPENDS,
  PACKAGES_PRE_DEPENDS,
  PACKAGES_RECOMMENDS,
  PACKAGES_SUGGESTS,
  PACKAGES_PROVIDES,
  PACKAGES_CONFLICTS,
  PACKAGES_BREAKS,
  PACKAGES_REPLACES,
  PACKAGES_SHA256,
  PACKAGES_SIZE,
  PACKAGES_INSTALLED_SIZE,
  PACKAGES_PRIORITY,
  PACKAGES_MULTI_ARCH,
  PACKAGES_ESSENTIAL,
  PACKAGES_PROTECTED,
  PACKAGES_IMPORTANT,
  PACKAGES_N_FIELDS,
} PackagesField;

/* A field's value: without the space around it, continuation lines and all; not NUL-terminated, but without a control
 * character other than newline and tab. NULL data: the stanza has no such field. */
typedef struct {
  const char *data;
  gsize size;
} PackagesValue;

/* One stanza, its number counted from 1; FALSE stops. */
typedef gboolean (*PackagesStanza)(const PackagesValue fields[PACKAGES_N_FIELDS], guint number, gpointer data, GError **error);

/* Reads all stanzas of the file at @fd (xz, gz, zst, or plain by content). ASHLAR_ERROR_INVALID for what is not deb822, cut
 * short or beyond bounds, saying at which stanza. */
gboolean packages_read(int fd, PackagesStanza stanza, gpointer data, GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
