/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/difference_print.h"
#include "builder/look/entry_text.h"
#include "builder/oci/printable.h"

#include <string.h>

static void append(GString *text, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
append(GString *text, const char *format, ...)
{
  va_list arguments;
  g_string_append(text, text->len > 0 ? ", " : "");
  va_start(arguments, format);
  g_string_append_vprintf(text, format, arguments);
  va_end(arguments);
}

static void
append_target(GString *text, const Entry *a, const Entry *b)
{
  g_autofree char *before = printable(a->target), *after = printable(b->target);
  append(text, "target %s -> %s", before, after);
}

static void
append_time(GString *text, const Entry *a, const Entry *b)
{
  g_autofree char *before = entry_time_text(a->mtime), *after = entry_time_text(b->mtime);
  append(text, "time %s -> %s", before, after);
}

char *
difference_describe(const DifferenceFile *file)
{
  const Entry *a = &file->before->entry, *b = &file->after->entry;
  GString *text = g_string_new(NULL);
  if (file->what & DIFFERENCE_TYPE)
    append(text, "type %s -> %s", entry_type_word(a->type), entry_type_word(b->type));
  if (file->what & DIFFERENCE_CONTENT)
    append(text, "content");
  if (file->what & DIFFERENCE_SIZE)
    append(text, "size %" G_GUINT64_FORMAT " -> %" G_GUINT64_FORMAT, a->size, b->size);
  if (file->what & DIFFERENCE_MODE)
    append(text, "mode %04o -> %04o", a->mode, b->mode);
  if (file->what & DIFFERENCE_OWNER)
    append(text, "owner %u/%u -> %u/%u", a->uid, a->gid, b->uid, b->gid);
  if (file->what & DIFFERENCE_TARGET)
    append_target(text, a, b);
  if (file->what & DIFFERENCE_DEVICE)
    append(text, "device %u,%u -> %u,%u", a->major, a->minor, b->major, b->minor);
  if (file->what & DIFFERENCE_XATTRS)
    append(text, "xattrs");
  if (file->what & DIFFERENCE_TIME)
    append_time(text, a, b);
  return g_string_free(text, FALSE);
}

char *
difference_describe_file(const SubjectFile *file)
{
  const Entry *entry = &file->entry;
  GString *text = g_string_new(entry_type_word(entry->type));
  if (entry->type == ENTRY_SYMLINK) {
    g_autofree char *target = printable(entry->target);
    g_string_append_printf(text, " to %s", target);
    return g_string_free(text, FALSE);
  }
  g_string_append_printf(text, ", %04o, %u/%u", entry->mode, entry->uid, entry->gid);
  if (entry->type == ENTRY_FILE || entry->type == ENTRY_HARDLINK) {
    g_autofree char *size = g_format_size(entry->size);
    g_string_append_printf(text, ", %s", size);
  }
  return g_string_free(text, FALSE);
}

char *
difference_describe_count(const DifferenceCount *count, const char *what)
{
  const struct {
    guint n;
    const char *word;
  } parts[] = {{count->added, "added"}, {count->removed, "removed"}, {count->changed, "changed"}};
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    if (parts[i].n > 0) {
      gboolean first = text->len == 0 && what != NULL;
      g_string_append_printf(text, "%s%u", text->len > 0 ? ", " : "", parts[i].n);
      if (first)
        g_string_append_printf(text, " %s%s", what, parts[i].n > 1 ? "s" : "");
      g_string_append_printf(text, " %s", parts[i].word);
    }
  if (text->len == 0)
    g_string_append_printf(text, "no %ss", what != NULL ? what : "difference");
  return g_string_free(text, FALSE);
}

char *
difference_describe_growth(gint64 bytes)
{
  if (bytes == 0)
    return g_strdup("");
  g_autofree char *size = g_format_size((guint64)ABS(bytes));
  return g_strconcat(bytes > 0 ? "+" : "-", size, NULL);
}

const char *
difference_direction(const DifferencePackage *package)
{
  return package->order > 0 ? "upgrade" : package->order < 0 ? "downgrade" : "architecture";
}

char *
difference_path(const DifferenceFile *file)
{
  g_autofree char *shown = printable((file->after != NULL ? file->after : file->before)->entry.path);
  return g_strconcat("/", shown, NULL);
}

char
difference_mark(gconstpointer before, gconstpointer after)
{
  return before == NULL ? '+' : after == NULL ? '-' : '~';
}
