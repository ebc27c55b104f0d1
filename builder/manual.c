/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/manual.h"
#include "builder/roff.h"
#include "builder/words.h"
#include "signing/passphrase.h"

#include <string.h>

typedef struct {
  const char *term, *text;
} Definition;

static const Definition statuses[] = {
  {"0", "Done."},
  {"1", "Failed."},
  {"2", "The command line is wrong, or a recipe."},
  {"3", "Verification refused."},
  {"130", "Interrupted (SIGINT, SIGTERM or SIGHUP). What was under way is not half-made: the same command goes on from there."},
};

static const Definition environment[] = {
  {"ASHLAR_STORE", "The store, where --store names none."},
  {"XDG_CACHE_HOME", "Where the store lies when neither is given: in its folder 'ashlar'."},
  {PASSPHRASE_VARIABLE, "The passphrase of a sealed private key, where --passphrase-fd is not given."},
  {"SOURCE_DATE_EPOCH", "Seconds since 1970: the time that images are dated with, instead of the recipe's or the lock's."},
  {"CI", "Set, and not to 'false' or 0: builds are --locked, and progress is told in plain lines."},
  {"GITHUB_ACTIONS", "When it is 'true', errors are told a second time as annotations, which GitHub shows beside the line of "
                     "the recipe."},
  {"NO_COLOR", "Set, and not empty: no colours on the terminal."},
  {"http_proxy, https_proxy, no_proxy", "Proxies for the mirrors, as curl(1) knows them."},
};

static const Definition files[] = {
  {"NAME.lock", "Beside NAME.yaml: every input of its images, by digest. Commit it."},
  {"~/.cache/ashlar", "The store: packages, packed packages and layers, by digest. It may be deleted at any time, and is made "
                      "anew; 'ashlar store gc' keeps it small. Any number of builds may share it."},
  {"/etc/apt", "The machine's package sources, their keys and logins: where mirrors are found that a recipe does not name."},
};

static const CommandExample examples[] = {
  {"A recipe to start from, its image signed, and the signature checked:",
   "ashlar init\nashlar keygen release.key\nashlar build server.yaml --sign release.key\n"
   "ashlar verify server-0.1.0.oci.tar --key release.key.pub"},
  {NULL, NULL},
};

/* ---- pieces of a page ---- */

static void
append_section(GString *out, const char *title)
{
  g_string_append_printf(out, ".SH %s\n", title);
}

/* Paragraphs; runs of lines that are indented stand as they are. */
static void
append_paragraphs(GString *out, const char *text, const char *const *words)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  gboolean literal = FALSE, breaks = FALSE;
  for (char **line = lines; *line != NULL; line++) {
    if (**line == '\0') {
      breaks = TRUE;
      continue;
    }
    gboolean indented = **line == ' ';
    if (literal && !indented)
      g_string_append(out, ".fi\n.RE\n");
    if (breaks)
      g_string_append(out, ".PP\n");
    if (indented && !literal)
      g_string_append(out, ".RS 4\n.nf\n");
    if (indented)
      roff_append_text(out, *line + strspn(*line, " "));
    else
      roff_append_prose(out, *line, words);
    g_string_append_c(out, '\n');
    literal = indented;
    breaks = FALSE;
  }
  if (literal)
    g_string_append(out, ".fi\n.RE\n");
}

static void
append_definitions(GString *out, const char *title, const Definition *definitions, gsize n)
{
  append_section(out, title);
  for (gsize i = 0; i < n; i++) {
    g_string_append(out, ".TP\n.B ");
    roff_append_text(out, definitions[i].term);
    g_string_append_c(out, '\n');
    roff_append_prose(out, definitions[i].text, NULL);
    g_string_append_c(out, '\n');
  }
}

