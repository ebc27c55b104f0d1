/* SPDX-License-Identifier: Apache-2.0
 *
 * The calls that can fail while a file is written are stood in for here: this program's own definitions are found before the
 * C library's. Each is made to fail in turn; the destination must be what it was.
 */
#include "rootfs/outfile.h"
#include "signing/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
  gboolean no_tmpfile; /* as on file systems without unnamed files */
  gboolean clones;     /* as on file systems that share blocks; else none does */
  gboolean no_noreplace;
  const char *failing; /* the call that fails ... */
  int after;           /* ... after so many times that it does not */
} fault;

static gboolean
fails(const char *call)
{
  if (g_strcmp0(fault.failing, call) != 0 || fault.after-- > 0)
    return FALSE;
  errno = EIO;
  return TRUE;
}

int
openat(int folder, const char *path, int flags, ...)
{
  va_list args;
  va_start(args, flags);
  unsigned mode = va_arg(args, unsigned);
  va_end(args);
  if ((flags & O_TMPFILE) == O_TMPFILE && fault.no_tmpfile) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return fails("openat") ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

ssize_t
write(int fd, const void *data, size_t size)
{
  return fails("write") ? -1 : syscall(SYS_write, fd, data, size);
}

int
fsync(int fd)
{
  return fails("fsync") ? -1 : (int)syscall(SYS_fsync, fd);
}

int
fchmod(int fd, mode_t mode)
{
  return fails("fchmod") ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int
linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
  return fails("linkat") ? -1 : (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int
renameat(int from_folder, const char *from, int to_folder, const char *to)
{
  return fails("renameat") ? -1 : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
}

int
renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
  if (fault.no_noreplace) {
    errno = EINVAL;
    return -1;
  }
  return fails("renameat2") ? -1 : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

/* FICLONE leaves the position in the file where it is. */
int
ioctl(int out, unsigned long request, ...)
{
  va_list arguments;
  char bytes[64];
  va_start(arguments, request);
  int in = va_arg(arguments, int);
  va_end(arguments);
  if (request != FICLONE || !fault.clones) {
    errno = EOPNOTSUPP;
    return -1;
  }
  ssize_t n = pread(in, bytes, sizeof bytes, 0);
  return pwrite(out, bytes, (size_t)n, 0) == n ? 0 : -1;
}

/* ---- cases ---- */

typedef struct {
  char *folder;
  char *path;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  memset(&fault, 0, sizeof fault);
  fixture->folder = g_dir_make_tmp("ashlar-outfile-XXXXXX", NULL);
  fixture->path = g_build_filename(fixture->folder, "out", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  memset(&fault, 0, sizeof fault);
  g_unlink(fixture->path);
  /* nothing else may have been left there */
  g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
  g_free(fixture->folder);
  g_free(fixture->path);
}

static void
assert_content(const char *path, const char *expected)
{
  g_autofree char *text = NULL;
  gboolean there = g_file_get_contents(path, &text, NULL, NULL);
  g_assert_true(there == (expected != NULL));
  g_assert_cmpstr(text, ==, expected);
}

static gboolean
put(Fixture *fixture, const char *text, OutfileFlags flags, GError **error)
{
  return outfile_put(fixture->path, text, strlen(text), 0640, flags, error);
}

static void
written_and_replaced(Fixture *fixture, gconstpointer data)
{
  for (int named = 0; named < 2; named++) {
    fault.no_tmpfile = named;
    mode_t mask = umask(0777);
    g_assert_true(put(fixture, "one", OUTFILE_REPLACE, NULL));
    g_assert_true(put(fixture, "two", OUTFILE_REPLACE, NULL));
    umask(mask);
    assert_content(fixture->path, "two");
    struct stat status;
    g_assert_cmpint(stat(fixture->path, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 07777, ==, 0640);
  }
}

static void
exclusive_refuses_what_is_there(Fixture *fixture, gconstpointer data)
{
  for (int way = 0; way < 3; way++) {
    g_autoptr(GError) error = NULL;
    fault.no_tmpfile = way > 0;
    fault.no_noreplace = way > 1;
    /* the other file comes while this one is being written, so that only the last step can tell */
    g_autoptr(Outfile) out = outfile_new(fixture->path, 0600, OUTFILE_EXCLUSIVE, NULL);
    g_assert_true(g_file_set_contents(fixture->path, "theirs", -1, NULL));
    g_assert_false(outfile_commit(out, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS);
    assert_content(fixture->path, "theirs");
    g_assert_false(put(fixture, "mine", OUTFILE_EXCLUSIVE, NULL));
    g_unlink(fixture->path);
    g_assert_true(put(fixture, "mine", OUTFILE_EXCLUSIVE, NULL));
    assert_content(fixture->path, "mine");
    g_unlink(fixture->path);
  }
}

static void
each_failing_call_changes_nothing(Fixture *fixture, gconstpointer data)
{
  static const struct {
    gboolean named, there;
    const char *call;
  } cases[] = {
    {FALSE, FALSE, "openat"}, {FALSE, FALSE, "write"}, {FALSE, FALSE, "fchmod"},  {FALSE, FALSE, "fsync"},
    {FALSE, FALSE, "linkat"}, {FALSE, TRUE, "linkat"}, {FALSE, TRUE, "renameat"}, {TRUE, FALSE, "openat"},
    {TRUE, FALSE, "write"},   {TRUE, FALSE, "fsync"},  {TRUE, TRUE, "renameat"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_unlink(fixture->path);
    if (cases[i].there)
      g_assert_true(g_file_set_contents(fixture->path, "old", -1, NULL));
    memset(&fault, 0, sizeof fault);
    fault.no_tmpfile = cases[i].named;
    fault.failing = cases[i].call;
    g_assert_false(put(fixture, "new", OUTFILE_REPLACE, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, fixture->path));
    memset(&fault, 0, sizeof fault);
    assert_content(fixture->path, cases[i].there ? "old" : NULL);
  }
}

static void
unsynced_folder_is_told(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fault.failing = "fsync";
  fault.after = 1;
  g_assert_false(put(fixture, "new", OUTFILE_REPLACE, &error));
  g_assert_nonnull(strstr(error->message, "sync folder"));
  fault.after = 0;
  g_assert_true(put(fixture, "new", OUTFILE_VOLATILE, NULL));
  fault.after = 1;
  g_assert_true(put(fixture, "new", OUTFILE_LOSABLE, NULL));
}

static void
copies_in_both_ways(Fixture *fixture, gconstpointer data)
{
  g_autofree char *source = g_build_filename(fixture->folder, "source", NULL);
  g_assert_true(g_file_set_contents(source, "0123456789", -1, NULL));
  int fd = open(source, O_RDONLY);
  for (int clones = 0; clones < 2; clones++) {
    g_autoptr(GError) error = NULL;
    fault.clones = clones;
    g_autoptr(Outfile) out = outfile_new(fixture->path, 0644, OUTFILE_REPLACE, NULL);
    g_assert_true(outfile_copy(out, fd, 0, 10, NULL));
    g_assert_true(outfile_write(out, "<", 1, NULL));
    g_assert_true(outfile_copy(out, fd, 3, 4, NULL));
    g_assert_true(outfile_copy(out, fd, 0, 10, NULL));
    g_assert_true(outfile_commit(out, NULL));
    assert_content(fixture->path, "0123456789<34560123456789");
    g_assert_false(outfile_copy(out, fd, 8, 3, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  }
  close(fd);
  g_unlink(source);
}

static void
bad_destinations(Fixture *fixture, gconstpointer data)
{
  g_autofree char *below = g_build_filename(fixture->folder, "missing", "out", NULL);
  const char *const bad[] = {"", fixture->folder, below};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Outfile) out = outfile_new(bad[i], 0644, OUTFILE_REPLACE, &error);
    g_assert_null(out);
    g_assert_nonnull(error);
  }
}

#define OUTFILE_TEST(name, function) g_test_add("/outfile/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  OUTFILE_TEST("written", written_and_replaced);
  OUTFILE_TEST("exclusive", exclusive_refuses_what_is_there);
  OUTFILE_TEST("failing-calls", each_failing_call_changes_nothing);
  OUTFILE_TEST("folder-sync", unsynced_folder_is_told);
  OUTFILE_TEST("copy", copies_in_both_ways);
  OUTFILE_TEST("bad-destinations", bad_destinations);
  return g_test_run();
}
