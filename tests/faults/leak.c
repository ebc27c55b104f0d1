/* SPDX-License-Identifier: Apache-2.0
 *
 * Loaded into ashlar by LD_PRELOAD: what is read of a file named "stamp" begins, from byte 8 on, with something of the
 * surroundings, as a build that is not reproducible would have it. Its size stays. For `ashlar build --check` to find.
 *
 *   LEAK=WHAT   home, user, host, store (the --store of the command line), time (decimal), binary (the time in 64 bits), date,
 *               random
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define AT 8

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static bool
is_stamp(int fd)
{
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 6)
    return false;
  path[n] = '\0';
  return strcmp(path + n - 6, "/stamp") == 0;
}

static size_t
text(char *out, size_t size, const char *value)
{
  return (size_t)snprintf(out, size, "%s", value != NULL ? value : "");
}

static size_t
store_of_command_line(char *out, size_t size)
{
  char line[8192] = "";
  FILE *file = fopen("/proc/self/cmdline", "r");
  size_t n = file != NULL ? fread(line, 1, sizeof line - 1, file) : 0;
  if (file != NULL)
    fclose(file);
  for (char *word = line; word < line + n; word += strlen(word) + 1)
    if (strncmp(word, "--store=", 8) == 0)
      return text(out, size, word + 8);
  return 0;
}

static size_t
leak(char *out, size_t size)
{
  const char *what = getenv("LEAK");
  time_t now = time(NULL);
  struct tm parts;
  int64_t binary = now;
  if (what == NULL)
    return 0;
  if (strcmp(what, "home") == 0)
    return text(out, size, getenv("HOME"));
  if (strcmp(what, "user") == 0)
    return text(out, size, getenv("USER"));
  if (strcmp(what, "host") == 0)
    return gethostname(out, size) == 0 ? strlen(out) : 0;
  if (strcmp(what, "store") == 0)
    return store_of_command_line(out, size);
  if (strcmp(what, "time") == 0)
    return (size_t)snprintf(out, size, "%lld", (long long)now);
  if (strcmp(what, "date") == 0)
    return strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
  if (strcmp(what, "binary") == 0) {
    memcpy(out, &binary, sizeof binary);
    return sizeof binary;
  }
  /* the same for all reads of one process */
  static char noise[16];
  if (strcmp(what, "random") == 0) {
    if (noise[0] == '\0' && getrandom(noise, sizeof noise, 0) != sizeof noise)
      return 0;
    memcpy(out, noise, sizeof noise);
    return sizeof noise;
  }
  return 0;
}

ssize_t
pread64(int fd, void *buffer, size_t size, off64_t offset)
{
  char value[PATH_MAX];
  ssize_t n = REAL(pread64)(fd, buffer, size, offset);
  if (n <= AT || offset != 0 || !is_stamp(fd))
    return n;
  size_t length = leak(value, sizeof value), room = (size_t)n - AT;
  memcpy((char *)buffer + AT, value, length < room ? length : room);
  return n;
}

ssize_t
pread(int fd, void *buffer, size_t size, off_t offset)
{
  return pread64(fd, buffer, size, offset);
}
