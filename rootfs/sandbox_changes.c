/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sandbox_private.h"
#include "rootfs/wire.h"
#include "signing/error.h"

static Delta *
compare(Sandbox *sandbox, const Tree *tree, gboolean whole, GError **error)
{
  g_autoptr(EntryList) now = entry_list_new();
  if (!sandbox_ask(sandbox, "list", g_variant_new_boolean(whole), error))
    return NULL;
  for (;;) {
    g_autoptr(GVariant) entries = NULL;
    gboolean end;
    if (!sandbox_hear(sandbox, "entries", "end", &end, &entries, error))
      return NULL;
    if (end)
      return delta_new(tree, g_steal_pointer(&now), error);
    if (!entry_list_add_variant(now, entries, error))
      return NULL;
  }
}

Delta *
sandbox_compare(Sandbox *sandbox, const Tree *tree, GError **error)
{
  return compare(sandbox, tree, FALSE, error);
}

Delta *
sandbox_compare_whole(Sandbox *sandbox, const Tree *tree, GError **error)
{
  return compare(sandbox, tree, TRUE, error);
}

/* One file's content, which must be what was listed. */
static gboolean
write_content(Sandbox *sandbox, const Entry *entry, PackWriter *writer, GError **error)
{
  guint64 left = entry->size;
  for (;;) {
    g_autoptr(GVariant) piece = NULL;
    gboolean end;
    if (!sandbox_hear(sandbox, "data", "end", &end, &piece, error))
      return FALSE;
    if (end && left == 0)
      return TRUE;
    gsize size = end ? 0 : g_variant_get_size(piece);
    if (size == 0 || size > left) {
      sandbox->broken = TRUE;
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "'/%s' changed after the step had ended", entry->path);
      return FALSE;
    }
    if (!pack_writer_data(writer, g_variant_get_data(piece), size, error)) {
      sandbox->broken = TRUE;
      return FALSE;
    }
    left -= size;
  }
}

/* The entries of @changed from @from up to, not including, @to. */
static gboolean
write_batch(Sandbox *sandbox, const GPtrArray *changed, guint from, guint to, PackWriter *writer, GError **error)
{
  g_autoptr(GPtrArray) paths = g_ptr_array_new();
  for (guint i = from; i < to; i++) {
    const Entry *entry = changed->pdata[i];
    if (entry->type == ENTRY_FILE)
      g_ptr_array_add(paths, (gpointer)entry->path);
  }
  if (!sandbox_ask(sandbox, "send", g_variant_new_bytestring_array((const char *const *)paths->pdata, paths->len), error))
    return FALSE;
  for (guint i = from; i < to; i++) {
    const Entry *entry = changed->pdata[i];
    if (!pack_writer_add(writer, entry, error))
      return sandbox->broken = TRUE, FALSE;
    if (entry->type == ENTRY_FILE && !write_content(sandbox, entry, writer, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
sandbox_write(Sandbox *sandbox, const Delta *delta, PackWriter *writer, GError **error)
{
  guint n = delta->changed->len;
  for (guint from = 0; from < n; from += SANDBOX_BATCH)
    if (!write_batch(sandbox, delta->changed, from, MIN(from + SANDBOX_BATCH, n), writer, error))
      return FALSE;
  return TRUE;
}
