/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/script_note.h"

#include <string.h>

static const char *const names[] = {[SCRIPT_NATIVE] = "native", [SCRIPT_RUN] = "run", [SCRIPT_SKIPPED] = "skipped"};

ScriptNote *
script_note_new(const char *package, const char *script, ScriptHow how, const char *why)
{
  ScriptNote *note = g_new(ScriptNote, 1);
  *note = (ScriptNote){g_strdup(package), g_strdup(script), how, g_strdup(why)};
  return note;
}

gpointer
script_note_copy(gconstpointer from, gpointer unused)
{
  const ScriptNote *note = from;
  (void)unused;
  return script_note_new(note->package, note->script, note->how, note->why);
}

void
script_note_free(gpointer data)
{
  ScriptNote *note = data;
  g_free(note->package);
  g_free(note->script);
  g_free(note->why);
  g_free(note);
}

const char *
script_how_name(ScriptHow how)
{
  return names[how];
}

json_t *
script_notes_to_json(const GPtrArray *notes)
{
  json_t *list = json_array();
  for (guint i = 0; i < notes->len; i++) {
    const ScriptNote *note = notes->pdata[i];
    /* a reason may quote a script, whose bytes are anything */
    g_autofree char *why = g_utf8_make_valid(note->why, -1);
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "package", note->package, "script", note->script, "how",
                                          names[note->how], "why", why));
  }
  return list;
}

gboolean
script_notes_from_json(json_t *list, GPtrArray *notes)
{
  for (gsize i = 0; i < json_array_size(list); i++) {
    const char *package, *script, *how, *why;
    guint k = 0;
    if (json_unpack(json_array_get(list, i), "{s:s, s:s, s:s, s:s}", "package", &package, "script", &script, "how", &how, "why",
                    &why) != 0)
      return FALSE;
    while (k < G_N_ELEMENTS(names) && strcmp(names[k], how) != 0)
      k++;
    if (k == G_N_ELEMENTS(names))
      return FALSE;
    g_ptr_array_add(notes, script_note_new(package, script, (ScriptHow)k, why));
  }
  return json_is_array(list);
}
