/* SPDX-License-Identifier: Apache-2.0
 *
 * Which package a file comes from, as dpkg's database in the subject itself tells: var/lib/dpkg/status and info/NAME.list, or
 * status.d/NAME and NAME.md5sums of images in the distroless manner. Paths that lists spell as before /usr was merged are
 * found where they are now; a diverted file is found where it was moved to. Agrees with `dpkg -S`. A part of subject.h's work.
 *
 * The database is foreign: what is malformed in it is passed over, since files without a known package can be told too.
 */
#ifndef ASHLAR_LOOK_OWNERS_H
#define ASHLAR_LOOK_OWNERS_H

#include "builder/look/reading.h"

void owners_package_free(gpointer package);
/* A package out of a control file's text; NULL where that names none, or (with @installed) says that it is not installed. */
SubjectPackage *owners_package_new(const char *stanza, gsize size, gboolean installed);

/* Fills subject->packages and the package of each of its files; @readings hold the database's contents. */
void owners_find(Subject *subject, const GPtrArray *readings);
/* All files are of the one package @package (taken). */
void owners_set(Subject *subject, SubjectPackage *package);

#endif
