/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands that only look at files: test(1), readlink(1), stat(1) and their like.
 */
#include "builder/sources/debian/native-options.h"

#include <string.h>

static int
run_readlink(Native *native, Shell *shell, char **words)
{
  NativeOptions options = {.flags = "fenqsv", .values = ""};
  int status = native_options_read(shell, words, &options, "f=canonicalize e=canonicalize-existing n=no-newline") ? 0 : 1;
  const char *word = options.operands[0];
  if (status == 0 && (word == NULL || options.operands[1] != NULL))
    status = 1;
  if (status == 0) {
    gboolean whole = native_given(&options, 'f') || native_given(&options, 'e');
    g_autofree char *real = NULL, *place = NULL;
    const Entry *entry = native_find(native, shell, word, whole, &real);
    if (whole && entry == NULL && native_given(&options, 'f'))
      place = native_place(native, shell, word);
    const char *path = real != NULL ? real : place;
    if (whole ? path == NULL : entry == NULL || entry->type != ENTRY_SYMLINK) {
      status = 1;
    } else {
      shell_print(shell, whole ? "/" : entry->target);
      shell_print(shell, whole ? path : "");
      shell_print(shell, native_given(&options, 'n') ? "" : "\n");
    }
  }
  g_free(options.operands);
  return status;
}

static int
run_realpath(Native *native, Shell *shell, char **words)
{
  char *const link[] = {(char *)"readlink", (char *)"-f", words[1], NULL};
  if (words[1] == NULL || words[1][0] == '-' || words[2] != NULL)
    return shell_give_up(shell, g_strdup_printf("%s with options", words[0]));
  return run_readlink(native, shell, (char **)link);
}

static const char *
stat_field(Native *native, const Entry *entry, char field, char *buffer, gsize size)
{
  const Accounts *accounts = native->configuration.accounts;
  const char *name = field == 'U'   ? accounts_user_name(accounts, entry->uid)
                     : field == 'G' ? accounts_group_name(accounts, entry->gid)
                                    : NULL;
  if (field == 'U' || field == 'G')
    return name != NULL ? name : "UNKNOWN";
  if (field == 'a')
    g_snprintf(buffer, size, "%o", entry->mode);
  else if (field == 'u' || field == 'g')
    g_snprintf(buffer, size, "%u", field == 'u' ? entry->uid : entry->gid);
  else if (field == 's' && entry->type == ENTRY_FILE)
    g_snprintf(buffer, size, "%" G_GUINT64_FORMAT, entry->size);
  else
    return NULL;
  return buffer;
}

static int
run_stat(Native *native, Shell *shell, char **words)
{
  NativeOptions options = {.flags = "L", .values = "c"};
  int status = native_options_read(shell, words, &options, "c:format L=dereference") ? 0 : 1;
  const char *format = native_option_value(&options, 'c');
  if (status == 0 && (format == NULL || options.operands[0] == NULL || options.operands[1] != NULL))
    status = shell_give_up(shell, g_strdup("stat without a format"));
  const Entry *entry = status == 0 ? native_find(native, shell, options.operands[0], native_given(&options, 'L'), NULL) : NULL;
  if (entry == NULL)
    status = 1;
  for (const char *c = format; c != NULL && status == 0 && *c != '\0'; c++) {
    char buffer[32] = {*c, '\0'};
    const char *text = *c != '%' ? buffer : stat_field(native, entry, *++c, buffer, sizeof buffer);
    if (text == NULL)
      status = shell_give_up(shell, g_strdup_printf("stat -c '%s'", format));
    else
      shell_print(shell, text);
    if (*c == '\0')
      break;
  }
  if (status == 0)
    shell_print(shell, "\n");
  g_free(options.operands);
  return status;
}

static gboolean
has_type(const Entry *entry, char op)
{
  switch (op) {
  case 'd':
    return entry->type == ENTRY_DIRECTORY;
  case 'f':
    return entry->type == ENTRY_FILE || entry->type == ENTRY_HARDLINK;
  case 'h':
  case 'L':
    return entry->type == ENTRY_SYMLINK;
  case 'b':
    return entry->type == ENTRY_BLOCK;
  case 'c':
    return entry->type == ENTRY_CHAR;
  case 'p':
    return entry->type == ENTRY_FIFO;
  case 'S':
    return FALSE;
  case 'u':
    return (entry->mode & 04000) != 0;
  case 'g':
    return (entry->mode & 02000) != 0;
  case 'k':
    return (entry->mode & 01000) != 0;
  case 'x':
    return entry->type == ENTRY_DIRECTORY || (entry->mode & 0111) != 0;
  default:
    return TRUE; /* e, r, w: root may */
  }
}

