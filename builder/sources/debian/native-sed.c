/* SPDX-License-Identifier: Apache-2.0
 *
 * sed(1): substitutions, and lines that are left out; on standard output or in place.
 */
#include "builder/sources/debian/native-text.h"

#include <string.h>

typedef struct {
  GRegex *address, *from;
  char *to;        /* as g_regex_replace wants it */
  gboolean others; /* where the address does not match */
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

/* "s/FROM/TO/" and flags among g, p, I; FALSE: another command. */
static gboolean
read_substitution(const char *at, gboolean extended, SedCommand *command)
{
  char delimiter = at[0] == 's' ? at[1] : '\0';
  if (delimiter == '\0')
    return FALSE;
  at += 2;
  g_autofree char *from = take_part(&at, delimiter), *to = from != NULL ? take_part(&at, delimiter) : NULL;
  if (to == NULL || *from == '\0' || at[strspn(at, "gpI")] != '\0')
    return FALSE;
  command->all = strchr(at, 'g') != NULL;
  command->print = strchr(at, 'p') != NULL;
  command->from = native_text_regex(from, extended, strchr(at, 'I') != NULL);
  command->to = translate_replacement(to);
  return command->from != NULL;
}

/* "[/ADDRESS/][!][ ]s/FROM/TO/[gpI]" or "/ADDRESS/[!]d"; NULL: another command. */
static SedCommand *
read_sed(const char *at, gboolean extended)
{
  SedCommand *command = g_new0(SedCommand, 1);
  gboolean known = TRUE;
  if (*at == '/') {
    at++;
    g_autofree char *address = take_part(&at, '/');
    command->address = address != NULL ? native_text_regex(address, extended, FALSE) : NULL;
    known = command->address != NULL;
    command->others = *at == '!';
    at += command->others;
    at += strspn(at, " \t");
  }
  command->delete = command->address != NULL && strcmp(at, "d") == 0;
  if (known && (command->delete || read_substitution(at, extended, command)))
    return command;
  sed_free(command);
  return NULL;
}

/* Whether more may come of the line than is worth a thought: each place of it may be replaced, by the whole line for each "\\1". */
static gboolean
may_grow(const SedCommand *command, const char *line)
{
  gsize length = strlen(line), most = strlen(command->to) + 1, places = command->all ? length + 1 : 1;
  for (const char *c = command->to; *c != '\0'; c++)
    most += *c == '\\' ? length : 0;
  return places > SHELL_WORK / most;
}

static char *
replace_first(const SedCommand *command, const GMatchInfo *match, const char *line)
{
  int start, end;
  g_match_info_fetch_pos(match, 0, &start, &end);
  g_autofree char *to = g_match_info_expand_references(match, command->to, NULL);
  return to != NULL ? g_strdup_printf("%.*s%s%s", start, line, to, line + end) : NULL;
}

/* Only the first match is replaced, or all. */
static char *
substitute(Shell *shell, const SedCommand *command, const char *line, gboolean *done)
{
  g_autoptr(GMatchInfo) match = NULL;
  *done = native_text_matches(shell, command->from, line, &match);
  if (!*done)
    return g_strdup(line);
  char *changed = NULL;
  if (!may_grow(command, line))
    changed = command->all ? g_regex_replace(command->from, line, -1, 0, command->to, 0, NULL)
                           : replace_first(command, match, line);
  if (changed == NULL)
    shell_give_up(shell, g_strdup_printf("the replacement '%.60s'", command->to));
  else
    shell_spend(shell, strlen(changed));
  return changed != NULL ? changed : g_strdup(line);
}

static char *
edit_text(Shell *shell, const GPtrArray *commands, const char *text, gboolean quiet)
{
  g_autoptr(GPtrArray) lines = native_text_split(text);
  GString *edited = g_string_new(NULL);
  for (guint i = 0; i < lines->len && shell_unknown(shell) == NULL; i++) {
    g_autofree char *line = g_strdup(lines->pdata[i]);
    gboolean deleted = FALSE;
    for (guint k = 0; k < commands->len && !deleted; k++) {
      const SedCommand *command = commands->pdata[k];
      gboolean done = FALSE;
      if (command->address != NULL && native_text_matches(shell, command->address, line, NULL) == command->others)
        continue;
      deleted = command->delete;
      char *changed = deleted ? g_strdup(line) : substitute(shell, command, line, &done);
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

int
native_text_sed(Native *native, Shell *shell, char **words)
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
    return native_unknown_call(shell, words);
  g_autofree char *text = native_text_read_all(native, shell, (char **)files->pdata);
  if (text == NULL)
    return 2;
  g_autofree char *edited = edit_text(shell, commands, text, quiet);
  if (!in_place) {
    shell_print(shell, edited);
    return 0;
  }
  g_autoptr(GBytes) content = g_bytes_new(edited, strlen(edited));
  return native_write(native, shell, files->pdata[0], content) ? 0 : 4;
}
