/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the passphrase of a private key comes from: a file descriptor, the environment, or whoever sits at the terminal.
 */
#ifndef ASHLAR_SIGNING_PASSPHRASE_H
#define ASHLAR_SIGNING_PASSPHRASE_H

#include "signing/secret.h"
#include <gio/gio.h>

#define PASSPHRASE_VARIABLE "ASHLAR_KEY_PASSPHRASE"

/* The first line of descriptor @fd (without its newline), which is left open. */
gboolean passphrase_read(int fd, Secret *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Prints @prompt on /dev/tty and reads a line there that is not shown. The terminal is put back as it was whatever happens;
 * cancelling (Ctrl-C, where SIGINT cancels) ends it with G_IO_ERROR_CANCELLED. ASHLAR_ERROR_NOT_FOUND without a terminal. */
gboolean passphrase_prompt(const char *prompt, GCancellable *cancellable, Secret *out,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
  int fd; /* -1: none was given */
  GCancellable *cancellable;
  gboolean confirm; /* ask twice at the terminal: for a new key */
} PassphraseSource;

/* The number of a descriptor as the command line gives it; ASHLAR_ERROR_USAGE for what is none. */
gboolean passphrase_parse_fd(const char *text, int *fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The descriptor where one was given, else $ASHLAR_KEY_PASSPHRASE where it is set, else the terminal. Fits KeyAsk: @source
 * is a PassphraseSource, @subject the key's file name for the prompt. */
gboolean passphrase_ask(const char *subject, gpointer source, Secret *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
