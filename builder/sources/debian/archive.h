/* SPDX-License-Identifier: Apache-2.0
 *
 * A Debian archive as it is now: which mirror and suites, their verified Release files, the indexes of one architecture.
 *
 * The mirror is what the recipe or --mirror names, else the host's apt configuration (sources.list and sources.list.d, one-line
 * and deb822 style, signed-by, their trusted and check-valid-until options; apt.conf's Acquire::Check-Valid-Until). A suite comes with its -updates
 * and -security where the configuration has them. InRelease (or Release + Release.gpg) is checked by gpgv against the keyring:
 * unsigned, wrongly signed or expired is refused (ASHLAR_ERROR_VERIFY), expired only where nothing switches that check off, and
 * a Release older than one seen before is refused too.
 */
#ifndef ASHLAR_DEBIAN_ARCHIVE_H
#define ASHLAR_DEBIAN_ARCHIVE_H

#include "builder/sources/debian/index.h"
#include "builder/sources/fetch.h"

typedef struct {
  const char *suite;
  const char *const *components; /* NULL: main */
  const char *mirror;   /* or NULL: the host's configuration */
  const char *snapshot; /* or NULL */
  const char *keyring;  /* or NULL: signed-by of the configuration, else the Debian archive keyring */
  gboolean check_valid_until;
  const char *apt_root; /* "/" but in tests: where etc/apt is read */
} DebianArchiveRequest;

typedef struct {
  char *suite;         /* "bookworm-security" */
  char **components;
  char **bases;        /* base URLs, NULL-terminated: "http://HOST/debian" */
  char *keyring;       /* or NULL: the default */
  gboolean trusted, check_valid_until;
  gint64 date;         /* of its Release, once opened */
  Digest release;      /* SHA-256 of the Release text that was signed, once opened */
} DebianSuite;

typedef struct DebianArchive DebianArchive;

/* Finds mirrors and suites; touches no network. Enough for debian_archive_urls. */
DebianArchive *debian_archive_new(const DebianArchiveRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void debian_archive_free(DebianArchive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianArchive, debian_archive_free)
guint debian_archive_n_suites(const DebianArchive *archive);
const DebianSuite *debian_archive_suite(const DebianArchive *archive, guint number);

/* Fetches and verifies the Release files and the indexes of @architecture (from the store where nothing changed), and opens
 * the table. An archive may be refreshed for several architectures; Release files are fetched once. */
DebianIndex *debian_archive_index(DebianArchive *archive, Store *store, const char *architecture, const FetchOptions *options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The latest Date of the Release files used: the lock's date. */
gint64 debian_archive_date(const DebianArchive *archive);
/* Where a file of @suite (by name, NULL or unknown: any suite) at @path below the base can be had: NULL-terminated
 * (transfer full). */
char **debian_archive_urls(const DebianArchive *archive, const char *suite, const char *path);

#endif
