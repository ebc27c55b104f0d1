/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/foreign.h"

#include <string.h>
#include <sys/utsname.h>

/* Debian's name, uname's, qemu's, and what else such a machine runs itself. */
static const struct {
  const char *debian, *machine, *qemu, *also;
} archs_known[] = {
  {"amd64", "x86_64", "x86_64", "i386"},   {"arm64", "aarch64", "aarch64", NULL},   {"i386", "i686", "i386", NULL},
  {"armhf", "armv7l", "arm", "armel"},     {"armel", "armv5tel", "arm", NULL},      {"mips64el", "mips64", "mips64el", NULL},
  {"ppc64el", "ppc64le", "ppc64le", NULL}, {"riscv64", "riscv64", "riscv64", NULL}, {"s390x", "s390x", "s390x", NULL},
};

static gboolean
is_native(const char *arch)
{
  struct utsname host;
  if (uname(&host) != 0)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(archs_known); i++)
    if (strcmp(archs_known[i].machine, host.machine) == 0)
      return strcmp(archs_known[i].debian, arch) == 0 || g_strcmp0(archs_known[i].also, arch) == 0;
  return FALSE;
}

/* With F the interpreter is open already, and need not be in the tree. */
static gboolean
is_emulated(const char *arch)
{
  for (guint i = 0; i < G_N_ELEMENTS(archs_known); i++) {
    if (strcmp(archs_known[i].debian, arch) != 0)
      continue;
    g_autofree char *path = g_strconcat("/proc/sys/fs/binfmt_misc/qemu-", archs_known[i].qemu, NULL), *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL) || !g_str_has_prefix(text, "enabled"))
      return FALSE;
    const char *flags = strstr(text, "flags:");
    return flags != NULL && memchr(flags, 'F', strcspn(flags, "\n")) != NULL;
  }
  return FALSE;
}

/* Where the first program stands that would be run for sure, or NULL. */
static const RecipePlace *
first_program(const Recipe *recipe)
{
  for (guint i = 0; i < recipe->stages->len; i++) {
    const RecipePlace *place = first_program(recipe->stages->pdata[i]);
    if (place != NULL)
      return place;
  }
  if (recipe->debian != NULL && recipe->debian->scripts == RECIPE_SCRIPTS_RUN)
    return &recipe->debian->place;
  if (recipe->steps->len > 0)
    return &((const RecipeStep *)recipe->steps->pdata[0])->place;
  for (guint i = 0; i < recipe->tests->len; i++) {
    const RecipeTest *test = recipe->tests->pdata[i];
    if (test->kind == RECIPE_TEST_COMMAND)
      return &test->place;
  }
  return NULL;
}

gboolean
foreign_check(const Recipe *recipe, const char *const *archs, GError **error)
{
  const RecipePlace *place = first_program(recipe);
  for (; place != NULL && *archs != NULL; archs++)
    if (!is_native(*archs) && !is_emulated(*archs))
      return recipe_failure_at(
        error, place,
        "this machine cannot run programs of %s, which the recipe is built for\n"
        "hint: install qemu-user-static (binfmt_misc), or build for the machine's own architecture with --arch",
        *archs);
  return TRUE;
}
