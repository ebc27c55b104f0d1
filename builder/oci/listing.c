/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/listing.h"
#include "builder/oci/layer_stream.h"
#include "signing/error.h"

#include <string.h>

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

struct Listing {
  GPtrArray *all; /* ListingEntry*, those that a later layer hides among them */
  GTree *entries; /* path (of the ListingEntry) -> ListingEntry */
  guint members;  /* read so far, whiteouts among them */
  gsize names;    /* bytes of their paths and targets */
};

/* A layer's own entries lie apart until it ends: what it hides is below it, wherever in the layer that stands. */
typedef struct {
  Listing *listing;
  GTree *own; /* NULL: the layer is told as it stands */
  guint layer;
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
  GTree *lower = reader->listing->entries;
  g_autoptr(GPtrArray) doomed = g_ptr_array_new();
  for (GTreeNode *node = g_tree_lower_bound(lower, folder); node != NULL; node = g_tree_node_next(node)) {
    const char *path = g_tree_node_key(node);
    gboolean same = strcmp(path, folder) == 0;
    if (!same && !is_below(path, folder))
      break;
    if (itself || !same)
      g_ptr_array_add(doomed, (gpointer)path);
  }
  for (guint i = 0; i < doomed->len; i++)
    g_tree_remove(lower, doomed->pdata[i]);
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
check_limits(Listing *listing, const Entry *entry, GError **error)
{
  listing->members++;
  listing->names += strlen(entry->path) + (entry->target != NULL ? strlen(entry->target) : 0);
  if (listing->members <= LISTING_ENTRIES_MAX && listing->names <= LISTING_NAMES_MAX)
    return TRUE;
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "too many files to list");
  return FALSE;
}

static void
insert(const Reader *reader, const Entry *from)
{
  ListingEntry *entry = g_new0(ListingEntry, 1);
  entry->entry = *from;
  entry->entry.path = g_strdup(from->path);
  entry->entry.target = g_strdup(from->target);
  entry->layer = reader->layer;
  g_ptr_array_add(reader->listing->all, entry);
  g_tree_replace(reader->own != NULL ? reader->own : reader->listing->entries, (gpointer)entry->entry.path, entry);
}

static gboolean
take_entry(const Entry *entry, gpointer user, GError **error)
{
  const Reader *reader = user;
  const char *slash = strrchr(entry->path, '/');
  const char *name = slash != NULL ? slash + 1 : entry->path;
  if (!check_limits(reader->listing, entry, error))
    return FALSE;
  if (reader->own != NULL && g_str_has_prefix(name, WHITEOUT)) {
    apply_whiteout(reader, entry->path, name);
    return TRUE;
  }
  if (reader->own != NULL && entry->type != ENTRY_DIRECTORY)
    remove_lower(reader, entry->path, TRUE);
  insert(reader, entry);
  return TRUE;
}

static gboolean
lay_over(gpointer path, gpointer entry, gpointer entries)
{
  g_tree_replace(entries, path, entry);
  return FALSE;
}

static gboolean
read_layer(Listing *listing, OciImage *image, const Digest *digest, guint number, gboolean merge, GCancellable *cancellable,
           GError **error)
{
  g_autoptr(GTree) own = merge ? g_tree_new_full(compare_paths, NULL, NULL, NULL) : NULL;
  Reader reader = {.listing = listing, .own = own, .layer = number};
  if (!layer_stream_entries(image->blobs, digest, take_entry, &reader, cancellable, error))
    return FALSE;
  if (own != NULL)
    g_tree_foreach(own, lay_over, listing->entries);
  return TRUE;
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
  listing->all = g_ptr_array_new_with_free_func(listing_entry_free);
  listing->entries = g_tree_new_full(compare_paths, NULL, NULL, NULL);
  gboolean all = layer == LISTING_ALL_LAYERS;
  if (!all && layer >= manifest->n_layers) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "there is no layer %u: the image has %u, counted from 0", layer,
                manifest->n_layers);
    return NULL;
  }
  for (guint i = all ? 0 : layer; i < (all ? manifest->n_layers : layer + 1); i++)
    if (!read_layer(listing, image, &manifest->layers[i].digest, i, all, cancellable, error))
      return NULL;
  g_tree_foreach(listing->entries, resolve_hardlink, listing->entries);
  return g_steal_pointer(&listing);
}

void
listing_free(Listing *listing)
{
  g_tree_unref(listing->entries);
  g_ptr_array_unref(listing->all);
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
