/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/completion.h"
#include "builder/words.h"

#include <string.h>

/* What is the same for all commands. What a command has is in three lists of its own: $options; $values, "--output=folder" for
 * each option that takes something; $arguments, "recipe*" where there may be several. */
static const char engine[] =
  "# _ashlar_offer KIND: what the word under the cursor may be\n"
  "_ashlar_offer() {\n"
  "  local found\n"
  "  case $1 in\n"
  "  file) found=$(compgen -f -- \"$cur\") ;;\n"
  "  folder) found=$(compgen -d -- \"$cur\") ;;\n"
  "  recipe) found=$(compgen -f -X '!*.yaml' -- \"$cur\"; compgen -f -X '!*.yml' -- \"$cur\"; compgen -d -- \"$cur\") ;;\n"
  "  image) found=$(compgen -f -X '!*.tar' -- \"$cur\"; compgen -d -- \"$cur\") ;;\n"
  "  value | '') return ;;\n"
  "  *)\n"
  "    mapfile -t COMPREPLY < <(compgen -W \"${1//|/ }\" -- \"$cur\")\n"
  "    return\n"
  "    ;;\n"
  "  esac\n"
  "  compopt -o filenames 2> /dev/null\n"
  "  [[ -z $found ]] || mapfile -t COMPREPLY <<< \"$found\"\n"
  "}\n"
  "\n"
  "# _ashlar_takes OPTION: sets kind to what it takes; false where it takes nothing\n"
  "_ashlar_takes() {\n"
  "  local value\n"
  "  for value in $values; do\n"
  "    [[ $value != \"$1=\"* ]] || { kind=${value#*=}; return; }\n"
  "  done\n"
  "  return 1\n"
  "}\n"
  "\n"
  "_ashlar() {\n"
  "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
  "  local command=${COMP_WORDS[1]} at=2 options values arguments kind n=0 ended='' argument\n"
  "  COMPREPLY=()\n"
  "  # '--option=value' comes as three words\n"
  "  if [[ $cur = '=' ]]; then\n"
  "    cur=\n"
  "  elif [[ $prev = '=' ]]; then\n"
  "    prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
  "  fi\n"
  "  if ((COMP_CWORD == 1)); then\n"
  "    _ashlar_offer \"$_ashlar_commands|--help|--version\"\n"
  "    return\n"
  "  fi\n"
  "  if [[ -n ${_ashlar_groups[$command]-} ]]; then\n"
  "    if ((COMP_CWORD == 2)); then\n"
  "      _ashlar_offer \"${_ashlar_groups[$command]}|--help\"\n"
  "      return\n"
  "    fi\n"
  "    command+=\" ${COMP_WORDS[2]}\" at=3\n"
  "  fi\n"
  "  _ashlar_tables || return 0\n"
  "  for (( ; at < COMP_CWORD; at++)); do\n"
  "    if [[ -z $ended && ${COMP_WORDS[at]} = -- ]]; then\n"
  "      ended=yes\n"
  "    elif [[ -z $ended && ${COMP_WORDS[at]} = -* ]]; then\n"
  "      ! _ashlar_takes \"${COMP_WORDS[at]}\" || { [[ ${COMP_WORDS[++at]} != '=' ]] || ((++at)); }\n"
  "    else\n"
  "      ((++n))\n"
  "    fi\n"
  "  done\n"
  "  if [[ -z $ended ]] && _ashlar_takes \"$prev\"; then\n"
  "    _ashlar_offer \"$kind\"\n"
  "  elif [[ -z $ended && $cur = -* ]]; then\n"
  "    _ashlar_offer \"${options// /|}\"\n"
  "  else\n"
  "    kind=\n"
  "    for argument in $arguments; do\n"
  "      kind=${argument%\\*}\n"
  "      if [[ $argument = *\\* ]] || ((n-- == 0)); then\n"
  "        break\n"
  "      fi\n"
  "      kind=\n"
  "    done\n"
  "    [[ $kind != command ]] || kind=$_ashlar_commands\n"
  "    _ashlar_offer \"$kind\"\n"
  "  fi\n"
  "}\n"
  "complete -F _ashlar ashlar\n";

