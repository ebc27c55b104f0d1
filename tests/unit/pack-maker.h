/* SPDX-License-Identifier: Apache-2.0
 *
 * Packs for tests: a store in a temporary folder, and packs written down as lists of members.
 */
#ifndef ASHLAR_TESTS_PACK_MAKER_H
#define ASHLAR_TESTS_PACK_MAKER_H

#include "rootfs/pack.h"
#include <glib/gstdio.h>
#include <string.h>

typedef struct {
  const char *path;
  EntryType type;
  const char *content; /* of a file; a link's target */
  guint32 mode;        /* 0: 0755 of folders, else 0644 */
} Member;

static Store *maker_store;
static char *maker_folder;

static inline void
maker_open(void)
{
  g_autoptr(GError) error = NULL;
  maker_folder = g_dir_make_tmp("ashlar-test-XXXXXX", &error);
  g_assert_no_error(error);
  maker_store = store_open(maker_folder, &error);
  g_assert_no_error(error);
}

static inline void
maker_close(void)
{
  g_clear_pointer(&maker_store, store_unref);
  char *argv[] = {"rm", "-rf", maker_folder, NULL};
  g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_clear_pointer(&maker_folder, g_free);
}

static inline void
maker_add(PackWriter *writer, const Member *member)
{
  g_autoptr(GError) error = NULL;
  gboolean file = member->type == ENTRY_FILE, directory = member->type == ENTRY_DIRECTORY;
  gsize size = file && member->content != NULL ? strlen(member->content) : 0;
  Entry entry = {.path = member->path,
                 .type = member->type,
                 .mode = member->mode != 0 ? member->mode
                         : directory       ? 0755
                                           : 0644,
                 .size = size,
                 .target = file || directory ? NULL : member->content,
                 .mtime = 1};
  gboolean added = pack_writer_add(writer, &entry, &error) &&
                   (size == 0 || pack_writer_data(writer, member->content, size, &error));
  g_assert_no_error(error);
  g_assert_true(added);
}

static inline Pack *
maker_finish(PackWriter *writer)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  gboolean done = pack_writer_finish(writer, &digest, &error);
  g_assert_no_error(error);
  g_assert_true(done);
  Pack *pack = pack_open(maker_store, &digest, &error);
  g_assert_no_error(error);
  return pack;
}

/* A pack of @members, up to one without a path; @control (may be NULL) makes it a Debian package's. */
static inline Pack *
maker_pack(const Member *members, const char *control)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PackWriter) writer = pack_writer_new(maker_store, PACK_ZSTD, &error);
  g_assert_no_error(error);
  for (; members->path != NULL; members++)
    maker_add(writer, members);
  if (control != NULL) {
    g_autoptr(GBytes) meta = g_bytes_new(control, strlen(control));
    pack_writer_set_meta(writer, "control", meta);
  }
  return maker_finish(writer);
}

#endif
