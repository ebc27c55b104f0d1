/* SPDX-License-Identifier: Apache-2.0
 *
 * The filesystem an image's layers make when they are laid over each other, whiteouts applied (OCI image-spec, layer.md), as
 * a sorted list of entries. Nothing is unpacked.
 */
#ifndef ASHLAR_OCI_LISTING_H
#define ASHLAR_OCI_LISTING_H

#include "builder/oci/open.h"
#include "rootfs/entry.h"

/* An image whose layers have more members, or more bytes of names, is refused: the list is held in memory. */
#define LISTING_ENTRIES_MAX (1 << 22)
#define LISTING_NAMES_MAX (512 << 20)
#define LISTING_ALL_LAYERS G_MAXUINT

typedef struct {
  Entry entry; /* path and target belong to the listing */
  guint layer; /* that it comes from */
} ListingEntry;

typedef struct Listing Listing;

/* @layer: LISTING_ALL_LAYERS for the merged filesystem, else one layer alone as it stands (whiteouts shown as the files they
 * are). */
Listing *listing_new(OciImage *image, const OciManifest *manifest, guint layer, GCancellable *cancellable,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void listing_free(Listing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listing, listing_free)

/* @path and all below it ("" for everything), in the order of entry_path_compare (transfer container; empty when there is
 * nothing). A hardlink has the size and attributes of what it leads to. */
GPtrArray *listing_below(const Listing *listing, const char *path);

#endif
