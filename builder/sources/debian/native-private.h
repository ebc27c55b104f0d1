/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands of maintainer scripts share when they are done natively: the system in its present state.
 */
#ifndef ASHLAR_DEBIAN_NATIVE_PRIVATE_H
#define ASHLAR_DEBIAN_NATIVE_PRIVATE_H

#include "builder/sources/debian/configuration.h"
#include "builder/sources/debian/native.h"
#include "builder/sources/debian/shell.h"

typedef struct {
  DebianConfiguration configuration;
  const Tree *tree;
  Store *store; /* or NULL */
  DebianScriptReport *report;
  gboolean leave_out;     /* what is not known; else it ends the script */
  GPtrArray *order;       /* DebianUnit* */
  GPtrArray *before;      /* DebianUnit* without a pack: those that were there and wait for triggers (native-before.c) */
  GHashTable *unpacked;   /* DebianUnit*: whose files are there now */
  GHashTable *configured; /* DebianUnit* */
  GHashTable *by_pack;    /* number in the tree -> DebianUnit* */
  GHashTable *folders;    /* path -> DebianUnit*: the first in the order that brings the folder */
  GHashTable *contents;   /* path -> GBytes*: of files of packs that were read, where they are small */
  GHashTable *removed;    /* paths of packages' files that a script took away */
  GHashTable *libraries;  /* number in the tree -> GHashTable* of libraries.h */
  GPtrArray *alternatives;
  GHashTable *diverted;            /* paths whose diversion has been made */
  GString *overrides;              /* var/lib/dpkg/statoverride */
  GHashTable *questions;           /* of debconf: name -> NativeQuestion */
  GHashTable *asked;               /* DebianUnit*: whose templates are among them */
  GHashTable *interests;           /* name of a trigger -> GPtrArray* of DebianUnit* */
  GPtrArray *watched;              /* char*: those of them that are paths, in the order of the packages */
  GHashTable *pending;             /* DebianUnit* -> GString*: names of triggers */
  gboolean under_debconf, restart; /* debconf's frontend runs the script; it is about to */
  const DebianUnit *remover;       /* who first took away a package's file, and by which script */
  const char *remover_kind;
  guint64 held;            /* bytes of files that scripts wrote or changed */
  guint temporaries;       /* names given by mktemp */
  const DebianUnit *unit;  /* whose script runs */
  const char *kind;        /* "preinst", "postinst", "config" */
  const char *old_version; /* that it comes after, "" for none */
  GError *error;           /* a real failure, which ends everything */
} Native;

typedef int (*NativeRun)(Native *native, Shell *shell, char **words);

typedef struct {
  const char *name;
  NativeRun run;
  const char *program; /* that must be there, or the command is not found; NULL: of an essential package. Where scripts may be
                          left out, the image may be without it: it is done all the same */
} NativeCommand;

/* A command of which nothing comes. */
int native_do_nothing(Native *native, Shell *shell, char **words);

/* Each ends with an empty row. */
extern const NativeCommand native_file_commands[];
extern const NativeCommand native_mode_commands[];
extern const NativeCommand native_look_commands[];
extern const NativeCommand native_text_commands[];
extern const NativeCommand native_account_commands[];
extern const NativeCommand native_dpkg_commands[];
extern const NativeCommand native_service_commands[];
extern const NativeCommand native_sysv_commands[];
extern const NativeCommand native_ucf_commands[];
extern const NativeCommand native_system_commands[];
extern const NativeCommand native_debconf_commands[];

/* ---- the tree as the script sees it (native-tree.c) ---- */

/* "usr/bin" for "/usr//bin/" or a relative path (transfer full); gives up where it cannot be told, and then returns "". */
char *native_path(Native *native, Shell *shell, const char *word);
/* What is at that path, the last link followed or not; NULL: nothing. @real (may be NULL) gets where that is (transfer full).
 * */
const Entry *native_find(Native *native, Shell *shell, const char *word, gboolean follow, char **real);
/* A file's content, or NULL. */
GBytes *native_read(Native *native, Shell *shell, const char *word);
/* As a text (transfer full). */
char *native_text(GBytes *content);
/* Where something new at @word would lie (its folder's links followed); NULL: there is no such folder. */
char *native_place(Native *native, Shell *shell, const char *word);
/* A new file (0666 less the umask), or new content for one that is there. */
gboolean native_write(Native *native, Shell *shell, const char *word, GBytes *content);
/* Other attributes for what is at the canonical path @real. */
gboolean native_change(Native *native, Shell *shell, const char *real, guint32 mode, guint32 uid, guint32 gid);
/* Something was put at the canonical path: it is no longer removed. */
void native_put(Native *native, const char *real);
/* Takes away what is at the canonical path. */
void native_remove(Native *native, Shell *shell, const char *real);
/* Sorted names in the folder (transfer full), or NULL where that is none. */
char **native_list(Native *native, Shell *shell, const char *word);
/* The path of the program of that name, or NULL (transfer full). */
char *native_program(Native *native, Shell *shell, const char *name);
/* A link at an absolute path, with the folders above it, unless something is there. */
void native_put_link(Native *native, Shell *shell, const char *path, const char *target);
/* Whether the canonical path is what only a running system has: /dev, /proc, /sys. */
gboolean native_is_volatile(const char *path);
/* passwd, group, shadow or gshadow, which are told by the accounts. */
gboolean native_is_account_file(const char *path);
/* mkdir -p of a canonical path, owned by root. */
void native_make_path(Native *native, Shell *shell, const char *path, guint32 mode);

extern const ShellHost native_host;

/* ---- the rest ---- */

/* init-system-helpers is essential; an image without is one in which nothing starts services. */
gboolean native_starts_services(Native *native, Shell *shell);

/* Gives up because of a call that is not known in this form. */
int native_unknown_call(Shell *shell, char **words);

/* The highest number below 1000 that no user, no group, or neither has: what useradd, groupadd and systemd-sysusers give a
 * system account; G_MAXUINT32: all are taken. */
guint32 native_number_from_top(const Accounts *accounts, gboolean user, gboolean group);
/* systemd-sysusers(8) */
int native_sysusers(Native *native, Shell *shell, char **words);
/* Writes /etc/ld.so.cache. */
int native_ldconfig(Native *native, Shell *shell);
/* Notes an explicit trigger, as dpkg-trigger(1) does: for those that are interested, and configured. */
void native_trigger(Native *native, const char *name, const DebianUnit *by);
/* Defines what `. /usr/share/debconf/confmodule` does, after the config script. */
int native_confmodule(Native *native, Shell *shell);
GHashTable *native_questions_new(void);
/* What a script known by its digest stands for, in the shell's language, or NULL. */
const char *native_known_script(const char *text);

/* ---- scripts and what sets them off ---- */

/* Follows one of the unit's scripts, if there is one, and takes note of it; FALSE: a real failure. */
gboolean native_run_script(Native *native, const DebianUnit *unit, const char *kind, const char *const *arguments,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As debian_unit_file, also of packages that were there before; a failure goes to native->error. */
char *native_unit_file(Native *native, const DebianUnit *unit, const char *kind);

GPtrArray *native_before_new(void);
void native_before_load(Native *native);

void native_triggers_interest(Native *native, const DebianUnit *unit);
/* What the unit's files and its "activate" lines set off. */
void native_triggers_unpacked(Native *native, const DebianUnit *unit);
void native_triggers_configured(Native *native, const DebianUnit *unit);
/* Runs all that was set off so far. */
gboolean native_triggers_run(Native *native, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
