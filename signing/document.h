/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that somebody else may have written, read whole: a keyring, a lock, apt's configuration, an image's index.json. What is
 * no regular file is refused without waiting for it (a named pipe may never be written to, /dev/zero never ends), and so is a
 * larger one than the limit, even where it grows meanwhile.
 */
#ifndef ASHLAR_SIGNING_DOCUMENT_H
#define ASHLAR_SIGNING_DOCUMENT_H

#include "signing/limits.h"

/* The bytes of the file at @path, with a NUL beyond their end. ASHLAR_ERROR_NOT_FOUND where there is none, ASHLAR_ERROR_INVALID
 * where it is refused; the path is told. */
GBytes *document_read(const char *path, LimitId limit, GError **error);
/* The same of @fd (borrowed; opened with O_NONBLOCK), whose @name is told. */
GBytes *document_read_fd(int fd, const char *name, LimitId limit, GError **error);

#endif
