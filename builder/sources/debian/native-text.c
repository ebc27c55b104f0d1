/* SPDX-License-Identifier: Apache-2.0
 *
 * What maintainer scripts do to texts: cat, grep, sed and their like, in the forms that scripts use.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

static int
give_up_on(Shell *shell, char **words)
{
  g_autofree char *line = g_strjoinv(" ", words);
  return shell_give_up(shell, g_strdup_printf("runs '%.100s'", line));
}

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
static char *
read_all(Native *native, Shell *shell, char **words)
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
static GPtrArray *
split_lines(const char *text)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  while (*text != '\0') {
    gsize length = strcspn(text, "\n");
    g_ptr_array_add(lines, g_strndup(text, length));
    text += length + (text[length] == '\n');
  }
  return lines;
}

static void
print_line(Shell *shell, const char *line)
{
  shell_print(shell, line);
  shell_print(shell, "\n");
}

static int
run_cat(Native *native, Shell *shell, char **words)
{
  if (words[1] != NULL && words[1][0] == '-' && words[1][1] != '\0')
    return give_up_on(shell, words);
  g_autofree char *text = read_all(native, shell, words + 1);
  if (text != NULL)
    shell_print(shell, text);
  return text != NULL ? 0 : 1;
}

/* ---- regular expressions ---- */

/* A POSIX expression in the way GRegex wants it; NULL where it has what is not known here. */
static char *
translate(const char *posix, gboolean extended)
{
  GString *perl = g_string_new(NULL);
  for (const char *c = posix; *c != '\0'; c++) {
    if (*c == '[') {
      const char *end = c + 1 + (c[1] == '^');
      end += *end == ']';
      for (; *end != '\0' && *end != ']'; end++)
        if (end[0] == '[' && end[1] == ':' && strstr(end, ":]") != NULL)
          end = strstr(end, ":]") + 1;
      if (*end == '\0')
        break;
      for (; c < end; c++)
        g_string_append_printf(perl, *c == '\\' ? "\\\\" : "%c", *c);
      g_string_append_c(perl, ']');
    } else if (*c == '\\' && c[1] != '\0') {
      c++;
      if (!extended && strchr("(){}|+?", *c) != NULL)
        g_string_append_c(perl, *c);
      else if (strchr("sSwWb<>", *c) != NULL && strchr("<>", *c) == NULL)
        g_string_append_printf(perl, "\\%c", *c);
      else if (strchr("<>", *c) != NULL)
        g_string_append(perl, "\\b");
      else
        g_string_append_printf(perl, g_ascii_isalnum(*c) ? "%c" : "\\%c", *c);
    } else if (!extended && strchr("(){}|+?", *c) != NULL) {
      g_string_append_printf(perl, "\\%c", *c);
    } else {
      g_string_append_c(perl, *c);
    }
  }
  return g_string_free(perl, FALSE);
}

static GRegex *
compile(const char *posix, gboolean extended, gboolean caseless)
{
  g_autofree char *perl = translate(posix, extended);
  return g_regex_new(perl, (caseless ? G_REGEX_CASELESS : 0) | G_REGEX_RAW | G_REGEX_DOLLAR_ENDONLY, 0, NULL);
}

typedef struct {
  gboolean quiet, silent, inverted, extended, fixed, whole, caseless, count, file;
  GPtrArray *patterns;
} Grep;

static gboolean
matches(const Grep *grep, const GPtrArray *regexes, const char *line)
{
  gboolean found = FALSE;
  for (guint i = 0; i < grep->patterns->len && !found; i++) {
    const char *pattern = grep->patterns->pdata[i];
    if (grep->fixed)
      found = grep->whole ? strcmp(line, pattern) == 0 : strstr(line, pattern) != NULL;
    else
      found = g_regex_match(regexes->pdata[i], line, 0, NULL);
  }
  return found != grep->inverted;
}

static gboolean
read_grep_flags(Grep *grep, const char *flags)
{
  for (; *flags != '\0'; flags++) {
    switch (*flags) {
    case 'q':
      grep->quiet = TRUE;
      break;
    case 's':
      grep->silent = TRUE;
      break;
    case 'v':
      grep->inverted = TRUE;
      break;
    case 'E':
      grep->extended = TRUE;
      break;
    case 'F':
      grep->fixed = TRUE;
      break;
    case 'x':
      grep->whole = TRUE;
      break;
    case 'i':
      grep->caseless = TRUE;
      break;
    default:
      return FALSE;
    }
  }
  return TRUE;
}

