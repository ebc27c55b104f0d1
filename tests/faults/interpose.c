/* SPDX-License-Identifier: Apache-2.0
 *
 * Loaded into ashlar by LD_PRELOAD: stands in front of the C library's calls that touch files, counts them, and makes one of them go
 * wrong. Only regular files, folders and names are looked at; pipes, sockets and the standard descriptors are left alone.
 *
 *   FAULT_COUNT=FILE   at the end, a line for each kind of call: KIND COUNT
 *   FAULT_CALL=KIND    which kind goes wrong: open read write sync rename link unlink mkdir truncate chmod close map seek lock stat
 *                      list, or "change": all that change the file system, counted together
 *   FAULT_AT=N         the N-th of them in this process
 *   FAULT_DO=WHAT      a name of errno (ENOSPC EIO EDQUOT EMFILE ENFILE EACCES EROFS EINTR ENOLCK): it fails so and does nothing;
 *                      short: it reads or writes one byte; kill: SIGKILL instead of it; killafter: SIGKILL after it;
 *                      cut, zero: as kill, and what was written and not synced is lost: the second half of each such file is gone, or
 *                      zeros, while its name is there, as file systems are found after a power cut
 *   FAULT_STAY=1       not only the N-th but all from there on (a disk that stays full)
 *   FAULT_IN=NAME      in the program of that name instead of ashlar: ashlar-sandbox is what keeps sandboxes
 *   FAULT_LOG=FILE     every change, a line each: write INODE, sync INODE, syncall INODE, rename INODE NAME, link INODE NAME
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN, READ, WRITE, SYNC, RENAME, LINK, UNLINK, MKDIR, TRUNCATE, CHMOD, CLOSE, MAP, SEEK, LOCK, STAT, LIST, KINDS };

static const struct {
  const char *name;
  bool changes;
} kinds[KINDS] = {
  [OPEN] = {"open", false},        [READ] = {"read", false},  [WRITE] = {"write", true},   [SYNC] = {"sync", true},
  [RENAME] = {"rename", true},     [LINK] = {"link", true},   [UNLINK] = {"unlink", true}, [MKDIR] = {"mkdir", true},
  [TRUNCATE] = {"truncate", true}, [CHMOD] = {"chmod", true}, [CLOSE] = {"close", false},  [MAP] = {"map", false},
  [SEEK] = {"seek", false},        [LOCK] = {"lock", false},  [STAT] = {"stat", false},    [LIST] = {"list", false},
};

static const struct {
  const char *name;
  int value;
} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},     {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE}, {"ENFILE", ENFILE},
              {"EACCES", EACCES}, {"EROFS", EROFS}, {"EINTR", EINTR},   {"ENOLCK", ENOLCK}};

static struct {
  bool active;
  int kind; /* -1: all that change something */
  long at;
  bool stays;
  int error; /* 0: one of the below */
  enum { NOTHING, SHORT, KILL, KILL_AFTER, CUT, ZERO } act;
  int log; /* -1: none */
} fault = {.log = -1};

static long counts[KINDS], matching;

/* Files with something in them that was not synced: what a power cut takes. */
static struct {
  dev_t device;
  ino_t inode;
  int fd; /* a duplicate */
} dirty[256];
static unsigned n_dirty;
static pthread_mutex_t dirty_lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* ---- what is asked for ---- */

static void
parse_action(const char *text)
{
  static const char *const acts[] = {
    [SHORT] = "short", [KILL] = "kill", [KILL_AFTER] = "killafter", [CUT] = "cut", [ZERO] = "zero"};
  for (unsigned i = 0; text != NULL && i < sizeof errors / sizeof *errors; i++)
    if (strcmp(text, errors[i].name) == 0)
      fault.error = errors[i].value;
  for (unsigned i = SHORT; text != NULL && i <= ZERO; i++)
    if (strcmp(text, acts[i]) == 0)
      fault.act = i;
}

