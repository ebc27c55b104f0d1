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
  DebianConfiguration configuration; /* its scripts are none: the other steps do only what they are called for */
  const Tree *tree;
  GPtrArray *order;       /* DebianUnit* */
  GHashTable *unpacked;   /* DebianUnit*: whose files are there now */
  GHashTable *configured; /* DebianUnit* */
  GHashTable *by_pack;    /* number in the tree -> DebianUnit* */
  GHashTable *folders;    /* path -> DebianUnit*: the first in the order that brings the folder */
  GHashTable *removed;    /* paths of packages' files that a script took away */
  GPtrArray *alternatives;
  GHashTable *diverted;            /* paths whose diversion has been made */
  GString *overrides;              /* var/lib/dpkg/statoverride */
  GHashTable *questions;           /* of debconf: name -> NativeQuestion */
  GHashTable *interests;           /* name of a trigger -> GPtrArray* of DebianUnit* */
  GHashTable *pending;             /* DebianUnit* -> GString*: names of triggers */
  gboolean under_debconf, restart; /* debconf's frontend runs the script; it is about to */
  const DebianUnit *remover;       /* who first took away a package's file, and by which script */
  const char *remover_kind;
  guint temporaries;      /* names given by mktemp */
  const DebianUnit *unit; /* whose script runs */
  const char *kind;       /* "preinst", "postinst", "config" */
  GError *error;          /* a real failure, which ends everything */
} Native;

typedef int (*NativeRun)(Native *native, Shell *shell, char **words);

typedef struct {
  const char *name;
  NativeRun run;
  const char *program; /* that must be there, or the command is not found; NULL: of an essential package */
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
extern const NativeCommand native_system_commands[];
extern const NativeCommand native_debconf_commands[];

/* ---- the tree as the script sees it (native-tree.c) ---- */

/* "usr/bin" for "/usr//bin/" or a relative path (transfer full); gives up where it cannot be told, and then returns "". */
char *native_path(Native *native, Shell *shell, const char *word);
/* What is at that path, the last link followed or not; NULL: nothing. @real (may be NULL) gets where that is (transfer full). */
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
/* mkdir -p of a canonical path, owned by root. */
void native_make_path(Native *native, Shell *shell, const char *path, guint32 mode);

extern const ShellHost native_host;

/* ---- the rest ---- */

/* Gives up because of a call that is not known in this form. */
int native_unknown_call(Shell *shell, char **words);

/* Writes /etc/ld.so.cache. */
int native_ldconfig(Native *native, Shell *shell);
/* Notes an explicit trigger, as dpkg-trigger(1) does: for those that are interested, and configured. */
void native_trigger(Native *native, const char *name, const DebianUnit *by);
/* Sets all that scripts know of debconf's questions; the packages' templates are read. */
gboolean native_debconf_load(Native *native, GError **error);
/* Defines what `. /usr/share/debconf/confmodule` does, after the config script. */
int native_confmodule(Native *native, Shell *shell);
GHashTable *native_questions_new(void);
/* What a script known by its digest stands for, in the shell's language, or NULL. */
const char *native_known_script(const char *text);

/* Sets up a shell for a script of native->unit. */
Shell *native_shell(Native *native);

#endif
