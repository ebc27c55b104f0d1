/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures of an image, in cosign's form, carried with it: for every signed manifest or index there is one OCI manifest
 * with it as `subject` and one layer per signature (payload, signature in an annotation), which is at once what cosign keeps
 * under the tag sha256-HEX.sig and an OCI 1.1 referrer; an index of those manifests is the answer of a registry's referrers API.
 */
#ifndef ASHLAR_OCI_SIGN_H
#define ASHLAR_OCI_SIGN_H

#include "builder/oci/blobs.h"
#include "builder/oci/descriptor.h"
#include "signing/key.h"

typedef struct {
  const Key *key;                 /* with its private part */
  const char *reference;          /* the repository it is meant for: oci_repository of the name, where none is known */
  const char *const *annotations; /* "KEY=VALUE" for the payload's `optional`; NULL: none */
} SignSpec;

/* Signs @top and, where it is an index, each manifest in it. @referrers is the index of signatures and other referrers the
 * image has already (NULL: none); @out becomes that with the new ones, in @blobs. Signing what this key signed in the same
 * words already changes nothing, whatever the kind of key. */
gboolean image_sign(Blobs *blobs, const Descriptor *top, const Descriptor *referrers, const SignSpec *spec, Descriptor *out,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One signature that an image carries. */
typedef struct {
  Digest subject; /* the manifest or index it is attached to */
  Digest payload; /* the blob that is signed */
  guint64 payload_size;
  GBytes *signature;
  Digest key; /* whose it claims to be (a hint, not proven); zeroes when it does not say */
  gboolean has_key;
} ImageSignature;

/* All signatures that @referrers lists, in order (elements ImageSignature), within LIMIT_SIGNATURES: checking one may mean
 * reading a megabyte. */
GPtrArray *image_signatures(Blobs *blobs, const Descriptor *referrers, GError **error);

/* Whether one of @signatures for @subject is by one of @keys over a payload for it and, where not NULL, for @reference and with
 * the `optional` values @annotations. @signer becomes the number of the key. ASHLAR_ERROR_VERIFY says exactly why not. */
typedef struct {
  Key *const *keys;
  guint n_keys;
  const char *reference;
  const char *const *annotations;
} VerifySpec;
gboolean image_verify_signature(Blobs *blobs, GPtrArray *signatures, const Digest *subject, const VerifySpec *spec,
                                guint *signer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
