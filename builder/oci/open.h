/* SPDX-License-Identifier: Apache-2.0
 *
 * An image that is there, opened for reading: a tarball or a layout folder, ours or anybody's. All of it is foreign: sizes,
 * depths and counts are bounded, JSON is read strictly (no key twice, not a manifest and an index at once), every manifest,
 * index and configuration is checked against its digest, every descriptor against the size of its blob.
 */
#ifndef ASHLAR_OCI_OPEN_H
#define ASHLAR_OCI_OPEN_H

#include "builder/oci/blobs.h"

/* One manifest of the image: one architecture's. Plain data that belongs to the OciImage. */
typedef struct {
  Descriptor descriptor; /* with a platform: the descriptor's own, or from the configuration */
  json_t *json;
  Descriptor config_descriptor;
  json_t *config;     /* NULL when it is no image's configuration (an artifact) */
  Descriptor *layers; /* the lowest first */
  guint n_layers;
  Digest *diff_ids; /* n_layers of them, or NULL without @config */
} OciManifest;

typedef struct {
  char *path;
  gboolean folder;
  Blobs *blobs;
  Descriptor top;        /* with the annotations of index.json */
  json_t *top_json;      /* the manifest or index itself */
  Descriptor *referrers; /* the index of signatures, or NULL */
  GPtrArray *manifests;  /* OciManifest*, in the order of the index */
  GBytes *docker;        /* manifest.json, or NULL: checked by check.h */
  GArray *digests;       /* Digest, all blobs that are there */
  guint n_documents;     /* manifests and indexes read so far: an index may list another many times over */
  guint n_entries;       /* of index.json, of which this image is one */
  gint64 mtime;          /* of a tarball's members, -1 for a folder */
  int fd;
} OciImage;

/* @spelling as in location.h. Layers are not read: see check.h. */
OciImage *oci_image_open(const char *spelling, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The image whose manifest or index is the blob @digest of @store: signatures are kept with tarballs and folders only. */
OciImage *oci_image_open_stored(Store *store, const Digest *digest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void oci_image_free(OciImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OciImage, oci_image_free)

/* An annotation of the image: of the manifest or index itself, which its digest covers; else NULL. */
const char *oci_image_annotation(const OciImage *image, const char *key);
/* The name by which it is known (title; else what index.json calls it), or NULL. */
const char *oci_image_name(const OciImage *image);
/* The manifest for Debian's @arch or a GOARCH name; NULL: this machine's, else the first. */
OciManifest *oci_image_manifest(OciImage *image, const char *arch, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
