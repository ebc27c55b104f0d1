/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/chunked.h"
#include "rootfs/tar.h"
#include "signing/error.h"

#include <string.h>

#define SKIPPABLE_HEADER 8
#define FOOTER_SIZE 64
#define MANIFEST_TYPE 1

/* Both tables grow member by member, in the order of the tar stream. */
typedef struct {
  const ChunkedInput *input;
  GString *toc;      /* JSON */
  GString *split;    /* a JSON object a line */
  GByteArray *bytes; /* of the tar stream since the last file's content */
  guint position;    /* lines of split */
  guint place;       /* next of input->places */
} Tables;

/* ---- JSON ---- */

static void
append_text(GString *out, const char *text)
{
  g_string_append_c(out, '"');
  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      g_string_append_printf(out, "\\%c", *text);
    else if ((guchar)*text < 0x20)
      g_string_append_printf(out, "\\u%04x", *text);
    else
      g_string_append_c(out, *text);
  g_string_append_c(out, '"');
}

static void
append_member(GString *out, const char *key, const char *text)
{
  g_string_append_printf(out, ",\"%s\":", key);
  append_text(out, text);
}

static void
append_number(GString *out, const char *key, guint64 value)
{
  if (value != 0)
    g_string_append_printf(out, ",\"%s\":%" G_GUINT64_FORMAT, key, value);
}

static void
append_base64(GString *out, const void *data, gsize size)
{
  g_autofree char *text = g_base64_encode(data, size);
  g_string_append_printf(out, "\"%s\"", text);
}

static void
append_digest(GString *out, const char *key, const Digest *digest)
{
  char text[DIGEST_STRING_SIZE];
  append_member(out, key, digest_to_string(digest, text));
}

/* ---- tar-split ---- */

static void
end_line(Tables *tables)
{
  g_string_append_printf(tables->split, ",\"position\":%u}\n", tables->position++);
}

/* A segment ends with a header, and begins with the padding before it. */
static void
split_segment(Tables *tables)
{
  g_string_append(tables->split, "{\"type\":2,\"payload\":");
  append_base64(tables->split, tables->bytes->data, tables->bytes->len);
  end_line(tables);
  g_byte_array_set_size(tables->bytes, 0);
}

static void
split_member(Tables *tables, const Entry *entry, const char *name, guint64 crc64)
{
  static const guint8 zeros[TAR_BLOCK];
  tar_append_header(tables->bytes, entry);
  split_segment(tables);
  g_string_append(tables->split, "{\"type\":1");
  append_member(tables->split, "name", name);
  append_number(tables->split, "size", entry->size);
  g_string_append(tables->split, ",\"payload\":");
  guint64 checksum = GUINT64_TO_BE(crc64);
  if (entry->size > 0)
    append_base64(tables->split, &checksum, sizeof checksum);
  else
    g_string_append(tables->split, "null");
  end_line(tables);
  g_byte_array_append(tables->bytes, zeros, tar_padding(entry->size));
}

static void
split_end(Tables *tables)
{
  static const guint8 zeros[TAR_END_SIZE];
  g_byte_array_append(tables->bytes, zeros, sizeof zeros);
  split_segment(tables);
}

/* ---- table of contents ---- */

static const char *const type_names[] = {
  [ENTRY_FILE] = "reg",    [ENTRY_HARDLINK] = "hardlink", [ENTRY_SYMLINK] = "symlink", [ENTRY_CHAR] = "char",
  [ENTRY_BLOCK] = "block", [ENTRY_DIRECTORY] = "dir",     [ENTRY_FIFO] = "fifo",
};

static void
toc_xattrs(GString *toc, const Entry *entry)
{
  if (entry->n_xattrs == 0)
    return;
  g_string_append(toc, ",\"xattrs\":");
  for (guint i = 0; i < entry->n_xattrs; i++) {
    g_string_append_c(toc, i == 0 ? '{' : ',');
    append_text(toc, entry->xattrs[i].name);
    g_string_append_c(toc, ':');
    append_base64(toc, entry->xattrs[i].value, entry->xattrs[i].size);
  }
  g_string_append_c(toc, '}');
}

static void
toc_begin(Tables *tables, const char *type, const char *name)
{
  g_string_append_printf(tables->toc, "%s{\"type\":\"%s\"", tables->toc->str[tables->toc->len - 1] == '[' ? "" : ",", type);
  append_member(tables->toc, "name", name);
}

