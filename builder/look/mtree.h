/* SPDX-License-Identifier: Apache-2.0
 *
 * A subject in the format of mtree(5), as libarchive reads and writes it: one line a file, with type, owner, mode, size, time,
 * SHA-256, where a symlink leads and the numbers of a device. A hardlink is a file like any other.
 *
 * libarchive's own writer is of no use here: it digests what passes through it, in the order of the members, while contents
 * come from layers of which the next may hide them.
 */
#ifndef ASHLAR_LOOK_MTREE_H
#define ASHLAR_LOOK_MTREE_H

#include "builder/look/subject.h"

#include <stdio.h>

void mtree_print_head(FILE *out);
void mtree_print(FILE *out, const SubjectFile *file);

#endif