static void
parse_kind(const char *text)
{
  fault.kind = KINDS;
  for (int i = 0; text != NULL && i < KINDS; i++)
    if (strcmp(text, kinds[i].name) == 0)
      fault.kind = i;
  if (text != NULL && strcmp(text, "change") == 0)
    fault.kind = -1;
}

__attribute__((constructor)) static void
begin(void)
{
  const char *at = getenv("FAULT_AT"), *log = getenv("FAULT_LOG"), *program = getenv("FAULT_IN");
  parse_kind(getenv("FAULT_CALL"));
  parse_action(getenv("FAULT_DO"));
  fault.at = at != NULL ? strtol(at, NULL, 10) : 0;
  fault.stays = getenv("FAULT_STAY") != NULL;
  if (log != NULL)
    fault.log = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  /* the programs that ashlar runs have no part in it */
  fault.active = strcmp(program_invocation_short_name, program != NULL ? program : "ashlar") == 0;
}

__attribute__((destructor)) static void
end(void)
{
  const char *path = getenv("FAULT_COUNT");
  FILE *out = fault.active && path != NULL ? fopen(path, "w") : NULL;
  for (int i = 0; out != NULL && i < KINDS; i++)
    fprintf(out, "%s %ld\n", kinds[i].name, counts[i]);
  if (out != NULL)
    fclose(out);
}

/* ---- what was written and not synced ---- */

static void
note(int fd, const char *what, const char *name)
{
  struct stat status;
  char line[PATH_MAX + 64];
  if (fault.log < 0 || fstat(fd, &status) != 0)
    return;
  int size = snprintf(line, sizeof line, "%s %llu%s%s\n", what, (unsigned long long)status.st_ino, name != NULL ? " " : "",
                      name != NULL ? name : "");
  (void)!syscall(SYS_write, fault.log, line, size);
}

static void
wrote(int fd)
{
  struct stat status;
  unsigned i = 0;
  note(fd, "write", NULL);
  if ((fault.act != CUT && fault.act != ZERO) || fstat(fd, &status) != 0)
    return;
  pthread_mutex_lock(&dirty_lock);
  while (i < n_dirty && (dirty[i].device != status.st_dev || dirty[i].inode != status.st_ino))
    i++;
  if (i == n_dirty && n_dirty < sizeof dirty / sizeof *dirty) {
    dirty[i].device = status.st_dev;
    dirty[i].inode = status.st_ino;
    dirty[i].fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 200);
    n_dirty++;
  }
  pthread_mutex_unlock(&dirty_lock);
}

static void
synced(int fd)
{
  struct stat status;
  note(fd, "sync", NULL);
  if (fstat(fd, &status) != 0)
    return;
  pthread_mutex_lock(&dirty_lock);
  for (unsigned i = 0; i < n_dirty; i++)
    if (dirty[i].device == status.st_dev && dirty[i].inode == status.st_ino) {
      syscall(SYS_close, dirty[i].fd);
      dirty[i] = dirty[--n_dirty];
      break;
    }
  pthread_mutex_unlock(&dirty_lock);
}

static void
all_synced(int fd)
{
  note(fd, "syncall", NULL);
  pthread_mutex_lock(&dirty_lock);
  while (n_dirty > 0)
    syscall(SYS_close, dirty[--n_dirty].fd);
  pthread_mutex_unlock(&dirty_lock);
}

static void
lose(void)
{
  pthread_mutex_lock(&dirty_lock);
  for (unsigned i = 0; i < n_dirty; i++) {
    struct stat status;
    if (fstat(dirty[i].fd, &status) != 0)
      continue;
    syscall(SYS_ftruncate, dirty[i].fd, status.st_size / 2);
    if (fault.act == ZERO)
      syscall(SYS_ftruncate, dirty[i].fd, status.st_size);
  }
}

/* ---- the fault ---- */

