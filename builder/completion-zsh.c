/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/completion.h"
#include "builder/words.h"

#include <string.h>

static const char opening[] =
  "#compdef ashlar\n"
  "# zsh completion for ashlar, made by 'ashlar completion zsh'\n"
  "\n"
  "_ashlar_recipes() { _files -g '*.y(a|)ml(-.)' }\n"
  "_ashlar_images() { _alternative 'tarballs:tarball:_files -g \"*.tar(-.)\"' 'layouts:folder:_files -/' }\n"
  "_ashlar_commands() { _describe -t commands command commands }\n"
  "\n"
  "_ashlar() {\n"
  "  local curcontext=$curcontext command name=$words[2] taken=2\n"
  "  local -a commands groups\n";

static const char middle[] =
  "  if (( CURRENT == 2 )); then\n"
  "    _arguments '(- *)'{-h,--help}'[tell the commands]' '(- *)--version[tell the version]' ':command:_ashlar_commands'\n"
  "    return\n"
  "  fi\n"
  "  command=$words[2]\n"
  "  if (( ${groups[(Ie)$command]} )); then\n"
  "    if (( CURRENT == 3 )); then\n"
  "      commands=(${(M)below:#$command *}) commands=(${commands#$command })\n"
  "      _ashlar_commands\n"
  "      return\n"
  "    fi\n"
  "    command+=\" $words[3]\" taken=3\n"
  "  fi\n"
  "  # the command's last word stands where _arguments looks for the program's name\n"
  "  words=(\"${(@)words[taken,-1]}\")\n"
  "  (( CURRENT -= taken - 1 ))\n"
  "  case $command in\n";

static const char closing[] = "  esac\n"
                              "}\n"
                              "\n"
                              "if [[ $funcstack[1] = _ashlar ]]; then\n"
                              "  _ashlar \"$@\"\n"
                              "else\n"
                              "  compdef _ashlar ashlar\n"
                              "fi\n";

/* In single quotes, and with a backslash before what ends a part of a specification. */
static void
append_quoted(GString *out, const char *text, const char *special)
{
  for (; *text != '\0'; text++) {
    if (strchr(special, *text) != NULL)
      g_string_append_c(out, '\\');
    if (*text == '\'')
      g_string_append(out, "'\\''");
    else
      g_string_append_c(out, *text);
  }
}

static const char *
action_of(WordKind kind)
{
  static const char *const actions[] = {
    [WORD_VALUE] = " ",
    [WORD_FILE] = "_files",
    [WORD_FOLDER] = "_files -/",
    [WORD_RECIPE] = "_ashlar_recipes",
    [WORD_IMAGE] = "_ashlar_images",
    [WORD_COMMAND] = "_ashlar_commands",
  };
  return actions[kind];
}

/* ":DIR:_files -/" */
static void
append_action(GString *out, const char *word, WordKind kind, const char *choices)
{
  g_string_append_c(out, ':');
  append_quoted(out, word, ":\\");
  choices = choices != NULL ? choices : word_choices(word);
  if (choices == NULL) {
    g_string_append_printf(out, ":%s", action_of(kind));
    return;
  }
  g_autofree char *list = g_strdelimit(g_strdup(choices), "|", ' ');
  g_string_append_printf(out, ":(%s)", list);
}

/* '(-o --output)'{-o+,--output=}'[write outputs here]:DIR:_files -/' */
static void
append_option(GString *out, const CommandOption *option)
{
  gboolean takes = option->kind != OPTION_FLAG;
  const char *letter_end = takes ? "+" : "", *end = takes ? "=" : "";
  g_string_append(out, " \\\n      ");
  if (option->letter != 0 && option->kind == OPTION_STRINGS)
    g_string_append_printf(out, "'*'{-%c%s,--%s%s}'[", option->letter, letter_end, option->name, end);
  else if (option->letter != 0)
    g_string_append_printf(out, "'(-%c --%s)'{-%c%s,--%s%s}'[", option->letter, option->name, option->letter, letter_end,
                           option->name, end);
  else
    g_string_append_printf(out, "'%s--%s%s[", option->kind == OPTION_STRINGS ? "*" : "", option->name, end);
  append_quoted(out, option->help, "[]\\");
  g_string_append_c(out, ']');
  if (takes)
    append_action(out, option->argument, word_kind(option->argument), option->choices);
  g_string_append_c(out, '\'');
}

static void
append_arguments(GString *out, const Command *command)
{
  g_autoptr(GPtrArray) words = words_of(command->arguments);
  for (guint i = 0; i < words->len; i++) {
    const Word *word = words->pdata[i];
    g_string_append_printf(out, " \\\n      '%s", word->repeats ? "*" : word->optional ? ":" : "");
    append_action(out, word->name, word->kind, i == 0 ? command->choices : NULL);
    g_string_append_c(out, '\'');
    /* behind the first that repeats itself zsh knows no other */
    if (word->repeats)
      return;
  }
}

static void
append_command(GString *out, const Command *command)
{
  g_string_append_printf(out, "  '%s')\n    _arguments -s -S", command->name);
  for (const CommandOption *option = command->options; option != NULL && option->name != NULL; option++)
    append_option(out, option);
  for (const CommandOption *option = command_common_options; option->name != NULL; option++)
    append_option(out, option);
  g_string_append(out, " \\\n      '(- *)'{-h,--help}'[tell the options]'");
  append_arguments(out, command);
  g_string_append(out, "\n    ;;\n");
}

/* What _describe takes: 'build:build images from recipes', the commands of a group ("store gc") as one. */
static void
append_names(GString *out, const Command *const *commands, gboolean grouped)
{
  g_autofree char *last = NULL;
  for (; *commands != NULL; commands++) {
    const char *name = (*commands)->name, *space = strchr(name, ' ');
    g_autofree char *first = space != NULL && !grouped ? g_strndup(name, (gsize)(space - name)) : NULL;
    if ((grouped && space == NULL) || (first != NULL && g_strcmp0(first, last) == 0))
      continue;
    g_string_append(out, "\n    '");
    append_quoted(out, first != NULL ? first : name, ":\\");
    g_string_append_c(out, ':');
    append_quoted(out, first != NULL ? "a group of commands" : (*commands)->summary, "\\");
    g_string_append_c(out, '\'');
    g_free(last);
    last = g_steal_pointer(&first);
  }
}

static void
append_groups(GString *out, const Command *const *commands)
{
  for (; *commands != NULL; commands++) {
    const char *space = strchr((*commands)->name, ' ');
    if (space != NULL)
      g_string_append_printf(out, " '%.*s'", (int)(space - (*commands)->name), (*commands)->name);
  }
}

char *
completion_zsh(const Command *const *commands)
{
  GString *out = g_string_new(opening);
  g_string_append(out, "  commands=(");
  append_names(out, commands, FALSE);
  g_string_append(out, "\n  )\n  local -a below=(");
  append_names(out, commands, TRUE);
  g_string_append(out, "\n  )\n  groups=(");
  append_groups(out, commands);
  g_string_append(out, " )\n");
  g_string_append(out, middle);
  for (; *commands != NULL; commands++)
    append_command(out, *commands);
  g_string_append(out, closing);
  return g_string_free(out, FALSE);
}
