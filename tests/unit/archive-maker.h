/* SPDX-License-Identifier: Apache-2.0
 *
 * Small archives for tests, signed with keys made on the spot: make_keys once (FALSE: there is no gpg here), make_archive as often as
 * the archive is to change, drop_keys at the end.
 */
#ifndef ASHLAR_TESTS_ARCHIVE_MAKER_H
#define ASHLAR_TESTS_ARCHIVE_MAKER_H

#include "signing/digest.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGES                                                                                                               \
  "Package: hello\nVersion: 1\nArchitecture: amd64\nFilename: pool/h/hello_1%3a1_amd64.deb\nSize: 10\n"                        \
  "SHA256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\n"

/* What the archive of a test is like; zero is a good one. */
typedef struct {
  const char *suite;            /* in the path; "stone" */
  const char *codename;         /* in the file; the same */
  const char *date;             /* "Sat, 10 Jan 2026 00:00:00 UTC" */
  const char *more;             /* fields of the Release */
  const char *packages, *arm64; /* of main; arm64 or NULL: amd64 is the only architecture */
  const char *key;              /* "good", "other", "old", or "" for no signature */
  gboolean detached;
  gboolean by_hash; /* only there, not at the plain path */
} Shape;

static char *keys; /* the folder of gpg's keys, made once */

static inline void shell(const char *format, ...) G_GNUC_PRINTF(1, 2);

static inline void
shell(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *command = g_strdup_vprintf(format, args);
  va_end(args);
  if (system(command) != 0)
    g_error("failed: %s", command);
}

static inline void
put(const char *folder, const char *name, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname(path);
  g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
  g_assert_true(g_file_set_contents(path, text, -1, &error));
}

/* One key, exported binary and armored. */
static inline void
make_key(const char *name, const char *options)
{
  shell(
    "gpg --homedir '%s' --batch --quiet --yes %s --passphrase '' --quick-gen-key %s@example.org ed25519 sign %s 2>/dev/null",
    keys, options, name, *options != '\0' ? "1d" : "never");
  shell("cd '%s' && gpg --homedir . --batch --quiet --export %s@example.org > %s.gpg && "
        "gpg --homedir . --batch --quiet --armor --export %s@example.org > %s.asc",
        keys, name, name, name, name);
}

static inline gboolean
make_keys(void)
{
  g_autofree char *gpg = g_find_program_in_path("gpg"), *gpgv = g_find_program_in_path("gpgv");
  if (gpg == NULL || gpgv == NULL)
    return FALSE;
  keys = g_dir_make_tmp("ashlar-keys-XXXXXX", NULL);
  make_key("good", "");
  make_key("other", "");
  make_key("old", "--faked-system-time 20200101T000000");
  return TRUE;
}

static inline void
drop_keys(void)
{
  shell("gpgconf --homedir '%s' --kill gpg-agent; rm -rf '%s'", keys, keys);
  g_free(keys);
}

static inline void
sign(const char *folder, const char *key, gboolean detached)
{
  const char *when = strcmp(key, "old") == 0 ? "--faked-system-time 20200101T010000" : "";
  if (*key == '\0')
    return;
  shell("cd '%s' && gpg --homedir '%s' --batch --quiet --yes %s -u %s@example.org --armor %s Release", folder, keys, when, key,
        detached ? "--detach-sign -o Release.gpg" : "--clearsign -o InRelease");
  if (!detached)
    shell("rm '%s/Release'", folder);
}

static inline const char * or (const char *text, const char *otherwise)
{
  return text != NULL ? text : otherwise;
}

/* Lays one index out and appends its line to @lines. */
static inline void
add_index(const char *folder, const char *architecture, const char *packages, gboolean by_hash, GString *lines)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  Digest digest;
  digest_of(packages, strlen(packages), &digest);
  digest_to_hex(&digest, hex);
  g_autofree char *name = by_hash ? g_strdup_printf("main/binary-%s/by-hash/SHA256/%s", architecture, hex)
                                  : g_strdup_printf("main/binary-%s/Packages", architecture);
  put(folder, name, packages);
  g_string_append_printf(lines, " %s %zu main/binary-%s/Packages\n", hex, strlen(packages), architecture);
}

static inline void
make_archive(const char *mirror, const Shape *shape)
{
  const char *suite = or (shape->suite, "stone");
  g_autofree char *folder = g_build_filename(mirror, "dists", suite, NULL);
  g_autoptr(GString) lines = g_string_new(NULL);
  add_index(folder, "amd64", or (shape->packages, PACKAGES), shape->by_hash, lines);
  if (shape->arm64 != NULL)
    add_index(folder, "arm64", shape->arm64, shape->by_hash, lines);
  g_autofree char *text =
    g_strdup_printf("Origin: Test\nSuite: stable\nCodename: %s\nDate: %s\nAcquire-By-Hash: %s\n%sComponents: main extra\n"
                    "Architectures: amd64%s\nSHA256:\n%s",
                    or (shape->codename, suite), or (shape->date, "Sat, 10 Jan 2026 00:00:00 UTC"),
                    shape->by_hash ? "yes" : "no", or (shape->more, ""), shape->arm64 != NULL ? " arm64" : "", lines->str);
  shell("rm -f '%s'/*Release*", folder);
  put(folder, "Release", text);
  sign(folder, or (shape->key, "good"), shape->detached);
}

#endif
