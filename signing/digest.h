/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 digests: the value type, its spellings, and a streaming hasher (OpenSSL, so SHA-NI where the CPU has it).
 * Hashing cannot fail once a Hasher exists; a library that cannot give SHA-256 at all ends the program.
 */
#ifndef ASHLAR_SIGNING_DIGEST_H
#define ASHLAR_SIGNING_DIGEST_H

#include <glib.h>

#define DIGEST_SIZE 32
#define DIGEST_HEX_LENGTH 64
/* "sha256:" and 64 hex digits and NUL */
#define DIGEST_STRING_SIZE (7 + DIGEST_HEX_LENGTH + 1)

typedef struct {
  guint8 bytes[DIGEST_SIZE];
} Digest;

/* The digest of @size bytes at @data. */
void digest_of(const void *data, gsize size, Digest *out);

/* 64 lower-case hex digits and NUL into @hex. */
void digest_to_hex(const Digest *digest, char hex[DIGEST_HEX_LENGTH + 1]);
/* "sha256:HEX" (OCI image-spec, descriptor.md "Digests") into @text; returns @text. */
const char *digest_to_string(const Digest *digest, char text[DIGEST_STRING_SIZE]);

/* Reads exactly 64 lower-case hex digits (upper case is refused, as OCI demands). FALSE leaves @out alone. */
gboolean digest_from_hex(const char *hex, Digest *out);
/* Reads "sha256:HEX"; ASHLAR_ERROR_INVALID quotes what was found instead. */
gboolean digest_from_string(const char *text, Digest *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

int digest_compare(const Digest *a, const Digest *b);
/* For GHashTables keyed by a Digest. */
guint digest_hash(gconstpointer digest);
gboolean digest_equal(gconstpointer a, gconstpointer b);

typedef struct Hasher Hasher;
Hasher *hasher_new(void);
void hasher_update(Hasher *hasher, const void *data, gsize size);
/* Writes the digest of all that was fed, and starts afresh. */
void hasher_finish(Hasher *hasher, Digest *out);
void hasher_free(Hasher *hasher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hasher, hasher_free)

#endif
