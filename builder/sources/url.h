/* SPDX-License-Identifier: Apache-2.0
 *
 * URLs as people see them.
 */
#ifndef ASHLAR_SOURCES_URL_H
#define ASHLAR_SOURCES_URL_H

/* @url as it may be printed: without user, password and query, control characters escaped (transfer full). */
char *url_shown(const char *url);

#endif
