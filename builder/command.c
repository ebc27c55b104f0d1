/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/command.h"
#include "builder/recipe/nearest.h"
#include "builder/recipe/source.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "ashlar"
#define EXIT_USAGE 2
#define EXIT_REFUSED 3
#define EXIT_INTERRUPTED 130
/* How long after the first signal the clean end may take. */
#define STOP_SECONDS 10

/* The options that every command has. */
typedef struct {
  char *store;
  char *progress;
  gboolean quiet;
  gboolean verbose;
} CommonOptions;

static const CommandOption common_options[] = {
  {"store", 0, OPTION_STRING, G_STRUCT_OFFSET(CommonOptions, store), "DIR",
   "the store (default: $ASHLAR_STORE or ~/.cache/ashlar)"},
  {"progress", 0, OPTION_STRING, G_STRUCT_OFFSET(CommonOptions, progress), "MODE", "auto, live, plain, json or quiet"},
  {"quiet", 'q', OPTION_FLAG, G_STRUCT_OFFSET(CommonOptions, quiet), NULL, "only warnings and errors"},
  {"verbose", 'v', OPTION_FLAG, G_STRUCT_OFFSET(CommonOptions, verbose), NULL, "tell more"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static GOptionArg
option_arg(OptionKind kind)
{
  switch (kind) {
  case OPTION_FLAG:
    return G_OPTION_ARG_NONE;
  case OPTION_STRING:
    return G_OPTION_ARG_STRING;
  case OPTION_STRINGS:
    return G_OPTION_ARG_STRING_ARRAY;
  case OPTION_INT:
    return G_OPTION_ARG_INT;
  }
  g_assert_not_reached();
}

static void
append_entries(GArray *entries, const CommandOption *options, gpointer values)
{
  for (const CommandOption *option = options; option != NULL && option->name != NULL; option++) {
    GOptionEntry entry = {
      .long_name = option->name,
      .short_name = option->letter,
      .arg = option_arg(option->kind),
      .arg_data = (guint8 *)values + option->offset,
      .description = option->help,
      .arg_description = option->argument,
    };
    g_array_append_val(entries, entry);
  }
}

static void
clear_options(const CommandOption *options, gpointer values)
{
  for (const CommandOption *option = options; option != NULL && option->name != NULL; option++) {
    gpointer value = (guint8 *)values + option->offset;
    if (option->kind == OPTION_STRING)
      g_clear_pointer((char **)value, g_free);
    else if (option->kind == OPTION_STRINGS)
      g_clear_pointer((char ***)value, g_strfreev);
  }
}

static GOptionContext *
option_context(const Command *command, gpointer values, CommonOptions *common)
{
  g_autofree char *tail = g_strdup_printf("%s%s", command->name, command->arguments != NULL ? " " : "");
  g_autofree char *parameters = g_strconcat(tail, command->arguments, NULL);
  GOptionContext *context = g_option_context_new(NULL);
  g_autofree char *summary = g_strdup_printf("usage: " PROGRAM " %s [options]\n\n%s", parameters, command->summary);
  g_option_context_set_summary(context, summary);
  g_option_context_set_help_enabled(context, FALSE);
  g_autoptr(GArray) entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
  append_entries(entries, command->options, values);
  append_entries(entries, common_options, common);
  g_option_context_add_main_entries(context, (GOptionEntry *)(gpointer)entries->data, NULL);
  return context;
}

/* ---- help ---- */

#define HELP_WIDTH 79
#define HELP_INDENT 27

/* Prints @text's words in lines of HELP_WIDTH at the most, @indent columns in; @at: where the cursor stands. Returns where it
 * stands then. */
static guint
print_words(const char *text, guint indent, guint at)
{
  g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
  for (char **word = words; *word != NULL; word++) {
    guint length = (guint)g_utf8_strlen(*word, -1);
    if (at > indent && at + 1 + length > HELP_WIDTH) {
      printf("\n%*s", (int)indent, "");
      at = indent;
    }
    printf("%s%s", at > indent ? " " : "", *word);
    at += length + (at > indent);
  }
  return at;
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
    g_autofree char *name = g_strdup_printf("%c%c%c --%s%s%s", option->letter ? '-' : ' ',
                                            option->letter ? option->letter : ' ', option->letter ? ',' : ' ', option->name,
                                            option->argument ? " " : "", option->argument ? option->argument : "");
    if (strlen(name) > HELP_INDENT - 3)
      printf("  %s\n%*s", name, HELP_INDENT, "");
    else
      printf("  %-*s ", HELP_INDENT - 3, name);
    (void)print_words(option->help, HELP_INDENT, HELP_INDENT);
    putchar('\n');
  }
}

static void
print_command_help(const Command *command)
{
  printf("usage: " PROGRAM " %s%s%s%s\n\n%s\n", command->name, command->options != NULL ? " [options]" : "",
         command->arguments != NULL ? " " : "", command->arguments != NULL ? command->arguments : "", command->summary);
  if (command->options != NULL && command->options->name != NULL) {
    puts("\noptions:");
    print_options(command->options);
  }
  puts("\noptions of every command:");
  print_options(common_options);
  if (command->description != NULL) {
    putchar('\n');
    print_paragraphs(command->description);
  }
}

static void
print_help(const Command *const *commands)
{
  puts("usage: " PROGRAM " COMMAND [options] [arguments]\n\n"
       "ashlar builds immutable machine images: reproducible, signed, without root or\n"
       "a daemon.\n\ncommands:");
  for (const Command *const *command = commands; *command != NULL; command++)
    printf("  %-14s %s\n", (*command)->name, (*command)->summary);
  puts("\n`" PROGRAM " COMMAND --help` tells the options of a command, `" PROGRAM " --version` the\n"
       "version. Exit status: 0 done, 1 failed, 2 usage or recipe error, 3 verification\n"
       "refused, 130 interrupted.");
}

/* ---- finding the command ---- */

/* The command that argv[1] (and argv[2], for "store gc") names; *used: how many words its name took. */
static const Command *
find_command(const Command *const *commands, int argc, char **argv, int *used)
{
  for (const Command *const *command = commands; *command != NULL; command++) {
    g_auto(GStrv) words = g_strsplit((*command)->name, " ", -1);
    int n = (int)g_strv_length(words);
    gboolean same = argc > n;
    for (int i = 0; same && i < n; i++)
      same = strcmp(argv[1 + i], words[i]) == 0;
    if (same) {
      *used = n;
      return *command;
    }
  }
  return NULL;
}

/* "store" is no command but begins some: those are told. */
static gboolean
print_group_help(const Command *const *commands, const char *word)
{
  g_autofree char *prefix = g_strconcat(word, " ", NULL);
  gboolean any = FALSE;
  for (const Command *const *command = commands; *command != NULL; command++)
    if (g_str_has_prefix((*command)->name, prefix)) {
      if (!any)
        printf("usage: " PROGRAM " %s COMMAND [options] [arguments]\n\ncommands:\n", word);
      printf("  %-14s %s\n", (*command)->name, (*command)->summary);
      any = TRUE;
    }
  return any;
}

static int
unknown_command(const Command *const *commands, const char *name)
{
  g_autofree char *shown = g_strescape(name, NULL);
  fprintf(stderr, PROGRAM ": error: unknown command '%s'\n", shown);
  gboolean first = TRUE;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const Command *const *command = commands; *command != NULL; command++)
    if (g_str_has_prefix((*command)->name, name)) {
      fprintf(stderr, "%s%s", first ? "hint: did you mean '" : "', '", (*command)->name);
      first = FALSE;
    }
  for (const Command *const *command = commands; *command != NULL; command++)
    g_ptr_array_add(names, (gpointer)(*command)->name);
  g_ptr_array_add(names, NULL);
  const char *nearest = first ? nearest_name(name, (const char *const *)names->pdata) : NULL;
  if (nearest != NULL) {
    fprintf(stderr, "hint: did you mean '%s", nearest);
    first = FALSE;
  }
  fputs(first ? "hint: '" PROGRAM " --help' lists the commands\n" : "'?\n", stderr);
  return EXIT_USAGE;
}

