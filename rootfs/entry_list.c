/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/entry_list.h"
#include "signing/error.h"

#include <string.h>

struct EntryList {
  GPtrArray *entries;
  GPtrArray *xattrs; /* Xattr arrays */
  GStringChunk *strings;
};

EntryList *
entry_list_new(void)
{
  EntryList *list = g_new0(EntryList, 1);
  list->entries = g_ptr_array_new_with_free_func(g_free);
  list->xattrs = g_ptr_array_new_with_free_func(g_free);
  list->strings = g_string_chunk_new(64 << 10);
  return list;
}

void
entry_list_free(EntryList *list)
{
  g_ptr_array_unref(list->entries);
  g_ptr_array_unref(list->xattrs);
  g_string_chunk_free(list->strings);
  g_free(list);
}

static const Xattr *
copy_xattrs(EntryList *list, const Entry *entry)
{
  if (entry->n_xattrs == 0)
    return NULL;
  Xattr *copies = g_new0(Xattr, entry->n_xattrs);
  g_ptr_array_add(list->xattrs, copies);
  for (guint i = 0; i < entry->n_xattrs; i++) {
    const Xattr *from = &entry->xattrs[i];
    copies[i].name = g_string_chunk_insert(list->strings, from->name);
    copies[i].value = (const guint8 *)g_string_chunk_insert_len(list->strings, (const char *)from->value, (gssize)from->size);
    copies[i].size = from->size;
  }
  return copies;
}

Entry *
entry_list_add(EntryList *list, const Entry *entry)
{
  Entry *copy = g_memdup2(entry, sizeof *entry);
  copy->path = g_string_chunk_insert(list->strings, entry->path);
  copy->target = entry->target != NULL ? g_string_chunk_insert(list->strings, entry->target) : NULL;
  copy->xattrs = copy_xattrs(list, entry);
  g_ptr_array_add(list->entries, copy);
  return copy;
}

guint
entry_list_size(const EntryList *list)
{
  return list->entries->len;
}

const Entry *
entry_list_get(const EntryList *list, guint i)
{
  return list->entries->pdata[i];
}

/* ---- between processes ---- */

static GVariant *
xattrs_to_variant(const Entry *entry)
{
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ayay)"));
  for (guint i = 0; i < entry->n_xattrs; i++) {
    const Xattr *xattr = &entry->xattrs[i];
    g_variant_builder_add(&builder, "(^ay@ay)", xattr->name,
                          g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, xattr->value, xattr->size, 1));
  }
  return g_variant_builder_end(&builder);
}

GVariant *
entry_list_to_variant(const EntryList *list, guint from, guint to)
{
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE(ENTRY_LIST_TYPE));
  for (guint i = from; i < to; i++) {
    const Entry *entry = list->entries->pdata[i];
    g_variant_builder_add(&builder, "(^ay^ayuuuuuuxt@ay@a(ayay))", entry->path, entry->target != NULL ? entry->target : "",
                          (guint32)entry->type, entry->mode, entry->uid, entry->gid, entry->major, entry->minor, entry->mtime,
                          entry->size, g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, &entry->digest, sizeof entry->digest, 1),
                          xattrs_to_variant(entry));
  }
  return g_variant_builder_end(&builder);
}

/* FALSE where their names are not in order. */
static gboolean
read_xattrs(GVariant *variant, GArray *xattrs)
{
  g_array_set_size(xattrs, 0);
  for (gsize i = 0; i < g_variant_n_children(variant); i++) {
    Xattr xattr;
    g_autoptr(GVariant) value = NULL;
    /* both point into the message itself */
    g_variant_get_child(variant, i, "(^&ay@ay)", &xattr.name, &value);
    xattr.value = g_variant_get_fixed_array(value, &xattr.size, 1);
    if (*xattr.name == '\0' || (i > 0 && strcmp(g_array_index(xattrs, Xattr, i - 1).name, xattr.name) >= 0))
      return FALSE;
    g_array_append_val(xattrs, xattr);
  }
  return TRUE;
}

static gboolean
is_sound(const Entry *entry)
{
  gboolean link = entry->type == ENTRY_SYMLINK || entry->type == ENTRY_HARDLINK;
  return entry->type <= ENTRY_FIFO && entry_path_is_canonical(entry->path) && link == (*entry->target != '\0') &&
         (entry->type != ENTRY_HARDLINK || entry_path_is_canonical(entry->target)) && entry->mode <= 07777 &&
         (entry->type == ENTRY_FILE || entry->size == 0);
}

static gboolean
add_child(EntryList *list, GVariant *child, GArray *xattrs)
{
  Entry entry = {0};
  guint32 type;
  g_autoptr(GVariant) digest = NULL, named = NULL;
  g_variant_get(child, "(^&ay^&ayuuuuuuxt@ay@a(ayay))", &entry.path, &entry.target, &type, &entry.mode, &entry.uid, &entry.gid,
                &entry.major, &entry.minor, &entry.mtime, &entry.size, &digest, &named);
  entry.type = (EntryType)type;
  if (g_variant_n_children(digest) != sizeof entry.digest || !is_sound(&entry) || !read_xattrs(named, xattrs))
    return FALSE;
  memcpy(&entry.digest, g_variant_get_data(digest), sizeof entry.digest);
  entry.target = *entry.target != '\0' ? entry.target : NULL;
  entry.xattrs = (const Xattr *)(gconstpointer)xattrs->data;
  entry.n_xattrs = xattrs->len;
  entry_list_add(list, &entry);
  return TRUE;
}

gboolean
entry_list_add_variant(EntryList *list, GVariant *variant, GError **error)
{
  g_autoptr(GArray) xattrs = g_array_new(FALSE, FALSE, sizeof(Xattr));
  gboolean sound = g_variant_is_normal_form(variant) && g_variant_is_of_type(variant, G_VARIANT_TYPE(ENTRY_LIST_TYPE));
  for (gsize i = 0; sound && i < g_variant_n_children(variant); i++) {
    g_autoptr(GVariant) child = g_variant_get_child_value(variant, i);
    sound = add_child(list, child, xattrs);
  }
  if (!sound)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "a list of files holds what is none");
  return sound;
}