/* Options and patterns; the number of words that they are, or 0. */
static guint
read_grep(Grep *grep, char **words)
{
  guint i = 1;
  for (; words[i] != NULL && words[i][0] == '-' && words[i][1] != '\0'; i++) {
    if (strcmp(words[i], "--") == 0) {
      i++;
      break;
    }
    if (strcmp(words[i], "-e") == 0 && words[i + 1] != NULL)
      g_ptr_array_add(grep->patterns, words[++i]);
    else if (strcmp(words[i], "--quiet") == 0)
      grep->quiet = TRUE;
    else if (!read_grep_flags(grep, words[i] + 1))
      return 0;
  }
  if (grep->patterns->len == 0 && words[i] != NULL)
    g_ptr_array_add(grep->patterns, words[i++]);
  return grep->patterns->len > 0 ? i : 0;
}

static int
grep_text(Shell *shell, const Grep *grep, const char *text)
{
  g_autoptr(GPtrArray) regexes = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);
  for (guint i = 0; i < grep->patterns->len && !grep->fixed; i++) {
    g_autofree char *pattern = grep->whole
                                 ? g_strdup_printf(grep->extended ? "^(%s)$" : "^\\(%s\\)$", (char *)grep->patterns->pdata[i])
                                 : g_strdup(grep->patterns->pdata[i]);
    GRegex *regex = compile(pattern, grep->extended, grep->caseless);
    if (regex == NULL)
      return shell_give_up(shell, g_strdup_printf("the expression '%.60s'", pattern));
    g_ptr_array_add(regexes, regex);
  }
  g_autoptr(GPtrArray) lines = split_lines(text);
  gboolean any = FALSE;
  for (guint i = 0; i < lines->len; i++) {
    if (!matches(grep, regexes, lines->pdata[i]))
      continue;
    any = TRUE;
    if (!grep->quiet)
      print_line(shell, lines->pdata[i]);
  }
  return any ? 0 : 1;
}

static int
run_grep(Native *native, Shell *shell, char **words)
{
  g_autoptr(GPtrArray) patterns = g_ptr_array_new();
  Grep grep = {.patterns = patterns, .extended = words[0][0] == 'e', .fixed = words[0][0] == 'f'};
  guint n = read_grep(&grep, words);
  if (n == 0 || (words[n] != NULL && words[n + 1] != NULL) || (grep.fixed && grep.caseless))
    return give_up_on(shell, words);
  g_autofree char *text = read_all(native, shell, words + n);
  return text != NULL ? grep_text(shell, &grep, text) : 2;
}

/* ---- sed ---- */

typedef struct {
  GRegex *address, *from;
  char *to; /* as g_regex_replace wants it */
  gboolean all, print, delete;
} SedCommand;

static void
sed_free(gpointer data)
{
  SedCommand *command = data;
  g_clear_pointer(&command->address, g_regex_unref);
  g_clear_pointer(&command->from, g_regex_unref);
  g_free(command->to);
  g_free(command);
}

/* Up to the next delimiter that has no backslash (transfer full); *at is moved behind it. */
static char *
take_part(const char **at, char delimiter)
{
  GString *part = g_string_new(NULL);
  while (**at != '\0' && **at != delimiter) {
    if (**at == '\\' && (*at)[1] == delimiter)
      (*at)++;
    else if (**at == '\\' && (*at)[1] != '\0')
      g_string_append_c(part, *(*at)++);
    g_string_append_c(part, *(*at)++);
  }
  if (**at != delimiter) {
    g_string_free(part, TRUE);
    return NULL;
  }
  (*at)++;
  return g_string_free(part, FALSE);
}

static char *
translate_replacement(const char *to)
{
  GString *text = g_string_new(NULL);
  for (const char *c = to; *c != '\0'; c++) {
    if (*c == '&')
      g_string_append(text, "\\g<0>");
    else if (*c == '\\' && g_ascii_isdigit(c[1]))
      g_string_append_printf(text, "\\g<%c>", *++c);
    else if (*c == '\\' && c[1] == 'n') {
      g_string_append_c(text, '\n');
      c++;
    } else if (*c == '\\' && c[1] != '\0') {
      c++;
      g_string_append_printf(text, *c == '\\' ? "\\\\" : "%c", *c);
    } else
      g_string_append_c(text, *c);
  }
  return g_string_free(text, FALSE);
}

