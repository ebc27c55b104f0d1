/* SPDX-License-Identifier: Apache-2.0
 *
 * Maintainer scripts, as they are read without being run.
 */
#include "builder/sources/debian/script.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autofree char *text = fuzz_text(data, size);
  g_autoptr(GPtrArray) commands = debian_script_parse(text);
  for (guint i = 0; i < commands->len; i++) {
    const DebianCommand *command = commands->pdata[i];
    g_assert(command->words != NULL && command->words[0] != NULL);
    if (debian_command_is(command, "update-alternatives"))
      g_assert(g_str_has_suffix(command->words[0], "update-alternatives"));
  }
  return 0;
}
