/* SPDX-License-Identifier: Apache-2.0
 *
 * How the attributes of an entry are spelled for people and in JSON: one spelling for ls, diff and report.
 */
#ifndef ASHLAR_LOOK_ENTRY_TEXT_H
#define ASHLAR_LOOK_ENTRY_TEXT_H

#include "rootfs/entry.h"
#include <jansson.h>

/* "file", "hardlink", "symlink", "char", "block", "directory", "fifo". */
const char *entry_type_word(EntryType type);

/* "drwxr-xr-t", as ls spells it. */
#define ENTRY_MODE_SIZE 11
void entry_mode_text(const Entry *entry, char text[ENTRY_MODE_SIZE]);

/* "2026-11-21 00:00:00", UTC; the bare number where there is no such date (transfer full). */
char *entry_time_text(gint64 mtime);

/* JSON holds Unicode only: text that is no UTF-8 comes as printable() spells it (new reference). */
json_t *entry_json_string(const char *text);
/* An object: each name to its value in base64 (new reference). */
json_t *entry_json_xattrs(const Entry *entry);

#endif
