/* SPDX-License-Identifier: Apache-2.0
 *
 * Cosign's payload for the signature of a container image ("simple signing"): the bytes that are signed, as functions on
 * bytes. How signatures are stored with an image is builder/oci/sign.h.
 */
#ifndef ASHLAR_SIGNING_COSIGN_H
#define ASHLAR_SIGNING_COSIGN_H

#include "signing/digest.h"
#include <jansson.h>

#define COSIGN_PAYLOAD_MEDIA_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define COSIGN_SIGNATURE_TYPE "application/vnd.dev.cosign.artifact.sig.v1+json"
#define COSIGN_SIGNATURE_ANNOTATION "dev.cosignproject.cosign/signature"

/* The payload for the manifest or index @digest, spelled as cosign itself spells it (member order, no white space), so that
 * equal arguments give equal bytes. @reference is the repository it is meant for ("registry/repo"), @optional an array of
 * "KEY=VALUE" or NULL; their order does not matter, a key given twice keeps the last value. */
GBytes *cosign_payload_make(const char *reference, const Digest *digest, const char *const *optional);

typedef struct {
  Digest digest; /* of the signed manifest or index */
  char *reference;
  json_t *optional; /* an object, or NULL */
} CosignPayload;

/* Reads a payload strictly: nothing but the members cosign knows, no key twice, the type spelled as cosign or as the older
 * "atomic container signature". ASHLAR_ERROR_INVALID says what is wrong. */
gboolean cosign_payload_parse(const void *data, gsize size, CosignPayload *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cosign_payload_clear(CosignPayload *payload);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CosignPayload, cosign_payload_clear)

/* ASHLAR_ERROR_VERIFY unless the payload is for @digest and, where @reference is not NULL, for that repository. */
gboolean cosign_payload_check(const CosignPayload *payload, const Digest *digest, const char *reference,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
