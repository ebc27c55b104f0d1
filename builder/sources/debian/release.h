/* SPDX-License-Identifier: Apache-2.0
 *
 * A suite's Release file (Debian repository format): what it says of itself, and the digests of its indexes. Parsed only from
 * text whose signature was checked.
 */
#ifndef ASHLAR_DEBIAN_RELEASE_H
#define ASHLAR_DEBIAN_RELEASE_H

#include "signing/digest.h"

typedef struct {
  char *path; /* below dists/SUITE/ */
  Digest digest;
  guint64 size;
} ReleaseEntry;

typedef struct {
  char *origin, *label, *suite, *codename; /* "" where there is none */
  char **components, **architectures;
  gint64 date;        /* seconds since 1970 */
  gint64 valid_until; /* 0: without end */
  gboolean by_hash;
  gboolean split_all; /* packages of Architecture: all are in an index of their own */
  GArray *entries;    /* ReleaseEntry, sorted by path */
} Release;

/* ASHLAR_ERROR_INVALID says what is malformed: an index listed with two digests, or above the suite's folder, is. */
Release *release_parse(const char *text, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void release_free(Release *release);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Release, release_free)

/* A clock of the archive's may be that many seconds ahead of ours. */
#define RELEASE_MAX_FUTURE 86400

typedef enum {
  RELEASE_NO_CHECK = 0,
  RELEASE_CHECK_DATE = 1 << 0,        /* it must not be of the future */
  RELEASE_CHECK_VALID_UNTIL = 1 << 1, /* nor have expired */
} ReleaseChecks;

/* Whether it is the suite that was asked for as @suite, and passes @checks at @now. */
gboolean release_check(const Release *release, const char *suite, ReleaseChecks checks, gint64 now,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "2026-01-10 00:00 UTC" (transfer full). */
char *release_time_shown(gint64 seconds);

/* The Packages index of @component for @architecture in the form that is smallest (xz, zst, gz, plain); borrowed.
 * ASHLAR_ERROR_NOT_FOUND lists what the release has instead. */
const ReleaseEntry *release_index(const Release *release, const char *component, const char *architecture, GError **error);

#endif
