/* SPDX-License-Identifier: Apache-2.0
 *
 * One reader a form: each adds all members of what it is given to a Reading, hashes contents where reading->hash says so,
 * keeps the contents of dpkg's database, and finishes the reading. A part of subject.h's work.
 */
#ifndef ASHLAR_LOOK_READERS_H
#define ASHLAR_LOOK_READERS_H

#include "builder/look/reading.h"
#include "rootfs/tree.h"

/* A tar in any usual compression, which is known by its bytes: a layer or any other. Within LIMIT_UNPACKED and LIMIT_RATIO. */
gboolean read_tar(const BlobPlace *place, const char *label, Reading *reading, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A package (deb(5)): the members of its data archive as they are shipped; @control (transfer full) is its control file. */
gboolean read_deb(const BlobPlace *place, const char *label, Reading *reading, GBytes **control,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A pack: its index tells all, nothing of it is decompressed. */
gboolean read_pack(const Pack *pack, Reading *reading, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An image that was assembled in memory; of its contents only dpkg's database is decompressed. */
gboolean read_tree(const Tree *tree, Reading *reading, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The folder at @path. Without hashing no file but dpkg's needs to be readable. */
gboolean read_folder(const char *path, Reading *reading, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
