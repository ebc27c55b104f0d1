/* SPDX-License-Identifier: Apache-2.0
 *
 * ucf(1) and ucfr(1), which keep configuration files that are no conffiles of dpkg's: as far as they come for the first time.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

#define STATE "/var/lib/ucf"

/* A copy with the attributes of what @from is; FALSE: there is no such file, or no place for the copy. */
static gboolean
put_copy(Native *native, Shell *shell, const char *from, const char *to)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, from, TRUE, NULL);
  g_autoptr(GBytes) content = native_read(native, shell, from);
  if (entry == NULL || content == NULL)
    return FALSE;
  guint32 mode = entry->mode, uid = entry->uid, gid = entry->gid;
  return native_write(native, shell, to, content) && native_find(native, shell, to, TRUE, &real) != NULL &&
         native_change(native, shell, real, mode, uid, gid);
}

/* Adds a line to a list of STATE; FALSE: one of its lines ends with @path already. */
static gboolean
add_line(Native *native, Shell *shell, const char *list, const char *line, const char *path)
{
  g_autofree char *file = g_strconcat(STATE "/", list, NULL);
  g_autoptr(GBytes) before = native_read(native, shell, file);
  g_autofree char *text = before != NULL ? native_text(before) : g_strdup("");
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *end = g_str_has_suffix(lines[i], path) ? lines[i] + strlen(lines[i]) - strlen(path) : lines[i];
    if (end > lines[i] && g_ascii_isspace(end[-1]))
      return FALSE;
  }
  g_autofree char *whole = g_strconcat(text, line, "\n", NULL);
  g_autoptr(GBytes) after = g_bytes_new(whole, strlen(whole));
  return native_write(native, shell, file, after);
}

static gboolean
is_plain_path(const char *word)
{
  return word[0] == '/' && strchr(word, '\n') == NULL && entry_path_is_canonical(word + 1);
}

/* ucf [--three-way] [--debconf-ok] [--sum-file FILE] [--src-dir FOLDER] NEW FILE */
static int
run_ucf(Native *native, Shell *shell, char **words)
{
  guint i = 1;
  for (; words[i] != NULL && words[i][0] == '-'; i++)
    if ((strcmp(words[i], "--sum-file") == 0 || strcmp(words[i], "--src-dir") == 0) && words[i + 1] != NULL)
      i++;
    else if (strcmp(words[i], "--three-way") != 0 && strcmp(words[i], "--debconf-ok") != 0)
      return native_unknown_call(shell, words);
  char **rest = words + i;
  if (g_strv_length(rest) != 2 || !is_plain_path(rest[0]) || !is_plain_path(rest[1]) ||
      native_find(native, shell, rest[1], FALSE, NULL) != NULL)
    return native_unknown_call(shell, words);
  g_autoptr(GBytes) content = native_read(native, shell, rest[0]);
  if (content == NULL)
    return 1;
  g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_MD5, content);
  g_autofree char *line = g_strdup_printf("%s  %s", sum, rest[1]), *cached = g_strconcat(STATE "/cache/", rest[1], NULL);
  g_strdelimit(cached + strlen(STATE "/cache/"), "/", ':');
  native_make_path(native, shell, STATE "/cache" + 1, 0755);
  if (!add_line(native, shell, "hashfile", line, rest[1]))
    return native_unknown_call(shell, words);
  return put_copy(native, shell, rest[0], rest[1]) && put_copy(native, shell, rest[0], cached) ? 0 : 1;
}

/* ucfr PACKAGE FILE */
static int
run_ucfr(Native *native, Shell *shell, char **words)
{
  if (g_strv_length(words) != 3 || words[1][0] == '-' || !is_plain_path(words[2]))
    return native_unknown_call(shell, words);
  g_autofree char *line = g_strdup_printf("%s \t %s", words[1], words[2]);
  native_make_path(native, shell, STATE + 1, 0755);
  return add_line(native, shell, "registry", line, words[2]) ? 0 : native_unknown_call(shell, words);
}

const NativeCommand native_ucf_commands[] = {
  {"ucf", run_ucf, "ucf"},
  {"ucfr", run_ucfr, "ucfr"},
  {NULL, NULL, NULL},
};
