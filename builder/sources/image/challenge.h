/* SPDX-License-Identifier: Apache-2.0
 *
 * What a registry answers to whom it does not know (RFC 9110, section 11.6.1; distribution's token authentication).
 */
#ifndef ASHLAR_SOURCES_IMAGE_CHALLENGE_H
#define ASHLAR_SOURCES_IMAGE_CHALLENGE_H

#include <glib.h>

typedef enum { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER } ChallengeKind;

typedef struct {
  ChallengeKind kind; /* of several, Bearer comes before Basic; NONE: nothing that is known here */
  char *realm, *service, *scope;
} Challenge;

/* @lines: WWW-Authenticate headers' values, one a line. */
void challenge_parse(const char *lines, Challenge *out);
void challenge_clear(Challenge *challenge);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Challenge, challenge_clear)

#endif
