/* SPDX-License-Identifier: Apache-2.0
 *
 * How an IMAGE is spelled on the command line: oci-archive:FILE[:TAG], oci:DIR[:TAG], or a plain path to either, which is
 * looked at to know which.
 */
#ifndef ASHLAR_OCI_LOCATION_H
#define ASHLAR_OCI_LOCATION_H

#include <glib.h>

typedef struct {
  gboolean folder;
  char *path;
  char *tag; /* or NULL: the only image in it */
} ImageLocation;

/* ASHLAR_ERROR_USAGE for another transport, ASHLAR_ERROR_NOT_FOUND for a plain path where nothing is. */
gboolean image_location_parse(const char *spelling, ImageLocation *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void image_location_clear(ImageLocation *location);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageLocation, image_location_clear)

#endif
