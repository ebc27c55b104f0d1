/* SPDX-License-Identifier: Apache-2.0
 *
 * A difference for people (text), for a pull request (Markdown as forges render it, GFM) and for programs (JSON). All that is
 * foreign is escaped: nothing in a name, version or value reaches a terminal's control sequences or becomes markup.
 *
 * The JSON is one object; members may be added to it, none is renamed or changes its meaning:
 *   before, after   {label, kind, name?, version?, digest?}
 *   different       whether there is any difference
 *   packages        {added, removed: [{name, version, architecture, files, bytes}],
 *                    changed: [{name, architecture, before, after, direction: "upgrade" | "downgrade" | "architecture",
 *                               files: {added, removed, changed}, bytes}]}     bytes: by which the contents grew
 *   files           {added, removed: [{path, type, mode, uid, gid, size, digest?, target?, package?}],
 *                    changed: [{path, package?, CHANGE: {before, after} ...}]}
 *                   CHANGE: type, content (digests), size, mode, uid, gid, target, device, xattrs, mtime
 *   config          [{member, before, after}]    strings; null where it is not there
 *   layers          {shared: [digest ...], added, removed: [{digest, size}]}        of images only, as is:
 *   pull            {layers, layerBytes, metadataBytes, bytes, chunkedBytes?}
 */
#ifndef ASHLAR_LOOK_DIFFERENCE_PRINT_H
#define ASHLAR_LOOK_DIFFERENCE_PRINT_H

#include "builder/look/difference.h"

#include <stdio.h>

/* Files of packages that were added, removed or changed are a count in the package's line, and of many others the first are
 * listed; @verbose lists all. */
void difference_print_text(FILE *out, const Difference *difference, gboolean verbose);
/* Compact tables; long ones are folded, and cut short where a forge would refuse the comment. */
void difference_print_markdown(FILE *out, const Difference *difference);
/* New reference. */
json_t *difference_to_json(const Difference *difference);

/* ---- shared by the forms ---- */

/* What of a changed file is different: "content, size 6 -> 7, mode 0644 -> 0600" (transfer full), printable. */
char *difference_describe(const DifferenceFile *file);
/* What an added or removed file is: "file, 0644, 0/0, 1.2 kB" (transfer full). */
char *difference_describe_file(const SubjectFile *file);
/* "12 files changed, 1 added", "no files" (transfer full). */
char *difference_describe_count(const DifferenceCount *count, const char *what);
/* "+1.2 kB", "-300 bytes"; "" for 0 (transfer full). */
char *difference_describe_growth(gint64 bytes);
/* "upgrade", "downgrade", "architecture". */
const char *difference_direction(const DifferencePackage *package);
/* "/usr/bin/env", printable (transfer full). */
char *difference_path(const DifferenceFile *file);
/* '+', '-' or '~'. */
char difference_mark(gconstpointer before, gconstpointer after);

#endif
