/* SPDX-License-Identifier: Apache-2.0
 *
 * floor PACKAGE.deb...: the least that a first build of these packages can cost. Each data.tar is decompressed, compressed
 * again in frames as packs have them, and hashed; nothing is parsed, indexed, merged or written. Hashed are the bytes that have
 * a digest of their own: the package, the contents of its files, the layers' tar stream, the pack's frames and the layer's.
 * Prints the CPU seconds of each, and what all of it takes where every core is busy to the end:
 *
 *   decompress 1.61
 *   compress 0.98
 *   hash 0.41
 *   floor 1.50
 */
#include "rootfs/codec.h"
#include "signing/digest.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DECOMPRESS, COMPRESS, HASH, PHASES };

typedef struct {
  double seconds[PHASES];
  double since; /* of the thread's CPU time */
  Codec *codec;
  Hasher *hasher;
  guint8 *tar, *frame;
  gsize filled;
} Work;

typedef struct {
  const char *path;
  gsize size;
} Package;

static GArray *packages; /* Package, the largest first */
static gint next_package;

static void
fail(const char *path, const char *why)
{
  fprintf(stderr, "%s: %s\n", path, why);
  exit(1);
}

/* ---- time ---- */

static double
thread_seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What was spent since the last call goes to @phase. */
static void
spent(Work *work, int phase)
{
  double now = thread_seconds();
  work->seconds[phase] += now - work->since;
  work->since = now;
}

/* ---- a package ---- */

static void
hash(Work *work, const void *data, gsize size)
{
  Digest digest;
  hasher_update(work->hasher, data, size);
  hasher_finish(work->hasher, &digest);
}

static void
end_frame(Work *work)
{
  if (work->filled == 0)
    return;
  hash(work, work->tar, work->filled); /* as files */
  hash(work, work->tar, work->filled); /* as the layers' tar stream */
  spent(work, HASH);
  gsize size = codec_compress(work->codec, work->tar, work->filled, work->frame);
  spent(work, COMPRESS);
  hash(work, work->frame, size); /* in the pack */
  hash(work, work->frame, size); /* in the layer */
  spent(work, HASH);
  work->filled = 0;
}

static void
take(Work *work, const guint8 *data, gsize size)
{
  while (size > 0) {
    gsize part = MIN(size, PACK_FRAME_SIZE - work->filled);
    memcpy(work->tar + work->filled, data, part);
    work->filled += part;
    data += part;
    size -= part;
    if (work->filled == PACK_FRAME_SIZE) {
      spent(work, DECOMPRESS);
      end_frame(work);
    }
  }
}

static la_ssize_t
read_member(struct archive *archive, void *data, const void **piece)
{
  size_t size;
  la_int64_t offset;
  int result = archive_read_data_block(data, piece, &size, &offset);
  return result == ARCHIVE_OK ? (la_ssize_t)size : result == ARCHIVE_EOF ? 0 : -1;
}

static void
decompress(Work *work, const char *path, struct archive *ar)
{
  struct archive *raw = archive_read_new();
  struct archive_entry *entry;
  archive_read_support_format_raw(raw);
  archive_read_support_filter_xz(raw);
  archive_read_support_filter_zstd(raw);
  archive_read_support_filter_gzip(raw);
  if (archive_read_open(raw, ar, NULL, read_member, NULL) != ARCHIVE_OK || archive_read_next_header(raw, &entry) != ARCHIVE_OK)
    fail(path, archive_error_string(raw));
  const void *data;
  size_t size;
  la_int64_t offset;
  int result;
  while ((result = archive_read_data_block(raw, &data, &size, &offset)) == ARCHIVE_OK)
    take(work, data, size);
  if (result != ARCHIVE_EOF)
    fail(path, archive_error_string(raw));
  archive_read_free(raw);
  spent(work, DECOMPRESS);
  end_frame(work);
}

static void
do_package(Work *work, const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &error);
  if (file == NULL)
    fail(path, error->message);
  work->since = thread_seconds();
  hash(work, g_mapped_file_get_contents(file), g_mapped_file_get_length(file));
  spent(work, HASH);
  struct archive *ar = archive_read_new();
  struct archive_entry *entry;
  archive_read_support_format_ar(ar);
  if (archive_read_open_memory(ar, g_mapped_file_get_contents(file), g_mapped_file_get_length(file)) != ARCHIVE_OK)
    fail(path, archive_error_string(ar));
  while (archive_read_next_header(ar, &entry) == ARCHIVE_OK)
    if (g_str_has_prefix(archive_entry_pathname(entry), "data.tar"))
      decompress(work, path, ar);
  archive_read_free(ar);
}

/* ---- all of them ---- */

static gpointer
run(gpointer data)
{
  Work *work = data;
  work->codec = codec_new(PACK_ZSTD);
  work->hasher = hasher_new();
  work->tar = g_malloc(PACK_FRAME_SIZE);
  work->frame = g_malloc(codec_bound(work->codec, PACK_FRAME_SIZE));
  for (guint i; (i = (guint)g_atomic_int_add(&next_package, 1)) < packages->len;)
    do_package(work, g_array_index(packages, Package, i).path);
  codec_free(work->codec);
  hasher_free(work->hasher);
  g_free(work->tar);
  g_free(work->frame);
  return NULL;
}

static gint
compare_sizes(gconstpointer a, gconstpointer b)
{
  gsize x = ((const Package *)a)->size, y = ((const Package *)b)->size;
  return x > y ? -1 : x < y;
}

int
main(int argc, char **argv)
{
  packages = g_array_new(FALSE, FALSE, sizeof(Package));
  for (int i = 1; i < argc; i++) {
    g_autofree char *content = NULL;
    Package package = {.path = argv[i]};
    if (!g_file_get_contents(argv[i], &content, &package.size, NULL)) /* into the page cache too */
      fail(argv[i], "cannot be read");
    g_array_append_val(packages, package);
  }
  g_array_sort(packages, compare_sizes);
  guint cores = g_get_num_processors();
  g_autofree Work *works = g_new0(Work, cores);
  g_autofree GThread **threads = g_new0(GThread *, cores);
  for (guint i = 0; i < cores; i++)
    threads[i] = g_thread_new("floor", run, &works[i]);
  static const char *const names[PHASES] = {"decompress", "compress", "hash"};
  double all = 0, sums[PHASES] = {0};
  for (guint i = 0; i < cores; i++) {
    g_thread_join(threads[i]);
    for (int phase = 0; phase < PHASES; phase++)
      sums[phase] += works[i].seconds[phase];
  }
  for (int phase = 0; phase < PHASES; phase++) {
    printf("%s %.3f\n", names[phase], sums[phase]);
    all += sums[phase];
  }
  printf("floor %.3f\n", all / cores);
  g_array_unref(packages);
  return 0;
}
