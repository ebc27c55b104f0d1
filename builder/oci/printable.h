/* SPDX-License-Identifier: Apache-2.0
 *
 * Foreign text on its way to a terminal.
 */
#ifndef ASHLAR_OCI_PRINTABLE_H
#define ASHLAR_OCI_PRINTABLE_H

#include <glib.h>

/* @text with all that is not a printable character of UTF-8 as \ooo, and '\' doubled (transfer full); NULL becomes "". */
char *printable(const char *text);

#endif