/* Whether this call, of @kind, is the one; then errno is set, or this never returns. */
static bool
struck(int kind)
{
  if (!fault.active)
    return false;
  __atomic_add_fetch(&counts[kind], 1, __ATOMIC_SEQ_CST);
  if (fault.kind == -1 ? !kinds[kind].changes : fault.kind != kind)
    return false;
  long n = __atomic_add_fetch(&matching, 1, __ATOMIC_SEQ_CST);
  if (fault.at == 0 || (fault.stays ? n < fault.at : n != fault.at))
    return false;
  if (fault.act == CUT || fault.act == ZERO)
    lose();
  if (fault.act == KILL || fault.act == CUT || fault.act == ZERO)
    kill(getpid(), SIGKILL);
  errno = fault.error;
  return true;
}

static void
after(bool was_struck)
{
  if (was_struck && fault.act == KILL_AFTER)
    kill(getpid(), SIGKILL);
}

/* An error, and nothing done? */
static bool
fails(bool was_struck)
{
  return was_struck && fault.error != 0;
}

static bool
is_file(int fd)
{
  struct stat status;
  return fd > STDERR_FILENO && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static bool
is_entry(int fd)
{
  struct stat status;
  return fd > STDERR_FILENO && fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

/* ---- the calls ---- */

#define OPEN_CALL(name, PARAMETERS, ARGUMENTS)                                                                                 \
  int name PARAMETERS                                                                                                          \
  {                                                                                                                            \
    mode_t mode = 0;                                                                                                           \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                                       \
      va_list list;                                                                                                            \
      va_start(list, flags);                                                                                                   \
      mode = va_arg(list, mode_t);                                                                                             \
      va_end(list);                                                                                                            \
    }                                                                                                                          \
    bool hit = struck(OPEN);                                                                                                   \
    int fd = fails(hit) ? -1 : REAL(name) ARGUMENTS;                                                                           \
    after(hit);                                                                                                                \
    return fd;                                                                                                                 \
  }
OPEN_CALL(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN_CALL(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN_CALL(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPEN_CALL(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

/* A call that either fails as a whole or is made: @file tells whether the fault may strike it. */
#define CALL(type, name, PARAMETERS, ARGUMENTS, kind, file, bad, then)                                                         \
  type name PARAMETERS                                                                                                         \
  {                                                                                                                            \
    bool hit = (file) && struck(kind);                                                                                         \
    type result = fails(hit) ? (bad) : REAL(name) ARGUMENTS;                                                                   \
    then;                                                                                                                      \
    after(hit);                                                                                                                \
    return result;                                                                                                             \
  }

#define SHORTENED(hit, size) ((hit) && fault.act == SHORT && (size) > 1 ? 1 : (size))

#define BYTES_CALL(name, PARAMETERS, ARGUMENTS, kind, then)                                                                    \
  ssize_t name PARAMETERS                                                                                                      \
  {                                                                                                                            \
    bool hit = is_file(fd) && struck(kind);                                                                                    \
    size = SHORTENED(hit, size);                                                                                               \
    ssize_t result = fails(hit) ? -1 : REAL(name) ARGUMENTS;                                                                   \
    then;                                                                                                                      \
    after(hit);                                                                                                                \
    return result;                                                                                                             \
  }
BYTES_CALL(read, (int fd, void *data, size_t size), (fd, data, size), READ, )
BYTES_CALL(pread, (int fd, void *data, size_t size, off_t offset), (fd, data, size, offset), READ, )
BYTES_CALL(pread64, (int fd, void *data, size_t size, off64_t offset), (fd, data, size, offset), READ, )
BYTES_CALL(write, (int fd, const void *data, size_t size), (fd, data, size), WRITE, if (result > 0 && is_file(fd)) wrote(fd))
BYTES_CALL(pwrite, (int fd, const void *data, size_t size, off_t offset), (fd, data, size, offset), WRITE,
           if (result > 0 && is_file(fd)) wrote(fd))
BYTES_CALL(pwrite64, (int fd, const void *data, size_t size, off64_t offset), (fd, data, size, offset), WRITE,
           if (result > 0 && is_file(fd)) wrote(fd))

CALL(ssize_t, writev, (int fd, const struct iovec *parts, int n), (fd, parts, n), WRITE, is_file(fd), -1,
     if (result > 0 && is_file(fd)) wrote(fd))
CALL(int, fsync, (int fd), (fd), SYNC, is_entry(fd), -1, if (result == 0) synced(fd))
CALL(int, fdatasync, (int fd), (fd), SYNC, is_entry(fd), -1, if (result == 0) synced(fd))
CALL(int, syncfs, (int fd), (fd), SYNC, is_entry(fd), -1, if (result == 0) all_synced(fd))
CALL(int, ftruncate, (int fd, off_t size), (fd, size), TRUNCATE, is_file(fd), -1, if (result == 0) wrote(fd))
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size), TRUNCATE, is_file(fd), -1, if (result == 0) wrote(fd))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), CHMOD, is_entry(fd), -1, )
CALL(int, fchmodat, (int folder, const char *path, mode_t mode, int flags), (folder, path, mode, flags), CHMOD, true, -1, )
CALL(int, chmod, (const char *path, mode_t mode), (path, mode), CHMOD, true, -1, )
CALL(int, unlink, (const char *path), (path), UNLINK, true, -1, )
CALL(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), UNLINK, true, -1, )
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), MKDIR, true, -1, )
CALL(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), MKDIR, true, -1, )
CALL(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence), SEEK, is_file(fd), -1, )
CALL(off64_t, lseek64, (int fd, off64_t offset, int whence), (fd, offset, whence), SEEK, is_file(fd), -1, )
CALL(int, flock, (int fd, int operation), (fd, operation), LOCK, true, -1, )
CALL(int, fstatat, (int folder, const char *path, struct stat *status, int flags), (folder, path, status, flags), STAT, true,
     -1, )