/* "[/ADDRESS/][ ]s/FROM/TO/[g]" or "/ADDRESS/d"; NULL: another command. */
static SedCommand *
read_sed(const char *at, gboolean extended)
{
  SedCommand *command = g_new0(SedCommand, 1);
  gboolean known = TRUE;
  if (*at == '/') {
    at++;
    g_autofree char *address = take_part(&at, '/');
    command->address = address != NULL ? compile(address, extended, FALSE) : NULL;
    known = command->address != NULL;
    at += strspn(at, " \t");
  }
  if (known && strcmp(at, "d") == 0 && command->address != NULL) {
    command->delete = TRUE;
    return command;
  }
  if (known && at[0] == 's' && at[1] != '\0') {
    char delimiter = at[1];
    at += 2;
    g_autofree char *from = take_part(&at, delimiter);
    g_autofree char *to = from != NULL ? take_part(&at, delimiter) : NULL;
    if (to != NULL && *from != '\0') {
      command->from = compile(from, extended, FALSE);
      command->to = translate_replacement(to);
    }
    command->all = *at == 'g';
    at += command->all;
    command->print = *at == 'p';
    at += command->print;
  }
  if (known && command->from != NULL && *at == '\0')
    return command;
  sed_free(command);
  return NULL;
}

/* Only the first match is replaced, or all. */
static char *
substitute(const SedCommand *command, const char *line, gboolean *done)
{
  g_autoptr(GMatchInfo) match = NULL;
  *done = g_regex_match(command->from, line, 0, &match);
  if (!*done)
    return g_strdup(line);
  if (command->all)
    return g_regex_replace(command->from, line, -1, 0, command->to, 0, NULL);
  int start, end;
  g_match_info_fetch_pos(match, 0, &start, &end);
  g_autofree char *to = g_match_info_expand_references(match, command->to, NULL);
  return to != NULL ? g_strdup_printf("%.*s%s%s", start, line, to, line + end) : g_strdup(line);
}

static char *
edit_text(const GPtrArray *commands, const char *text, gboolean quiet)
{
  g_autoptr(GPtrArray) lines = split_lines(text);
  GString *edited = g_string_new(NULL);
  for (guint i = 0; i < lines->len; i++) {
    g_autofree char *line = g_strdup(lines->pdata[i]);
    gboolean deleted = FALSE;
    for (guint k = 0; k < commands->len && !deleted; k++) {
      const SedCommand *command = commands->pdata[k];
      gboolean done = FALSE;
      if (command->address != NULL && !g_regex_match(command->address, line, 0, NULL))
        continue;
      deleted = command->delete;
      char *changed = deleted ? g_strdup(line) : substitute(command, line, &done);
      g_free(line);
      line = changed;
      if (done && command->print)
        g_string_append_printf(edited, "%s\n", line);
    }
    if (!deleted && !quiet)
      g_string_append_printf(edited, "%s\n", line);
  }
  if (lines->len > 0 && edited->len > 0 && !g_str_has_suffix(text, "\n"))
    g_string_truncate(edited, edited->len - 1);
  return g_string_free(edited, FALSE);
}

static gboolean
add_sed(GPtrArray *commands, const char *script, gboolean extended)
{
  g_auto(GStrv) parts = g_strsplit(script, "\n", -1);
  for (guint i = 0; parts[i] != NULL; i++) {
    SedCommand *command = *g_strstrip(parts[i]) != '\0' ? read_sed(parts[i], extended) : NULL;
    if (command == NULL)
      return FALSE;
    g_ptr_array_add(commands, command);
  }
  return TRUE;
}

