/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/passphrase.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Waits until @fd can be read. FALSE with @error set when cancelled. */
static gboolean
await_input(int fd, GCancellable *cancellable, GError **error)
{
  struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
  if (cancellable != NULL)
    fds[1].fd = g_cancellable_get_fd(cancellable);
  int ready;
  do
    ready = poll(fds, 2, -1);
  while (ready < 0 && errno == EINTR);
  int saved = errno;
  if (fds[1].fd >= 0)
    g_cancellable_release_fd(cancellable);
  if (ready < 0)
    return error_set_errno(error, saved, "wait for the passphrase");
  return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

/* Byte by byte, so that nothing behind the line is taken from whoever reads the descriptor next. */
static gboolean
read_line(int fd, GCancellable *cancellable, Secret *out, GError **error)
{
  char line[PASSPHRASE_MAX + 1];
  gsize size = 0;
  gboolean ok = TRUE, end = FALSE;
  while (ok && !end) {
    ok = await_input(fd, cancellable, error);
    if (!ok)
      break;
    ssize_t got = read(fd, line + size, 1);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      ok = error_set_errno(error, errno, "read the passphrase");
    else if (got == 0 || line[size] == '\n')
      end = TRUE;
    else if (++size > PASSPHRASE_MAX) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the passphrase is longer than %d bytes", PASSPHRASE_MAX);
      ok = FALSE;
    }
  }
  if (ok && size > 0 && line[size - 1] == '\r')
    size--;
  if (ok)
    secret_set(out, line, size);
  OPENSSL_cleanse(line, sizeof line);
  return ok;
}

gboolean
passphrase_read(int fd, Secret *out, GError **error)
{
  if (!read_line(fd, NULL, out, error)) {
    g_prefix_error(error, "file descriptor %d: ", fd);
    return FALSE;
  }
  return TRUE;
}

static gboolean
tell(int tty, const char *text, GError **error)
{
  gsize size = strlen(text);
  if (write(tty, text, size) != (ssize_t)size)
    return error_set_errno(error, errno, "write to the terminal");
  return TRUE;
}

gboolean
passphrase_prompt(const char *prompt, GCancellable *cancellable, Secret *out, GError **error)
{
  int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  struct termios before, quiet;
  if (tty < 0 || tcgetattr(tty, &before) != 0) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND,
                "there is no terminal to ask for the passphrase\nhint: set %s, or give --passphrase-fd", PASSPHRASE_VARIABLE);
    if (tty >= 0)
      close(tty);
    return FALSE;
  }
  quiet = before;
  quiet.c_lflag &= ~(tcflag_t)ECHO;
  quiet.c_lflag |= ECHONL;
  /* stopping the program here would leave a shell without echo */
  quiet.c_cc[VSUSP] = _POSIX_VDISABLE;
  gboolean ok = tell(tty, prompt, error);
  if (ok && tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
    ok = error_set_errno(error, errno, "hide what is typed at the terminal");
  if (ok) {
    ok = read_line(tty, cancellable, out, error);
    tcsetattr(tty, TCSAFLUSH, &before);
    if (!ok && write(tty, "\n", 1) < 0)
      ok = FALSE;
  }
  close(tty);
  return ok;
}

static gboolean
prompt_for(const char *subject, const PassphraseSource *source, Secret *out, GError **error)
{
  g_autofree char *shown = g_strescape(subject, NULL);
  g_autofree char *prompt = g_strdup_printf("passphrase of '%s': ", shown);
  if (!passphrase_prompt(prompt, source->cancellable, out, error))
    return FALSE;
  if (!source->confirm)
    return TRUE;
  g_auto(Secret) again = {0};
  if (!passphrase_prompt("the same again: ", source->cancellable, &again, error))
    return FALSE;
  if (secret_equal(out, &again))
    return TRUE;
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "the two passphrases differ");
  return FALSE;
}

gboolean
passphrase_parse_fd(const char *text, int *fd, GError **error)
{
  guint64 number;
  if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL)) {
    *fd = (int)number;
    return TRUE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is not the number of a file descriptor", text);
  return FALSE;
}

gboolean
passphrase_ask(const char *subject, gpointer source, Secret *out, GError **error)
{
  const PassphraseSource *from = source;
  if (from->fd >= 0)
    return passphrase_read(from->fd, out, error);
  const char *variable = g_getenv(PASSPHRASE_VARIABLE);
  if (variable == NULL)
    return prompt_for(subject, from, out, error);
  secret_set(out, variable, strlen(variable));
  return TRUE;
}
