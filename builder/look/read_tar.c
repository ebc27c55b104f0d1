/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/blob_source.h"
#include "builder/look/readers.h"
#include "builder/oci/layer_stream.h"
#include "rootfs/member.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

/* ---- members ---- */

static gboolean
hash_content(MemberReader *reader, SubjectFile *file, Hasher *hasher, GError **error)
{
  const void *piece;
  gsize size;
  do {
    if (!member_reader_data(reader, &piece, &size, error))
      return FALSE;
    if (size > 0)
      hasher_update(hasher, piece, size);
  } while (size > 0);
  hasher_finish(hasher, &file->entry.digest);
  file->has_digest = TRUE;
  return TRUE;
}

static gboolean
keep_content(MemberReader *reader, SubjectFile *file, Reading *reading, GError **error)
{
  GBytes *content = member_reader_content(reader, limits_get(LIMIT_DATABASE), error);
  if (content == NULL)
    return FALSE;
  if (reading->hash) {
    digest_of(g_bytes_get_data(content, NULL), g_bytes_get_size(content), &file->entry.digest);
    file->has_digest = TRUE;
  }
  return reading_keep(reading, file, content, error);
}

static gboolean
take_member(MemberReader *reader, const Entry *entry, Reading *reading, Hasher *hasher, GError **error)
{
  SubjectFile *file;
  if (!reading_add(reading, entry, &file, error))
    return FALSE;
  if (file == NULL)
    return TRUE;
  if (reading_wants(entry))
    return keep_content(reader, file, reading, error);
  return !reading->hash || entry->type != ENTRY_FILE || hash_content(reader, file, hasher, error);
}

/* @entry has not been read yet, nor passed over. */
static gboolean
check_content(MemberReader *reader, const Entry *entry, guint64 packed, GError **error)
{
  LimitId exceeded;
  if (limits_allow_content(member_reader_position(reader) + entry->size, packed, &exceeded))
    return TRUE;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  return limits_refuse(exceeded, error, "with '%.200s'", shown);
}

/* @packed: the size of what the members came in. */
static gboolean
take_members(MemberReader *reader, guint64 packed, Reading *reading, GError **error)
{
  g_autoptr(Hasher) hasher = hasher_new();
  const Entry *entry;
  while (member_reader_next(reader, &entry, error)) {
    reading->tar_size = member_reader_position(reader);
    if (entry == NULL) {
      reading_finish(reading);
      return TRUE;
    }
    if (!check_content(reader, entry, packed, error) || !take_member(reader, entry, reading, hasher, error))
      return FALSE;
  }
  return FALSE;
}

gboolean
read_tar(const BlobPlace *place, const char *label, Reading *reading, GError **error)
{
  g_auto(BlobSource) source = {0};
  blob_source_init(&source, place, reading->cancellable);
  g_autoptr(MemberReader) reader = member_reader_new(MEMBER_LOOK, label, blob_source_read, &source, error);
  return reader != NULL && take_members(reader, place->size, reading, error);
}

/* ---- packages ---- */

static gssize
read_ar_member(const void **piece, gpointer data, GError **error)
{
  gsize size;
  return member_reader_data(data, piece, &size, error) ? (gssize)size : -1;
}

static gboolean
take_control(MemberReader *tar, guint64 packed, GBytes **control, GError **error)
{
  const Entry *entry;
  while (member_reader_next(tar, &entry, error)) {
    if (entry == NULL)
      return TRUE;
    if (!check_content(tar, entry, packed, error))
      return FALSE;
    if (strcmp(entry->path, "control") == 0) {
      *control = member_reader_content(tar, limits_get(LIMIT_CONTROL), error);
      return *control != NULL;
    }
  }
  return FALSE;
}

static gboolean
take_archives(MemberReader *ar, guint64 packed, Reading *reading, GBytes **control, GError **error)
{
  const Entry *entry;
  gboolean done = FALSE;
  while (!done && member_reader_next(ar, &entry, error)) {
    gboolean is_data = entry != NULL && g_str_has_prefix(entry->path, "data.tar");
    if (entry == NULL) {
      g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "not a Debian package: it has no data.tar");
      return FALSE;
    }
    if (!is_data && (*control != NULL || !g_str_has_prefix(entry->path, "control.tar")))
      continue;
    g_autofree char *name = g_strdup(entry->path);
    g_autoptr(MemberReader) tar = member_reader_new(MEMBER_LOOK, name, read_ar_member, ar, error);
    if (tar == NULL || !(is_data ? take_members(tar, packed, reading, error) : take_control(tar, packed, control, error)))
      return FALSE;
    done = is_data;
  }
  return done;
}

gboolean
read_deb(const BlobPlace *place, const char *label, Reading *reading, GBytes **control, GError **error)
{
  g_auto(BlobSource) source = {0};
  blob_source_init(&source, place, reading->cancellable);
  *control = NULL;
  g_autoptr(MemberReader) ar = member_reader_new(MEMBER_AR, label, blob_source_read, &source, error);
  if (ar != NULL && take_archives(ar, place->size, reading, control, error))
    return TRUE;
  g_clear_pointer(control, g_bytes_unref);
  return FALSE;
}
