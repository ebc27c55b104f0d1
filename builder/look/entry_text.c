/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/entry_text.h"
#include "builder/oci/printable.h"

/* By EntryType: the letter of ls, the word. */
static const struct {
  char letter;
  const char *word;
} types[] = {{'-', "file"},  {'-', "hardlink"},  {'l', "symlink"}, {'c', "char"},
             {'b', "block"}, {'d', "directory"}, {'p', "fifo"}};

const char *
entry_type_word(EntryType type)
{
  return types[type].word;
}

void
entry_mode_text(const Entry *entry, char text[ENTRY_MODE_SIZE])
{
  static const char letters[] = "rwxrwxrwx";
  text[0] = types[entry->type].letter;
  for (int i = 0; i < 9; i++)
    text[1 + i] = entry->mode & (0400u >> i) ? letters[i] : '-';
  if (entry->mode & 04000)
    text[3] = text[3] == 'x' ? 's' : 'S';
  if (entry->mode & 02000)
    text[6] = text[6] == 'x' ? 's' : 'S';
  if (entry->mode & 01000)
    text[9] = text[9] == 'x' ? 't' : 'T';
  text[10] = '\0';
}

char *
entry_time_text(gint64 mtime)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(mtime);
  return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup_printf("%" G_GINT64_FORMAT, mtime);
}

json_t *
entry_json_string(const char *text)
{
  if (g_utf8_validate(text, -1, NULL))
    return json_string(text);
  g_autofree char *shown = printable(text);
  return json_string(shown);
}

json_t *
entry_json_xattrs(const Entry *entry)
{
  json_t *json = json_object();
  for (guint i = 0; i < entry->n_xattrs; i++) {
    g_autofree char *name = g_utf8_validate(entry->xattrs[i].name, -1, NULL) ? g_strdup(entry->xattrs[i].name)
                                                                             : printable(entry->xattrs[i].name);
    g_autofree char *value = g_base64_encode(entry->xattrs[i].value, entry->xattrs[i].size);
    json_object_set_new(json, name, json_string(value));
  }
  return json;
}
