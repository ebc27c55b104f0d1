/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/document.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
check_kind(int fd, const char *name, LimitId limit, gsize *size, GError **error)
{
  struct stat status;
  if (fstat(fd, &status) != 0)
    return error_set_errno(error, errno, "look at '%s'", name);
  if (!S_ISREG(status.st_mode)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is %s", name,
                S_ISDIR(status.st_mode) ? "a folder, not a file" : "not a regular file");
    return FALSE;
  }
  if ((guint64)status.st_size > limits_get(limit))
    return limits_refuse(limit, error, "'%s'", name);
  *size = (gsize)status.st_size;
  return TRUE;
}

GBytes *
document_read_fd(int fd, const char *name, LimitId limit, GError **error)
{
  gsize room = 0, have = 0;
  if (!check_kind(fd, name, limit, &room, error))
    return NULL;
  /* one byte more than it has: that it grew is noticed, and does no harm */
  g_autofree char *text = g_malloc(room + 2);
  while (have <= room) {
    ssize_t got = read(fd, text + have, room + 1 - have);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      error_set_errno(error, errno, "read '%s'", name);
      return NULL;
    }
    if (got == 0)
      break;
    have += (gsize)got;
  }
  if (have > room) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "'%s' grew while it was read", name);
    return NULL;
  }
  text[have] = '\0';
  return g_bytes_new_take(g_steal_pointer(&text), have);
}

GBytes *
document_read(const char *path, LimitId limit, GError **error)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    error_set_errno(error, errno, "open '%s'", path);
    return NULL;
  }
  GBytes *bytes = document_read_fd(fd, path, limit, error);
  close(fd);
  return bytes;
}