/* ---- signals ---- */

static gpointer
await_signals(gpointer data)
{
  GCancellable *cancellable = data;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  int signal_number;
  sigwait(&set, &signal_number);
  g_cancellable_cancel(cancellable);
  /* A second signal: whoever sent it does not want to wait for the clean end. That end may also never come, where a read is
   * stuck (a named pipe for a key, a server that is gone below a network file system); to stop anywhere is safe. */
  const struct timespec patience = {.tv_sec = STOP_SECONDS};
  while (sigtimedwait(&set, NULL, &patience) < 0 && errno == EINTR)
    continue;
  _exit(EXIT_INTERRUPTED);
}

/* Signals are blocked in every thread (this runs before the first) and awaited in one, so no handler ever runs. */
static void
watch_signals(GCancellable *cancellable)
{
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  g_thread_unref(g_thread_new("signals", await_signals, cancellable));
}

/* ---- running ---- */

static int
status_of(const GError *error)
{
  if (g_error_matches(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE))
    return EXIT_USAGE;
  if (g_error_matches(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY))
    return EXIT_REFUSED;
  if (g_error_matches(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED) || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return EXIT_INTERRUPTED;
  return EXIT_FAILURE;
}

/* A report of recipe errors is complete as it is; anything else gets the program's name in front. */
static void
print_error(const GError *error)
{
  /* names are quoted where they are told; this is for those that are not, and for other libraries' messages */
  g_autofree char *shown = source_escape_lines(error->message);
  if (status_of(error) == EXIT_INTERRUPTED)
    fputs(PROGRAM ": interrupted\n", stderr);
  else if (strstr(shown, ": error: ") != NULL)
    fprintf(stderr, "%s\n", shown);
  else
    fprintf(stderr, PROGRAM ": error: %s\n", shown);
}

static int
usage_error(const Command *command, const char *message)
{
  g_autofree char *shown = source_escape_lines(message);
  fprintf(stderr, PROGRAM " %s: error: %s\nhint: see '" PROGRAM " %s --help'\n", command->name, shown, command->name);
  return EXIT_USAGE;
}

/* Whether whoever read our pipe has gone. */
static gboolean
reader_is_gone(void)
{
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

/* Results that nobody got are no success. Where the reader has seen enough (`| head`) there is no word about it, as if SIGPIPE had
 * ended us. */
static int
finish_output(int status)
{
  errno = 0;
  gboolean failed = fflush(stdout) != 0 || ferror(stdout);
  if (!failed || status != EXIT_SUCCESS)
    return status;
  if (errno != EPIPE && !reader_is_gone())
    fprintf(stderr, PROGRAM ": error: write to standard output: %s\n", errno != 0 ? g_strerror(errno) : "it failed");
  return EXIT_FAILURE;
}

static int
run_command(const Command *command, gpointer options, const CommonOptions *common, char **arguments)
{
  int n = (int)g_strv_length(arguments);
  if (n < command->min_arguments) {
    g_autofree char *message = g_strdup_printf("%s is missing", command->arguments);
    return usage_error(command, message);
  }
  if (command->max_arguments >= 0 && n > command->max_arguments) {
    g_autofree char *message = g_strdup_printf("unexpected argument '%s'", arguments[command->max_arguments]);
    return usage_error(command, message);
  }
  ProgressMode mode = common->quiet ? PROGRESS_QUIET : PROGRESS_AUTO;
  if (common->progress != NULL && !progress_mode_parse(common->progress, &mode))
    return usage_error(command, "--progress takes auto, live, plain, json or quiet");

  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  watch_signals(g_object_ref(cancellable));
  g_autoptr(Progress) progress = progress_new(mode, STDERR_FILENO);
  CommandContext context = {
    .store_path = common->store,
    .progress = progress,
    .cancellable = cancellable,
    .verbose = common->verbose,
  };
  g_autoptr(GError) error = NULL;
  int status = command->run(&context, options, arguments, &error);
  g_clear_pointer(&progress, progress_free);
  if (error == NULL)
    return finish_output(status);
  (void)finish_output(EXIT_FAILURE);
  print_error(error);
  return status_of(error);
}

/* GLib says what is wrong with an argument that is not UTF-8, but not which one it is. */
static char *
parse_problem(const GError *error, char **argv)
{
  for (; g_error_matches(error, G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE) && *argv != NULL; argv++)
    if (!g_utf8_validate(*argv, -1, NULL)) {
      g_autofree char *shown = g_strescape(*argv, NULL);
      return g_strdup_printf("'%s' is not UTF-8", shown);
    }
  return g_strdup(error->message);
}

static int
parse_and_run(const Command *command, int argc, char **argv)
{
  CommonOptions common = {0};
  g_autofree gpointer options = g_malloc0(MAX(command->options_size, 1));
  GOptionContext *parser = option_context(command, options, &common);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) left = g_new0(char *, (gsize)argc + 1);
  for (int i = 0; i < argc; i++)
    left[i] = g_strdup(argv[i]);
  int status;
  if (!g_option_context_parse_strv(parser, &left, &error)) {
    g_autofree char *problem = parse_problem(error, argv);
    status = usage_error(command, problem);
  } else {
    /* "--" separates options from arguments, and is neither */
    char **arguments = left + 1;
    if (arguments[0] != NULL && strcmp(arguments[0], "--") == 0)
      arguments++;
    status = run_command(command, options, &common, arguments);
  }
  g_option_context_free(parser);
  clear_options(command->options, options);
  clear_options(common_options, &common);
  return status;
}

static gboolean
asks_for_help(int argc, char **argv)
{
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
      return TRUE;
  return FALSE;
}

/* Where a standard descriptor is closed, the next file opened would take its number, and messages would be written into it. What
 * stands in its place can be read (0: written) only, so that using it still fails. */
static void
hold_standard_descriptors(void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
      _exit(EXIT_FAILURE);
}

int
command_main(const Command *const *commands, int argc, char **argv)
{
  hold_standard_descriptors();
  if (argc < 2) {
    print_help(commands);
    return EXIT_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts(PROGRAM " " ASHLAR_VERSION);
    return finish_output(EXIT_SUCCESS);
  }
  int used = 0;
  const Command *command = find_command(commands, argc, argv, &used);
  if (command == NULL && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)) {
    print_help(commands);
    return finish_output(EXIT_SUCCESS);
  }
  if (command == NULL && asks_for_help(argc, argv) && print_group_help(commands, argv[1]))
    return finish_output(EXIT_SUCCESS);
  if (command == NULL)
    return unknown_command(commands, argv[1]);
  if (asks_for_help(argc, argv)) {
    print_command_help(command);
    return finish_output(EXIT_SUCCESS);
  }
  /* the option parser wants a program's name at [0]: the command's last word stands there */
  return parse_and_run(command, argc - used, argv + used);
}
