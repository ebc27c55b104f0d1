/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/wire.h"
#include "signing/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static gboolean
send_all(int fd, struct iovec *parts, int n, GError **error)
{
  while (n > 0) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)n};
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0)
      return error_set_errno(error, errno, "speak to the sandbox");
    for (; n > 0 && (size_t)sent >= parts->iov_len; n--, parts++)
      sent -= (ssize_t)parts->iov_len;
    if (n > 0) {
      parts->iov_base = (char *)parts->iov_base + sent;
      parts->iov_len -= (size_t)sent;
    }
  }
  return TRUE;
}

gboolean
wire_send(int fd, const char *verb, GVariant *value, GError **error)
{
  g_autoptr(GVariant)
    message = g_variant_ref_sink(g_variant_new("(sv)", verb, value != NULL ? value : g_variant_new_boolean(TRUE)));
  guint32 length = (guint32)g_variant_get_size(message);
  g_assert(g_variant_get_size(message) <= WIRE_MESSAGE_MAX);
  struct iovec parts[] = {{&length, sizeof length}, {(void *)g_variant_get_data(message), length}};
  return send_all(fd, parts, G_N_ELEMENTS(parts), error);
}

static gboolean
receive_all(int fd, void *data, gsize size, GError **error)
{
  for (gsize done = 0; done < size;) {
    ssize_t part = read(fd, (char *)data + done, size - done);
    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      return error_set_errno(error, errno, "listen to the sandbox");
    if (part == 0) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "the sandbox's keeper has gone");
      return FALSE;
    }
    done += (gsize)part;
  }
  return TRUE;
}

gboolean
wire_receive(int fd, char **verb, GVariant **value, GError **error)
{
  guint32 length;
  if (!receive_all(fd, &length, sizeof length, error))
    return FALSE;
  if (length > WIRE_MESSAGE_MAX) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the sandbox's keeper sent a message of %u bytes", length);
    return FALSE;
  }
  g_autofree char *data = g_malloc(length);
  if (!receive_all(fd, data, length, error))
    return FALSE;
  g_autoptr(GBytes) bytes = g_bytes_new_take(g_steal_pointer(&data), length);
  g_autoptr(GVariant) message = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE("(sv)"), bytes, FALSE));
  g_variant_get(message, "(sv)", verb, value);
  return TRUE;
}

/* Room for one descriptor, aligned as the kernel wants it (cmsg(3)). */
typedef union {
  struct cmsghdr header;
  char room[CMSG_SPACE(sizeof(int))];
} Attachment;

gboolean
wire_send_fd(int fd, int file, GError **error)
{
  Attachment attachment = {.room = {0}};
  char byte = 0;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &attachment, .msg_controllen = sizeof attachment};
  attachment.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof file)};
  memcpy(CMSG_DATA(&attachment.header), &file, sizeof file);
  ssize_t sent;
  do
    sent = sendmsg(fd, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == 1 || error_set_errno(error, errno, "speak to the sandbox");
}

int
wire_receive_fd(int fd, GError **error)
{
  Attachment attachment = {.room = {0}};
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &attachment, .msg_controllen = sizeof attachment};
  ssize_t received;
  do
    received = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  const struct cmsghdr *header = received == 1 ? CMSG_FIRSTHDR(&message) : NULL;
  int file = -1;
  if (header != NULL && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof file))
    memcpy(&file, CMSG_DATA(header), sizeof file);
  else if (received < 0)
    error_set_errno(error, errno, "listen to the sandbox");
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "the sandbox's keeper has gone");
  return file;
}

gboolean
wire_send_error(int fd, const GError *problem, GError **error)
{
  guint32 code = problem->domain == ASHLAR_ERROR ? (guint32)problem->code : ASHLAR_ERROR_FAILED;
  return wire_send(fd, "error", g_variant_new("(u^ay)", code, problem->message), error);
}

void
wire_set_error(GVariant *value, GError **error)
{
  guint32 code = ASHLAR_ERROR_FAILED;
  const char *message = "the sandbox's keeper failed";
  if (g_variant_is_of_type(value, G_VARIANT_TYPE("(uay)")))
    g_variant_get(value, "(u^&ay)", &code, &message);
  g_set_error_literal(error, ASHLAR_ERROR, code <= ASHLAR_ERROR_CANCELLED ? (gint)code : ASHLAR_ERROR_FAILED, message);
}
