/* SPDX-License-Identifier: Apache-2.0
 *
 * ELF files as a dynamic loader sees them. What is taken stays within its bounds, and is the same when it is read again.
 */
#include "builder/elf/binary.h"
#include "tests/fuzz/fuzz.h"

static void
check_text(const char *text)
{
  g_assert(text == NULL || strlen(text) <= BINARY_TEXT_MAX);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new(data, size);
  g_autoptr(Binary) binary = binary_read(bytes, &error);
  g_assert((binary == NULL) == (error != NULL));
  if (binary == NULL)
    return 0;
  g_assert(binary->needed->len <= BINARY_NEEDED_MAX);
  g_assert(binary->loadable || (binary->needed->len == 0 && binary->interpreter == NULL));
  check_text(binary->interpreter);
  check_text(binary->name);
  check_text(binary->rpath);
  check_text(binary->runpath);
  for (guint i = 0; i < binary->needed->len; i++)
    check_text(binary->needed->pdata[i]);
  g_autoptr(Binary) again = binary_read(bytes, NULL);
  g_assert(again != NULL && binary_fits(binary, again) && again->needed->len == binary->needed->len);
  return 0;
}
