/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/help.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 79
#define OPTION_INDENT 27
#define NAME_WIDTH 14

/* Prints @text's words in lines of WIDTH at the most, @indent columns in; @at: where the cursor stands. Returns where it
 * stands then. */
static guint
print_words(const char *text, guint indent, guint at)
{
  g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
  for (char **word = words; *word != NULL; word++) {
    guint length = (guint)g_utf8_strlen(*word, -1);
    if (at > indent && at + 1 + length > WIDTH) {
      printf("\n%*s", (int)indent, "");
      at = indent;
    }
    printf("%s%s", at > indent ? " " : "", *word);
    at += length + (at > indent);
  }
  return at;
}

void
help_print_words(const char *text, guint indent)
{
  printf("%*s", (int)indent, "");
  (void)print_words(text, indent, indent);
  putchar('\n');
}

/* Paragraphs are filled; lines that are indented stand as they are. */
static void
print_paragraphs(const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  guint at = 0;
  for (char **line = lines; *line != NULL; line++) {
    gboolean breaks = **line == '\0' || **line == ' ';
    if (breaks && at > 0)
      putchar('\n');
    at = breaks ? 0 : print_words(*line, 0, at);
    if (breaks)
      puts(*line);
  }
  if (at > 0)
    putchar('\n');
}

static void
print_options(const CommandOption *options)
{
  for (const CommandOption *option = options; option != NULL && option->name != NULL; option++) {
    if (option->rare)
      continue;
    g_autofree char *name = g_strdup_printf("%c%c%c --%s%s%s", option->letter ? '-' : ' ',
                                            option->letter ? option->letter : ' ', option->letter ? ',' : ' ', option->name,
                                            option->argument ? " " : "", option->argument ? option->argument : "");
    if (strlen(name) > OPTION_INDENT - 3)
      printf("  %s\n%*s", name, OPTION_INDENT, "");
    else
      printf("  %-*s ", OPTION_INDENT - 3, name);
    (void)print_words(option->help, OPTION_INDENT, OPTION_INDENT);
    putchar('\n');
  }
}

/* What few ask for is told by the manual. */
static void
print_rare_options(const Command *command)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (const CommandOption *option = command->options; option != NULL && option->name != NULL; option++)
    if (option->rare)
      g_string_append_printf(text, "%s --%s", text->len > 0 ? "," : "in the manual:", option->name);
  if (text->len == 0)
    return;
  (void)print_words(text->str, 0, 0);
  putchar('\n');
}

/* The options that every command has are told once, by `ashlar --help`: here their names must do. */
static void
print_common_options(void)
{
  g_autoptr(GString) text = g_string_new("of every command:");
  for (const CommandOption *option = command_common_options; option->name != NULL; option++)
    g_string_append_printf(text, " --%s%s", option->name, option[1].name != NULL ? "," : ";");
  g_string_append(text, " see 'ashlar --help'");
  (void)print_words(text->str, 0, 0);
  putchar('\n');
}

char *
help_usage(const Command *command)
{
  return g_strdup_printf("ashlar %s%s%s%s", command->name, command->options != NULL ? " [options]" : "",
                         command->arguments != NULL ? " " : "", command->arguments != NULL ? command->arguments : "");
}

void
help_print_command(const Command *command)
{
  g_autofree char *usage = help_usage(command);
  printf("usage: %s\n\n", usage);
  g_autofree char *text = g_strdup_printf("%c%s.%s%s", g_ascii_toupper(command->summary[0]), command->summary + 1,
                                          command->description != NULL ? " " : "",
                                          command->description != NULL ? command->description : "");
  print_paragraphs(text);
  putchar('\n');
  print_options(command->options);
  if (command->options != NULL)
    putchar('\n');
  print_rare_options(command);
  print_common_options();
}

void
help_print_group(const Command *const *commands, const char *word)
{
  g_autofree char *prefix = g_strconcat(word, " ", NULL);
  printf("usage: ashlar %s COMMAND [options] [arguments]\n\ncommands:\n", word);
  for (; *commands != NULL; commands++)
    if (g_str_has_prefix((*commands)->name, prefix))
      printf("  %-*s %s\n", NAME_WIDTH, (*commands)->name, (*commands)->summary);
}

void
help_print_program(const Command *const *commands)
{
  puts("usage: ashlar COMMAND [options] [arguments]\n\n"
       "ashlar builds immutable machine images: reproducible, signed, without root or\n"
       "a daemon.\n\ncommands:");
  for (; *commands != NULL; commands++)
    printf("  %-*s %s\n", NAME_WIDTH, (*commands)->name, (*commands)->summary);
  puts("\noptions of every command:");
  print_options(command_common_options);
  puts("\n'ashlar COMMAND --help' tells the options of a command, 'ashlar --version' the\n"
       "version. Exit status: 0 done, 1 failed, 2 usage or recipe error, 3 verification\n"
       "refused, 130 interrupted.");
}
