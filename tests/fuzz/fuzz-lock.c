/* SPDX-License-Identifier: Apache-2.0
 *
 * Lock files. What is taken is written as a text that is taken again and written the same; no path in it climbs.
 */
#include "builder/lock/lock.h"
#include "tests/fuzz/fuzz.h"

static Lock *
load(const char *text, gsize size)
{
  g_autoptr(GError) error = NULL;
  Lock *lock = lock_load(fuzz_file_path((const guint8 *)text, size), &error);
  g_assert((lock == NULL) == (error != NULL));
  return lock;
}

static void
check_packages(const Lock *lock)
{
  for (guint i = 0; i < lock->archs->len; i++) {
    const LockArch *arch = lock->archs->pdata[i];
    for (guint j = 0; j < arch->packages->len; j++) {
      const LockPackage *package = arch->packages->pdata[j];
      g_assert(lock_find_package(arch, package->name) == package);
      g_assert(fuzz_path_stays(package->path) && package->size > 0);
    }
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(Lock) lock = load((const char *)data, size);
  if (lock == NULL)
    return 0;
  check_packages(lock);
  g_autofree char *text = lock_to_text(lock);
  g_autoptr(Lock) again = load(text, strlen(text));
  g_assert(again != NULL);
  g_autofree char *same = lock_to_text(again);
  g_assert_cmpstr(same, ==, text);
  return 0;
}
