/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors as annotations, which GitHub shows beside the line of the recipe in a pull request ("workflow commands"):
 *
 *   ::error file=web.yaml,line=12,col=3::unknown key 'package' in 'debian'%0Ahint: did you mean 'packages'?
 *
 * They are made of the reports that people read (recipe/diagnostics.h), so that whatever tells an error with its place is
 * annotated: the recipe's reader, and what goes wrong with it later (a package that is not there).
 */
#ifndef ASHLAR_BUILDER_ANNOTATE_H
#define ASHLAR_BUILDER_ANNOTATE_H

#include <glib.h>

/* Whether this runs where annotations are read: $GITHUB_ACTIONS is "true". */
gboolean annotate_wanted(void);
/* A line for each error and warning of @report, which is one message or several, each with its newline. Places are told from
 * @root on (NULL: as they are), the folder of the checkout; a message without a place becomes an error without one. */
char *annotate_report(const char *report, const char *root);
/* annotate_report on stderr, with $GITHUB_WORKSPACE as the root, where it is wanted. */
void annotate(const char *report);

#endif
