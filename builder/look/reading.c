/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/reading.h"
#include "builder/oci/whiteout.h"
#include "signing/limits.h"

#include <string.h>

#define BLOCK 256
#define STRINGS_BLOCK (64 << 10)

Reading *
reading_new(guint layer, ReadingLimits *limits)
{
  Reading *reading = g_new0(Reading, 1);
  reading->layer = layer;
  reading->limits = limits;
  reading->items = g_array_new(FALSE, FALSE, sizeof(ReadingItem));
  reading->blocks = g_ptr_array_new_with_free_func(g_free);
  reading->strings = g_string_chunk_new(STRINGS_BLOCK);
  reading->xattrs = g_ptr_array_new_with_free_func(g_free);
  reading->links = g_array_new(FALSE, FALSE, sizeof(ReadingLink));
  reading->kept = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);
  return reading;
}

void
reading_free(Reading *reading)
{
  reading_settle(reading);
  g_ptr_array_unref(reading->blocks);
  g_string_chunk_free(reading->strings);
  g_ptr_array_unref(reading->xattrs);
  g_free(reading);
}

void
reading_settle(Reading *reading)
{
  g_clear_pointer(&reading->items, g_array_unref);
  g_clear_pointer(&reading->links, g_array_unref);
  g_clear_pointer(&reading->kept, g_hash_table_unref);
}

/* ---- limits ---- */

static gboolean
check_limits(Reading *reading, const Entry *entry, GError **error)
{
  gsize names = strlen(entry->path) + (entry->target != NULL ? strlen(entry->target) : 0);
  for (guint i = 0; i < entry->n_xattrs; i++)
    names += strlen(entry->xattrs[i].name) + entry->xattrs[i].size;
  guint64 files = (guint64)g_atomic_int_add(&reading->limits->files, 1) + 1;
  LimitId exceeded = files > limits_get(LIMIT_MEMBERS) ? LIMIT_MEMBERS : LIMIT_NAMES;
  if ((gsize)g_atomic_pointer_add(&reading->limits->names, (gssize)names) + names <= limits_get(LIMIT_NAMES) &&
      exceeded == LIMIT_NAMES)
    return TRUE;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  return limits_refuse(exceeded, error, "with '%.200s'", shown);
}

/* ---- adding ---- */

static SubjectFile *
new_file(Reading *reading)
{
  if (reading->blocks->len == 0 || reading->used == BLOCK) {
    g_ptr_array_add(reading->blocks, g_new0(SubjectFile, BLOCK));
    reading->used = 0;
  }
  SubjectFile *block = reading->blocks->pdata[reading->blocks->len - 1];
  return &block[reading->used++];
}

static const char *
copy_text(Reading *reading, const char *text)
{
  return text != NULL ? g_string_chunk_insert(reading->strings, text) : NULL;
}

static const Xattr *
copy_xattrs(Reading *reading, const Entry *entry)
{
  if (entry->n_xattrs == 0)
    return NULL;
  Xattr *xattrs = g_new(Xattr, entry->n_xattrs);
  g_ptr_array_add(reading->xattrs, xattrs);
  for (guint i = 0; i < entry->n_xattrs; i++)
    xattrs[i] = (Xattr){
      .name = copy_text(reading, entry->xattrs[i].name),
      .value = (const guint8 *)g_string_chunk_insert_len(reading->strings, (const char *)entry->xattrs[i].value,
                                                         (gssize)entry->xattrs[i].size),
      .size = entry->xattrs[i].size,
    };
  return xattrs;
}

static void
add_item(Reading *reading, ReadingKind kind, const char *path, SubjectFile *file)
{
  ReadingItem item = {.path = path, .file = file, .layer = reading->layer, .kind = kind};
  g_array_append_val(reading->items, item);
}

/* FALSE: @path is no whiteout. */
static gboolean
add_whiteout(Reading *reading, const char *path)
{
  g_autofree char *hidden = NULL;
  WhiteoutKind kind = whiteout_parse(path, &hidden);
  if (hidden != NULL)
    add_item(reading, kind == WHITEOUT_OPAQUE ? READING_OPAQUE : READING_WHITEOUT, copy_text(reading, hidden), NULL);
  return kind != WHITEOUT_NONE;
}

gboolean
reading_add(Reading *reading, const Entry *entry, SubjectFile **file, GError **error)
{
  if (file != NULL)
    *file = NULL;
  if (!check_limits(reading, entry, error))
    return FALSE;
  reading->members++;
  if (!reading->as_it_stands && add_whiteout(reading, entry->path))
    return TRUE;
  SubjectFile *added = new_file(reading);
  added->entry = *entry;
  added->entry.path = copy_text(reading, entry->path);
  added->entry.target = copy_text(reading, entry->target);
  added->entry.xattrs = copy_xattrs(reading, entry);
  added->layer = reading->layer;
  added->package = SUBJECT_NONE;
  reading->bytes += entry->size;
  reading->has_links = reading->has_links || entry->type == ENTRY_HARDLINK;
  add_item(reading, READING_FILE, added->entry.path, added);
  if (file != NULL)
    *file = added;
  return TRUE;
}

/* ---- dpkg's database ---- */

gboolean
reading_wants(const Entry *entry)
{
  static const char root[] = "var/lib/dpkg/";
  if (entry->type != ENTRY_FILE || !g_str_has_prefix(entry->path, root))
    return FALSE;
  const char *path = entry->path + strlen(root);
  return strcmp(path, "status") == 0 || strcmp(path, "diversions") == 0 || g_str_has_prefix(path, "status.d/") ||
         (g_str_has_prefix(path, "info/") && g_str_has_suffix(path, ".list"));
}

gboolean
reading_keep(Reading *reading, SubjectFile *file, GBytes *content, GError **error)
{
  gssize size = (gssize)g_bytes_get_size(content);
  g_hash_table_replace(reading->kept, file, content);
  if ((guint64)(g_atomic_pointer_add(&reading->limits->database, size) + size) <= limits_get(LIMIT_DATABASE))
    return TRUE;
  return limits_exceed(LIMIT_DATABASE, error);
}

/* ---- hardlinks ---- */

void
reading_link(SubjectFile *link, const SubjectFile *target)
{
  Entry *entry = &link->entry;
  const Entry *from = &target->entry;
  entry->size = from->size;
  entry->mode = from->mode;
  entry->uid = from->uid;
  entry->gid = from->gid;
  entry->mtime = from->mtime;
  entry->xattrs = from->xattrs;
  entry->n_xattrs = from->n_xattrs;
  entry->digest = from->digest;
  link->has_digest = target->has_digest;
}

static void
add_link(Reading *reading, SubjectFile *file, const SubjectFile *target)
{
  ReadingLink link = {.link = file, .target = target};
  g_array_append_val(reading->links, link);
  if (target != NULL)
    reading_link(file, target);
}

/* A link to a link leads where that one leads. */
void
reading_finish(Reading *reading)
{
  if (!reading->has_links)
    return;
  g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < reading->items->len; i++) {
    SubjectFile *file = g_array_index(reading->items, ReadingItem, i).file, *target = file;
    if (file == NULL || (file->entry.type != ENTRY_FILE && file->entry.type != ENTRY_HARDLINK))
      continue;
    if (file->entry.type == ENTRY_HARDLINK) {
      target = g_hash_table_lookup(files, file->entry.target);
      add_link(reading, file, target);
    }
    if (target != NULL)
      g_hash_table_replace(files, (gpointer)file->entry.path, target);
  }
}
