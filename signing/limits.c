/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/limits.h"
#include "signing/error.h"

#include <string.h>

#define KIB G_GUINT64_CONSTANT(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define TIB (KIB * GIB)

/* Counts and sizes that are held in guints and GByteArrays. */
#define MOST_COUNT G_GUINT64_CONSTANT(1000000000)
#define MOST_BYTES GIB

static const Limit rows[LIMIT_N] = {
  [LIMIT_UNPACKED] = {"unpacked", 64 * GIB, 1024 * TIB, LIMIT_BYTES, "more than", "of content",
                      "What one package, archive or layer unpacks to. The largest packages of Debian 12 (game data, debug "
                      "symbols) unpack to some 10 GiB."},
  [LIMIT_RATIO] =
    {"ratio", 1000, MOST_COUNT, LIMIT_COUNT, "more than", "times its own size",
     "What it unpacks to, as a multiple of its own size. The best compressed package of Debian 12 unpacks to some "
     "100 times its size."},
  [LIMIT_RATIO_FREE] = {"ratio-free", GIB, 1024 * TIB, LIMIT_BYTES, "more than", "of content",
                        "Content up to which the ratio does not matter: zeros compress well, and that much is no bomb."},
  [LIMIT_MEMBERS] = {"members", 4000000, MOST_COUNT, LIMIT_COUNT, "more than", "members",
                     "Files, folders and links of one package or archive, or of all layers of an image that is listed. Each "
                     "costs some 200 bytes of memory."},
  [LIMIT_NAMES] = {"names", 256 * MIB, 16 * GIB, LIMIT_BYTES, "more than", "of paths",
                   "Bytes of the paths of all those, with the folders that they imply: a path of 4 KB may imply 2000."},
  [LIMIT_PATH] = {"path", 4095, 64 * KIB - 1, LIMIT_BYTES, "a path or target longer than", "",
                  "One path or link target. No longer one can be opened on Linux."},
  [LIMIT_XATTRS] = {"xattrs", 64, 4096, LIMIT_COUNT, "more than", "extended attributes", "Of one file."},
  [LIMIT_XATTR] = {"xattr", 64 * KIB, TAR_XATTRS_MAX, LIMIT_BYTES, "an extended attribute larger than", "",
                   "The value of one extended attribute. Linux has none larger."},
  [LIMIT_CONTROL] = {"control", 64 * MIB, MOST_BYTES, LIMIT_BYTES, "more than", "of control files",
                     "All of a package's control archive together, which is held in memory."},
  [LIMIT_CONTROL_MEMBERS] = {"control-members", 1000, MOST_COUNT, LIMIT_COUNT, "more than", "control files",
                             "Files of a package's control archive: a dozen or two."},
  [LIMIT_TEXT_FILE] = {"text-file", 64 * MIB, MOST_BYTES, LIMIT_BYTES, "a configuration file larger than", "",
                       "A file of the image that is read whole to be changed: accounts, shells, certificates."},
  [LIMIT_MOVED_FILE] = {"moved-file", 512 * MIB, 2 * GIB - 1, LIMIT_BYTES, "a diverted file larger than", "",
                        "A file that moves because another package diverts it, which is held in memory."},
  [LIMIT_DICTIONARY] = {"dictionary", 128 * MIB, 4 * GIB, LIMIT_BYTES, "a dictionary larger than", "",
                        "What xz keeps in memory of what it has decompressed. `xz -9` makes dictionaries of 64 MiB."},
  [LIMIT_SCRIPT_FILES] = {"script-files", 256 * MIB, 16 * GIB, LIMIT_BYTES, "more than", "of files that scripts change",
                          "Files that maintainer scripts write or change where ashlar follows them, which are held in memory: "
                          "the command that would pass it counts as not known."},
  [LIMIT_DATABASE] = {"database", 256 * MIB, 2 * GIB - 1, LIMIT_BYTES, "more than", "of dpkg's database",
                      "dpkg's status and lists of files of an image that is listed, which are held in memory."},

  [LIMIT_IMAGE_MEMBERS] = {"image-members", 65536, MOST_COUNT, LIMIT_COUNT, "more than", "members",
                           "Files of an image's tarball or layout: its blobs. An image has hardly more than a few hundred."},
  [LIMIT_DOCUMENT] = {"document", 4 * MIB, MOST_BYTES, LIMIT_BYTES, "a document larger than", "",
                      "A manifest, index or configuration of an image. Registries take up to 4 MiB."},
  [LIMIT_LAYERS] = {"layers", 1024, 65536, LIMIT_COUNT, "more than", "layers", "Of one manifest. Docker takes 127."},
  [LIMIT_MANIFESTS] = {"manifests", 512, 65536, LIMIT_COUNT, "more than", "manifests and indexes",
                       "Manifests and indexes read of one image, those that are named again among them."},
  [LIMIT_SIGNATURES] = {"signatures", 1024, 65536, LIMIT_COUNT, "more than", "signatures",
                        "Signatures of one image, each of which may have to be tried with each key."},
  [LIMIT_PAYLOAD] = {"payload", MIB, MOST_BYTES, LIMIT_BYTES, "a signed payload larger than", "",
                     "What a signature is over: some 300 bytes and the annotations."},

  [LIMIT_RECIPE] = {"recipe", MIB, 64 * MIB, LIMIT_BYTES, "a recipe larger than", "",
                    "One file of a recipe. Ten thousand lines have 400 KiB."},
  [LIMIT_RECIPE_NODES] = {"recipe-nodes", 50000, 10000000, LIMIT_COUNT, "more than", "values",
                          "Values of a recipe once its aliases are expanded: each alias may stand for all before it."},
  [LIMIT_RECIPE_TEXT] = {"recipe-text", 8 * MIB, MOST_BYTES, LIMIT_BYTES, "more than", "of text",
                         "Bytes of a recipe once its aliases are expanded, or that its parameters add."},
  [LIMIT_INCLUDES] = {"includes", 64, 65536, LIMIT_COUNT, "more than", "included files",
                      "Files that a recipe is made of, one that is included again counted again."},
  [LIMIT_LOCK] = {"lock", 64 * MIB, MOST_BYTES, LIMIT_BYTES, "a lock larger than", "",
                  "A lock file: some 400 bytes a package."},

  [LIMIT_RELEASE] = {"release", 16 * MIB, MOST_BYTES, LIMIT_BYTES, "a Release larger than", "",
                     "Release or InRelease of an archive. Debian's have 150 KiB."},
  [LIMIT_RELEASE_SIGNATURE] = {"release-signature", MIB, MOST_BYTES, LIMIT_BYTES, "a signature larger than", "",
                               "Release.gpg: one kilobyte a key."},
  [LIMIT_RELEASE_ENTRIES] = {"release-entries", 1000000, MOST_COUNT, LIMIT_COUNT, "more than", "entries",
                             "Indexes that a Release names: a few thousand."},
  [LIMIT_INDEX] = {"index", 2 * GIB, 64 * GIB, LIMIT_BYTES, "an index larger than", "",
                   "An index of packages, decompressed. Debian's largest has 50 MiB."},
  [LIMIT_STANZA] = {"stanza", 4 * MIB, MOST_BYTES, LIMIT_BYTES, "a stanza larger than", "",
                    "What an index says of one package."},
  [LIMIT_PACKAGES] = {"packages", 4000000, MOST_COUNT, LIMIT_COUNT, "more than", "packages",
                      "Packages of one index. Debian's largest names 64000."},
  [LIMIT_KEYRING] = {"keyring", 16 * MIB, MOST_BYTES, LIMIT_BYTES, "a keyring larger than", "",
                     "The keys of an archive. Those of Debian's archive take 60 KiB."},

  [LIMIT_KEY] = {"key", 64 * KIB, 16 * MIB, LIMIT_BYTES, "a key larger than", "",
                 "A key file. The largest RSA key that is taken has 13 KiB."},
  [LIMIT_RSA_BITS] = {"rsa-bits", 16384, 65536, LIMIT_COUNT, "an RSA key of more than", "bits",
                      "A larger key only makes whoever verifies with it work."},
};

