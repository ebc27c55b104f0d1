/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of Debian's base that maintainer scripts call, as far as there is a step that does what they do.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

/* A program that is a step of its own (configuration.h). */
static int
do_step(Native *native, Shell *shell, gboolean (*apply)(const DebianConfiguration *configuration, GError **error))
{
  g_autoptr(GError) failure = NULL;
  if (!apply(&native->configuration, &failure))
    return shell_give_up(shell, g_strdup(failure->message));
  return 0;
}

static int
run_shadowconfig(Native *native, Shell *shell, char **words)
{
  if (g_strcmp0(words[1], "on") != 0)
    return native_unknown_call(shell, words);
  accounts_use_shadow(native->configuration.accounts, TRUE);
  return 0;
}

static int
run_pam_auth_update(Native *native, Shell *shell, char **words)
{
  for (guint i = 1; words[i] != NULL; i++)
    if (strcmp(words[i], "--package") != 0 && strcmp(words[i], "--force") != 0 && strcmp(words[i], "--root") != 0 &&
        *words[i] != '\0')
      return native_unknown_call(shell, words);
  return do_step(native, shell, debian_pam_apply);
}

static int
run_update_shells(Native *native, Shell *shell, char **words)
{
  return words[1] != NULL ? native_unknown_call(shell, words) : do_step(native, shell, debian_shells_apply);
}

static int
run_update_ca_certificates(Native *native, Shell *shell, char **words)
{
  (void)words;
  return do_step(native, shell, debian_cabundle_apply);
}

/* What the linker finds; one folder is given, as root. */
static int
run_ldconfig(Native *native, Shell *shell, char **words)
{
  for (guint i = 1; words[i] != NULL; i++)
    if (strcmp(words[i], "-r") != 0 && strcmp(words[i], "/") != 0 && strcmp(words[i], "-X") != 0)
      return native_unknown_call(shell, words);
  return native_ldconfig(native, shell);
}

static int
run_uname(Native *native, Shell *shell, char **words)
{
  (void)native;
  gboolean release = g_strcmp0(words[1], "-r") == 0;
  if (words[1] != NULL && !release && strcmp(words[1], "-s") != 0)
    return native_unknown_call(shell, words);
  /* scripts ask whether the kernel is too old for their release: the ones that run images are not */
  shell_print(shell, release ? "6.1.0\n" : "Linux\n");
  return 0;
}

static int
run_date(Native *native, Shell *shell, char **words)
{
  static const char secret[] = {SHELL_SECRET, '\n', '\0'};
  (void)native;
  (void)words;
  shell_print(shell, secret);
  return 0;
}

int
native_do_nothing(Native *native, Shell *shell, char **words)
{
  (void)native;
  (void)shell;
  (void)words;
  return 0;
}

/* No process but the installation's own is there. */
static int
run_pidof(Native *native, Shell *shell, char **words)
{
  (void)native;
  (void)shell;
  (void)words;
  return 1;
}

/* Nothing is mounted over a folder that packages bring. */
static int
run_mountpoint(Native *native, Shell *shell, char **words)
{
  (void)native;
  gboolean quiet = g_strcmp0(words[1], "-q") == 0;
  return g_strcmp0(words[1 + quiet], "/usr") == 0 ? 1 : native_unknown_call(shell, words);
}

/* `perl -e ""`: whether it works. */
static int
run_perl(Native *native, Shell *shell, char **words)
{
  (void)native;
  gboolean nothing = g_strv_length(words) == 3 && strcmp(words[1], "-e") == 0 && *words[2] == '\0';
  return nothing ? 0 : native_unknown_call(shell, words);
}

/* seq FIRST STEP LAST */
static int
run_seq(Native *native, Shell *shell, char **words)
{
  gint64 first, step, last;
  (void)native;
  if (g_strv_length(words) != 4 || !g_ascii_string_to_signed(words[1], 10, -1000, 1000, &first, NULL) ||
      !g_ascii_string_to_signed(words[2], 10, -1000, 1000, &step, NULL) || step == 0 ||
      !g_ascii_string_to_signed(words[3], 10, -1000, 1000, &last, NULL))
    return native_unknown_call(shell, words);
  for (gint64 i = first; step > 0 ? i <= last : i >= last; i += step) {
    g_autofree char *line = g_strdup_printf("%" G_GINT64_FORMAT "\n", i);
    shell_print(shell, line);
  }
  return 0;
}

