/* SPDX-License-Identifier: Apache-2.0
 *
 * What bytes that differ between two builds look like: a time, a path, a name, a number of chance. A guess, to be told as one.
 */
#ifndef ASHLAR_TWICE_GUESS_H
#define ASHLAR_TWICE_GUESS_H

#include <glib.h>

/* Bytes around the first that differs, which is number @at (and the same in both windows). */
typedef struct {
  const guint8 *bytes;
  gsize size, at;
} GuessWindow;

/* A text that is known to have been one in the first build and another in the second: "the path of the store". */
typedef struct {
  const char *what, *first, *second;
} GuessKnown;

typedef struct {
  gint64 earliest, latest; /* when the builds ran, in seconds since 1970; 0 where that is not known */
  const GuessKnown *known;
  guint n_known;
} GuessContext;

/* "a time, in seconds since 1970", or NULL (static, or one of @context's). */
const char *guess_bytes(const GuessWindow *first, const GuessWindow *second, const GuessContext *context);

#endif
