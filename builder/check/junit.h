/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests as a JUnit report, the XML that CI systems show: a testsuite for each recipe and architecture, a testcase for each
 * test, with time, file and line; of one that failed a failure with all that was told of it.
 */
#ifndef ASHLAR_CHECK_JUNIT_H
#define ASHLAR_CHECK_JUNIT_H

#include "builder/check/check.h"
#include "rootfs/outfile.h"

/* Writes the report of @reports (CheckReport*) and makes @out appear (see outfile.h). */
gboolean junit_save(const GPtrArray *reports, Outfile *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Its text (transfer full). What XML cannot hold is replaced. */
char *junit_text(const GPtrArray *reports);

#endif
