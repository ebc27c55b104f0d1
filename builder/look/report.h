/* SPDX-License-Identifier: Apache-2.0
 *
 * A page about an image, for people: one HTML file that loads nothing. What takes the space (by package and by folder), layers,
 * packages, remarkable files, configuration, signatures, and how the build went, where there is a trace of it.
 *
 * The page is whole without its script, which adds search, sorting and zoom. Its style and script are allowed by their hashes
 * and all else is forbidden by a content security policy, so that no name in an image can do anything. Equal subjects give equal
 * bytes; neither path nor time is in them. Lists are cut, and say so: the page of a million files has a few megabytes.
 */
#ifndef ASHLAR_LOOK_REPORT_H
#define ASHLAR_LOOK_REPORT_H

#include "builder/look/subject.h"
#include "builder/look/timeline.h"

typedef struct {
  const Subject *subject;   /* contents hashed, where duplicates are to be told */
  const Timeline *timeline; /* or NULL */
} ReportSpec;

/* The page (transfer full). What can fail is the reading of the image's signatures. */
char *report_page(const ReportSpec *spec, gsize *length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What a file for it is called: "web-1.0.report.html", with "-ARCH" where the image is for several (transfer full). */
char *report_file_name(const Subject *subject);

#endif
