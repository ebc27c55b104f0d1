/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands that work on texts share.
 */
#ifndef ASHLAR_DEBIAN_NATIVE_TEXT_H
#define ASHLAR_DEBIAN_NATIVE_TEXT_H

#include "builder/sources/debian/native-private.h"

/* All of the files one after the other, or standard input where there are none; NULL: one is missing (transfer full). */
char *native_text_read_all(Native *native, Shell *shell, char **words);
/* Lines without their breaks; what follows the last one is a line if it is anything (transfer full). */
GPtrArray *native_text_split(const char *text);
void native_text_print_line(Shell *shell, const char *line);
/* A POSIX regular expression, basic or extended; NULL for none. */
GRegex *native_text_regex(const char *posix, gboolean extended, gboolean caseless);
/* Whether it matches the line; *match may be NULL. What takes too long to find out ends the run. */
gboolean native_text_matches(Shell *shell, const GRegex *regex, const char *line, GMatchInfo **match);

int native_text_grep(Native *native, Shell *shell, char **words);
int native_text_sed(Native *native, Shell *shell, char **words);

#endif
