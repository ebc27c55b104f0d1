/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/completion.h"
#include "builder/words.h"

#include <string.h>

static const char opening[] = "# fish completion for ashlar, made by 'ashlar completion fish'\n"
                              "\n"
                              "function __ashlar_after --description 'whether the words so far are just these'\n"
                              "    set -l words (commandline -opc)[2..-1]\n"
                              "    test \"$words\" = \"$argv\"\n"
                              "end\n"
                              "\n"
                              "function __ashlar_in --description 'whether the command is this one'\n"
                              "    set -l words (commandline -opc)[2..-1]\n"
                              "    test (count $words) -ge (count $argv); and test \"$words[1..$(count $argv)]\" = \"$argv\"\n"
                              "end\n"
                              "\n"
                              "function __ashlar_files --description 'folders, and files that end so'\n"
                              "    set -l word (commandline -ct | string replace -r -- '^-[^=]*=' '')\n"
                              "    __fish_complete_path $word | string match -r -- \".*(?:/|$argv[1])(?:\\t.*)?\\$\"\n"
                              "end\n"
                              "\n"
                              "complete -c ashlar -f\n"
                              "complete -c ashlar -n __ashlar_after -s h -l help -d 'tell the commands'\n"
                              "complete -c ashlar -n __ashlar_after -l version -d 'tell the version'\n";

static void
append_quoted(GString *out, const char *text)
{
  g_string_append_c(out, '\'');
  for (; *text != '\0'; text++) {
    if (*text == '\'' || *text == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *text);
  }
  g_string_append_c(out, '\'');
}

/* What completes a word of @kind; NULL: nothing does. */
static const char *
source_of(WordKind kind)
{
  static const char *const sources[] = {
    [WORD_FILE] = "(__ashlar_files '')",
    [WORD_FOLDER] = "(__fish_complete_directories (commandline -ct | string replace -r -- '^-[^=]*=' '') '')",
    [WORD_RECIPE] = "(__ashlar_files '\\\\.ya?ml')",
    [WORD_IMAGE] = "(__ashlar_files '\\\\.tar')",
  };
  return kind < G_N_ELEMENTS(sources) ? sources[kind] : NULL;
}

/* " -a 'auto live'" */
static void
append_candidates(GString *out, WordKind kind, const char *choices)
{
  g_autofree char *list = choices != NULL ? g_strdelimit(g_strdup(choices), "|", ' ') : g_strdup(source_of(kind));
  if (list == NULL)
    return;
  g_string_append(out, " -a ");
  append_quoted(out, list);
}

static void
append_options(GString *out, const char *command, const CommandOption *options)
{
  for (const CommandOption *option = options; option != NULL && option->name != NULL; option++) {
    g_string_append_printf(out, "complete -c ashlar -n '__ashlar_in %s'", command);
    if (option->letter != 0)
      g_string_append_printf(out, " -s %c", option->letter);
    g_string_append_printf(out, " -l %s -d ", option->name);
    append_quoted(out, option->help);
    if (option->kind != OPTION_FLAG) {
      g_string_append(out, " -x");
      append_candidates(out, word_kind(option->argument),
                        option->choices != NULL ? option->choices : word_choices(option->argument));
    }
    g_string_append_c(out, '\n');
  }
}

static void
append_arguments(GString *out, const Command *const *commands, const Command *command)
{
  g_autoptr(GPtrArray) words = words_of(command->arguments);
  if (words->len == 0)
    return;
  const Word *word = words->pdata[0];
  if (word->kind == WORD_COMMAND && command->choices == NULL) {
    for (; *commands != NULL; commands++)
      g_string_append_printf(out, "complete -c ashlar -n '__ashlar_after %s' -a '%s'\n", command->name, (*commands)->name);
    return;
  }
  g_string_append_printf(out, "complete -c ashlar -n '__ashlar_in %s'", command->name);
  append_candidates(out, word->kind, command->choices);
  g_string_append_c(out, '\n');
}

static void
append_name(GString *out, const Command *command)
{
  const char *space = strchr(command->name, ' ');
  if (space == NULL)
    g_string_append_printf(out, "complete -c ashlar -n __ashlar_after -a %s -d ", command->name);
  else
    g_string_append_printf(out,
                           "complete -c ashlar -n __ashlar_after -a %.*s -d 'a group of commands'\n"
                           "complete -c ashlar -n '__ashlar_after %.*s' -a %s -d ",
                           (int)(space - command->name), command->name, (int)(space - command->name), command->name, space + 1);
  append_quoted(out, command->summary);
  g_string_append_c(out, '\n');
}

char *
completion_fish(const Command *const *commands)
{
  GString *out = g_string_new(opening);
  for (const Command *const *command = commands; *command != NULL; command++) {
    g_string_append_printf(out, "\n# ashlar %s\n", (*command)->name);
    append_name(out, *command);
    append_options(out, (*command)->name, (*command)->options);
    append_options(out, (*command)->name, command_common_options);
    g_string_append_printf(out, "complete -c ashlar -n '__ashlar_in %s' -s h -l help -d 'tell the options'\n",
                           (*command)->name);
    append_arguments(out, commands, *command);
  }
  return g_string_free(out, FALSE);
}