static const FixedLimit fixed[] = {
  {"path-component", PATH_COMPONENT_MAX, LIMIT_BYTES, "One name of a path in a recipe: no file system holds a longer one."},
  {"symlinks", SYMLINKS_MAX, LIMIT_COUNT, "Symlinks that are followed one after the other, as the kernel does."},
  {"folder-depth", FOLDER_DEPTH_MAX, LIMIT_COUNT, "Folders in each other that `files` copies: each holds a descriptor open."},
  {"xattrs-size", TAR_XATTRS_MAX, LIMIT_BYTES, "All extended attributes of one file: readers of tar take 1 MiB of header."},
  {"deb-format", DEB_FORMAT_MAX, LIMIT_BYTES, "A package's debian-binary, which holds \"2.0\"."},
  {"control-name", CONTROL_NAME_MAX, LIMIT_BYTES, "The name of a control file: dpkg refuses longer ones."},
  {"index-depth", INDEX_DEPTH_MAX, LIMIT_COUNT, "Indexes of an image in each other."},
  {"recipe-depth", YAML_DEPTH_MAX, LIMIT_COUNT, "Lists and maps of a recipe in each other: the language needs five."},
  {"include-depth", INCLUDE_DEPTH_MAX, LIMIT_COUNT, "Recipes that include each other."},
  {"apt-depth", APT_DEPTH_MAX, LIMIT_COUNT, "Braces in each other in apt's configuration."},
  {"lock-architectures", LOCK_ARCHS_MAX, LIMIT_COUNT, "Architectures of one lock: Debian has some thirty."},
  {"lock-stages", LOCK_STAGES_MAX, LIMIT_COUNT, "Stages of one lock: a recipe has a few."},
  {"passphrase", PASSPHRASE_MAX, LIMIT_BYTES, "A key's passphrase, which is held in memory that is wiped."},
  {"action", STORE_ACTION_MAX, LIMIT_BYTES, "A record of the store of what was made of what."},
  {"chunk-table", CHUNK_TABLE_MAX, LIMIT_BYTES,
   "The table of contents of a zstd:chunked layer, that `diff` reads: some 300 bytes a file. One that is larger is not used."},
  {"redirects", REDIRECTS_MAX, LIMIT_COUNT, "Redirections of one download."},
};

