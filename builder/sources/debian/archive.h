/* SPDX-License-Identifier: Apache-2.0
 *
 * A Debian archive as it is now: which mirror and suites, their verified Release files, the indexes of one architecture.
 *
 * The mirror is what the recipe or --mirror names, else the host's apt configuration (sources.list and sources.list.d, one-line
 * and deb822 style, signed-by, their trusted, check-date and check-valid-until options; apt.conf's Acquire::Check-Date and Acquire::Check-Valid-Until). A suite comes with its -updates
 * and -security where the configuration has them. InRelease (or Release + Release.gpg) is checked by gpgv against the keyring:
 * unsigned, wrongly signed, expired or of the future is refused (ASHLAR_ERROR_VERIFY), the latter two only where nothing switches
 * that check off (without the check of the date there is none of the end, as in apt), and a Release older than one seen before of
 * the same archive (by its keys, Origin and Label) does not count: the newer one does, with a warning, or where that is no longer at
 * hand, it is refused too, unless the request has check_valid_until off or a snapshot.
 *
 * apt's proxies (Acquire::http::Proxy and its like) and logins (apt_auth.conf(5)) serve whatever the mirror.
 *
 * Mirrors that are named are taken alone, one where the one before fails: SUITE, SUITE-updates, and SUITE-security in the archive beside it that has "-security"
 * appended to its path (as Debian lays them out), the latter two where they exist. Where the configuration does not have the suite but
 * another one of the same archive (one with -updates or -security), the suite is looked for beside that.
 *
 * With `snapshot`, the mirror's URL must hold "@SNAPSHOT@" (apt's "@SNAPSHOTID@" too), which the timestamp takes the place of; or
 * apt.conf's Acquire::Snapshots::URI::Host::HOST gives such a URL for the configured mirror's HOST.
 */
#ifndef ASHLAR_DEBIAN_ARCHIVE_H
#define ASHLAR_DEBIAN_ARCHIVE_H

#include "builder/sources/debian/index.h"
#include "builder/sources/fetch.h"

typedef struct {
  const char *suite;
  const char *const *components; /* NULL: main */
  const char *const *mirrors;    /* of one archive, NULL-terminated; or NULL: the host's configuration */
  const char *snapshot;          /* or NULL */
  const char *keyring;           /* or NULL: signed-by of the configuration, else the Debian archive keyring */
  gboolean check_valid_until;    /* FALSE: Release files of another time are meant; apt's configuration can switch it off too */
  const char *apt_root;          /* "/" but in tests: where etc/apt is read */
} DebianArchiveRequest;

typedef struct {
  char *suite; /* "bookworm-security" */
  char **components;
  char **bases;  /* base URLs, NULL-terminated: "http://HOST/debian"; one where the one before fails */
  char *keyring; /* as apt's signed-by, or NULL: the default */
  gboolean trusted, check_date, check_valid_until;
  gint64 date;    /* of its Release, once opened */
  Digest release; /* SHA-256 of the Release text that was signed, once opened */
} DebianSuite;

typedef struct DebianArchive DebianArchive;

/* Finds mirrors and suites; touches no network. Enough for debian_archive_urls. */
DebianArchive *debian_archive_new(const DebianArchiveRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void debian_archive_free(DebianArchive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianArchive, debian_archive_free)
guint debian_archive_n_suites(const DebianArchive *archive);
const DebianSuite *debian_archive_suite(const DebianArchive *archive, guint number);

/* Warns once of files of apt's configuration that may not be read. Fetches and verifies the Release files and the indexes of @architecture (from the store where nothing changed), and opens
 * the table. With @installed (debian_installed_source's) suite number 0 is what is installed, and those of the archive count from 1. An archive may be refreshed for several architectures, by several threads; Release files are fetched once. */
DebianIndex *debian_archive_index(DebianArchive *archive, Store *store, const char *architecture, const Digest *installed,
                                  const FetchOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The latest Date of the Release files used: the lock's date. */
gint64 debian_archive_date(const DebianArchive *archive);
/* @options with the proxies and logins of apt's configuration (borrowed) where it has none of its own: for fetching what
 * debian_archive_urls names. debian_archive_index does it by itself. */
FetchOptions debian_archive_fetch_options(const DebianArchive *archive, const FetchOptions *options);
/* Where a file of @suite (by name, NULL or unknown: any suite) at @path below the base can be had: NULL-terminated
 * (transfer full). */
char **debian_archive_urls(const DebianArchive *archive, const char *suite, const char *path);

#endif
