/* SPDX-License-Identifier: Apache-2.0
 *
 * Every subcommand, one line each; main.c puts them in the order of the help.
 */
#ifndef ASHLAR_COMMANDS_COMMANDS_H
#define ASHLAR_COMMANDS_COMMANDS_H

#include "builder/command.h"

extern const Command command_init;
extern const Command command_lint;
extern const Command command_lock;
extern const Command command_build;
extern const Command command_keygen;
extern const Command command_sign;
extern const Command command_verify;
extern const Command command_inspect;
extern const Command command_ls;
extern const Command command_diff;
extern const Command command_shell;
extern const Command command_report;
extern const Command command_limits;
extern const Command command_store_info;
extern const Command command_store_verify;
extern const Command command_store_gc;
extern const Command command_help;
extern const Command command_manual;
extern const Command command_completion;

#endif
