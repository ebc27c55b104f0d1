/* SPDX-License-Identifier: Apache-2.0
 *
 * The words that stand for arguments in usage lines and tables ("RECIPE...", "[PATH]", "--output DIR"): a word means the same
 * everywhere, and shell completion and the manual know what from here.
 */
#ifndef ASHLAR_BUILDER_WORDS_H
#define ASHLAR_BUILDER_WORDS_H

#include <glib.h>

typedef enum {
  WORD_VALUE,   /* a text of the user's: nothing to complete */
  WORD_FILE,    /* any file */
  WORD_FOLDER,  /* a folder */
  WORD_RECIPE,  /* a *.yaml or *.yml */
  WORD_IMAGE,   /* a *.tar, or a folder */
  WORD_COMMAND, /* a command of ashlar's */
} WordKind;

typedef struct {
  char *name; /* "RECIPE" */
  WordKind kind;
  gboolean optional, repeats;
} Word;

/* What @name ("DIR", "ARCH[,ARCH]") stands for; WORD_VALUE for one that is not known. */
WordKind word_kind(const char *name);
/* What may stand for @name, where that is a closed list: "amd64|arm64" for ARCH; else NULL. */
const char *word_choices(const char *name);
/* The words of a usage line, Word * in order; none for NULL (transfer full). */
GPtrArray *words_of(const char *usage);
/* "a, b or c" of "a|b|c" (transfer full). */
char *words_list(const char *choices);

#endif
