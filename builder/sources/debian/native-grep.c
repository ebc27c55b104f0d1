/* SPDX-License-Identifier: Apache-2.0
 *
 * grep(1), and the regular expressions of POSIX for it and for sed(1).
 */
#include "builder/sources/debian/native-text.h"

#include <string.h>

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

GRegex *
native_text_regex(const char *posix, gboolean extended, gboolean caseless)
{
  g_autofree char *perl = translate(posix, extended);
  return g_regex_new(perl, (caseless ? G_REGEX_CASELESS : 0) | G_REGEX_RAW | G_REGEX_DOLLAR_ENDONLY, 0, NULL);
}

gboolean
native_text_matches(Shell *shell, const GRegex *regex, const char *line, GMatchInfo **match)
{
  g_autoptr(GError) error = NULL;
  gboolean found = g_regex_match_full(regex, line, -1, 0, 0, match, &error);
  if (error != NULL)
    shell_give_up(shell, g_strdup_printf("the expression '%.60s'", g_regex_get_pattern(regex)));
  return found && error == NULL;
}

typedef struct {
  gboolean quiet, silent, inverted, extended, fixed, whole, caseless, count, file;
  GPtrArray *patterns;
} Grep;

static gboolean
matches(Shell *shell, const Grep *grep, const GPtrArray *regexes, const char *line)
{
  gboolean found = FALSE;
  for (guint i = 0; i < grep->patterns->len && !found; i++) {
    const char *pattern = grep->patterns->pdata[i];
    if (grep->fixed)
      found = grep->whole ? strcmp(line, pattern) == 0 : strstr(line, pattern) != NULL;
    else
      found = native_text_matches(shell, regexes->pdata[i], line, NULL);
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
    GRegex *regex = native_text_regex(pattern, grep->extended, grep->caseless);
    if (regex == NULL)
      return shell_give_up(shell, g_strdup_printf("the expression '%.60s'", pattern));
    g_ptr_array_add(regexes, regex);
  }
  g_autoptr(GPtrArray) lines = native_text_split(text);
  gboolean any = FALSE;
  for (guint i = 0; i < lines->len && shell_unknown(shell) == NULL; i++) {
    if (!matches(shell, grep, regexes, lines->pdata[i]))
      continue;
    any = TRUE;
    if (!grep->quiet)
      native_text_print_line(shell, lines->pdata[i]);
  }
  return any ? 0 : 1;
}

int
native_text_grep(Native *native, Shell *shell, char **words)
{
  g_autoptr(GPtrArray) patterns = g_ptr_array_new();
  Grep grep = {.patterns = patterns, .extended = words[0][0] == 'e', .fixed = words[0][0] == 'f'};
  guint n = read_grep(&grep, words);
  if (n == 0 || (words[n] != NULL && words[n + 1] != NULL) || (grep.fixed && grep.caseless))
    return native_unknown_call(shell, words);
  g_autofree char *text = native_text_read_all(native, shell, words + n);
  return text != NULL ? grep_text(shell, &grep, text) : 2;
}
