/* SPDX-License-Identifier: Apache-2.0
 *
 * The logins of a machine's package sources (apt_auth.conf(5)): etc/apt/auth.conf and auth.conf.d/ below a root.
 */
#ifndef ASHLAR_DEBIAN_APTAUTH_H
#define ASHLAR_DEBIAN_APTAUTH_H

#include <glib.h>

/* Triples for FetchOptions.logins: the beginning of URLs, user, password (transfer full). Files that may not be read (they are
 * their owner's alone) are left out. */
char **aptauth_read(const char *root);
/* Adds the triples of one file's @text. */
void aptauth_parse(GStrvBuilder *logins, const char *text);

#endif
