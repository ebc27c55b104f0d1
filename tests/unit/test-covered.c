/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/covered.h"
#include "signing/error.h"

#include <string.h>

static const char mountinfo[] = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
                                "23 22 0:21 / /proc rw,nosuid - proc proc rw\n"
                                "24 22 0:22 / /sys rw,nosuid - sysfs sysfs rw\n"
                                "25 24 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n"
                                "26 24 0:23 / /sys/fs/cgroup rw shared:9 - tmpfs tmpfs ro\n"
                                "27 26 0:24 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n"
                                "28 23 0:25 / /proc/sys/fs/binfmt_misc rw - binfmt_misc none rw\n"
                                "29 23 0:26 /null /proc/kcore rw - tmpfs tmpfs rw\n"
                                "30 23 0:21 /sys /proc/sys ro - proc proc rw\n"
                                "31 23 0:27 / /proc/a\\040b ro - tmpfs tmpfs rw\n"
                                "32 23 0:28 / /proc/kcore ro - tmpfs tmpfs rw\n"
                                "33 22 0:29 / /processes rw - tmpfs tmpfs rw\n"
                                "34 24 0:30 / /sys/firmware ro - tmpfs tmpfs rw\n"
                                "broken\n";

static void
assert_found(const char *place, const char *expected)
{
  g_autoptr(GPtrArray) found = covered_find(mountinfo, place);
  g_ptr_array_add(found, NULL);
  g_autofree char *text = g_strjoinv(":", (char **)found->pdata);
  g_assert_cmpstr(text, ==, expected);
}

static void
what_hides_something_is_found(void)
{
  assert_found("/proc", "/proc/kcore:/proc/sys:/proc/a b");
  assert_found("/sys", "/sys/firmware");
  assert_found("/dev", "");
}

/* Nothing is mounted over what is not there: no error says that something is. */
static void
nothing_is_made_up(void)
{
  g_autoptr(GError) error = g_error_new(ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "refused");
  covered_explain("/proc/self/nowhere", &error);
  g_assert_cmpstr(error->message, ==, "refused");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/covered/find", what_hides_something_is_found);
  g_test_add_func("/covered/nothing", nothing_is_made_up);
  return g_test_run();
}
