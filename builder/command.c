/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/command.h"
#include "builder/annotate.h"
#include "builder/progress/display.h"
#include "builder/help.h"
#include "builder/limit_option.h"
#include "builder/recipe/nearest.h"
#include "builder/recipe/source.h"
#include "builder/signals.h"
#include "builder/words.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_REFUSED 3
#define EXIT_INTERRUPTED SIGNALS_EXIT_STATUS
#define LEAST_DESCRIPTORS 64 /* open files: eight downloads, their partial files, the cores, and as much again */

/* Where command_common_options puts its values. */
typedef struct {
  char *store;
  char *progress;
  char **limit;
  gboolean quiet;
  gboolean verbose;
} CommonOptions;

#define OFFSET(member) G_STRUCT_OFFSET(CommonOptions, member)

const CommandOption command_common_options[] = {
  {"store", 0, OPTION_STRING, OFFSET(store), "DIR", "the store; else $ASHLAR_STORE, else ~/.cache/ashlar", NULL,
   "All that was fetched, unpacked and built before lies there; see FILES in ashlar(1)."},
  {"progress", 0, OPTION_STRING, OFFSET(progress), "MODE", "auto, live, plain, json or quiet", "auto|live|plain|json|quiet",
   "How progress is told on standard error: a live display, plain lines, one JSON object a line, or not at all. Without it the "
   "display is live on a terminal and plain elsewhere, and where $CI is set."},
  {"limit", 0, OPTION_STRINGS, OFFSET(limit), "NAME=VALUE", "move a limit; 'ashlar limits' lists them", NULL,
   "Bounds on what foreign bytes may cost: sizes, counts, depths. $ASHLAR_LIMITS holds more of them, with commas between."},
  {"quiet", 'q', OPTION_FLAG, OFFSET(quiet), NULL, "only warnings and errors"},
  {"verbose", 'v', OPTION_FLAG, OFFSET(verbose), NULL, "tell more"},
  {NULL},
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
  GOptionContext *context = g_option_context_new(NULL);
  g_option_context_set_help_enabled(context, FALSE);
  g_autoptr(GArray) entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
  append_entries(entries, command->options, values);
  append_entries(entries, command_common_options, common);
  g_option_context_add_main_entries(context, (GOptionEntry *)(gpointer)entries->data, NULL);
  return context;
}

static void
append_option(GPtrArray *argv, const CommandOption *option, gconstpointer value)
{
  switch (option->kind) {
  case OPTION_FLAG:
    if (*(const gboolean *)value)
      g_ptr_array_add(argv, g_strdup_printf("--%s", option->name));
    return;
  case OPTION_STRING:
    if (*(char *const *)value != NULL)
      g_ptr_array_add(argv, g_strdup_printf("--%s=%s", option->name, *(char *const *)value));
    return;
  case OPTION_STRINGS:
    for (char *const *text = *(char *const *const *)value; text != NULL && *text != NULL; text++)
      g_ptr_array_add(argv, g_strdup_printf("--%s=%s", option->name, *text));
    return;
  case OPTION_INT:
    g_ptr_array_add(argv, g_strdup_printf("--%s=%d", option->name, *(const int *)value));
    return;
  }
}

void
command_append_options(GPtrArray *argv, const CommandOption *table, gconstpointer values, const char *const *but)
{
  for (const CommandOption *option = table; option->name != NULL; option++)
    if (!g_strv_contains(but, option->name))
      append_option(argv, option, (const guint8 *)values + option->offset);
}

/* ---- finding the command ---- */

const Command *
command_find(const Command *const *commands, char *const *words, int *used)
{
  for (; *commands != NULL; commands++) {
    g_auto(GStrv) name = g_strsplit((*commands)->name, " ", -1);
    int n = 0;
    while (name[n] != NULL && words[n] != NULL && strcmp(words[n], name[n]) == 0)
      n++;
    if (name[n] == NULL) {
      *used = n;
      return *commands;
    }
  }
  return NULL;
}

gboolean
command_is_group(const Command *const *commands, const char *word)
{
  g_autofree char *prefix = g_strconcat(word, " ", NULL);
  for (; *commands != NULL; commands++)
    if (g_str_has_prefix((*commands)->name, prefix))
      return TRUE;
  return FALSE;
}

/* "'build', 'store gc'": what begins as @name does, else the nearest; NULL where nothing is near (transfer full). */
static char *
near_commands(const Command *const *commands, const char *name)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GString) near = g_string_new(NULL);
  for (; *commands != NULL; commands++) {
    if (g_str_has_prefix((*commands)->name, name))
      g_string_append_printf(near, "%s'%s'", near->len > 0 ? ", " : "", (*commands)->name);
    g_ptr_array_add(names, (gpointer)(*commands)->name);
  }
  g_ptr_array_add(names, NULL);
  if (near->len > 0)
    return g_strdup(near->str);
  const char *nearest = nearest_name(name, (const char *const *)names->pdata);
  return nearest != NULL ? g_strdup_printf("'%s'", nearest) : NULL;
}

void
command_set_unknown(GError **error, const Command *const *commands, const char *name)
{
  g_autofree char *shown = g_strescape(name, NULL);
  g_autofree char *near = near_commands(commands, name);
  if (near != NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "unknown command '%s'\nhint: did you mean %s?", shown, near);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "unknown command '%s'\nhint: 'ashlar --help' lists the commands",
                shown);
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
  if (status_of(error) == EXIT_INTERRUPTED) {
    fputs("ashlar: interrupted\n", stderr);
    return;
  }
  if (strstr(shown, ": error: ") != NULL)
    fprintf(stderr, "%s\n", shown);
  else
    fprintf(stderr, "ashlar: error: %s\n", shown);
  annotate(shown);
}

