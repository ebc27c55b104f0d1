/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of what others wrote is believed: the one table of bounds on sizes, counts and depths of packages, archives, images,
 * recipes, indexes, keys and documents. `ashlar limits` prints it.
 *
 * Two kinds. Most bounds guard the memory and time of whoever reads, and may be moved by whoever knows what he reads
 * (`--limit unpacked=128G`, ASHLAR_LIMITS): they are rows of the table, asked for with limits_get. The rest belong to a format or
 * to the depth of a recursion, and are constants: further down.
 *
 * The values are the one thing in the program that is set for the whole process: by limits_set, before the first thread begins,
 * as a locale is. They decide only whether bytes are refused, never what is made of them: no key, lock or image depends on them.
 */
#ifndef ASHLAR_SIGNING_LIMITS_H
#define ASHLAR_SIGNING_LIMITS_H

#include <glib.h>

typedef enum {
  /* of a package, of an archive that a recipe unpacks, of a layer that is read */
  LIMIT_UNPACKED,
  LIMIT_RATIO,
  LIMIT_RATIO_FREE,
  LIMIT_MEMBERS,
  LIMIT_NAMES,
  LIMIT_PATH,
  LIMIT_XATTRS,
  LIMIT_XATTR,
  LIMIT_CONTROL,
  LIMIT_CONTROL_MEMBERS,
  LIMIT_TEXT_FILE,
  LIMIT_MOVED_FILE,
  LIMIT_DICTIONARY,
  LIMIT_SCRIPT_FILES,
  LIMIT_DATABASE,
  /* of an image */
  LIMIT_IMAGE_MEMBERS,
  LIMIT_DOCUMENT,
  LIMIT_LAYERS,
  LIMIT_MANIFESTS,
  LIMIT_SIGNATURES,
  LIMIT_PAYLOAD,
  /* of a recipe and its lock */
  LIMIT_RECIPE,
  LIMIT_RECIPE_NODES,
  LIMIT_RECIPE_TEXT,
  LIMIT_INCLUDES,
  LIMIT_LOCK,
  /* of a Debian archive */
  LIMIT_RELEASE,
  LIMIT_RELEASE_SIGNATURE,
  LIMIT_RELEASE_ENTRIES,
  LIMIT_INDEX,
  LIMIT_STANZA,
  LIMIT_PACKAGES,
  LIMIT_KEYRING,
  /* of keys */
  LIMIT_KEY,
  LIMIT_RSA_BITS,
  LIMIT_N
} LimitId;

typedef enum {
  LIMIT_COUNT, /* K, M, G and T are powers of 1000 */
  LIMIT_BYTES, /* of 1024 */
} LimitUnit;

/* A row as it is documented; @most is the highest value that can be set. */
typedef struct {
  const char *name; /* "unpacked" */
  guint64 standard, most;
  LimitUnit unit;
  const char *before, *after; /* around the value in a refusal: "more than" 64 GiB "of content" */
  const char *about;          /* what it bounds, and why by that much */
} Limit;

/* A bound that cannot be moved. */
typedef struct {
  const char *name;
  guint64 value;
  LimitUnit unit;
  const char *about;
} FixedLimit;

guint64 limits_get(LimitId id);
/* FALSE where @value is 0 or more than the row's most: then nothing changes. */
gboolean limits_set(LimitId id, guint64 value);

const Limit *limits_row(LimitId id);
const FixedLimit *limits_fixed(guint *n);
/* "64 GiB", "4095 bytes", "1000" (transfer full). */
char *limits_show(guint64 value, LimitUnit unit);
/* The other way: "128G" -> a number of @unit; FALSE where the text is none, or too large. */
gboolean limits_parse(const char *text, LimitUnit unit, guint64 *out) G_GNUC_WARN_UNUSED_RESULT;

/* "more than 64 GiB of content (limit 'unpacked')", and how to raise it: "'--limit unpacked=128G' allows more, where it can be
 * trusted" (transfer full; the latter is "" where the limit is at its most). */
char *limits_excess(LimitId id);
char *limits_hint(LimitId id);
/* Sets @error to ASHLAR_ERROR_INVALID: "more than ... (limit '...')\nhint: ...", or the same after "CULPRIT: ". Return FALSE. */
gboolean limits_exceed(LimitId id, GError **error);
gboolean limits_refuse(LimitId id, GError **error, const char *culprit, ...) G_GNUC_PRINTF(3, 4);

/* Whether @unpacked bytes out of @packed ones pass LIMIT_UNPACKED and LIMIT_RATIO; else *@exceeded is the one they do not. */
gboolean limits_allow_content(guint64 unpacked, guint64 packed, LimitId *exceeded) G_GNUC_WARN_UNUSED_RESULT;

/* ---- what cannot be moved (limits_fixed has the reasons) ---- */

#define PATH_COMPONENT_MAX 255
#define SYMLINKS_MAX 40
#define FOLDER_DEPTH_MAX 256
#define TAR_XATTRS_MAX (512 << 10)
#define DEB_FORMAT_MAX 1024
#define CONTROL_NAME_MAX 100
#define INDEX_DEPTH_MAX 4
#define YAML_DEPTH_MAX 24
#define INCLUDE_DEPTH_MAX 8
#define APT_DEPTH_MAX 32
#define LOCK_ARCHS_MAX 64
#define LOCK_STAGES_MAX 1000
#define PASSPHRASE_MAX 1024
#define STORE_ACTION_MAX (16 << 20)
#define REDIRECTS_MAX 5
#define CHUNK_TABLE_MAX (G_GUINT64_CONSTANT(256) << 20)

#endif
