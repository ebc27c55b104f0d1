/* SPDX-License-Identifier: Apache-2.0
 *
 * What became of maintainer scripts: of each whether all it does was done without running it, and else what is missing. No
 * script is skipped in silence.
 */
#ifndef ASHLAR_DEBIAN_REPORT_H
#define ASHLAR_DEBIAN_REPORT_H

#include <glib.h>

typedef struct {
  char *package;
  char *script;    /* "preinst", "postinst" */
  gboolean native; /* all that it does was done */
  char *missing;   /* else what was not: "line 5: runs 'foo'", several with "; " between; or "" */
} DebianScriptNote;

typedef struct {
  GPtrArray *notes; /* DebianScriptNote*, sorted by package and script once debian_script_report_sort was called */
  guint n_left_out; /* of them, those that are not native */
} DebianScriptReport;

DebianScriptReport *debian_script_report_new(void);
void debian_script_report_free(DebianScriptReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianScriptReport, debian_script_report_free)

/* One script was followed; @missing (taken) is NULL where it is native. A script that runs again (for a trigger) has one note:
 * the first that is not native. */
void debian_script_report_take(DebianScriptReport *report, const char *package, const char *script, char *missing);
void debian_script_report_sort(DebianScriptReport *report);

/* Lines "\n  PACKAGE SCRIPT: WHY" for what is not native (transfer full). */
char *debian_script_report_unknown(const DebianScriptReport *report);

#endif
