/* SPDX-License-Identifier: Apache-2.0
 *
 * What the small shell asks of its host: files of the tree, and commands by their names.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

int
native_unknown_call(Shell *shell, char **words)
{
  g_autofree char *line = g_strjoinv(" ", words);
  return shell_give_up(shell, g_strdup_printf("runs '%.100s'", line));
}

static GBytes *
host_read(Shell *shell, const char *path, gpointer data)
{
  return native_read(data, shell, path);
}

static gboolean
take_away(Native *native, Shell *shell, const char *path)
{
  g_autofree char *real = NULL;
  if (native_find(native, shell, path, FALSE, &real) != NULL && real != NULL)
    native_remove(native, shell, real);
  return TRUE;
}

static gboolean
host_write(Shell *shell, const char *path, const GString *text, gboolean append, gpointer data)
{
  if (text == NULL)
    return take_away(data, shell, path);
  g_autoptr(GBytes) before = append ? native_read(data, shell, path) : NULL;
  g_autofree char *plain = native_path(data, shell, path);
  gsize size = before != NULL && !native_is_account_file(plain) ? g_bytes_get_size(before) : 0;
  GByteArray *whole = g_byte_array_new();
  if (size > 0)
    g_byte_array_append(whole, g_bytes_get_data(before, NULL), (guint)size);
  g_byte_array_append(whole, (const guint8 *)text->str, (guint)text->len);
  g_autoptr(GBytes) content = g_byte_array_free_to_bytes(whole);
  if (native_is_volatile(plain))
    shell_give_up(shell, g_strdup_printf("writes to '/%s'", plain));
  return native_write(data, shell, path, content);
}

static char **
host_list(Shell *shell, const char *folder, gpointer data)
{
  return native_list(data, shell, folder);
}

static gboolean
host_exists(Shell *shell, const char *path, gpointer data)
{
  return native_find(data, shell, path, FALSE, NULL) != NULL;
}

static const NativeCommand *
find_command(const char *name)
{
  static const NativeCommand *const tables[] = {native_file_commands,    native_mode_commands,    native_look_commands,
                                                native_text_commands,    native_account_commands, native_dpkg_commands,
                                                native_service_commands, native_sysv_commands,    native_ucf_commands,
                                                native_system_commands,  native_debconf_commands};
  const char *slash = strrchr(name, '/');
  if (slash != NULL &&
      (g_str_has_prefix(name, "/usr/sbin/") || g_str_has_prefix(name, "/usr/bin/") || g_str_has_prefix(name, "/sbin/") ||
       g_str_has_prefix(name, "/bin/") || strstr(name, "/glib-2.0/") != NULL))
    name = slash + 1;
  for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
    for (const NativeCommand *command = tables[i]; command->name != NULL; command++)
      if (strcmp(command->name, name) == 0)
        return command;
  return NULL;
}

static int
host_run(Shell *shell, char **words, gpointer data)
{
  const Native *native = data;
  const NativeCommand *command = find_command(words[0]);
  const char *needed = command == NULL ? words[0] : native->leave_out ? NULL : command->program;
  g_autofree char *program = needed != NULL ? native_program(data, shell, needed) : NULL;
  if (needed != NULL && program == NULL)
    return SHELL_NOT_FOUND;
  if (command == NULL)
    return native_unknown_call(shell, words);
  return command->run(data, shell, words);
}

const ShellHost native_host = {
  .run = host_run,
  .read = host_read,
  .write = host_write,
  .list = host_list,
  .exists = host_exists,
};
