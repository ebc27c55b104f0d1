/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sandbox_mounts.h"
#include "rootfs/keeper.h"
#include "rootfs/keeper_inside.h"
#include "rootfs/runtime.h"

static char *
cache_source(const SandboxMount *mount)
{
  return g_build_filename(KEEPER_CACHES, mount->cache, KEEPER_TREE, NULL);
}

void
sandbox_mounts_configure(const SandboxStep *step, GArray *mounts, GPtrArray *strings)
{
  if (step->n_secrets > 0) {
    const RuntimeMount secrets = {.source = KEEPER_SECRETS, .target = SANDBOX_SECRETS};
    g_array_append_val(mounts, secrets);
  }
  if (step->extras) {
    const RuntimeMount extras = {.source = KEEPER_EXTRAS_PLACE, .target = SANDBOX_EXTRAS};
    g_array_append_val(mounts, extras);
  }
  if (step->network) {
    const RuntimeMount names = {.source = "/etc/resolv.conf", .target = "/etc/resolv.conf"};
    g_array_append_val(mounts, names);
  }
  for (guint i = 0; i < step->n_mounts; i++) {
    const SandboxMount *mount = &step->mounts[i];
    char *target = g_strconcat("/", mount->target, NULL);
    char *source = mount->cache != NULL ? cache_source(mount)
                                        : g_build_filename(KEEPER_INPUTS, mount->input, mount->member, NULL);
    g_ptr_array_add(strings, target);
    g_ptr_array_add(strings, source);
    const RuntimeMount asked = {.source = source, .target = target, .writable = mount->cache != NULL};
    g_array_append_val(mounts, asked);
  }
}

GVariant *
sandbox_mounts_points(const SandboxStep *step, gboolean folders)
{
  static const char *const usual[] = {"proc", "sys", "dev", "run", "tmp"};
  g_autoptr(GPtrArray) paths = g_ptr_array_new();
  for (guint i = 0; folders && i < G_N_ELEMENTS(usual); i++)
    g_ptr_array_add(paths, (gpointer)usual[i]);
  if (!folders && step->network)
    g_ptr_array_add(paths, (gpointer) "etc/resolv.conf");
  for (guint i = 0; i < step->n_mounts; i++)
    if (step->mounts[i].folder == folders)
      g_ptr_array_add(paths, (gpointer)step->mounts[i].target);
  return g_variant_new_bytestring_array((const char *const *)paths->pdata, paths->len);
}

GVariant *
sandbox_mounts_owned(const SandboxStep *step)
{
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < step->n_mounts; i++)
    if (step->mounts[i].cache != NULL)
      g_ptr_array_add(paths, cache_source(&step->mounts[i]));
  return g_variant_new_bytestring_array((const char *const *)paths->pdata, paths->len);
}
