/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing an image: its configuration and its manifest (OCI image-spec, config.md and manifest.md), from layers that are
 * blobs already. Equal specs give equal bytes.
 *
 *   ImageSpec spec = {.name = ..., .layers = ...};
 *   image_write(blobs, &spec, &manifest, error)          once per architecture
 *   index_write(blobs, &index_spec, &index, error)       where there are several (index.h)
 *   image_sign(blobs, &index or &manifest, ...)          with --sign (sign.h)
 *   archive_write(path, &archive_spec, blobs, ...)       the tarball (archive.h), or layout_write (layout.h)
 */
#ifndef ASHLAR_OCI_IMAGE_H
#define ASHLAR_OCI_IMAGE_H

#include "builder/oci/blobs.h"
#include "builder/oci/descriptor.h"
#include "builder/oci/open.h"
#include "builder/recipe/recipe.h"
#include "rootfs/layer.h"

typedef struct {
  const Layer *layer;
  const char *created_by; /* what the layer holds, for people: "debian: libc6, libssl3" */
  const char *comment;    /* or NULL */
} ImageLayer;

typedef struct {
  const char *name, *version, *description; /* the latter two may be NULL */
  const char *arch;                         /* Debian's name */
  gint64 epoch;
  const RecipeConfig *config; /* NULL: empty. Its labels become annotations too. */
  const OciManifest *base;    /* or NULL: what it is built upon, see inherit.h */
  gboolean base_is_ours;      /* it is no image that anybody else has: what it is built upon itself is told instead */
  PackEncoding encoding;      /* of all layers of its own */
  const ImageLayer *layers;   /* its own, which lie above the base's; the lowest first */
  guint n_layers;
  const char *const *annotations; /* further "KEY=VALUE" (--label), over the recipe's labels; NULL: none */
} ImageSpec;

/* Puts configuration and manifest into @blobs; @manifest is their descriptor, with its platform. */
gboolean image_write(Blobs *blobs, const ImageSpec *spec, Descriptor *manifest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The annotations of an image or index, which are its labels too: created, title, version, description, base, then the recipe's
 * labels, then @further, each over the one before; sorted (new reference). */
json_t *image_annotations(const ImageSpec *spec);

#endif
