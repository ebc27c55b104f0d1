/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenPGP signatures, checked by gpgv, the program that apt trusts with it.
 */
#ifndef ASHLAR_DEBIAN_GPGV_H
#define ASHLAR_DEBIAN_GPGV_H

#include "signing/digest.h"
#include <gio/gio.h>

/* Which keys are good: files, keys at hand, and perhaps only some of the keys in them. */
typedef struct Keyring Keyring;
/* @signed_by as in apt's sources: paths or fingerprints apart by spaces or commas, or an armored key itself. With fingerprints
 * alone, or where it is NULL, the keys are those of @defaults (paths, NULL-terminated; those that are not there are left out).
 * ASHLAR_ERROR_NOT_FOUND names what cannot be read, or says that there are no keys at all. */
Keyring *keyring_load(const char *signed_by, const char *const *defaults, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void keyring_free(Keyring *keyring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keyring, keyring_free)
/* Changes with the keys. */
void keyring_digest(const Keyring *keyring, Digest *out);

/* Checks the clear-signed @message, or @message with the detached @signature (else NULL), and gives the text that was
 * signed. ASHLAR_ERROR_VERIFY says what is wrong with the signature. */
GBytes *gpgv_verify(const Keyring *keyring, GBytes *message, GBytes *signature, GCancellable *cancellable,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The text of a clear-signed @message whose signature is of no interest; a text that is not clear-signed is given as it is. */
GBytes *gpgv_strip(GBytes *message, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
