/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the archive share (see archive.h): archive-suites.c finds the suites, archive-release.c brings their
 * Release files, archive.c the indexes.
 */
#ifndef ASHLAR_DEBIAN_ARCHIVE_PRIVATE_H
#define ASHLAR_DEBIAN_ARCHIVE_PRIVATE_H

#include "builder/sources/debian/aptconf.h"
#include "builder/sources/debian/archive.h"
#include "builder/sources/debian/release.h"

typedef struct {
  DebianSuite suite;
  char **architectures; /* the only ones configured, or NULL */
  gboolean secondary;   /* -updates or -security: what it lacks is not missed */
  gboolean optional;    /* need not exist */
  gboolean absent;      /* and does not */
  Release *release;     /* once opened */
} ArchiveSuite;

struct DebianArchive {
  GMutex lock;           /* of the suites' Release files, and of what is not told yet */
  GPtrArray *suites;     /* ArchiveSuite* */
  char **default_keys;   /* paths */
  char **proxies;        /* pairs */
  char **logins;         /* triples */
  GPtrArray *unreadable; /* char*: files of apt's configuration, and why, until they are told */
  gboolean may_be_older; /* than one seen before */
};

/* Adds the suites that @request asks for. */
gboolean debian_archive_find_suites(DebianArchive *archive, const DebianArchiveRequest *request, const AptConf *conf,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Brings and checks the Release files that are not there yet. */
gboolean debian_archive_open_releases(DebianArchive *archive, Store *store, const FetchOptions *options,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Prefixes @error with the suite and where it is. */
void debian_archive_prefix_suite(GError **error, const ArchiveSuite *suite);

#endif
