/* SPDX-License-Identifier: Apache-2.0
 *
 * What became of each maintainer script of an image's packages, for --explain and --json.
 */
#ifndef ASHLAR_ENGINE_SCRIPT_NOTE_H
#define ASHLAR_ENGINE_SCRIPT_NOTE_H

#include <glib.h>
#include <jansson.h>

typedef enum {
  SCRIPT_NATIVE,  /* all that it does was done without running it */
  SCRIPT_RUN,     /* dpkg ran it in the sandbox */
  SCRIPT_SKIPPED, /* something that it does is missing: the recipe says so */
} ScriptHow;

typedef struct {
  char *package, *script; /* "nginx", "postinst" */
  ScriptHow how;
  char *why; /* what of it is not known natively: "line 12: runs 'foo'", or "" */
} ScriptNote;

/* Its strings are copied. */
ScriptNote *script_note_new(const char *package, const char *script, ScriptHow how, const char *why);
/* For arrays. */
gpointer script_note_copy(gconstpointer note, gpointer unused);
void script_note_free(gpointer note);

/* "native", "run", "skipped" */
const char *script_how_name(ScriptHow how);

/* A list of objects with 'package', 'script', 'how' and 'why'. */
json_t *script_notes_to_json(const GPtrArray *notes);
/* Adds them to @notes; FALSE: @list is nothing of the kind. */
gboolean script_notes_from_json(json_t *list, GPtrArray *notes);

#endif
