/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/layer_pack.h"
#include "builder/oci/layer_stream.h"
#include "builder/oci/whiteout.h"
#include "rootfs/member.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

/* Raised by whatever changes what a layer is read as. */
#define RULES 1

/* What the pack tells beside its members: paths, each with its NUL. */
#define META_GONE "gone"
#define META_OPAQUE "opaque"
#define META_OUTER "outer" /* hardlinks to files of layers below: the path, and that of the file */

/* One reading of a layer. Paths are numbered by the member that was last seen there. */
typedef struct {
  PackWriter *writer; /* NULL: members are only counted, for some come again */
  GHashTable *seen;   /* path -> number of its member, doubled, plus 1 for a folder */
  GHashTable *stale;  /* numbers of members that come again later */
  GHashTable *passed; /* paths of such members: what they were is nowhere */
  GHashTable *outer;  /* path of a hardlink to a file of a layer below -> path of the file */
  GByteArray *gone, *opaque, *links;
  guint members;
  gsize names;
  guint64 packed, content; /* bytes: of the layer, and of the files in it */
  gboolean again;          /* a member came that was there already */
} Reading;

/* ---- what a layer may hold ---- */

static gboolean
refuse(const Entry *entry, const char *what, GError **error)
{
  g_autofree char *shown = g_strescape(entry->path, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%.200s' %s", shown, what);
  return FALSE;
}

static gboolean
check_limits(Reading *reading, const Entry *entry, GError **error)
{
  LimitId exceeded;
  reading->names += strlen(entry->path) + (entry->target != NULL ? strlen(entry->target) : 0);
  reading->content += entry->size;
  if (++reading->members > limits_get(LIMIT_MEMBERS))
    exceeded = LIMIT_MEMBERS;
  else if (reading->names > limits_get(LIMIT_NAMES))
    exceeded = LIMIT_NAMES;
  else if (limits_allow_content(reading->content, reading->packed, &exceeded))
    return TRUE;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  return limits_refuse(exceeded, error, "with '%.200s'", shown);
}

static gboolean
is_folder(gpointer seen)
{
  return GPOINTER_TO_UINT(seen) & 1;
}

static gboolean
check_parents(const Reading *reading, const Entry *entry, GError **error)
{
  for (const char *slash = strchr(entry->path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    g_autofree char *parent = g_strndup(entry->path, (gsize)(slash - entry->path));
    gpointer seen;
    if (g_hash_table_lookup_extended(reading->seen, parent, NULL, &seen) && !is_folder(seen))
      return refuse(entry, "lies below a member that is no folder", error);
  }
  return TRUE;
}

/* ---- one reading ---- */

static void
append_path(GByteArray *paths, const char *path)
{
  g_byte_array_append(paths, (const guint8 *)path, (guint)strlen(path) + 1);
}

/* FALSE: @entry is a member like others. */
static gboolean
take_whiteout(Reading *reading, const Entry *entry)
{
  g_autofree char *hidden = NULL;
  WhiteoutKind kind = whiteout_parse(entry->path, &hidden);
  if (hidden != NULL)
    append_path(kind == WHITEOUT_OPAQUE ? reading->opaque : reading->gone, hidden);
  return kind != WHITEOUT_NONE;
}

static gboolean
write_member(const Reading *reading, const Entry *entry, MemberReader *reader, GError **error)
{
  const void *piece;
  gsize size;
  if (!pack_writer_add(reading->writer, entry, error))
    return FALSE;
  if (entry->type != ENTRY_FILE)
    return TRUE;
  do {
    if (!member_reader_data(reader, &piece, &size, error) ||
        (size > 0 && !pack_writer_data(reading->writer, piece, size, error)))
      return FALSE;
  } while (size > 0);
  return TRUE;
}

/* The file of a layer below that @entry is a further name of, or NULL. */
static const char *
outer_file(const Reading *reading, const Entry *entry)
{
  if (entry->type != ENTRY_HARDLINK || g_hash_table_contains(reading->passed, entry->target))
    return NULL;
  const char *outer = g_hash_table_lookup(reading->outer, entry->target);
  return outer != NULL || g_hash_table_contains(reading->seen, entry->target) ? outer : entry->target;
}

static gboolean
keep_member(const Reading *reading, const Entry *entry, MemberReader *reader, GError **error)
{
  const char *outer = outer_file(reading, entry);
  if (outer == NULL)
    return write_member(reading, entry, reader, error);
  char *file = g_strdup(outer);
  g_hash_table_replace(reading->outer, g_strdup(entry->path), file);
  append_path(reading->links, entry->path);
  append_path(reading->links, file);
  return TRUE;
}

static gboolean
take_member(Reading *reading, const Entry *entry, MemberReader *reader, GError **error)
{
  if (!check_limits(reading, entry, error))
    return FALSE;
  if (take_whiteout(reading, entry))
    return TRUE;
  if (!check_parents(reading, entry, error))
    return FALSE;
  guint number = reading->members;
  gpointer before;
  if (g_hash_table_contains(reading->stale, GUINT_TO_POINTER(number))) {
    g_hash_table_add(reading->passed, g_strdup(entry->path));
    return TRUE;
  }
  if (g_hash_table_lookup_extended(reading->seen, entry->path, NULL, &before)) {
    if (is_folder(before) != (entry->type == ENTRY_DIRECTORY))
      return refuse(entry, "is there twice, as a folder and as none", error);
    g_hash_table_add(reading->stale, GUINT_TO_POINTER(GPOINTER_TO_UINT(before) >> 1));
    reading->again = TRUE;
  }
  g_hash_table_replace(reading->seen, g_strdup(entry->path), GUINT_TO_POINTER(number << 1 | (entry->type == ENTRY_DIRECTORY)));
  return reading->again || keep_member(reading, entry, reader, error);
}

static gboolean
take_members(Reading *reading, LayerStream *stream, GError **error)
{
  g_autoptr(MemberReader) reader = member_reader_new(MEMBER_LAYER, "layer", layer_stream_read, stream, error);
  const Entry *entry;
  while (reader != NULL && member_reader_next(reader, &entry, error)) {
    if (entry == NULL)
      return TRUE;
    if (!take_member(reading, entry, reader, error))
      return FALSE;
  }
  return FALSE;
}

static void
set_paths(PackWriter *writer, const char *key, GByteArray *paths)
{
  if (paths->len == 0)
    return;
  g_autoptr(GBytes) value = g_bytes_new(paths->data, paths->len);
  pack_writer_set_meta(writer, key, value);
}

/* What came of one look at the layer; *again: another is needed, knowing now which members come twice. */
typedef struct {
  Digest pack, diff_id;
  guint64 tar_size;
  gboolean again;
} Outcome;

static gboolean
read_once(Store *store, Blobs *blobs, const Digest *layer, GHashTable *stale, const Watch *watch, GCancellable *cancellable,
          Outcome *out, GError **error)
{
  g_autoptr(LayerStream) stream = layer_stream_new(blobs, layer, cancellable, error);
  g_autoptr(PackWriter) writer = stream != NULL ? pack_writer_new(store, PACK_ZSTD, error) : NULL;
  if (writer == NULL)
    return FALSE;
  pack_writer_set_watch(writer, watch);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) passed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) outer = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GByteArray) gone = g_byte_array_new(), opaque = g_byte_array_new(), links = g_byte_array_new();
  Reading reading = {.writer = writer, .seen = seen, .stale = stale, .passed = passed, .outer = outer};
  reading.gone = gone;
  reading.opaque = opaque;
  reading.links = links;
  reading.packed = (guint64)MAX(blobs_size(blobs, layer), 0);
  if (!take_members(&reading, stream, error))
    return FALSE;
  out->again = reading.again;
  if (reading.again)
    return TRUE;
  set_paths(writer, META_GONE, gone);
  set_paths(writer, META_OPAQUE, opaque);
  set_paths(writer, META_OUTER, links);
  return layer_stream_finish(stream, &out->diff_id, &out->tar_size, error) && pack_writer_finish(writer, &out->pack, error);
}

