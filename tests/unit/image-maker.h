/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers for tests, made with libarchive and libzstd from a list of members.
 */
#ifndef ASHLAR_TESTS_UNIT_IMAGE_MAKER_H
#define ASHLAR_TESTS_UNIT_IMAGE_MAKER_H

#include "builder/oci/blobs.h"
#include "rootfs/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <zstd.h>

typedef struct {
  const char *path;
  char type; /* 'f', 'd', 'l', 'h' */
  const char *content;
} Member;

/* A compressed tar of @members into @blobs; @layer tells of it. */
static inline void
make_layer(Blobs *blobs, const Member *members, guint n, Layer *layer)
{
  static guint8 buffer[64 * 1024];
  size_t used;
  struct archive *tar = archive_write_new();
  archive_write_set_format_ustar(tar);
  archive_write_set_bytes_in_last_block(tar, 1);
  archive_write_open_memory(tar, buffer, sizeof buffer, &used);
  for (guint i = 0; i < n; i++) {
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, members[i].path);
    archive_entry_set_filetype(entry, members[i].type == 'd' ? AE_IFDIR : members[i].type == 'l' ? AE_IFLNK : AE_IFREG);
    archive_entry_set_perm(entry, members[i].type == 'd' ? 0755 : 0644);
    if (members[i].type == 'l')
      archive_entry_set_symlink(entry, members[i].content);
    if (members[i].type == 'h')
      archive_entry_set_hardlink(entry, members[i].content);
    gsize size = members[i].type == 'f' ? strlen(members[i].content) : 0;
    archive_entry_set_size(entry, (gint64)size);
    g_assert_cmpint(archive_write_header(tar, entry), ==, ARCHIVE_OK);
    if (size > 0)
      g_assert_cmpint(archive_write_data(tar, members[i].content, size), ==, (gint64)size);
    archive_entry_free(entry);
  }
  g_assert_cmpint(archive_write_free(tar), ==, ARCHIVE_OK);
  *layer = (Layer){.tar_size = used};
  digest_of(buffer, used, &layer->diff_id);

  /* two frames and a skippable one at the end, as layers of ours are */
  static guint8 packed[128 * 1024];
  size_t first = used / 2;
  size_t size = ZSTD_compress(packed, sizeof packed, buffer, first, 3);
  size += ZSTD_compress(packed + size, sizeof packed - size, buffer + first, used - first, 3);
  memcpy(packed + size, "\x50\x2a\x4d\x18\x04\0\0\0skip", 12);
  size += 12;
  layer->size = size;
  g_autoptr(GError) error = NULL;
  g_assert_true(blobs_put(blobs, packed, size, &layer->digest, &error));
}

#endif
