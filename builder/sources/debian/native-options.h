/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of commands that are done natively, and what chmod(1) and chown(1) call modes and owners.
 */
#ifndef ASHLAR_DEBIAN_NATIVE_OPTIONS_H
#define ASHLAR_DEBIAN_NATIVE_OPTIONS_H

#include "builder/sources/debian/native-private.h"

typedef struct {
  const char *flags;  /* letters without a value, those that were given are in @given */
  const char *values; /* letters with one */
  char given[64];
  const char *value[64]; /* by place in @values */
  char **operands;       /* what is no option; NULL-terminated (its container is ours) */
} NativeOptions;

/* Reads the words behind the command's name; @spelled tells long options by their letters, with ":" where a value follows:
 * "p=parents m:mode". FALSE, and the run ends, where one is not known. The operands' array is the caller's to free. */
gboolean native_options_read(Shell *shell, char **words, NativeOptions *options, const char *spelled);
gboolean native_given(const NativeOptions *options, char letter);
const char *native_option_value(const NativeOptions *options, char letter);

/* Octal, or clauses with u, g, o, a and rwxXst; FALSE: another form. */
gboolean native_change_mode(const char *spec, gboolean folder, guint32 *mode);
/* "user:group", "user", ":group"; numbers too. FALSE: there is none of that name. */
gboolean native_read_owner(Native *native, Shell *shell, const char *spec, guint32 *uid, guint32 *gid);

#endif
