/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/report.h"

#include <string.h>

static void
note_free(gpointer data)
{
  DebianScriptNote *note = data;
  g_free(note->package);
  g_free(note->script);
  g_free(note->missing);
  g_free(note);
}

DebianScriptReport *
debian_script_report_new(void)
{
  DebianScriptReport *report = g_new0(DebianScriptReport, 1);
  report->notes = g_ptr_array_new_with_free_func(note_free);
  return report;
}

void
debian_script_report_free(DebianScriptReport *report)
{
  g_ptr_array_unref(report->notes);
  g_free(report);
}

static DebianScriptNote *
find_note(const DebianScriptReport *report, const char *package, const char *script)
{
  for (guint i = 0; i < report->notes->len; i++) {
    DebianScriptNote *note = report->notes->pdata[i];
    if (strcmp(note->package, package) == 0 && strcmp(note->script, script) == 0)
      return note;
  }
  return NULL;
}

void
debian_script_report_take(DebianScriptReport *report, const char *package, const char *script, char *missing)
{
  DebianScriptNote *note = find_note(report, package, script);
  if (note == NULL) {
    note = g_new(DebianScriptNote, 1);
    *note = (DebianScriptNote){g_strdup(package), g_strdup(script), TRUE, g_strdup("")};
    g_ptr_array_add(report->notes, note);
  }
  if (missing != NULL && note->native) {
    note->native = FALSE;
    g_free(note->missing);
    note->missing = g_steal_pointer(&missing);
    report->n_left_out++;
  }
  g_free(missing);
}

static int
compare_notes(gconstpointer a, gconstpointer b)
{
  const DebianScriptNote *const *x = a, *const *y = b;
  int order = strcmp((*x)->package, (*y)->package);
  return order != 0 ? order : strcmp((*x)->script, (*y)->script);
}

void
debian_script_report_sort(DebianScriptReport *report)
{
  g_ptr_array_sort(report->notes, compare_notes);
}

char *
debian_script_report_unknown(const DebianScriptReport *report)
{
  GString *list = g_string_new(NULL);
  for (guint i = 0; i < report->notes->len; i++) {
    const DebianScriptNote *note = report->notes->pdata[i];
    g_autofree char *why = g_strescape(note->missing, NULL);
    if (!note->native)
      g_string_append_printf(list, "\n  %s %s: %s", note->package, note->script, why);
  }
  return g_string_free(list, FALSE);
}
