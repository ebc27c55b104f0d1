/* SPDX-License-Identifier: Apache-2.0
 *
 * Images that a recipe may start from, and the way of one into the store: its manifest for an architecture, its configuration and
 * its layers, byte for byte, each checked against its digest as it comes in.
 *
 *   oci:DIR[:TAG]                           an OCI layout
 *   oci-archive:FILE[:TAG]                  the same in a tarball
 *   docker://HOST/REPO[:TAG|@DIGEST]        a registry (registry.h)
 *   tar:FILE, dir:DIR                       a root file system that is no image yet (plain.h)
 *
 * Paths are relative to the recipe's folder, and may lead out of it, or be absolute: what counts is the digest in the lock.
 */
#ifndef ASHLAR_SOURCES_IMAGE_IMAGE_H
#define ASHLAR_SOURCES_IMAGE_IMAGE_H

#include "builder/sources/fetch.h"

typedef enum { IMAGE_LAYOUT, IMAGE_ARCHIVE, IMAGE_REGISTRY, IMAGE_TAR, IMAGE_FOLDER } ImageKind;

typedef struct {
  ImageKind kind;
  char *text; /* as it was spelled */
  char *rest; /* what follows the kind: of a registry "HOST/REPO...", else an absolute path, with its tag */
} ImageSource;

/* @folder: the recipe's. ASHLAR_ERROR_USAGE for what is none of the above. */
gboolean image_source_parse(const char *text, const char *folder, ImageSource *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void image_source_clear(ImageSource *source);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageSource, image_source_clear)
/* Whether it is a file or folder of this machine, which can be looked at at any time. */
gboolean image_source_is_local(const ImageSource *source);

/* The digest of the manifest for @arch (Debian's name) as the image is now. ASHLAR_ERROR_NOT_FOUND: there is no such file or image;
 * ASHLAR_ERROR_USAGE: it has nothing for @arch. Writes only what is found into @store. */
gboolean image_source_resolve(Store *store, const ImageSource *source, const char *arch, const FetchOptions *options,
                              Digest *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @store has the manifest and all that it names. */
gboolean image_is_stored(Store *store, const Digest *manifest);
/* Brings them there, where they are not, and no other thread is about to. ASHLAR_ERROR_VERIFY: the source has another one. */
gboolean image_source_obtain(Store *store, const ImageSource *source, const char *arch, const Digest *manifest,
                             const FetchOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For those who bring images: remembers that all of the image is in the store, so that gc keeps it as a whole. */
gboolean image_remember(Store *store, const Digest *manifest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
