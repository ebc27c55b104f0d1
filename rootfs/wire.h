/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages between two processes of ours over a stream socket: a verb and what belongs to it, as a GVariant of type (sv) behind
 * its length. Both ends run on the same machine and are the same program.
 */
#ifndef ASHLAR_ROOTFS_WIRE_H
#define ASHLAR_ROOTFS_WIRE_H

#include <glib.h>

/* A longer message is refused. */
#define WIRE_MESSAGE_MAX (64 << 20)

/* @value may be floating; NULL: none belongs to it. */
gboolean wire_send(int fd, const char *verb, GVariant *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The next message; *verb is newly allocated, *value a new reference. The end of the stream is ASHLAR_ERROR_NOT_FOUND. */
gboolean wire_receive(int fd, char **verb, GVariant **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An open file, which belongs to no message. (-1: there was none, with @error.) */
gboolean wire_send_fd(int fd, int file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
int wire_receive_fd(int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An error as a message, and back: "error" (us). */
gboolean wire_send_error(int fd, const GError *problem, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void wire_set_error(GVariant *value, GError **error);

#endif