/* dbus-uuidgen --ensure: an image has no machine's identity; whoever starts it makes one. */
static int
run_uuidgen(Native *native, Shell *shell, char **words)
{
  (void)native;
  return g_strcmp0(words[1], "--ensure") == 0 && words[2] == NULL ? 0 : native_unknown_call(shell, words);
}

/* As dbus-uuidgen: the file is there, empty (machine-id(5)). */
static int
run_machine_id(Native *native, Shell *shell, char **words)
{
  static const char path[] = "/etc/machine-id";
  if (words[1] != NULL)
    return native_unknown_call(shell, words);
  g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
  if (native_find(native, shell, path, TRUE, NULL) != NULL)
    return 0;
  if (!native_write(native, shell, path, nothing))
    return 1;
  return native_change(native, shell, path + 1, 0444, 0, 0) ? 0 : 1;
}

/* add-shell(8): each shell, and what it is called once the folders' links are followed. */
static int
run_add_shell(Native *native, Shell *shell, char **words)
{
  g_autoptr(GBytes) before = native_read(native, shell, "/etc/shells");
  if (before == NULL || words[1] == NULL)
    return 1;
  g_autofree char *text = native_text(before);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GPtrArray) shells = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; lines[i] != NULL && (lines[i][0] != '\0' || lines[i + 1] != NULL); i++)
    g_ptr_array_add(shells, g_strdup(lines[i]));
  for (guint i = 1; words[i] != NULL; i++) {
    g_autofree char *folder = g_path_get_dirname(words[i]), *name = g_path_get_basename(words[i]), *real = NULL;
    native_find(native, shell, folder, TRUE, &real);
    const char *const spelled[] = {words[i], real != NULL ? real : folder + 1};
    for (guint k = 0; k < G_N_ELEMENTS(spelled); k++) {
      g_autofree char *line = k == 0 ? g_strdup(spelled[k]) : g_strconcat("/", spelled[k], "/", name, NULL);
      if (!g_ptr_array_find_with_equal_func(shells, line, g_str_equal, NULL))
        g_ptr_array_add(shells, g_steal_pointer(&line));
    }
  }
  g_autoptr(GString) after = g_string_new(NULL);
  for (guint i = 0; i < shells->len; i++)
    g_string_append_printf(after, "%s\n", (const char *)shells->pdata[i]);
  g_autoptr(GBytes) content = g_bytes_new(after->str, after->len);
  return native_write(native, shell, "/etc/shells", content) ? 0 : 1;
}

static gboolean
holds(Native *native, Shell *shell, const char *folder, const char *pattern)
{
  g_auto(GStrv) names = native_list(native, shell, folder);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (shell_match(pattern, names[i]))
      return TRUE;
  return FALSE;
}

/* glib-compile-schemas and gio-querymodules, where there is nothing for them. */
static int
run_glib(Native *native, Shell *shell, char **words)
{
  gboolean schemas = g_str_has_suffix(words[0], "schemas");
  if (words[1] == NULL || words[2] != NULL || holds(native, shell, words[1], schemas ? "*.gschema.*" : "*.so") ||
      holds(native, shell, words[1], "giomodule.cache") || (schemas && holds(native, shell, words[1], "*.enums.xml")))
    return native_unknown_call(shell, words);
  return schemas ? 1 : 0;
}

/* ---- capabilities (capabilities(7), "File capabilities") ---- */

static const struct {
  const char *name;
  guint bit;
} capabilities[] = {
  {"cap_chown", 0},      {"cap_dac_override", 1}, {"cap_dac_read_search", 2},   {"cap_setgid", 6},     {"cap_setuid", 7},
  {"cap_net_admin", 12}, {"cap_net_raw", 13},     {"cap_net_bind_service", 10}, {"cap_sys_admin", 21}, {"cap_sys_nice", 23},
};