static gboolean
unpack(Store *store, Blobs *blobs, const Digest *layer, const Watch *watch, GCancellable *cancellable, Outcome *out,
       GError **error)
{
  g_autoptr(GHashTable) stale = g_hash_table_new(NULL, NULL);
  /* what is remembered under its digest must be of its bytes, for all images that have it */
  if (!blobs_check(blobs, layer, cancellable, error))
    return FALSE;
  /* twice at most: the first look finds all members that come again */
  do
    if (!read_once(store, blobs, layer, stale, watch, cancellable, out, error))
      return FALSE;
  while (out->again);
  return TRUE;
}

/* ---- memory ---- */

static void
make_key(const Digest *layer, Digest *key)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(layer, hex);
  json_t *description = json_pack("{s:s, s:i, s:i, s:s, s:s}", "action", "unpack layer", "format", PACK_FORMAT, "rules", RULES,
                                  "compressor", pack_encoding_compressor(PACK_ZSTD), "layer", hex);
  store_action_key(description, key);
  json_decref(description);
}

static gboolean
recall(Store *store, const Digest *key, Outcome *out)
{
  json_t *record = store_action_get(store, key);
  const char *pack, *diff_id;
  json_int_t size;
  gboolean known = record != NULL &&
                   json_unpack(record, "{s:s, s:s, s:I}", "pack", &pack, "diffId", &diff_id, "tarSize", &size) == 0 &&
                   digest_from_string(pack, &out->pack, NULL) && digest_from_hex(diff_id, &out->diff_id);
  if (known)
    out->tar_size = (guint64)size;
  json_decref(record);
  return known;
}

static gboolean
remember(Store *store, const Digest *key, const Outcome *outcome, GError **error)
{
  char pack[DIGEST_STRING_SIZE], diff_id[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&outcome->diff_id, diff_id);
  json_t *record = json_pack("{s:s, s:s, s:I}", "pack", digest_to_string(&outcome->pack, pack), "diffId", diff_id, "tarSize",
                             (json_int_t)outcome->tar_size);
  gboolean put = store_action_put(store, key, record, error);
  json_decref(record);
  return put;
}