static int
run_sed(Native *native, Shell *shell, char **words)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(sed_free), files = g_ptr_array_new();
  gboolean extended = FALSE, quiet = FALSE, in_place = FALSE, known = TRUE;
  const char *first = NULL;
  for (guint i = 1; words[i] != NULL && known; i++) {
    if (strcmp(words[i], "-E") == 0 || strcmp(words[i], "-r") == 0)
      extended = TRUE;
    else if (strcmp(words[i], "-n") == 0)
      quiet = TRUE;
    else if (strcmp(words[i], "-i") == 0)
      in_place = TRUE;
    else if ((strcmp(words[i], "-e") == 0 || strcmp(words[i], "-ne") == 0) && words[i + 1] != NULL) {
      quiet = quiet || words[i][1] == 'n';
      known = add_sed(commands, words[++i], extended);
      first = "";
    } else if (words[i][0] == '-')
      known = FALSE;
    else if (first == NULL && !in_place)
      known = add_sed(commands, first = words[i], extended);
    else
      g_ptr_array_add(files, words[i]);
  }
  g_ptr_array_add(files, NULL);
  if (!known && !in_place && files->len == 1 && shell_input_is_empty(shell))
    return 0; /* nothing comes of no lines, whatever is done to them */
  if (!known || commands->len == 0 || (in_place && files->len != 2))
    return give_up_on(shell, words);
  g_autofree char *text = read_all(native, shell, (char **)files->pdata);
  if (text == NULL)
    return 2;
  g_autofree char *edited = edit_text(commands, text, quiet);
  if (!in_place) {
    shell_print(shell, edited);
    return 0;
  }
  g_autoptr(GBytes) content = g_bytes_new(edited, strlen(edited));
  return native_write(native, shell, files->pdata[0], content) ? 0 : 4;
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
      return give_up_on(shell, words);
    i += apart;
  }
  if (field == 0)
    return give_up_on(shell, words);
  g_autofree char *text = read_all(native, shell, words + i);
  g_autoptr(GPtrArray) lines = split_lines(text != NULL ? text : "");
  for (guint k = 0; k < lines->len; k++) {
    const char separator[2] = {delimiter, '\0'};
    g_auto(GStrv) fields = g_strsplit(lines->pdata[k], separator, -1);
    guint n = g_strv_length(fields);
    print_line(shell, n <= 1 ? (char *)lines->pdata[k] : field <= n ? fields[field - 1] : "");
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
      for (char l = 'a'; l <= 'z'; l++)
        g_string_append_c(all, lower ? l : g_ascii_toupper(l));
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
    return give_up_on(shell, words);
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

static int
run_sort(Native *native, Shell *shell, char **words)
{
  gboolean sorts = strcmp(words[0], "sort") == 0, once = !sorts;
  guint i = 1;
  if (sorts && words[1] != NULL && strcmp(words[1], "-u") == 0) {
    once = TRUE;
    i++;
  }
  if (words[i] != NULL && words[i][0] == '-' && words[i][1] != '\0')
    return give_up_on(shell, words);
  g_autofree char *text = read_all(native, shell, words + i);
  g_autoptr(GPtrArray) lines = split_lines(text != NULL ? text : "");
  if (sorts)
    g_ptr_array_sort(lines, compare_lines);
  for (guint k = 0; k < lines->len; k++)
    if (!once || k == 0 || strcmp(lines->pdata[k], lines->pdata[k - 1]) != 0)
      print_line(shell, lines->pdata[k]);
  return text != NULL ? 0 : 2;
}

static int
run_head(Native *native, Shell *shell, char **words)
{
  guint64 most = 10;
  guint i = 1;
  if (words[i] != NULL && strcmp(words[i], "-n") == 0 && words[i + 1] != NULL) {
    if (!g_ascii_string_to_unsigned(words[i + 1], 10, 0, 100000, &most, NULL))
      return give_up_on(shell, words);
    i += 2;
  } else if (words[i] != NULL && words[i][0] == '-') {
    if (!g_ascii_string_to_unsigned(words[i] + 1 + (words[i][1] == 'n'), 10, 0, 100000, &most, NULL))
      return give_up_on(shell, words);
    i++;
  }
  g_autofree char *text = read_all(native, shell, words + i);
  g_autoptr(GPtrArray) lines = split_lines(text != NULL ? text : "");
  for (guint k = 0; k < lines->len && k < most; k++)
    print_line(shell, lines->pdata[k]);
  return text != NULL ? 0 : 1;
}

static int
run_name(Native *native, Shell *shell, char **words)
{
  (void)native;
  if (words[1] == NULL || words[1][0] == '-')
    return give_up_on(shell, words);
  gboolean base = words[0][0] == 'b';
  g_autofree char *name = base ? g_path_get_basename(words[1]) : g_path_get_dirname(words[1]);
  if (base && words[2] != NULL && g_str_has_suffix(name, words[2]) && strcmp(name, words[2]) != 0)
    name[strlen(name) - strlen(words[2])] = '\0';
  print_line(shell, name);
  return 0;
}

/* ---- comparing ---- */

static int
run_compare(Native *native, Shell *shell, char **words)
{
  guint i = 1;
  for (; words[i] != NULL && words[i][0] == '-'; i++)
    if (strcmp(words[i], "-s") != 0 && strcmp(words[i], "-q") != 0 && strcmp(words[i], "--quiet") != 0)
      return give_up_on(shell, words);
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
    return give_up_on(shell, words);
  g_autofree char *input = words[1] == NULL ? shell_take_input(shell) : NULL;
  g_autoptr(GBytes) content = words[1] != NULL ? native_read(native, shell, words[1]) : g_bytes_new(input, strlen(input));
  if (content == NULL)
    return 1;
  g_autofree char *hex = g_compute_checksum_for_bytes(type, content);
  shell_print(shell, hex);
  shell_print(shell, "  ");
  print_line(shell, words[1] != NULL ? words[1] : "-");
  return 0;
}

const NativeCommand native_text_commands[] = {
  {"cat", run_cat, NULL},
  {"grep", run_grep, NULL},
  {"egrep", run_grep, NULL},
  {"fgrep", run_grep, NULL},
  {"sed", run_sed, NULL},
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
