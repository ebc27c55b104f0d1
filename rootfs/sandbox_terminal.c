/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sandbox_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PIECE 4096
/* How often the size of our terminal is looked at: the signal that tells of it belongs to whoever handles signals. */
#define TICK_MILLISECONDS 100

/* What was read and is not written yet. */
typedef struct {
  char data[PIECE];
  gsize from, to;
} Buffer;

static void
close_end(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

/* ---- one way: from us to the program ---- */

/* What to watch: our input where there is room, and the program where there is something for it. */
static void
watch_input(const Buffer *buffer, gboolean ended, int to, struct pollfd *ours, struct pollfd *theirs)
{
  gboolean full = buffer->from < buffer->to;
  *ours = (struct pollfd){.fd = to >= 0 && !full && !ended ? STDIN_FILENO : -1, .events = POLLIN};
  *theirs = (struct pollfd){.fd = to >= 0 && full ? to : -1, .events = POLLOUT};
}

/* FALSE at the end of our input. */
static gboolean
read_input(Buffer *buffer)
{
  ssize_t size = read(STDIN_FILENO, buffer->data, PIECE);
  buffer->from = 0;
  buffer->to = size > 0 ? (gsize)size : 0;
  return size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN));
}

/* FALSE where nobody reads any more. */
static gboolean
write_input(Buffer *buffer, int to)
{
  ssize_t size = write(to, buffer->data + buffer->from, buffer->to - buffer->from);
  if (size > 0)
    buffer->from += (gsize)size;
  return size >= 0 || errno == EAGAIN || errno == EINTR;
}

/* ---- the other way ---- */

static gboolean
write_all(int fd, const char *data, gsize size)
{
  while (size > 0) {
    ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EAGAIN) {
      struct pollfd watched = {.fd = fd, .events = POLLOUT};
      (void)poll(&watched, 1, -1);
    } else if (written < 0 && errno != EINTR)
      return FALSE;
    else if (written > 0) {
      data += written;
      size -= (gsize)written;
    }
  }
  return TRUE;
}

/* Whether anything was there. Where nobody takes it, or at its end, @from is closed: the program will hear of that. */
static gboolean
pass_output(const struct pollfd *watched, int *from, int to)
{
  char data[PIECE];
  if (*from < 0 || watched->revents == 0)
    return FALSE;
  ssize_t size = read(*from, data, sizeof data);
  if (size < 0 && (errno == EINTR || errno == EAGAIN))
    return FALSE;
  if (size <= 0 || !write_all(to, data, (gsize)size))
    close_end(from);
  return size > 0;
}

/* ---- pipes ---- */

void
sandbox_terminal_pass(int *input, int *output, int *errors, int keeper)
{
  Buffer buffer = {.from = 0};
  gboolean ended = FALSE;
  (void)fcntl(*input, F_SETFL, O_NONBLOCK);
  for (;;) {
    struct pollfd watched[5] = {
      {.fd = keeper, .events = POLLIN}, {.fd = *output, .events = POLLIN}, {.fd = *errors, .events = POLLIN}};
    watch_input(&buffer, ended, *input, &watched[3], &watched[4]);
    if (poll(watched, G_N_ELEMENTS(watched), -1) < 0 && errno != EINTR)
      return;
    if (watched[3].revents != 0)
      ended = !read_input(&buffer);
    if ((watched[4].revents != 0 && !write_input(&buffer, *input)) || (ended && buffer.from == buffer.to))
      close_end(input);
    gboolean more = pass_output(&watched[1], output, STDOUT_FILENO);
    more = pass_output(&watched[2], errors, STDERR_FILENO) || more;
    if (!more && watched[0].revents != 0)
      return;
  }
}

/* ---- a terminal ---- */

void
sandbox_terminal_size(guint *rows, guint *columns)
{
  struct winsize size = {0};
  (void)ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
  *rows = size.ws_row;
  *columns = size.ws_col;
}

static void
follow_size(int master, struct winsize *known)
{
  struct winsize now = *known;
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &now) != 0 || memcmp(&now, known, sizeof now) == 0)
    return;
  (void)ioctl(master, TIOCSWINSZ, &now);
  *known = now;
}

static void
pass_terminal(int *master, int *messages, int keeper)
{
  Buffer buffer = {.from = 0};
  struct winsize size = {0};
  gboolean ended = FALSE;
  for (;;) {
    struct pollfd watched[5] = {
      {.fd = keeper, .events = POLLIN}, {.fd = *master, .events = POLLIN}, {.fd = *messages, .events = POLLIN}};
    follow_size(*master, &size);
    watch_input(&buffer, ended, *master, &watched[3], &watched[4]);
    if (poll(watched, G_N_ELEMENTS(watched), TICK_MILLISECONDS) < 0 && errno != EINTR)
      return;
    if (watched[3].revents != 0)
      ended = !read_input(&buffer);
    if (watched[4].revents != 0)
      (void)write_input(&buffer, *master);
    gboolean more = pass_output(&watched[1], master, STDOUT_FILENO);
    more = pass_output(&watched[2], messages, STDERR_FILENO) || more;
    if (!more && watched[0].revents != 0)
      return;
  }
}

void
sandbox_terminal_stand_in(int master, int messages, int keeper)
{
  struct termios before, raw;
  gboolean is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  if (is_terminal) {
    raw = before;
    cfmakeraw(&raw);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }
  (void)fcntl(master, F_SETFL, O_NONBLOCK);
  messages = fcntl(messages, F_DUPFD_CLOEXEC, 0);
  pass_terminal(&master, &messages, keeper);
  close_end(&master);
  close_end(&messages);
  if (is_terminal)
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}