/* From the shell: what test(1) asks of files. */
static int
run_test(Native *native, Shell *shell, char **words)
{
  if (words[1] == NULL || words[2] == NULL)
    return 2;
  if (words[3] != NULL) {
    const Entry *left = native_find(native, shell, words[1], TRUE, NULL),
                *right = native_find(native, shell, words[3], TRUE, NULL);
    if (left != NULL && right != NULL)
      shell_give_up(shell, g_strdup("compares two files' times"));
    return strcmp(words[2], "-nt") == 0 ? left == NULL : strcmp(words[2], "-ot") == 0 ? right == NULL : 1;
  }
  char op = words[1][1];
  const Entry *entry = *words[2] != '\0' ? native_find(native, shell, words[2], strchr("hL", op) == NULL, NULL) : NULL;
  if (strchr("OGN", op) != NULL)
    shell_give_up(shell, g_strdup_printf("test %s", words[1]));
  if (op == 's' && entry != NULL && entry->type == ENTRY_FILE) {
    g_autoptr(GBytes) content = native_read(native, shell, words[2]);
    return content != NULL && g_bytes_get_size(content) > 0 ? 0 : 1;
  }
  return entry != NULL && has_type(entry, op) ? 0 : 1;
}

static int
run_cd(Native *native, Shell *shell, char **words)
{
  g_autofree char *real = NULL;
  const Entry *entry = words[1] != NULL ? native_find(native, shell, words[1], TRUE, &real) : NULL;
  if (entry == NULL || entry->type != ENTRY_DIRECTORY)
    return 1;
  g_autofree char *folder = g_strconcat("/", real, NULL);
  shell_set_folder(shell, folder);
  return 0;
}

/* "which NAME" and "command -v NAME" */
static int
run_which(Native *native, Shell *shell, char **words)
{
  int status = 0;
  gboolean option = words[1] != NULL && words[1][0] == '-';
  for (guint i = 1 + option; words[i] != NULL; i++) {
    g_autofree char *program = native_program(native, shell, words[i]);
    if (program == NULL) {
      status = strcmp(words[0], "command") == 0 ? 127 : 1;
      continue;
    }
    shell_print(shell, program);
    shell_print(shell, "\n");
  }
  return status;
}

/* ---- find ---- */

typedef struct {
  char type;           /* "f", "d", "l", or "": any */
  const char *pattern; /* of -name, or NULL */
} Wanted;

static void
find_below(Native *native, Shell *shell, const char *path, const Wanted *wanted)
{
  const Entry *entry = native_find(native, shell, path, FALSE, NULL);
  g_autofree char *name = g_path_get_basename(path);
  if (entry == NULL || shell_unknown(shell) != NULL)
    return;
  gboolean folder = entry->type == ENTRY_DIRECTORY, link = entry->type == ENTRY_SYMLINK;
  char type = folder ? 'd' : link ? 'l' : 'f';
  if ((wanted->type == '\0' || wanted->type == type) && (wanted->pattern == NULL || shell_match(wanted->pattern, name))) {
    shell_print(shell, path);
    shell_print(shell, "\n");
  }
  g_auto(GStrv) names = folder ? native_list(native, shell, path) : NULL;
  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    g_autofree char *below = g_strconcat(path, "/", names[i], NULL);
    find_below(native, shell, below, wanted);
  }
}

/* find FOLDER [-type T] [-name PATTERN] [-print]. In which order a file system has its names cannot be told: by name is as good
 * as any where something may be left out, and else it is not known. */
static int
run_find(Native *native, Shell *shell, char **words)
{
  Wanted wanted = {'\0', NULL};
  if (!native->leave_out || words[1] == NULL || words[1][0] == '-')
    return native_unknown_call(shell, words);
  for (guint i = 2; words[i] != NULL; i++) {
    if (strcmp(words[i], "-print") == 0)
      continue;
    if (words[i + 1] != NULL && strcmp(words[i], "-type") == 0 && strlen(words[i + 1]) == 1 && strchr("fdl", *words[i + 1]))
      wanted.type = *words[++i];
    else if (words[i + 1] != NULL && strcmp(words[i], "-name") == 0)
      wanted.pattern = words[++i];
    else
      return native_unknown_call(shell, words);
  }
  find_below(native, shell, words[1], &wanted);
  return native_find(native, shell, words[1], FALSE, NULL) != NULL ? 0 : 1;
}

const NativeCommand native_look_commands[] = {
  {"readlink", run_readlink, NULL},
  {"realpath", run_realpath, NULL},
  {"dpkg-realpath", run_realpath, NULL},
  {"stat", run_stat, NULL},
  {"test", run_test, NULL},
  {"cd", run_cd, NULL},
  {"which", run_which, NULL},
  {"command", run_which, NULL},
  {"find", run_find, NULL},
  {NULL, NULL, NULL},
};
