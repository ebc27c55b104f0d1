/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/script.h"

#include <string.h>

typedef struct {
  const char *at;
  GPtrArray *commands;
  GHashTable *variables; /* name -> literal value */
  GPtrArray *words;      /* of the command being read */
  gboolean readable;     /* so far */
  GString *word;
  gboolean in_word, literal; /* of the word being read */
  gboolean drop_word;        /* it is a redirection's target */
  GPtrArray *heredocs;       /* delimiters whose texts follow this line */
  gboolean heredoc_next;     /* the word being read is such a delimiter */
  guint depth;               /* of "(" */
} Reader;

static void
command_free(gpointer data)
{
  DebianCommand *command = data;
  g_strfreev(command->words);
  g_free(command);
}

/* ---- words and commands ---- */

static void
end_word(Reader *reader)
{
  if (!reader->in_word)
    return;
  if (reader->heredoc_next)
    g_ptr_array_add(reader->heredocs, g_strdup(reader->word->str));
  else if (!reader->drop_word) {
    g_ptr_array_add(reader->words, g_strdup(reader->literal ? reader->word->str : "$"));
    reader->readable = reader->readable && reader->literal;
  }
  g_string_truncate(reader->word, 0);
  reader->in_word = reader->drop_word = reader->heredoc_next = FALSE;
  reader->literal = TRUE;
}

static gsize
name_length(const char *text)
{
  gsize length = 0;
  if (g_ascii_isdigit(text[0]))
    return 0;
  while (g_ascii_isalnum(text[length]) || text[length] == '_')
    length++;
  return length;
}

static gboolean
is_keyword(const char *word)
{
  static const char *const keywords[] = {"if", "then", "else", "elif", "do",   "while", "until",
                                         "!",  "{",    "}",    "fi",   "done", "time"};
  for (guint i = 0; i < G_N_ELEMENTS(keywords); i++)
    if (strcmp(word, keywords[i]) == 0)
      return TRUE;
  return FALSE;
}

/* A variable that got two different values is as good as unknown. */
static void
assign(Reader *reader, const char *word, gsize length)
{
  char *name = g_strndup(word, length);
  const char *before = g_hash_table_lookup(reader->variables, name);
  gboolean differs = before != NULL && before[0] != '\0' && strcmp(before, word + length + 1) != 0;
  g_hash_table_replace(reader->variables, name, g_strdup(differs ? "\n" : word + length + 1));
}

static void
end_command(Reader *reader)
{
  end_word(reader);
  guint first = 0;
  while (first < reader->words->len && is_keyword(reader->words->pdata[first]))
    first++;
  guint assigned = first;
  for (; assigned < reader->words->len; assigned++) {
    const char *word = reader->words->pdata[assigned];
    gsize length = name_length(word);
    if (length == 0 || word[length] != '=')
      break;
    if (reader->readable)
      assign(reader, word, length);
  }
  if (assigned < reader->words->len) {
    DebianCommand *command = g_new0(DebianCommand, 1);
    command->readable = reader->readable;
    command->words = g_new0(char *, reader->words->len - assigned + 1);
    for (guint i = assigned; i < reader->words->len; i++)
      command->words[i - assigned] = g_strdup(reader->words->pdata[i]);
    g_ptr_array_add(reader->commands, command);
  }
  g_ptr_array_set_size(reader->words, 0);
  reader->readable = TRUE;
}

static void
add_char(Reader *reader, char c)
{
  g_string_append_c(reader->word, c);
  reader->in_word = TRUE;
}

/* ---- expansions ---- */

/* Skips to the bracket that closes the one at reader->at - 1, whatever lies between. */
static void
skip_brackets(Reader *reader, char open, char close)
{
  guint depth = 1;
  for (; *reader->at != '\0' && depth > 0; reader->at++) {
    if (*reader->at == '\\' && reader->at[1] != '\0')
      reader->at++;
    else if (*reader->at == open)
      depth++;
    else if (*reader->at == close)
      depth--;
  }
}

static void
add_variable(Reader *reader, const char *name, gsize length)
{
  g_autofree char *key = g_strndup(name, length);
  const char *value = g_hash_table_lookup(reader->variables, key);
  if (strcmp(key, "DPKG_ROOT") == 0)
    value = "";
  if (value == NULL || strcmp(value, "\n") == 0)
    reader->literal = FALSE;
  else if (value[0] != '\0') {
    reader->in_word = TRUE;
    g_string_append(reader->word, value);
  }
}

/* After a '$'. */
static void
read_dollar(Reader *reader, gboolean quoted)
{
  const char *at = reader->at;
  gsize length = name_length(at[0] == '{' ? at + 1 : at);
  gboolean before = reader->in_word || quoted;
  if (at[0] == '{' && length > 0 && at[1 + length] == '}') {
    reader->at += length + 2;
    add_variable(reader, at + 1, length);
  } else if (at[0] != '{' && length > 0) {
    reader->at += length;
    add_variable(reader, at, length);
  } else {
    reader->literal = FALSE;
    if (at[0] == '{' || at[0] == '(') {
      reader->at++;
      skip_brackets(reader, at[0], at[0] == '{' ? '}' : ')');
    } else if (at[0] != '\0' && at[0] != '"') {
      reader->at++;
    }
  }
  reader->in_word = reader->in_word || before || !reader->literal;
}