CALL(int, fstatat64, (int folder, const char *path, struct stat64 *status, int flags), (folder, path, status, flags), STAT,
     true, -1, )
CALL(int, stat, (const char *path, struct stat *status), (path, status), STAT, true, -1, )
CALL(int, stat64, (const char *path, struct stat64 *status), (path, status), STAT, true, -1, )
CALL(int, lstat64, (const char *path, struct stat64 *status), (path, status), STAT, true, -1, )
CALL(DIR *, opendir, (const char *path), (path), LIST, true, NULL, )
CALL(DIR *, fdopendir, (int fd), (fd), LIST, true, NULL, )
CALL(struct dirent64 *, readdir64, (DIR * names), (names), LIST, true, NULL, )
CALL(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset),
     (at, size, protection, flags, fd, offset), MAP, is_file(fd), MAP_FAILED, )
CALL(void *, mmap64, (void *at, size_t size, int protection, int flags, int fd, off64_t offset),
     (at, size, protection, flags, fd, offset), MAP, is_file(fd), MAP_FAILED, )

/* The descriptor is gone, whatever close() says. */
int
close(int fd)
{
  bool hit = is_entry(fd) && struck(CLOSE);
  int error = errno, result = REAL(close)(fd);
  after(hit);
  if (!fails(hit))
    return result;
  errno = error;
  return -1;
}

/* Notes the new name of what now has it. */
static void
named(const char *what, int folder, const char *path)
{
  char full[PATH_MAX], proc[64];
  ssize_t size = 0;
  int fd = fault.log >= 0 ? (int)syscall(SYS_openat, folder, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0) : -1;
  if (fd < 0)
    return;
  snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
  size = readlink(proc, full, sizeof full - 1);
  full[size > 0 ? size : 0] = '\0';
  note(fd, what, full);
  syscall(SYS_close, fd);
}

CALL(int, rename, (const char *from, const char *to), (from, to), RENAME, true, -1,
     if (result == 0) named("rename", AT_FDCWD, to))
CALL(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), RENAME, true, -1,
     if (result == 0) named("rename", b, to))
CALL(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags), RENAME, true,
     -1, if (result == 0) named("rename", b, to))
CALL(int, link, (const char *from, const char *to), (from, to), LINK, true, -1, if (result == 0) named("link", AT_FDCWD, to))
CALL(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), LINK, true, -1,
     if (result == 0) named("link", b, to))