static void
append_examples(GString *out, const CommandExample *list)
{
  if (list == NULL)
    return;
  append_section(out, "EXAMPLES");
  for (const CommandExample *example = list; example->line != NULL; example++) {
    g_string_append(out, example == list ? "" : ".PP\n");
    roff_append_prose(out, example->purpose, NULL);
    g_string_append(out, "\n.PP\n.RS 4\n.nf\n");
    g_auto(GStrv) lines = g_strsplit(example->line, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
      roff_append_text(out, *line);
      g_string_append_c(out, '\n');
    }
    g_string_append(out, ".fi\n.RE\n");
  }
}

/* The help's line as the sentence it is in a manual, and the details. */
static void
append_option_text(GString *out, const CommandOption *option)
{
  const char *words[] = {option->argument, NULL};
  g_autofree char *sentence = g_strdup_printf("%c%s.", g_ascii_toupper(option->help[0]), option->help + 1);
  roff_append_prose(out, sentence, words);
  g_string_append_c(out, '\n');
  if (option->details == NULL)
    return;
  roff_append_prose(out, option->details, words);
  g_string_append_c(out, '\n');
}

static void
append_options(GString *out, const char *title, const CommandOption *options)
{
  if (options == NULL || options->name == NULL)
    return;
  append_section(out, title);
  for (const CommandOption *option = options; option->name != NULL; option++) {
    g_string_append(out, ".TP\n");
    if (option->letter != 0)
      g_string_append_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    g_string_append(out, "\\fB");
    g_autofree char *name = g_strconcat("--", option->name, NULL);
    roff_append_text(out, name);
    g_string_append(out, "\\fR");
    if (option->argument != NULL) {
      g_string_append(out, " \\fI");
      roff_append_text(out, option->argument);
      g_string_append(out, "\\fR");
    }
    g_string_append_c(out, '\n');
    append_option_text(out, option);
  }
}

static void
append_reference(GString *out, const char *name, int section, gboolean last)
{
  g_string_append(out, ".BR ");
  roff_append_text(out, name);
  g_string_append_printf(out, " (%d)%s\n", section, last ? "" : ",");
}

/* ---- a command's page ---- */

char *
manual_name(const char *command)
{
  g_autofree char *name = g_strconcat("ashlar-", command, NULL);
  return g_strdelimit(g_steal_pointer(&name), " ", '-');
}

static void
append_synopsis(GString *out, const Command *command)
{
  append_section(out, "SYNOPSIS");
  g_string_append_printf(out, ".B ashlar %s\n[\\fIoptions\\fR]\n", command->name);
  g_autoptr(GPtrArray) words = words_of(command->arguments);
  for (guint i = 0; i < words->len; i++) {
    const Word *word = words->pdata[i];
    g_string_append_printf(out, "%s\\fI%s\\fR%s%s\n", word->optional ? "[" : "", word->name, word->repeats ? "..." : "",
                           word->optional ? "]" : "");
  }
}

static void
append_description(GString *out, const Command *command)
{
  g_autoptr(GPtrArray) words = words_of(command->arguments), names = g_ptr_array_new();
  for (guint i = 0; i < words->len; i++)
    g_ptr_array_add(names, ((const Word *)words->pdata[i])->name);
  g_ptr_array_add(names, NULL);
  const char *const *list = (const char *const *)names->pdata;
  append_section(out, "DESCRIPTION");
  g_autofree char *sentence = g_strdup_printf("%c%s.", g_ascii_toupper(command->summary[0]), command->summary + 1);
  append_paragraphs(out, sentence, list);
  if (command->description != NULL)
    append_paragraphs(out, command->description, list);
  if (command->details == NULL)
    return;
  g_string_append(out, ".PP\n");
  append_paragraphs(out, command->details, list);
}

