/* SPDX-License-Identifier: Apache-2.0
 *
 * What a spelling leads to: see subject.h, of whose work this is a part. Only as much is read as tells the kind.
 */
#ifndef ASHLAR_LOOK_PLACE_H
#define ASHLAR_LOOK_PLACE_H

#include "builder/look/subject.h"

typedef struct {
  SubjectKind kind;
  char *path;      /* of what lies in a file or folder of its own; for an image its spelling */
  Store *store;    /* or NULL */
  Digest digest;   /* of the blob in the store */
  BlobPlace bytes; /* of a layer, package or tar */
} SubjectPlace;

/* @store_path: NULL for the default; the store is opened where the spelling asks for it only. */
gboolean subject_place_find(const char *spelling, const char *store_path, SubjectPlace *out,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void subject_place_clear(SubjectPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SubjectPlace, subject_place_clear)

#endif
