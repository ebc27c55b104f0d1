/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/tidy.h"

#define LOGS "logs tell of the time of the build"
#define BACKUP "a backup of what it was before"
#define MACHINE "one machine's own: made when the image first starts"
#define CACHE "a cache that holds times or inodes, made again when it is needed"

const DebianTidyRule debian_tidy_rules[] = {
  {"/etc/passwd-", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/etc/group-", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/etc/shadow-", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/etc/gshadow-", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/etc/subuid-", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/etc/subgid-", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/etc/.pwd.lock", DEBIAN_TIDY_REMOVE, "a lock"},
  {"/etc/machine-id", DEBIAN_TIDY_EMPTY, MACHINE},
  {"/var/lib/dbus/machine-id", DEBIAN_TIDY_REMOVE, MACHINE},
  {"/etc/ssh/ssh_host_*_key", DEBIAN_TIDY_REMOVE, MACHINE},
  {"/etc/ssh/ssh_host_*_key.pub", DEBIAN_TIDY_REMOVE, MACHINE},
  {"/etc/ssl/private/ssl-cert-snakeoil.key", DEBIAN_TIDY_REMOVE, MACHINE},
  {"/etc/ssl/certs/ssl-cert-snakeoil.pem", DEBIAN_TIDY_REMOVE, MACHINE},
  {"/etc/ssl/certs/*.0", DEBIAN_TIDY_DANGLING, "links to the certificate of one machine"},
  {"/var/lib/systemd/random-seed", DEBIAN_TIDY_REMOVE, MACHINE},
  {"/var/lib/systemd/credential.secret", DEBIAN_TIDY_REMOVE, MACHINE},
  {"/etc/postgresql/*/main", DEBIAN_TIDY_REMOVE, "the settings of a database that is removed with them"},
  {"/var/lib/postgresql/*/main", DEBIAN_TIDY_REMOVE, "a database has random numbers and times: pg_createcluster makes one"},
  {"/var/log/*.log", DEBIAN_TIDY_REMOVE, LOGS},
  {"/var/log/apt/*", DEBIAN_TIDY_REMOVE, LOGS},
  {"/var/log/postgresql/*", DEBIAN_TIDY_REMOVE, LOGS},
  {"/var/log/btmp", DEBIAN_TIDY_EMPTY, LOGS},
  {"/var/log/wtmp", DEBIAN_TIDY_EMPTY, LOGS},
  {"/var/log/lastlog", DEBIAN_TIDY_EMPTY, LOGS},
  {"/var/log/faillog", DEBIAN_TIDY_EMPTY, LOGS},
  {"/var/cache/ldconfig/aux-cache", DEBIAN_TIDY_REMOVE, CACHE},
  {"/var/cache/apt/*.bin", DEBIAN_TIDY_REMOVE, CACHE},
  {"/var/cache/apt/archives/lock", DEBIAN_TIDY_REMOVE, "a lock"},
  {"/var/cache/man/*", DEBIAN_TIDY_REMOVE, CACHE},
  {"/var/cache/fontconfig/*", DEBIAN_TIDY_REMOVE, CACHE},
  {"/var/cache/debconf/*-old", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/var/lib/dpkg/*-old", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/var/lib/dpkg/lock", DEBIAN_TIDY_REMOVE, "a lock"},
  {"/var/lib/dpkg/lock-frontend", DEBIAN_TIDY_REMOVE, "a lock"},
  {"/var/lib/dpkg/triggers/Lock", DEBIAN_TIDY_REMOVE, "a lock"},
  {"/var/lib/ucf/*.[0-9]", DEBIAN_TIDY_REMOVE, BACKUP},
  {"/var/tmp/*", DEBIAN_TIDY_REMOVE, "left behind"},
};
const guint debian_n_tidy_rules = G_N_ELEMENTS(debian_tidy_rules);

char *
debian_tidy_script(void)
{
  GString *script = g_string_new(NULL);
  for (guint i = 0; i < debian_n_tidy_rules; i++) {
    const DebianTidyRule *rule = &debian_tidy_rules[i];
    switch (rule->action) {
    case DEBIAN_TIDY_REMOVE:
      g_string_append_printf(script, "rm -rf -- %s\n", rule->glob);
      break;
    case DEBIAN_TIDY_EMPTY:
      g_string_append_printf(script, "for file in %s; do [ ! -f \"$file\" ] || : >\"$file\"; done\n", rule->glob);
      break;
    case DEBIAN_TIDY_DANGLING:
      g_string_append_printf(script, "for file in %s; do [ -e \"$file\" ] || rm -f -- \"$file\"; done\n", rule->glob);
      break;
    }
  }
  return g_string_free(script, FALSE);
}

/* A loop over all that is there of what the rules name. */
static void
append_loop(GString *script, const char *before, const char *command)
{
  g_string_append(script, "for file in");
  for (guint i = 0; i < debian_n_tidy_rules; i++)
    g_string_append_printf(script, " %s%s", before, debian_tidy_rules[i].glob);
  g_string_append_printf(script, "; do\n  if [ -e \"$file\" ] || [ -L \"$file\" ]; then %s; fi\ndone\n", command);
}

char *
debian_tidy_begin_script(void)
{
  GString *script = g_string_new("kept=$(mktemp -d -p /)\n");
  append_loop(script, "", "cp -a --parents -- \"$file\" \"$kept\"");
  return g_string_free(script, FALSE);
}

char *
debian_tidy_end_script(void)
{
  g_autofree char *tidy = debian_tidy_script();
  GString *script = g_string_new(tidy);
  g_string_append(script, "cd \"$kept\"\n");
  append_loop(script, ".", "mv -f -- \"$file\" \"/$file\"");
  g_string_append(script, "cd /\nrm -rf -- \"$kept\"\n");
  return g_string_free(script, FALSE);
}
