/* SPDX-License-Identifier: Apache-2.0
 *
 * An image to build upon, which lies in the store: its layers, kept byte for byte, each unpacked once into a pack that the tree of
 * the new image begins with; its configuration and history (OCI image-spec, config.md), which are continued. Where it came from
 * is others' matter: base_source.h, or another recipe's build.
 *
 *   Base *base = base_open_stored(store, &manifest, "oci:base", &options, error);
 *   base_lay(base, tree, error)                      before anything else is put into the tree
 *   ... packages, files, steps ...
 *   base_compare(base, tree, ...)                    what has to be told as gone or changed in the layers above
 */
#ifndef ASHLAR_BASE_BASE_H
#define ASHLAR_BASE_BASE_H

#include "builder/oci/layer_packs.h"

typedef struct {
  char *from; /* as people know it */
  OciImage *image;
  const OciManifest *manifest; /* the only one of image: descriptor, layers' descriptors, diff IDs, config */
  GArray *layers;              /* LayerPack, the lowest first: packs 0, 1, 2 ... of a tree that it was laid in */
} Base;

typedef struct {
  Progress *progress;
  GCancellable *cancellable;
} BaseOptions;

/* @manifest: the digest of one manifest, not of an index, that is in @store with all that it names. Layers that no store has
 * unpacked yet are unpacked, on all cores. */
Base *base_open_stored(Store *store, const Digest *manifest, const char *from, const BaseOptions *options,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void base_free(Base *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Base, base_free)

/* Lays all layers into the empty @tree. */
gboolean base_lay(const Base *base, Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What of the base is another in the finished tree, and no member of any pack says so. */
typedef struct {
  GPtrArray *gone;    /* char*: paths, without what lies below another one, in the order of entry_path_compare */
  GPtrArray *folders; /* const Entry* of the tree: folders whose attributes are others, in the same order */
} BaseDifference;
gboolean base_compare(const Base *base, const Tree *tree, BaseDifference *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void base_difference_clear(BaseDifference *difference);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BaseDifference, base_difference_clear)

#endif
