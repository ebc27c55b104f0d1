/* SPDX-License-Identifier: Apache-2.0
 *
 * The manual: a page for the program and one for each command, in man(7), from the commands' tables. ashlar-recipe(5) is made
 * of the recipe language's own table (recipe/schema.h).
 */
#ifndef ASHLAR_BUILDER_MANUAL_H
#define ASHLAR_BUILDER_MANUAL_H

#include "builder/command.h"

/* ashlar(1) (transfer full). */
char *manual_program(const Command *const *commands);
/* ashlar-build(1), ashlar-store-gc(1) (transfer full). */
char *manual_command(const Command *command);
/* "ashlar-store-gc" (transfer full). */
char *manual_name(const char *command);

#endif
