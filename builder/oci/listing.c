/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/listing.h"
#include "builder/oci/layer_stream.h"
#include "signing/error.h"

#include <string.h>

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

struct Listing {
  GTree *entries; /* path (of the ListingEntry) -> ListingEntry */
};

typedef struct {
  Listing *listing;
  guint layer;
  gboolean merge;
} Reader;

static void
listing_entry_free(gpointer data)
{
  ListingEntry *entry = data;
  g_free((char *)entry->entry.path);
  g_free((char *)entry->entry.target);
  g_free(entry);
}

static int
compare_paths(gconstpointer a, gconstpointer b, gpointer data)
{
  return entry_path_compare(a, b);
}

/* ---- laying a layer over those below ---- */

static gboolean
is_below(const char *path, const char *folder)
{
  gsize length = strlen(folder);
  return length == 0 ? path[0] != '\0' : strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Removes what lower layers have below @folder (and @folder itself with @itself). The entries of a subtree stand together. */
static void
remove_lower(const Reader *reader, const char *folder, gboolean itself)
{
  g_autoptr(GPtrArray) doomed = g_ptr_array_new();
  GTreeNode *node = g_tree_lower_bound(reader->listing->entries, folder);
  for (; node != NULL; node = g_tree_node_next(node)) {
    const ListingEntry *entry = g_tree_node_value(node);
    gboolean same = strcmp(entry->entry.path, folder) == 0;
    if (!same && !is_below(entry->entry.path, folder))
      break;
    if (entry->layer < reader->layer && (itself || !same))
      g_ptr_array_add(doomed, (gpointer)entry->entry.path);
  }
  for (guint i = 0; i < doomed->len; i++)
    g_tree_remove(reader->listing->entries, doomed->pdata[i]);
}

static void
apply_whiteout(const Reader *reader, const char *path, const char *name)
{
  g_autofree char *folder = name > path ? g_strndup(path, (gsize)(name - path - 1)) : g_strdup("");
  if (strcmp(name, OPAQUE) == 0) {
    remove_lower(reader, folder, FALSE);
    return;
  }
  /* further names that begin so are aufs's own housekeeping in old images */
  if (g_str_has_prefix(name, ".wh..wh.") || name[strlen(WHITEOUT)] == '\0')
    return;
  g_autofree char *hidden = folder[0] != '\0' ? g_build_filename(folder, name + strlen(WHITEOUT), NULL)
                                              : g_strdup(name + strlen(WHITEOUT));
  remove_lower(reader, hidden, TRUE);
}

static gboolean
insert(const Reader *reader, const Entry *from, GError **error)
{
  if (g_tree_nnodes(reader->listing->entries) >= LISTING_ENTRIES_MAX) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "too many files to list");
    return FALSE;
  }
  ListingEntry *entry = g_new0(ListingEntry, 1);
  entry->entry = *from;
  entry->entry.path = g_strdup(from->path);
  entry->entry.target = g_strdup(from->target);
  entry->layer = reader->layer;
  g_tree_replace(reader->listing->entries, (gpointer)entry->entry.path, entry);
  /* cppcheck-suppress memleak ; the tree has it now */
  return TRUE;
}

static gboolean
take_entry(const Entry *entry, gpointer user, GError **error)
{
  const Reader *reader = user;
  const char *slash = strrchr(entry->path, '/');
  const char *name = slash != NULL ? slash + 1 : entry->path;
  if (!reader->merge)
    return insert(reader, entry, error);
  if (g_str_has_prefix(name, WHITEOUT)) {
    apply_whiteout(reader, entry->path, name);
    return TRUE;
  }
  if (entry->type != ENTRY_DIRECTORY)
    remove_lower(reader, entry->path, TRUE);
  return insert(reader, entry, error);
}

/* ---- hardlinks ---- */

static gboolean
resolve_hardlink(gpointer path, gpointer value, gpointer data)
{
  ListingEntry *link = value;
  GTree *entries = data;
  if (link->entry.type != ENTRY_HARDLINK)
    return FALSE;
  const ListingEntry *target = g_tree_lookup(entries, link->entry.target);
  if (target != NULL && target->entry.type == ENTRY_FILE) {
    link->entry.size = target->entry.size;
    link->entry.mode = target->entry.mode;
    link->entry.uid = target->entry.uid;
    link->entry.gid = target->entry.gid;
    link->entry.mtime = target->entry.mtime;
  }
  return FALSE;
}

Listing *
listing_new(OciImage *image, const OciManifest *manifest, guint layer, GCancellable *cancellable, GError **error)
{
  g_autoptr(Listing) listing = g_new0(Listing, 1);
  listing->entries = g_tree_new_full(compare_paths, NULL, NULL, listing_entry_free);
  gboolean all = layer == LISTING_ALL_LAYERS;
  if (!all && layer >= manifest->n_layers) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "there is no layer %u: the image has %u, counted from 0", layer,
                manifest->n_layers);
    return NULL;
  }
  for (guint i = all ? 0 : layer; i < (all ? manifest->n_layers : layer + 1); i++) {
    Reader reader = {.listing = listing, .layer = i, .merge = all};
    if (!layer_stream_entries(image->blobs, &manifest->layers[i].digest, take_entry, &reader, cancellable, error))
      return NULL;
  }
  g_tree_foreach(listing->entries, resolve_hardlink, listing->entries);
  return g_steal_pointer(&listing);
}

void
listing_free(Listing *listing)
{
  g_clear_pointer(&listing->entries, g_tree_unref);
  g_free(listing);
}

GPtrArray *
listing_below(const Listing *listing, const char *path)
{
  GPtrArray *found = g_ptr_array_new();
  for (GTreeNode *node = g_tree_lower_bound(listing->entries, path); node != NULL; node = g_tree_node_next(node)) {
    ListingEntry *entry = g_tree_node_value(node);
    if (strcmp(entry->entry.path, path) != 0 && !is_below(entry->entry.path, path))
      break;
    g_ptr_array_add(found, entry);
  }
  return found;
}