gboolean
layer_pack_is_known(Store *store, const Digest *layer)
{
  Digest key;
  Outcome outcome;
  make_key(layer, &key);
  return recall(store, &key, &outcome);
}

static gboolean
check_diff_id(const Outcome *outcome, const Digest *expected, GError **error)
{
  char is[DIGEST_STRING_SIZE], says[DIGEST_STRING_SIZE];
  if (expected == NULL || digest_equal(&outcome->diff_id, expected))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "its diff ID is %s, but the image's configuration says %s",
              digest_to_string(&outcome->diff_id, is), digest_to_string(expected, says));
  return FALSE;
}

gboolean
layer_pack_obtain(Store *store, Blobs *blobs, const Digest *layer, const Digest *diff_id, const Watch *watch,
                  GCancellable *cancellable, LayerPack *out, GError **error)
{
  Digest key;
  Outcome outcome = {0};
  *out = (LayerPack){.layer = *layer};
  make_key(layer, &key);
  out->reused = recall(store, &key, &outcome);
  if ((out->reused || unpack(store, blobs, layer, watch, cancellable, &outcome, error)) &&
      check_diff_id(&outcome, diff_id, error) && (out->reused || remember(store, &key, &outcome, error)))
    out->pack = pack_open(store, &outcome.pack, error);
  out->tar_size = outcome.tar_size;
  if (out->pack != NULL)
    return TRUE;
  char text[DIGEST_STRING_SIZE];
  if (error != NULL && *error != NULL && !g_str_has_prefix((*error)->message, "layer sha256:"))
    g_prefix_error(error, "layer %s: ", digest_to_string(layer, text));
  return FALSE;
}

void
layer_pack_clear(LayerPack *pack)
{
  g_clear_pointer(&pack->pack, pack_unref);
}

/* ---- over each other ---- */

static const char *
next_path(GBytes *paths, gsize *at)
{
  gsize size = 0;
  const char *text = paths != NULL ? g_bytes_get_data(paths, &size) : NULL;
  if (*at >= size)
    return NULL;
  const char *path = text + *at;
  *at += strnlen(path, size - *at) + 1;
  return path;
}

static void
hide(const LayerPack *pack, Tree *tree)
{
  gsize at = 0;
  for (const char *path; (path = next_path(pack_meta(pack->pack, META_GONE), &at)) != NULL;)
    tree_remove(tree, path);
  at = 0;
  for (const char *path; (path = next_path(pack_meta(pack->pack, META_OPAQUE), &at)) != NULL;) {
    g_autoptr(GPtrArray) below = tree_children(tree, path);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < below->len; i++)
      g_ptr_array_add(paths, g_strdup(((const TreeNode *)below->pdata[i])->entry->path));
    for (guint i = 0; i < paths->len; i++)
      tree_remove(tree, paths->pdata[i]);
  }
}

/* Another name for a file of a layer below, wherever it comes to be. */
typedef struct {
  const char *path;
  guint pack, index; /* of the file */
} OuterLink;

/* Finds the files while they are there: the layer itself may put something else in their places. */
static gboolean
find_outer(const LayerPack *pack, const Tree *tree, GArray *links, GError **error)
{
  GBytes *paths = pack_meta(pack->pack, META_OUTER);
  gsize at = 0;
  for (const char *path, *file; (path = next_path(paths, &at)) != NULL && (file = next_path(paths, &at)) != NULL;) {
    const TreeNode *node = tree_lookup(tree, file);
    if (node == NULL || (node->entry->type != ENTRY_FILE && node->entry->type != ENTRY_HARDLINK)) {
      g_autofree char *shown = g_strescape(path, NULL), *shown_file = g_strescape(file, NULL);
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
                  "'%.200s' is a hardlink to '%.200s', which is no file, neither before it nor in a layer below", shown,
                  shown_file);
      return FALSE;
    }
    const OuterLink link = {path, node->pack, pack_file(tree_pack(tree, node->pack), node->index)};
    g_array_append_val(links, link);
  }
  return TRUE;
}

/* What takes the place of a folder takes that of all in it. */
static void
make_room(Tree *tree, const char *path, EntryType type)
{
  const TreeNode *there = tree_lookup(tree, path);
  if (there != NULL && there->entry->type == ENTRY_DIRECTORY && type != ENTRY_DIRECTORY)
    tree_remove(tree, path);
}

gboolean
layer_pack_lay(const LayerPack *pack, Tree *tree, GError **error)
{
  g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(OuterLink));
  hide(pack, tree);
  if (!find_outer(pack, tree, links, error))
    return FALSE;
  guint number = tree_add_pack(tree, pack->pack);
  for (guint i = 0; i < pack_n_entries(pack->pack); i++) {
    const Entry *entry = pack_entry(pack->pack, i);
    make_room(tree, entry->path, entry->type);
    if (!tree_insert(tree, number, i, error))
      return FALSE;
  }
  for (guint i = 0; i < links->len; i++) {
    const OuterLink *link = &g_array_index(links, OuterLink, i);
    make_room(tree, link->path, ENTRY_FILE);
    if (!tree_link(tree, link->path, link->pack, link->index, error))
      return FALSE;
  }
  return TRUE;
}