/* Written before the first thread begins, and only read after that; 0: the standard value. */
static guint64 values[LIMIT_N];

guint64
limits_get(LimitId id)
{
  return values[id] != 0 ? values[id] : rows[id].standard;
}

gboolean
limits_set(LimitId id, guint64 value)
{
  if (value == 0 || value > rows[id].most)
    return FALSE;
  values[id] = value;
  return TRUE;
}

const Limit *
limits_row(LimitId id)
{
  return &rows[id];
}

const FixedLimit *
limits_fixed(guint *n)
{
  *n = G_N_ELEMENTS(fixed);
  return fixed;
}

/* ---- words ---- */

/* @value with the largest of the suffixes that leaves a whole number; @suffixes begins with that of no power. */
static char *
scaled(guint64 value, guint64 step, const char *const *suffixes)
{
  for (; suffixes[1] != NULL && value % step == 0 && value > 0; suffixes++)
    value /= step;
  return g_strdup_printf("%" G_GUINT64_FORMAT "%s", value, suffixes[0]);
}

char *
limits_show(guint64 value, LimitUnit unit)
{
  static const char *const sizes[] = {" bytes", " KiB", " MiB", " GiB", " TiB", NULL};
  return unit == LIMIT_BYTES ? scaled(value, 1024, sizes) : g_strdup_printf("%" G_GUINT64_FORMAT, value);
}

gboolean
limits_parse(const char *text, LimitUnit unit, guint64 *out)
{
  static const char powers[] = "KMGT";
  const guint64 step = unit == LIMIT_BYTES ? 1024 : 1000;
  gsize digits = strspn(text, G_CSET_DIGITS);
  g_autofree char *number = g_strndup(text, digits);
  if (!g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT64, out, NULL))
    return FALSE;
  if (text[digits] == '\0')
    return TRUE;
  const char *power = strchr(powers, g_ascii_toupper(text[digits]));
  if (power == NULL || text[digits + 1] != '\0')
    return FALSE;
  for (const char *at = powers; at <= power; at++)
    if (!g_uint64_checked_mul(out, *out, step))
      return FALSE;
  return TRUE;
}

char *
limits_excess(LimitId id)
{
  const Limit *row = &rows[id];
  g_autofree char *value = limits_show(limits_get(id), row->unit);
  return g_strdup_printf("%s %s%s%s (limit '%s')", row->before, value, *row->after != '\0' ? " " : "", row->after, row->name);
}

char *
limits_hint(LimitId id)
{
  static const char *const suffixes[] = {"", "K", "M", "G", "T", NULL};
  const Limit *row = &rows[id];
  if (limits_get(id) >= row->most)
    return g_strdup("");
  g_autofree char *more = scaled(MIN(2 * limits_get(id), row->most), row->unit == LIMIT_BYTES ? 1024 : 1000, suffixes);
  return g_strdup_printf("'--limit %s=%s' allows more, where it can be trusted", row->name, more);
}

gboolean
limits_exceed(LimitId id, GError **error)
{
  g_autofree char *excess = limits_excess(id), *hint = limits_hint(id);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s%s%s", excess, *hint != '\0' ? "\nhint: " : "", hint);
  return FALSE;
}

gboolean
limits_refuse(LimitId id, GError **error, const char *culprit, ...)
{
  va_list arguments;
  va_start(arguments, culprit);
  g_autofree char *who = g_strdup_vprintf(culprit, arguments);
  va_end(arguments);
  limits_exceed(id, error);
  g_prefix_error(error, "%s: ", who);
  return FALSE;
}

gboolean
limits_allow_content(guint64 unpacked, guint64 packed, LimitId *exceeded)
{
  *exceeded = unpacked > limits_get(LIMIT_UNPACKED) ? LIMIT_UNPACKED : LIMIT_RATIO;
  return unpacked <= limits_get(LIMIT_UNPACKED) &&
         (unpacked <= limits_get(LIMIT_RATIO_FREE) || unpacked / limits_get(LIMIT_RATIO) <= packed);
}
