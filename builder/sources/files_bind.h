/* SPDX-License-Identifier: Apache-2.0
 *
 * What a step mounts from the recipe's folder (`bind`), read as files.h reads what goes into an image: nothing outside the folder,
 * modes and owners as by default there, the epoch as every time.
 */
#ifndef ASHLAR_SOURCES_FILES_BIND_H
#define ASHLAR_SOURCES_FILES_BIND_H

#include "builder/sources/files.h"

/* The name under which the file or folder lies in its pack. */
#define FILES_BIND_NAME "input"

/* A digest of all that @bind leads to; each thing read is appended to @list (FilesInput, may be NULL). */
gboolean files_bind_digest(const Recipe *recipe, const RecipeMount *bind, GArray *list, Digest *out, GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A pack of just what has the digest @expected: what changed since is ASHLAR_ERROR_FAILED at @bind. What was copied once is not read
 * again. */
gboolean files_bind_pack(Store *store, const Recipe *recipe, const RecipeMount *bind, gint64 epoch, const Digest *expected,
                         Digest *pack, GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