static void
append_statuses(GString *out, const char *refused)
{
  g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Definition));
  for (guint i = 0; i < G_N_ELEMENTS(statuses); i++) {
    Definition status = statuses[i];
    gboolean is_refusal = strcmp(status.term, "3") == 0;
    if (is_refusal && refused == NULL)
      continue;
    status.text = is_refusal ? refused : status.text;
    g_array_append_val(list, status);
  }
  append_definitions(out, "EXIT STATUS", (const Definition *)(gpointer)list->data, list->len);
}

char *
manual_command(const Command *command)
{
  GString *out = g_string_new(NULL);
  g_autofree char *name = manual_name(command->name);
  roff_append_title(out, name, 1);
  append_section(out, "NAME");
  roff_append_text(out, name);
  g_string_append(out, " \\- ");
  roff_append_text(out, command->summary);
  g_string_append_c(out, '\n');
  append_synopsis(out, command);
  append_description(out, command);
  append_options(out, "OPTIONS", command->options);
  append_options(out, "OPTIONS OF EVERY COMMAND", command_common_options);
  append_statuses(out, command->refused);
  append_examples(out, command->examples);
  append_section(out, "SEE ALSO");
  append_reference(out, "ashlar", 1, command->see_also == NULL);
  g_auto(GStrv) others = g_strsplit(command->see_also != NULL ? command->see_also : "", "|", -1);
  for (char **other = others; *other != NULL; other++) {
    gboolean recipe = strcmp(*other, "recipe") == 0;
    g_autofree char *page = manual_name(*other);
    append_reference(out, page, recipe ? 5 : 1, other[1] == NULL);
  }
  return g_string_free(out, FALSE);
}

/* ---- the program's page ---- */

static const char opening[] = ".SH NAME\nashlar \\- build immutable machine images\n"
                              ".SH SYNOPSIS\n.B ashlar\n\\fICOMMAND\\fR\n[\\fIoptions\\fR]\n[\\fIarguments\\fR]\n"
                              ".SH DESCRIPTION\n"
                              "From a recipe,\n"
                              ".B ashlar\n"
                              "assembles a root filesystem out of Debian packages and files, and writes one signed OCI "
                              "tarball: the same bytes everywhere,\n"
                              "without root, a daemon, or a Debian tool but\n"
                              ".BR gpgv (1).\n"
                              ".PP\n"
                              "Results go to standard output, progress and messages to standard error.\n"
                              "An output appears whole or not at all.\n";

static void
append_commands(GString *out, const Command *const *commands)
{
  append_section(out, "COMMANDS");
  for (; *commands != NULL; commands++) {
    g_autofree char *name = manual_name((*commands)->name);
    g_string_append(out, ".TP\n.BR ");
    roff_append_text(out, name);
    g_string_append_printf(out, " (1)\n%c", g_ascii_toupper((*commands)->summary[0]));
    roff_append_text(out, (*commands)->summary + 1);
    g_string_append(out, ".\n");
  }
}

char *
manual_program(const Command *const *commands)
{
  static const CommandOption own[] = {
    {.name = "help", .letter = 'h', .help = "tell the commands, or behind a command's name its options"},
    {.name = "version", .help = "tell the version"},
    {NULL},
  };
  GString *out = g_string_new(NULL);
  roff_append_title(out, "ashlar", 1);
  g_string_append(out, opening);
  append_commands(out, commands);
  append_options(out, "OPTIONS", own);
  append_options(out, "OPTIONS OF EVERY COMMAND", command_common_options);
  append_statuses(out, "Verification refused: a digest, a signature or a policy says no.");
  append_definitions(out, "ENVIRONMENT", environment, G_N_ELEMENTS(environment));
  append_definitions(out, "FILES", files, G_N_ELEMENTS(files));
  append_examples(out, examples);
  append_section(out, "SEE ALSO");
  append_reference(out, "ashlar-recipe", 5, FALSE);
  for (const Command *const *command = commands; *command != NULL; command++) {
    g_autofree char *name = manual_name((*command)->name);
    append_reference(out, name, 1, command[1] == NULL);
  }
  return g_string_free(out, FALSE);
}