static void
toc_attributes(GString *toc, const Entry *entry)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(entry->mtime);
  g_autofree char *mtime = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
  if (entry->target != NULL)
    append_member(toc, "linkName", entry->target);
  append_number(toc, "mode", entry->mode);
  append_number(toc, "size", entry->size);
  append_number(toc, "uid", entry->uid);
  append_number(toc, "gid", entry->gid);
  append_member(toc, "modtime", mtime);
  append_number(toc, "devMajor", entry->major);
  append_number(toc, "devMinor", entry->minor);
  toc_xattrs(toc, entry);
}

/* The frames of a file's content: the entry of the file tells the first and where the last one ends; with more than one,
 * each has its size, place and digest, and those after the first an entry of their own. */
static gboolean
toc_content(Tables *tables, const LayerPlan *plan, guint number, const Entry *entry, const char *name)
{
  guint64 n = (entry->size + PACK_FRAME_SIZE - 1) / PACK_FRAME_SIZE;
  if (n > tables->input->n_places - tables->place)
    return FALSE;
  const SplicePlace *places = &tables->input->places[tables->place];
  tables->place += (guint)n;
  append_number(tables->toc, "offset", places[0].offset);
  append_number(tables->toc, "endOffset", places[n - 1].end);
  for (guint64 k = 0; k < n; k++) {
    if (places[k].tar_size != MIN(entry->size - k * PACK_FRAME_SIZE, PACK_FRAME_SIZE))
      return FALSE;
    if (n == 1)
      break;
    if (k > 0) {
      g_string_append_c(tables->toc, '}');
      toc_begin(tables, "chunk", name);
      append_number(tables->toc, "offset", places[k].offset);
      append_number(tables->toc, "endOffset", places[k].end);
    }
    append_number(tables->toc, "chunkSize", places[k].tar_size);
    append_number(tables->toc, "chunkOffset", k * PACK_FRAME_SIZE);
    append_digest(tables->toc, "chunkDigest", pack_chunk_digest(plan->pack, number, k));
  }
  return TRUE;
}

/* @plan is NULL for a directory and a whiteout. */
static gboolean
add_member(Tables *tables, const LayerPlan *plan, guint number, const Entry *entry, GError **error)
{
  g_autofree char *name = tar_member_name(entry);
  guint content = plan != NULL ? layer_plan_content(plan, number) : 0;
  split_member(tables, entry, name, plan != NULL ? pack_crc64(plan->pack, content) : 0);
  toc_begin(tables, type_names[entry->type], name);
  toc_attributes(tables->toc, entry);
  if (entry->type == ENTRY_FILE)
    append_digest(tables->toc, "digest", &entry->digest);
  if (entry->size > 0 && !toc_content(tables, plan, content, entry, name)) {
    char text[DIGEST_STRING_SIZE];
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "pack %s is damaged: its frames do not fit its files",
                digest_to_string(pack_digest(plan->pack), text));
    return FALSE;
  }
  g_string_append_c(tables->toc, '}');
  return TRUE;
}

static gboolean
add_members(Tables *tables, GError **error)
{
  const LayerSpec *spec = tables->input->spec;
  for (guint i = 0; i < spec->n_directories; i++)
    if (!add_member(tables, NULL, 0, spec->directories[i], error))
      return FALSE;
  for (guint i = 0; i < spec->n_whiteouts; i++)
    if (!add_member(tables, NULL, 0, spec->whiteouts[i], error))
      return FALSE;
  for (guint p = 0; p < spec->n_parts; p++) {
    const LayerPlan *plan = &tables->input->plans[p];
    for (guint i = 0; i < pack_n_entries(plan->pack); i++) {
      if (plan->fates[i] == FATE_DROP)
        continue;
      Entry entry = layer_plan_entry(plan, i);
      if (!add_member(tables, plan, i, &entry, error))
        return FALSE;
    }
  }
  split_end(tables);
  return TRUE;
}

static gboolean
can_be_said(const ChunkedInput *input)
{
  for (guint i = 0; i < input->spec->n_directories; i++)
    if (!g_utf8_validate(input->spec->directories[i]->path, -1, NULL))
      return FALSE;
  for (guint i = 0; i < input->spec->n_whiteouts; i++)
    if (!g_utf8_validate(input->spec->whiteouts[i]->path, -1, NULL))
      return FALSE;
  for (guint p = 0; p < input->spec->n_parts; p++)
    for (guint i = 0; i < pack_n_entries(input->plans[p].pack); i++) {
      const Entry *entry = pack_entry(input->plans[p].pack, i);
      if (!g_utf8_validate(entry->path, -1, NULL) || (entry->target != NULL && !g_utf8_validate(entry->target, -1, NULL)))
        return FALSE;
      for (guint x = 0; x < entry->n_xattrs; x++)
        if (!g_utf8_validate(entry->xattrs[x].name, -1, NULL))
          return FALSE;
    }
  return TRUE;
}