static gboolean
find_capability(const char *name, guint32 *bits)
{
  for (guint i = 0; i < G_N_ELEMENTS(capabilities); i++)
    if (strcmp(capabilities[i].name, name) == 0) {
      *bits |= 1u << capabilities[i].bit;
      return TRUE;
    }
  return FALSE;
}

/* "cap_a,cap_b+ep" or "=ep", as the value of security.capability, version 2. */
static gboolean
read_capabilities(const char *spec, guint32 value[5])
{
  gsize length = strcspn(spec, "+=");
  g_autofree char *list = g_strndup(spec, length);
  g_auto(GStrv) names = g_strsplit(list, ",", -1);
  const char *flags = spec + length + (spec[length] != '\0');
  guint32 bits = 0;
  for (guint i = 0; names[i] != NULL; i++)
    if (!find_capability(names[i], &bits))
      return FALSE;
  if (bits == 0 || *flags == '\0' || flags[strspn(flags, "ep")] != '\0')
    return FALSE;
  value[0] = GUINT32_TO_LE(0x02000000u | (strchr(flags, 'e') != NULL ? 1 : 0));
  value[1] = GUINT32_TO_LE(strchr(flags, 'p') != NULL ? bits : 0);
  value[2] = value[3] = value[4] = 0;
  return TRUE;
}

static int
run_setcap(Native *native, Shell *shell, char **words)
{
  guint32 value[5];
  g_autofree char *real = NULL;
  if (g_strv_length(words) != 3 || !read_capabilities(words[1], value))
    return native_unknown_call(shell, words);
  const Entry *entry = native_find(native, shell, words[2], TRUE, &real);
  if (entry == NULL)
    return 1;
  g_autoptr(GBytes) content = native_read(native, shell, words[2]);
  if (entry->type != ENTRY_FILE || entry->n_xattrs > 0 || content == NULL)
    return native_unknown_call(shell, words);
  const Xattr attribute = {"security.capability", (const guint8 *)value, sizeof value};
  Entry changed = *entry;
  changed.path = real;
  changed.xattrs = &attribute;
  changed.n_xattrs = 1;
  changes_put_copy(native->configuration.changes, real, &changed, content);
  return 0;
}

static int
run_getcap(Native *native, Shell *shell, char **words)
{
  const Entry *entry = words[1] != NULL && words[2] == NULL ? native_find(native, shell, words[1], TRUE, NULL) : NULL;
  return entry != NULL && entry->n_xattrs == 0 ? 0 : native_unknown_call(shell, words);
}

const NativeCommand native_system_commands[] = {
  {"shadowconfig", run_shadowconfig, "shadowconfig"},
  {"pam-auth-update", run_pam_auth_update, "pam-auth-update"},
  {"update-shells", run_update_shells, NULL},
  {"update-ca-certificates", run_update_ca_certificates, "update-ca-certificates"},
  {"ldconfig", run_ldconfig, NULL},
  {"uname", run_uname, NULL},
  {"date", run_date, NULL},
  {"sleep", native_do_nothing, NULL},
  {"sync", native_do_nothing, NULL},
  {"ischroot", native_do_nothing, NULL},
  {"pidof", run_pidof, NULL},
  {"seq", run_seq, NULL},
  {"dbus-uuidgen", run_uuidgen, "dbus-uuidgen"},
  {"systemd-machine-id-setup", run_machine_id, "systemd-machine-id-setup"},
  {"add-shell", run_add_shell, "add-shell"},
  {"glib-compile-schemas", run_glib, NULL},
  {"gio-querymodules", run_glib, NULL},
  {"setcap", run_setcap, "setcap"},
  {"getcap", run_getcap, "getcap"},
  {"mountpoint", run_mountpoint, NULL},
  {"perl", run_perl, "perl"},
  {NULL, NULL, NULL},
};