static int
usage_error(const Command *command, const char *message)
{
  g_autofree char *shown = source_escape_lines(message);
  fprintf(stderr, "ashlar %s: error: %s\nhint: see 'ashlar %s --help'\n", command->name, shown, command->name);
  annotate(shown);
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
    fprintf(stderr, "ashlar: error: write to standard output: %s\n", errno != 0 ? g_strerror(errno) : "it failed");
  return EXIT_FAILURE;
}

/* Whether what each of @options was given is among its choices; else *problem says so (transfer full). */
static gboolean
check_choices(const CommandOption *options, gconstpointer values, char **problem)
{
  for (const CommandOption *option = options; option != NULL && option->name != NULL; option++) {
    if (option->choices == NULL || option->kind != OPTION_STRING)
      continue;
    const char *value = *(char *const *)(gconstpointer)((const guint8 *)values + option->offset);
    g_auto(GStrv) choices = g_strsplit(option->choices, "|", -1);
    if (value == NULL || g_strv_contains((const char *const *)choices, value))
      continue;
    g_autofree char *list = words_list(option->choices);
    *problem = g_strdup_printf("--%s takes %s, not '%s'", option->name, list, value);
    return FALSE;
  }
  return TRUE;
}

static int
run_command(const Command *const *commands, const Command *command, gpointer options, const CommonOptions *common,
            char **arguments)
{
  g_autofree char *problem = NULL;
  if (!check_choices(command->options, options, &problem) || !check_choices(command_common_options, common, &problem))
    return usage_error(command, problem);
  int n = (int)g_strv_length(arguments);
  if (n < command->min_arguments) {
    g_autofree char *message = g_strdup_printf("%s is missing", command->arguments);
    return usage_error(command, message);
  }
  if (command->max_arguments >= 0 && n > command->max_arguments) {
    g_autofree char *message = g_strdup_printf("unexpected argument '%s'", arguments[command->max_arguments]);
    return usage_error(command, message);
  }
  DisplayMode mode = common->quiet ? DISPLAY_QUIET : DISPLAY_AUTO;
  if (common->progress != NULL && !display_mode_parse(common->progress, &mode))
    g_assert_not_reached();

  g_autoptr(GError) error = NULL;
  if (!limit_option_apply(g_getenv("ASHLAR_LIMITS"), (const char *const *)common->limit, &error))
    return usage_error(command, error->message);

  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  Signals *signals = signals_watch(cancellable);
  g_autoptr(Progress) progress = progress_new();
  g_autoptr(Display) display = display_new(progress, mode, STDERR_FILENO, cancellable);
  signals_set_display(signals, display);
  CommandContext context = {
    .commands = commands,
    .store_path = common->store,
    .progress = progress,
    .cancellable = cancellable,
    .verbose = common->verbose,
    .common = common,
  };
  int status = command->run(&context, options, arguments, &error);
  signals_set_display(signals, NULL);
  g_clear_pointer(&display, display_free);
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
parse_and_run(const Command *const *commands, const Command *command, int argc, char **argv)
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
    status = run_command(commands, command, options, &common, arguments);
  }
  g_option_context_free(parser);
  clear_options(command->options, options);
  clear_options(command_common_options, &common);
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

/* GLib ends the program on the spot where it cannot make a pipe: too few descriptors are told of before. */
static gboolean
claim_descriptors(void)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= LEAST_DESCRIPTORS)
    return TRUE;
  rlim_t had = limit.rlim_cur;
  limit.rlim_cur = MIN(limit.rlim_max, LEAST_DESCRIPTORS);
  if (limit.rlim_cur == LEAST_DESCRIPTORS && setrlimit(RLIMIT_NOFILE, &limit) == 0)
    return TRUE;
  fprintf(stderr, "ashlar: error: the limit of %llu open files is too low\nhint: 'ulimit -n %d', or more\n",
          (unsigned long long)had, LEAST_DESCRIPTORS);
  return FALSE;
}

int
command_main(const Command *const *commands, int argc, char **argv)
{
  hold_standard_descriptors();
  if (!claim_descriptors())
    return EXIT_FAILURE;
  if (argc < 2) {
    help_print_program(commands);
    return EXIT_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts("ashlar " ASHLAR_VERSION);
    return finish_output(EXIT_SUCCESS);
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    help_print_program(commands);
    return finish_output(EXIT_SUCCESS);
  }
  int used = 0;
  const Command *command = command_find(commands, argv + 1, &used);
  gboolean helps = asks_for_help(argc, argv);
  if (command == NULL && helps && command_is_group(commands, argv[1])) {
    help_print_group(commands, argv[1]);
    return finish_output(EXIT_SUCCESS);
  }
  if (command == NULL) {
    g_autoptr(GError) error = NULL;
    command_set_unknown(&error, commands, argv[1]);
    print_error(error);
    return status_of(error);
  }
  if (helps) {
    help_print_command(command);
    return finish_output(EXIT_SUCCESS);
  }
  /* the option parser wants a program's name at [0]: the command's last word stands there */
  return parse_and_run(commands, command, argc - used, argv + used);
}
