/* SPDX-License-Identifier: Apache-2.0
 *
 * What maintainer scripts do to texts: cat, grep, sed and their like, in the forms that scripts use.
 */
#include "builder/sources/debian/native-text.h"

#include <string.h>

/* The text of a file ("-": standard input), or NULL where there is none (transfer full). */
static char *
read_text(Native *native, Shell *shell, const char *word)
{
  if (strcmp(word, "-") == 0)
    return shell_take_input(shell);
  g_autoptr(GBytes) content = native_read(native, shell, word);
  if (content == NULL)
    return NULL;
  gsize size;
  const char *data = g_bytes_get_data(content, &size);
  if (size > SHELL_TEXT || (size > 0 && memchr(data, '\0', size) != NULL))
    shell_give_up(shell, g_strdup_printf("reads '%.100s', which is no text", word));
  return g_strndup(size > 0 ? data : "", size);
}

/* All of the files one after the other, or standard input where there are none; NULL: one is missing. */
char *
native_text_read_all(Native *native, Shell *shell, char **words)
{
  if (words[0] == NULL)
    return shell_take_input(shell);
  GString *all = g_string_new(NULL);
  for (guint i = 0; words[i] != NULL; i++) {
    g_autofree char *text = read_text(native, shell, words[i]);
    if (text == NULL) {
      g_string_free(all, TRUE);
      return NULL;
    }
    g_string_append(all, text);
  }
  return g_string_free(all, FALSE);
}

/* Lines without their breaks; what follows the last one is a line if it is anything. */
GPtrArray *
native_text_split(const char *text)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  while (*text != '\0') {
    gsize length = strcspn(text, "\n");
    g_ptr_array_add(lines, g_strndup(text, length));
    text += length + (text[length] == '\n');
  }
  return lines;
}

void
native_text_print_line(Shell *shell, const char *line)
{
  shell_print(shell, line);
  shell_print(shell, "\n");
}

static int
run_cat(Native *native, Shell *shell, char **words)
{
  if (words[1] != NULL && words[1][0] == '-' && words[1][1] != '\0')
    return native_unknown_call(shell, words);
  g_autofree char *text = native_text_read_all(native, shell, words + 1);
  if (text != NULL)
    shell_print(shell, text);
  return text != NULL ? 0 : 1;
}

/* ---- columns and lines ---- */

static int
run_cut(Native *native, Shell *shell, char **words)
{
  char delimiter = '\t';
  guint64 field = 0;
  guint i = 1;
  for (; words[i] != NULL && words[i][0] == '-' && words[i][1] != '\0'; i++) {
    const char *value = words[i][2] != '\0' ? words[i] + 2 : words[i + 1];
    gboolean apart = words[i][2] == '\0';
    if (value != NULL && words[i][1] == 'd' && strlen(value) == 1)
      delimiter = *value;
    else if (value == NULL || words[i][1] != 'f' || !g_ascii_string_to_unsigned(value, 10, 1, 100, &field, NULL))
      return native_unknown_call(shell, words);
    i += apart;
  }
  if (field == 0)
    return native_unknown_call(shell, words);
  g_autofree char *text = native_text_read_all(native, shell, words + i);
  g_autoptr(GPtrArray) lines = native_text_split(text != NULL ? text : "");
  for (guint k = 0; k < lines->len; k++) {
    const char separator[2] = {delimiter, '\0'};
    g_auto(GStrv) fields = g_strsplit(lines->pdata[k], separator, -1);
    guint n = g_strv_length(fields);
    native_text_print_line(shell, n <= 1 ? (char *)lines->pdata[k] : field <= n ? fields[field - 1] : "");
  }
  return text != NULL ? 0 : 1;
}

/* The characters that a set of tr(1) stands for: plain ones, ranges, [:lower:] and [:upper:]. */
static char *
expand_set(const char *set)
{
  GString *all = g_string_new(NULL);
  for (const char *c = set; *c != '\0'; c++) {
    gboolean lower = g_str_has_prefix(c, "[:lower:]"), upper = g_str_has_prefix(c, "[:upper:]");
    if (lower || upper) {
      g_string_append(all, lower ? G_CSET_a_2_z : G_CSET_A_2_Z);
      c += strlen("[:lower:]") - 1;
    } else if (c[1] == '-' && c[2] != '\0') {
      for (int l = (guchar)c[0]; l <= (guchar)c[2]; l++)
        g_string_append_c(all, (char)l);
      c += 2;
    } else if (*c == '\\' && c[1] == 'n') {
      g_string_append_c(all, '\n');
      c++;
    } else {
      g_string_append_c(all, *c);
    }
  }
  return g_string_free(all, FALSE);
}

static int
run_tr(Native *native, Shell *shell, char **words)
{
  (void)native;
  gboolean delete = words[1] != NULL && strcmp(words[1], "-d") == 0;
  guint n = g_strv_length(words);
  if (n != 3 || (words[1][0] == '-' && !delete &&words[1][1] != '\0'))
    return native_unknown_call(shell, words);
  g_autofree char *from = expand_set(delete ? words[2] : words[1]), *to = delete ? NULL : expand_set(words[2]);
  g_autofree char *text = shell_take_input(shell);
  GString *out = g_string_new(NULL);
  for (const char *c = text; *c != '\0'; c++) {
    const char *at = strchr(from, *c);
    if (at == NULL)
      g_string_append_c(out, *c);
    else if (to != NULL && *to != '\0')
      g_string_append_c(out, to[MIN((gsize)(at - from), strlen(to) - 1)]);
  }
  shell_print(shell, out->str);
  g_string_free(out, TRUE);
  return 0;
}

