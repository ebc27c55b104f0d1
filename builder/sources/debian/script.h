/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading maintainer scripts without running them: the simple commands of a shell script (POSIX.1-2017, Shell Command
 * Language) whose words are literal once quotes are taken off and variables that were given a literal value are filled in.
 * Conditions are not judged: a command counts wherever it stands. That is enough for the calls that packages make in stock
 * forms (update-alternatives --install, adduser --system, dpkg-divert --add), and what cannot be read is said.
 */
#ifndef ASHLAR_DEBIAN_SCRIPT_H
#define ASHLAR_DEBIAN_SCRIPT_H

#include <glib.h>

typedef struct {
  char **words;      /* NULL-terminated; the first is the command as it is written */
  gboolean readable; /* FALSE: some word is not literal, and "$" stands for it */
  gboolean defines;  /* no call: a function of that name is defined */
} DebianCommand;

/* All commands of @script in order, as DebianCommand* (transfer full). Any bytes can be given. */
GPtrArray *debian_script_parse(const char *script);
/* Whether the command calls @program, by name or with a path. */
gboolean debian_command_is(const DebianCommand *command, const char *program);

#endif
