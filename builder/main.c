/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "rootfs/keeper.h"
#include "rootfs/sandbox.h"

#include <locale.h>
#include <string.h>

/* one a line: */
/* clang-format off */
static const Command *const commands[] = {
  &command_init,
  &command_lint,
  &command_lock,
  &command_build,
  &command_keygen,
  &command_sign,
  &command_verify,
  &command_inspect,
  &command_ls,
  &command_diff,
  &command_shell,
  &command_report,
  &command_limits,
  &command_store_info,
  &command_store_verify,
  &command_store_gc,
  &command_help,
  &command_manual,
  &command_completion,
  NULL,
};
/* clang-format on */

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  if (strcmp(argv[0], KEEPER_NAME) == 0)
    return keeper_main(argc, argv);
  int status = command_main(commands, argc, argv);
  sandbox_wait_freed();
  return status;
}