static void
read_backquotes(Reader *reader)
{
  reader->in_word = TRUE;
  reader->literal = FALSE;
  while (*reader->at != '\0' && *reader->at != '`')
    reader->at += reader->at[0] == '\\' && reader->at[1] != '\0' ? 2 : 1;
  if (*reader->at == '`')
    reader->at++;
}

static void
read_single_quotes(Reader *reader)
{
  reader->in_word = TRUE;
  while (*reader->at != '\0' && *reader->at != '\'')
    add_char(reader, *reader->at++);
  if (*reader->at != '\0')
    reader->at++;
}

static void
read_double_quotes(Reader *reader)
{
  reader->in_word = TRUE;
  while (*reader->at != '\0' && *reader->at != '"') {
    char c = *reader->at++;
    if (c == '\\' && *reader->at == '\n')
      reader->at++;
    else if (c == '\\' && *reader->at != '\0' && strchr("$`\"\\", *reader->at) != NULL)
      add_char(reader, *reader->at++);
    else if (c == '$')
      read_dollar(reader, TRUE);
    else if (c == '`')
      read_backquotes(reader);
    else
      add_char(reader, c);
  }
  if (*reader->at != '\0')
    reader->at++;
}

/* ---- lines ---- */

static void
read_redirection(Reader *reader, char c)
{
  /* "2>file": the digits are no word */
  if (reader->in_word && strspn(reader->word->str, "0123456789") == reader->word->len) {
    g_string_truncate(reader->word, 0);
    reader->in_word = FALSE;
  }
  end_word(reader);
  gboolean heredoc = c == '<' && *reader->at == '<';
  reader->at += strspn(reader->at, heredoc ? "<-" : "<>&|");
  reader->at += strspn(reader->at, " \t");
  reader->drop_word = !heredoc;
  reader->heredoc_next = heredoc;
}

static void
skip_heredocs(Reader *reader)
{
  for (guint i = 0; i < reader->heredocs->len; i++) {
    const char *delimiter = reader->heredocs->pdata[i];
    for (gboolean found = FALSE; !found && *reader->at != '\0';) {
      const char *line = reader->at + strspn(reader->at, "\t");
      gsize length = strcspn(line, "\n");
      found = strlen(delimiter) == length && memcmp(line, delimiter, length) == 0;
      reader->at = line + length + (line[length] == '\n');
    }
  }
  g_ptr_array_set_size(reader->heredocs, 0);
}

/* A subshell, a function's "name()", or the ")" behind a pattern of case, which is no command. */
static void
read_bracket(Reader *reader, char c)
{
  end_word(reader);
  gboolean defines = c == '(' && reader->words->len == 1 && *reader->at == ')';
  if (c == ')' && reader->depth == 0)
    g_ptr_array_set_size(reader->words, 0);
  guint before = reader->commands->len;
  end_command(reader);
  if (defines && reader->commands->len > before)
    ((DebianCommand *)reader->commands->pdata[before])->defines = TRUE;
  if (c == '(')
    reader->depth++;
  else if (reader->depth > 0)
    reader->depth--;
}

static void
read_char(Reader *reader)
{
  char c = *reader->at++;
  if (c == '\\' && *reader->at == '\n')
    reader->at++;
  else if (c == '\\' && *reader->at != '\0')
    add_char(reader, *reader->at++);
  else if (c == '\'')
    read_single_quotes(reader);
  else if (c == '"')
    read_double_quotes(reader);
  else if (c == '$')
    read_dollar(reader, FALSE);
  else if (c == '`')
    read_backquotes(reader);
  else if (c == '#' && !reader->in_word)
    reader->at += strcspn(reader->at, "\n");
  else if (c == '<' || c == '>')
    read_redirection(reader, c);
  else if (c == ' ' || c == '\t')
    end_word(reader);
  else if (c == '(' || c == ')')
    read_bracket(reader, c);
  else if (strchr("\n;&|", c) != NULL)
    end_command(reader);
  else
    add_char(reader, c);
  if (c == '\n' && reader->heredocs->len > 0)
    skip_heredocs(reader);
}

GPtrArray *
debian_script_parse(const char *script)
{
  Reader reader = {.at = script, .readable = TRUE, .literal = TRUE};
  reader.commands = g_ptr_array_new_with_free_func(command_free);
  reader.words = g_ptr_array_new_with_free_func(g_free);
  reader.heredocs = g_ptr_array_new_with_free_func(g_free);
  reader.variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  reader.word = g_string_new(NULL);
  while (*reader.at != '\0')
    read_char(&reader);
  end_command(&reader);
  g_ptr_array_unref(reader.words);
  g_ptr_array_unref(reader.heredocs);
  g_hash_table_unref(reader.variables);
  g_string_free(reader.word, TRUE);
  return reader.commands;
}

gboolean
debian_command_is(const DebianCommand *command, const char *program)
{
  const char *slash = strrchr(command->words[0], '/');
  return strcmp(slash != NULL ? slash + 1 : command->words[0], program) == 0;
}
