/* SPDX-License-Identifier: Apache-2.0
 *
 * What the scripts of Debian's base packages copy, make and link at a first installation, as a table.
 */
#include "builder/sources/debian/configuration.h"

#include <string.h>

typedef enum {
  COPY,      /* argument: the file to copy, its mode too */
  TEXT,      /* argument: the content */
  DIRECTORY, /* argument: unused */
  LINK,      /* argument: the target */
} Action;

/* Nothing is done where the path is there already. */
static const struct {
  const char *package;
  Action action;
  const char *path, *argument;
  guint32 mode;
  const char *group;
} table[] = {
  {"base-files", LINK, "etc/dpkg/origins/default", "debian", 0, NULL},
  {"base-files", COPY, "root/.profile", "usr/share/base-files/dot.profile", 0, NULL},
  {"base-files", COPY, "root/.bashrc", "usr/share/base-files/dot.bashrc", 0, NULL},
  {"base-files", COPY, "etc/profile", "usr/share/base-files/profile", 0, NULL},
  {"base-files", COPY, "etc/motd", "usr/share/base-files/motd", 0, NULL},
  {"base-files", COPY, "usr/share/info/dir", "usr/share/base-files/info.dir", 0, NULL},
  {"base-files", DIRECTORY, "mnt", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "srv", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "opt", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "etc/opt", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "var/opt", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "media", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "var/mail", NULL, 02775, "mail"},
  {"base-files", LINK, "var/spool/mail", "../mail", 0, NULL},
  {"base-files", DIRECTORY, "run/lock", NULL, 01777, NULL},
  {"base-files", DIRECTORY, "usr/local", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/share", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/share/man", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/bin", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/games", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/lib", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/include", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/sbin", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/src", NULL, 0755, NULL},
  {"base-files", DIRECTORY, "usr/local/etc", NULL, 0755, NULL},
  {"base-files", LINK, "usr/local/man", "share/man", 0, NULL},
  {"base-files", TEXT, "var/log/wtmp", "", 0664, "utmp"},
  {"base-files", TEXT, "var/log/btmp", "", 0660, "utmp"},
  {"base-files", TEXT, "var/log/lastlog", "", 0664, "utmp"},
  {"bash", LINK, "usr/bin/sh", "bash", 0, NULL},
  {"ca-certificates", DIRECTORY, "usr/local/share/ca-certificates", NULL, 0755, NULL},
  {"libc-bin", COPY, "etc/nsswitch.conf", "usr/share/libc-bin/nsswitch.conf", 0, NULL},
  {"libpam-modules", TEXT, "etc/security/opasswd", "", 0600, NULL},
  {"libpam-modules", TEXT, "etc/environment", "", 0644, NULL},
  {"login", TEXT, "var/log/faillog", "", 0644, NULL},
  {"login", TEXT, "etc/subuid", "", 0644, NULL},
  {"login", TEXT, "etc/subgid", "", 0644, NULL},
  {"netbase", TEXT, "etc/hosts",
   "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\nff02::1\t\tip6-allnodes\nff02::2\t\tip6-allrouters\n\n",
   0644, NULL},
  {"netbase", TEXT, "etc/networks", "default\t\t0.0.0.0\nloopback\t127.0.0.0\nlink-local\t169.254.0.0\n\n", 0644, NULL},
  {"nginx-common", LINK, "etc/nginx/sites-enabled/default", "/etc/nginx/sites-available/default", 0, NULL},
  {"nginx-common", COPY, "var/www/html/index.nginx-debian.html", "usr/share/nginx/html/index.html", 0, NULL},
  {"systemd", TEXT, "etc/machine-id", "", 0444, NULL},
  {"tzdata", LINK, "etc/localtime", "/usr/share/zoneinfo/Etc/UTC", 0, NULL},
  {"tzdata", TEXT, "etc/timezone", "Etc/UTC\n", 0644, NULL},
};

static gboolean
is_free(const DebianConfiguration *configuration, const char *path)
{
  const char *slash = strrchr(path, '/');
  g_autofree char *folder = slash != NULL ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
  g_autofree char *real = changes_resolve(configuration->changes, folder);
  g_autofree char *there = g_strconcat(real != NULL ? real : folder, (real != NULL ? real : folder)[0] != '\0' ? "/" : "",
                                       slash != NULL ? slash + 1 : path, NULL);
  return changes_lookup(configuration->changes, there) == NULL;
}

static gboolean
copy_file(const DebianConfiguration *configuration, const char *path, const char *from, GError **error)
{
  g_autofree char *real = changes_resolve(configuration->changes, from);
  if (real == NULL)
    return TRUE;
  g_autoptr(GBytes) content = changes_read(configuration->changes, real, limits_get(LIMIT_TEXT_FILE), error);
  if (content == NULL)
    return FALSE;
  const Entry *entry = changes_lookup(configuration->changes, real);
  changes_put_file(configuration->changes, path, entry->mode, 0, 0, content);
  return TRUE;
}

static gboolean
apply_row(const DebianConfiguration *configuration, guint row, GError **error)
{
  Changes *changes = configuration->changes;
  const char *path = table[row].path, *argument = table[row].argument;
  guint32 gid = 0;
  if (table[row].group != NULL)
    accounts_find_group(configuration->accounts, table[row].group, &gid);
  switch (table[row].action) {
  case COPY:
    return copy_file(configuration, path, argument, error);
  case TEXT: {
    g_autoptr(GBytes) content = g_bytes_new_static(argument, strlen(argument));
    changes_put_file(changes, path, table[row].mode, 0, gid, content);
    return TRUE;
  }
  case DIRECTORY:
    changes_put_directory(changes, path, table[row].mode, 0, gid);
    return TRUE;
  case LINK:
    changes_put_symlink(changes, path, argument);
    return TRUE;
  }
  return TRUE;
}

/* dh_nginx: a loop over "FILE:LINK" pairs makes the links that switch modules on. */
static void
apply_nginx_modules(const DebianConfiguration *configuration)
{
  for (guint i = 0; i < configuration->scripts->len; i++) {
    const DebianUnitScript *script = configuration->scripts->pdata[i];
    for (guint k = 0; k < script->commands->len; k++) {
      const DebianCommand *command = script->commands->pdata[k];
      char **words = command->words;
      if (!command->readable || strcmp(words[0], "for") != 0 || g_strcmp0(words[1], "confpair") != 0 || words[2] == NULL)
        continue;
      for (guint w = 3; words[w] != NULL; w++) {
        g_auto(GStrv) pair = g_strsplit(words[w], ":", 2);
        if (g_strv_length(pair) != 2 || strpbrk(words[w], "/\n") != NULL)
          continue;
        g_autofree char *link = g_strconcat("etc/nginx/modules-enabled/", pair[1], NULL);
        g_autofree char *target = g_strconcat("/usr/share/nginx/modules-available/", pair[0], NULL);
        changes_put_symlink(configuration->changes, link, target);
      }
    }
  }
}

gboolean
debian_basefiles_apply(const DebianConfiguration *configuration, GError **error)
{
  for (guint row = 0; row < G_N_ELEMENTS(table); row++)
    if (debian_system_find(configuration->system, table[row].package) != NULL && is_free(configuration, table[row].path) &&
        !apply_row(configuration, row, error)) {
      g_prefix_error(error, "package '%s': ", table[row].package);
      return FALSE;
    }
  apply_nginx_modules(configuration);
  return TRUE;
}
