/* SPDX-License-Identifier: Apache-2.0
 *
 * Passing bytes between our own standard input and output and a program in a sandbox, until the sandbox's keeper has something to
 * say: over pipes, or over a terminal of the program's own (pty(7)), in place of which ours stands then: raw, and of one size.
 */
#ifndef ASHLAR_ROOTFS_SANDBOX_TERMINAL_H
#define ASHLAR_ROOTFS_SANDBOX_TERMINAL_H

#include <glib.h>

/* @input is where the program reads, @output and @errors what it prints; each is closed, and set to -1, at its end. */
void sandbox_terminal_pass(int *input, int *output, int *errors, int keeper);

/* @master: the program's terminal. What else is said comes by @messages. Our own terminal is as it was when this returns. */
void sandbox_terminal_stand_in(int master, int messages, int keeper);

/* The size of our terminal, 0 where there is none. */
void sandbox_terminal_size(guint *rows, guint *columns);

#endif