/* ---- frames ---- */

typedef struct {
  guint64 offset, size, plain_size; /* of what a skippable frame holds, compressed and not */
  Digest digest;                    /* compressed */
} Place;

/* Appends a skippable frame (RFC 8878, section 3.1.2); returns what it holds. */
static guint8 *
append_skippable(GByteArray *out, gsize size)
{
  guint start = out->len;
  g_byte_array_set_size(out, (guint)(start + SKIPPABLE_HEADER + size));
  guint8 *frame = out->data + start;
  guint32 header[2] = {GUINT32_TO_LE(0x184D2A50), GUINT32_TO_LE((guint32)size)};
  memcpy(frame, header, sizeof header);
  return frame + SKIPPABLE_HEADER;
}

static Place
append_table(GByteArray *out, Codec *codec, const void *data, gsize size, guint64 base)
{
  g_autofree guint8 *compressed = g_malloc(codec_bound(codec, size));
  Place place = {.size = codec_compress(codec, data, size, compressed), .plain_size = size};
  place.offset = base + out->len + SKIPPABLE_HEADER;
  digest_of(compressed, place.size, &place.digest);
  memcpy(append_skippable(out, place.size), compressed, place.size);
  return place;
}

static void
append_footer(GByteArray *out, const Place *toc, const Place *split)
{
  guint64 numbers[] = {toc->offset, toc->size, toc->plain_size, MANIFEST_TYPE, split->offset, split->size, split->plain_size};
  guint8 *footer = append_skippable(out, FOOTER_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
    guint64 number = GUINT64_TO_LE(numbers[i]);
    memcpy(footer + 8 * i, &number, sizeof number);
  }
  memcpy(footer + sizeof numbers, "GNUlInUx", 8);
}

static json_t *
make_annotations(const Place *toc, const Place *split)
{
  char digest[DIGEST_STRING_SIZE];
#define N G_GUINT64_FORMAT
  g_autofree char *manifest = g_strdup_printf("%" N ":%" N ":%" N ":%d", toc->offset, toc->size, toc->plain_size,
                                              MANIFEST_TYPE);
  g_autofree char *tarsplit = g_strdup_printf("%" N ":%" N ":%" N, split->offset, split->size, split->plain_size);
#undef N
  return json_pack("{s:s, s:s, s:s}", CHUNKED_ANNOTATION "manifest-checksum", digest_to_string(&toc->digest, digest),
                   CHUNKED_CONTENTS_ANNOTATION, manifest, CHUNKED_SPLIT_ANNOTATION, tarsplit);
}

/* The table of contents names the digest of tar-split, which is compressed first but written second. */
static void
make_frames(Tables *tables, Codec *codec, GByteArray *out, json_t **annotations)
{
  g_autoptr(GByteArray) second = g_byte_array_new();
  Place split = append_table(second, codec, tables->split->str, tables->split->len, 0);
  g_string_append_c(tables->toc, ']');
  append_digest(tables->toc, "tarSplitDigest", &split.digest);
  g_string_append_c(tables->toc, '}');
  guint64 base = tables->input->offset;
  Place toc = append_table(out, codec, tables->toc->str, tables->toc->len, base);
  split.offset += base + out->len;
  g_byte_array_append(out, second->data, second->len);
  append_footer(out, &toc, &split);
  *annotations = make_annotations(&toc, &split);
}

gboolean
chunked_make(const ChunkedInput *input, Codec *codec, GByteArray **frames, json_t **annotations, GError **error)
{
  *frames = NULL;
  *annotations = NULL;
  if (!can_be_said(input))
    return TRUE;
  Tables tables = {.input = input,
                   .toc = g_string_new("{\"version\":1,\"entries\":["),
                   .split = g_string_new(NULL),
                   .bytes = g_byte_array_new()};
  gboolean made = add_members(&tables, error);
  if (made) {
    *frames = g_byte_array_new();
    make_frames(&tables, codec, *frames, annotations);
  }
  g_string_free(tables.toc, TRUE);
  g_string_free(tables.split, TRUE);
  g_byte_array_unref(tables.bytes);
  return made;
}
