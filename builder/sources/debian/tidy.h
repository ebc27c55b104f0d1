/* SPDX-License-Identifier: Apache-2.0
 *
 * What packages leave behind when they are installed that is of the moment or of the machine (times, random numbers, keys,
 * caches with inodes, backups), and what becomes of it in an image, which is to be the same whoever builds it and whenever.
 */
#ifndef ASHLAR_DEBIAN_TIDY_H
#define ASHLAR_DEBIAN_TIDY_H

#include <glib.h>

typedef enum {
  DEBIAN_TIDY_REMOVE,
  DEBIAN_TIDY_EMPTY,    /* the file stays, with its owner and mode */
  DEBIAN_TIDY_DANGLING, /* links that lead nowhere are removed */
} DebianTidyAction;

typedef struct {
  const char *glob; /* sh(1)'s, absolute */
  DebianTidyAction action;
  const char *why;
} DebianTidyRule;

extern const DebianTidyRule debian_tidy_rules[];
extern const guint debian_n_tidy_rules;

/* Lines for /bin/sh -e that do it all (transfer full). */
char *debian_tidy_script(void);
/* The same where what was there before has to stay as it was: lines to run at first, and lines to run at last. */
char *debian_tidy_begin_script(void);
char *debian_tidy_end_script(void);

#endif
