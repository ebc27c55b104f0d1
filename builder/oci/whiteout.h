/* SPDX-License-Identifier: Apache-2.0
 *
 * Names by which a layer says that something of the layers below it is gone (OCI image-spec, layer.md, "Whiteouts").
 */
#ifndef ASHLAR_OCI_WHITEOUT_H
#define ASHLAR_OCI_WHITEOUT_H

#include <glib.h>

#define WHITEOUT_PREFIX ".wh."

typedef enum {
  WHITEOUT_NONE,    /* a member like others */
  WHITEOUT_PATH,    /* hides a path and all below it */
  WHITEOUT_OPAQUE,  /* hides all below a folder */
  WHITEOUT_IGNORED, /* aufs's own housekeeping in old images */
} WhiteoutKind;

/* What the member at @path says; *hidden (transfer full) becomes the path or the folder, else NULL. */
WhiteoutKind whiteout_parse(const char *path, char **hidden);
/* The member that hides @path, which is not the root (transfer full). */
char *whiteout_name(const char *path);

#endif
