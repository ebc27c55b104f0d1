/* SPDX-License-Identifier: Apache-2.0
 *
 * All ELF files of an image, whatever they are called: each file is decompressed far enough to see how it begins, on all cores.
 */
#ifndef ASHLAR_ELF_BINARIES_H
#define ASHLAR_ELF_BINARIES_H

#include "builder/elf/binary.h"
#include "rootfs/tree.h"

#include <gio/gio.h>

/* A larger file is not read. */
#define BINARIES_SIZE_MAX (512 << 20)

typedef struct {
  const char *path; /* as Entry.path */
  Binary *binary;   /* or NULL */
  char *fault;      /* what is wrong with it then */
} FoundBinary;

/* FoundBinary*, by path; hardlinks to a file are not listed besides it. They live as long as the tree. NULL and @error where a
 * pack is damaged. */
GPtrArray *binaries_find(const Tree *tree, GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
