/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzz targets share. A target, tests/fuzz/fuzz-NAME.c, gives the bytes it is handed to one of the program's readers
 * of foreign bytes, through its public header, and asserts what must hold of whatever the reader takes. `make fuzz` links it
 * with libFuzzer, everything else with replay.c, which hands it the files of tests/fuzz/corpus/NAME one by one.
 */
#ifndef ASHLAR_TESTS_FUZZ_H
#define ASHLAR_TESTS_FUZZ_H

#include "rootfs/store.h"

#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

/* As main.c does, so that libarchive takes names for what they are. */
__attribute__((constructor)) static inline void
fuzz_set_locale(void)
{
  setlocale(LC_CTYPE, "C.UTF-8");
}

/* Whether @path stays below whatever folder it is taken relative to. */
static inline gboolean
fuzz_path_stays(const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  return *path != '/' && !g_strv_contains((const char *const *)parts, "..");
}

/* The bytes as text (transfer full). A NUL among them ends it, as it would for whoever reads such a text. */
static inline char *
fuzz_text(const guint8 *data, gsize size)
{
  return g_strndup((const char *)data, size);
}

/* Cuts one part off the front of the input: all up to a line that says "----", or the rest (transfer full). */
static inline char *
fuzz_part(const guint8 **data, gsize *size)
{
  static const char mark[] = "\n----\n";
  const guint8 *end = memmem(*data, *size, mark, sizeof mark - 1);
  gsize length = end != NULL ? (gsize)(end - *data) + 1 : *size;
  char *part = fuzz_text(*data, length);
  gsize skipped = end != NULL ? length + sizeof mark - 2 : length;
  *data += skipped;
  *size -= skipped;
  return part;
}

/* An unnamed file in memory with the bytes, opened at its beginning; one and the same for all inputs. */
static inline int
fuzz_file(const guint8 *data, gsize size)
{
  static int fd = -1;
  if (fd < 0)
    fd = memfd_create("input", MFD_CLOEXEC);
  g_assert(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (gssize)size && lseek(fd, 0, SEEK_SET) == 0);
  return fd;
}

/* The path of that file. */
static inline const char *
fuzz_file_path(const guint8 *data, gsize size)
{
  static char path[32];
  g_snprintf(path, sizeof path, "/proc/self/fd/%d", fuzz_file(data, size));
  return path;
}

/* Makes the file at @path hold the bytes. */
static inline void
fuzz_put(const char *path, const guint8 *data, gsize size)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  gssize written = fd >= 0 ? write(fd, data, size) : -1;
  g_assert(fd >= 0 && written == (gssize)size);
  close(fd);
}

static inline int
fuzz_remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
  return remove(path);
}

static inline char **
fuzz_folder_place(void)
{
  static char *folder;
  return &folder;
}

static inline void
fuzz_remove_folder(void)
{
  char **folder = fuzz_folder_place();
  if (*folder != NULL)
    nftw(*folder, fuzz_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  g_clear_pointer(folder, g_free);
}

/* A folder of the target's own, made once and removed at the end. */
static inline const char *
fuzz_folder(void)
{
  char **folder = fuzz_folder_place();
  if (*folder == NULL) {
    *folder = g_dir_make_tmp("ashlar-fuzz-XXXXXX", NULL);
    g_assert(*folder != NULL);
    atexit(fuzz_remove_folder);
  }
  return *folder;
}

/* A store in such a folder, made anew every now and then, so that it does not grow with the number of inputs. */
static inline Store *
fuzz_store(void)
{
  enum { INPUTS = 512 };
  static Store *store;
  static guint used;
  if (store != NULL && used++ % INPUTS != INPUTS - 1)
    return store;
  if (store != NULL) {
    store_unref(store);
    fuzz_remove_folder();
  }
  g_autofree char *path = g_build_filename(fuzz_folder(), "store", NULL);
  store = store_open(path, NULL);
  g_assert(store != NULL);
  return store;
}

#endif