static int
compare_lines(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How often the line stands behind itself, from @k on. */
static guint
count_same(const GPtrArray *lines, guint k)
{
  guint n = 1;
  while (k + n < lines->len && strcmp(lines->pdata[k], lines->pdata[k + n]) == 0)
    n++;
  return n;
}

static int
run_sort(Native *native, Shell *shell, char **words)
{
  gboolean sorts = strcmp(words[0], "sort") == 0, counts = !sorts && g_strcmp0(words[1], "-c") == 0;
  gboolean once = !sorts || g_strcmp0(words[1], "-u") == 0;
  guint i = 1 + (counts || (sorts && once));
  if (words[i] != NULL && words[i][0] == '-' && words[i][1] != '\0')
    return native_unknown_call(shell, words);
  g_autofree char *text = native_text_read_all(native, shell, words + i);
  g_autoptr(GPtrArray) lines = native_text_split(text != NULL ? text : "");
  if (sorts)
    g_ptr_array_sort(lines, compare_lines);
  for (guint k = 0; k < lines->len;) {
    guint n = once ? count_same(lines, k) : 1;
    g_autofree char *line = counts ? g_strdup_printf("%7u %s", n, (char *)lines->pdata[k]) : g_strdup(lines->pdata[k]);
    native_text_print_line(shell, line);
    k += n;
  }
  return text != NULL ? 0 : 2;
}

static int
run_head(Native *native, Shell *shell, char **words)
{
  guint64 most = 10;
  guint i = 1;
  if (words[i] != NULL && strcmp(words[i], "-n") == 0 && words[i + 1] != NULL) {
    if (!g_ascii_string_to_unsigned(words[i + 1], 10, 0, 100000, &most, NULL))
      return native_unknown_call(shell, words);
    i += 2;
  } else if (words[i] != NULL && words[i][0] == '-') {
    if (!g_ascii_string_to_unsigned(words[i] + 1 + (words[i][1] == 'n'), 10, 0, 100000, &most, NULL))
      return native_unknown_call(shell, words);
    i++;
  }
  g_autofree char *text = native_text_read_all(native, shell, words + i);
  g_autoptr(GPtrArray) lines = native_text_split(text != NULL ? text : "");
  for (guint k = 0; k < lines->len && k < most; k++)
    native_text_print_line(shell, lines->pdata[k]);
  return text != NULL ? 0 : 1;
}

static int
run_name(Native *native, Shell *shell, char **words)
{
  (void)native;
  if (words[1] == NULL || words[1][0] == '-')
    return native_unknown_call(shell, words);
  gboolean base = words[0][0] == 'b';
  g_autofree char *name = base ? g_path_get_basename(words[1]) : g_path_get_dirname(words[1]);
  if (base && words[2] != NULL && g_str_has_suffix(name, words[2]) && strcmp(name, words[2]) != 0)
    name[strlen(name) - strlen(words[2])] = '\0';
  native_text_print_line(shell, name);
  return 0;
}

/* ---- comparing ---- */

static int
run_compare(Native *native, Shell *shell, char **words)
{
  guint i = 1;
  for (; words[i] != NULL && words[i][0] == '-'; i++)
    if (strcmp(words[i], "-s") != 0 && strcmp(words[i], "-q") != 0 && strcmp(words[i], "--quiet") != 0)
      return native_unknown_call(shell, words);
  if (words[i] == NULL || words[i + 1] == NULL || words[i + 2] != NULL)
    return 2;
  g_autoptr(GBytes) left = native_read(native, shell, words[i]), right = native_read(native, shell, words[i + 1]);
  if (left == NULL || right == NULL)
    return 2;
  return g_bytes_equal(left, right) ? 0 : 1;
}

static int
run_checksum(Native *native, Shell *shell, char **words)
{
  GChecksumType type = words[0][0] == 'm'                   ? G_CHECKSUM_MD5
                       : strcmp(words[0], "sha1sum") == 0   ? G_CHECKSUM_SHA1
                       : strcmp(words[0], "sha256sum") == 0 ? G_CHECKSUM_SHA256
                                                            : G_CHECKSUM_SHA512;
  if (words[1] != NULL && (words[1][0] == '-' || words[2] != NULL))
    return native_unknown_call(shell, words);
  g_autofree char *input = words[1] == NULL ? shell_take_input(shell) : NULL;
  g_autoptr(GBytes) content = words[1] != NULL ? native_read(native, shell, words[1]) : g_bytes_new(input, strlen(input));
  if (content == NULL)
    return 1;
  g_autofree char *hex = g_compute_checksum_for_bytes(type, content);
  shell_print(shell, hex);
  shell_print(shell, "  ");
  native_text_print_line(shell, words[1] != NULL ? words[1] : "-");
  return 0;
}

const NativeCommand native_text_commands[] = {
  {"cat", run_cat, NULL},
  {"grep", native_text_grep, NULL},
  {"egrep", native_text_grep, NULL},
  {"fgrep", native_text_grep, NULL},
  {"sed", native_text_sed, NULL},
  {"cut", run_cut, NULL},
  {"tr", run_tr, NULL},
  {"sort", run_sort, NULL},
  {"uniq", run_sort, NULL},
  {"head", run_head, NULL},
  {"basename", run_name, NULL},
  {"dirname", run_name, NULL},
  {"cmp", run_compare, NULL},
  {"diff", run_compare, NULL},
  {"md5sum", run_checksum, NULL},
  {"sha1sum", run_checksum, NULL},
  {"sha256sum", run_checksum, NULL},
  {"sha512sum", run_checksum, NULL},
  {NULL, NULL, NULL},
};
