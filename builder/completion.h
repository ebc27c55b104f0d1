/* SPDX-License-Identifier: Apache-2.0
 *
 * Completion scripts for shells, from the commands' tables: commands, options, what an option takes (its choices, or what its
 * word stands for: words.h) and the arguments. A script is complete in itself; it asks ashlar for nothing while one types.
 */
#ifndef ASHLAR_BUILDER_COMPLETION_H
#define ASHLAR_BUILDER_COMPLETION_H

#include "builder/command.h"

/* For bash 4 or newer, with or without the bash-completion package (transfer full). */
char *completion_bash(const Command *const *commands);
/* For zsh's compinit: a file _ashlar in $fpath; also to be sourced (transfer full). */
char *completion_zsh(const Command *const *commands);
/* For fish 3 or newer (transfer full). */
char *completion_fish(const Command *const *commands);

#endif
