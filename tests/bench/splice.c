/* SPDX-License-Identifier: Apache-2.0
 *
 * splice FOLDER [MEGABYTES]: what packs and layers cost. The files of FOLDER become packs of about 4 MB; these are opened
 * and spliced into four layers, whole, again (remembered), and with one file dropped. Prints a line for each step.
 */
#include "rootfs/layer.h"
#include "rootfs/pack.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PACK_BYTES (4 << 20)
#define LAYERS 4

static GPtrArray *found;
static guint64 found_bytes, wanted_bytes;

static int
note_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
  if (type != FTW_F || !S_ISREG(status->st_mode) || found_bytes >= wanted_bytes)
    return 0;
  g_ptr_array_add(found, g_strdup(path));
  found_bytes += (guint64)status->st_size;
  return 0;
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
  return remove(path);
}

static void
check(GError *error)
{
  if (error != NULL) {
    fprintf(stderr, "%s\n", error->message);
    exit(1);
  }
}

static gsize
add_file(PackWriter *writer, const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &error);
  check(error);
  g_autofree char *name = entry_canonical_path(path, &error);
  check(error);
  gsize size = g_mapped_file_get_length(file);
  Entry entry = {.path = name, .mode = 0644, .size = size};
  if (pack_writer_add(writer, &entry, &error) && pack_writer_data(writer, g_mapped_file_get_contents(file), size, &error))
    return size;
  check(error);
  return 0;
}

static Digest
write_pack(Store *store, PackEncoding encoding, guint *next)
{
  Digest digest = {{0}};
  g_autoptr(GError) error = NULL;
  g_autoptr(PackWriter) writer = pack_writer_new(store, encoding, &error);
  check(error);
  for (gsize bytes = 0; *next < found->len && bytes < PACK_BYTES; ++*next)
    bytes += add_file(writer, found->pdata[*next]);
  if (!pack_writer_finish(writer, &digest, &error))
    check(error);
  return digest;
}

typedef struct {
  gint64 wall;
  clock_t cpu;
} Start;

static Start
begin(void)
{
  return (Start){g_get_monotonic_time(), clock()};
}

/* On a machine that is busy with other things, the time of the processors tells more than the clock. */
static void
report(const char *encoding, const char *step, Start start, guint64 bytes)
{
  double wall = (double)(g_get_monotonic_time() - start.wall) / 1e6, cpu = (double)(clock() - start.cpu) / CLOCKS_PER_SEC;
  printf("%-13s %-18s %9.2f ms, %9.2f ms of CPU, %7.2f GB/s of tar a core\n", encoding, step, wall * 1e3, cpu * 1e3,
         (double)bytes / cpu / 1e9);
}

typedef struct {
  Store *store;
  LayerSpec spec;
  guint64 tar_size, size;
} Job;

static gpointer
write_layer(gpointer data)
{
  Job *job = data;
  Layer layer;
  g_autoptr(GError) error = NULL;
  if (!layer_write(job->store, &job->spec, NULL, &layer, &error))
    check(error);
  job->tar_size = layer.tar_size;
  job->size = layer.size;
  layer_clear(&layer);
  return NULL;
}

static void
write_layers(const char *step, Store *store, PackEncoding encoding, const LayerPart *parts, guint n)
{
  Job jobs[LAYERS];
  GThread *threads[LAYERS];
  guint64 bytes = 0;
  Start start = begin();
  for (guint i = 0; i < LAYERS; i++) {
    guint from = n * i / LAYERS, to = n * (i + 1) / LAYERS;
    jobs[i] = (Job){store, {.encoding = encoding, .parts = parts + from, .n_parts = to - from}, 0, 0};
    threads[i] = g_thread_new("layer", write_layer, &jobs[i]);
  }
  for (guint i = 0; i < LAYERS; i++) {
    g_thread_join(threads[i]);
    bytes += jobs[i].tar_size;
  }
  report(pack_encoding_name(encoding), step, start, bytes);
}

static void
measure(Store *store, PackEncoding encoding)
{
  const char *name = pack_encoding_name(encoding);
  g_autoptr(GArray) digests = g_array_new(FALSE, FALSE, sizeof(Digest));
  g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(LayerPart));
  guint64 tar = 0, compressed = 0, entries = 0;
  Start start = begin();
  for (guint next = 0; next < found->len;) {
    Digest digest = write_pack(store, encoding, &next);
    g_array_append_val(digests, digest);
  }
  report(name, "pack", start, found_bytes);
  start = begin();
  for (guint i = 0; i < digests->len; i++) {
    g_autoptr(GError) error = NULL;
    LayerPart part = {.pack = pack_open(store, &g_array_index(digests, Digest, i), &error)};
    check(error);
    tar += pack_tar_size(part.pack);
    compressed += pack_compressed_size(part.pack);
    entries += pack_n_entries(part.pack);
    g_array_append_val(parts, part);
  }
  report(name, "open", start, tar);
  printf("%-13s %u packs, %" G_GUINT64_FORMAT " entries, %.1f MB of tar, ratio %.3f\n", name, parts->len, entries,
         (double)tar / 1e6, (double)compressed / (double)tar);
  LayerPart *part = &g_array_index(parts, LayerPart, 0);
  write_layers("splice", store, encoding, part, parts->len);
  write_layers("remembered", store, encoding, part, parts->len);
  guint n = pack_n_entries(part->pack) / 8 + 1;
  g_autofree guint8 *kept = g_malloc(n);
  memset(kept, 0xff, n);
  kept[0] &= 0xfe;
  part->kept = kept;
  write_layers("one file dropped", store, encoding, part, parts->len);
  for (guint i = 0; i < parts->len; i++)
    pack_unref(g_array_index(parts, LayerPart, i).pack);
}

int
main(int argc, char **argv)
{
  if (argc < 2) {
    fprintf(stderr, "usage: splice FOLDER [MEGABYTES]\n");
    return 2;
  }
  found = g_ptr_array_new_with_free_func(g_free);
  wanted_bytes = (argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 190) * 1000000;
  nftw(argv[1], note_file, 64, FTW_PHYS);
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("ashlar-bench-XXXXXX", &error);
  check(error);
  for (guint e = PACK_ZSTD; e <= PACK_ZSTD_CHUNKED; e++) {
    g_autofree char *path = g_build_filename(folder, pack_encoding_name((PackEncoding)e), NULL);
    g_autoptr(Store) store = store_open(path, &error);
    check(error);
    measure(store, (PackEncoding)e);
  }
  nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  g_ptr_array_unref(found);
  return 0;
}