static const char *
kind_text(WordKind kind)
{
  static const char *const texts[] = {
    [WORD_VALUE] = "value",   [WORD_FILE] = "file",   [WORD_FOLDER] = "folder",
    [WORD_RECIPE] = "recipe", [WORD_IMAGE] = "image", [WORD_COMMAND] = "command",
  };
  return texts[kind];
}

static void
append_options(GString *names, GString *values, const CommandOption *options)
{
  for (const CommandOption *option = options; option != NULL && option->name != NULL; option++) {
    const char *choices = option->choices != NULL ? option->choices : word_choices(option->argument);
    const char *kind = choices != NULL ? choices : option->kind == OPTION_FLAG ? NULL : kind_text(word_kind(option->argument));
    if (option->letter != 0)
      g_string_append_printf(names, "-%c ", option->letter);
    if (option->letter != 0 && kind != NULL)
      g_string_append_printf(values, "-%c=%s ", option->letter, kind);
    g_string_append_printf(names, "--%s ", option->name);
    if (kind != NULL)
      g_string_append_printf(values, "--%s=%s ", option->name, kind);
  }
}

static void
append_command(GString *out, const Command *command)
{
  g_autoptr(GString) names = g_string_new(NULL), values = g_string_new(NULL), arguments = g_string_new(NULL);
  append_options(names, values, command->options);
  append_options(names, values, command_common_options);
  g_string_append(names, "--help");
  g_autoptr(GPtrArray) words = words_of(command->arguments);
  for (guint i = 0; i < words->len; i++) {
    const Word *word = words->pdata[i];
    g_string_append_printf(arguments, "%s%s ", i == 0 && command->choices != NULL ? command->choices : kind_text(word->kind),
                           word->repeats ? "*" : "");
  }
  g_string_append_printf(out, "  '%s')\n    options='%s'\n    values='%s'\n    arguments='%s'\n    ;;\n", command->name,
                         names->str, g_strchomp(values->str), g_strchomp(arguments->str));
}

/* "build|store": what may stand first, each once; with @group what may stand behind it. */
static char *
command_words(const Command *const *commands, const char *group)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (; *commands != NULL; commands++) {
    g_auto(GStrv) name = g_strsplit((*commands)->name, " ", -1);
    const char *word = group == NULL ? name[0] : strcmp(name[0], group) == 0 ? name[1] : NULL;
    if (word != NULL && !g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
      g_ptr_array_add(words, g_strdup(word));
  }
  g_ptr_array_add(words, NULL);
  return g_strjoinv("|", (char **)words->pdata);
}

static void
append_groups(GString *out, const Command *const *commands)
{
  g_autofree char *all = command_words(commands, NULL);
  g_auto(GStrv) words = g_strsplit(all, "|", -1);
  g_string_append_printf(out, "_ashlar_commands='%s'\ndeclare -gA _ashlar_groups=(", all);
  for (char **word = words; *word != NULL; word++) {
    g_autofree char *below = command_words(commands, *word);
    if (*below != '\0')
      g_string_append_printf(out, "['%s']='%s' ", *word, below);
  }
  g_string_append(out, ")\n\n");
}

char *
completion_bash(const Command *const *commands)
{
  GString *out = g_string_new("# bash completion for ashlar, made by 'ashlar completion bash'\n\n");
  append_groups(out, commands);
  g_string_append(out, "# what $command has; false where there is no such command\n_ashlar_tables() {\n  case $command in\n");
  for (; *commands != NULL; commands++)
    append_command(out, *commands);
  g_string_append(out, "  *) return 1 ;;\n  esac\n}\n\n");
  g_string_append(out, engine);
  return g_string_free(out, FALSE);
}
