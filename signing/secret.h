/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes that must not stay in memory: a passphrase, a private key in PEM. Wiped when cleared.
 */
#ifndef ASHLAR_SIGNING_SECRET_H
#define ASHLAR_SIGNING_SECRET_H

#include <glib.h>

typedef struct {
  char *data; /* NUL-terminated behind @size, for convenience */
  gsize size;
} Secret;

/* Copies @size bytes; whatever @secret held is wiped first. */
void secret_set(Secret *secret, const void *data, gsize size);
gboolean secret_equal(const Secret *a, const Secret *b);
void secret_clear(Secret *secret);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Secret, secret_clear)

#endif
