/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/keeper_inside.h"
#include "rootfs/covered.h"
#include "rootfs/entry_list.h"
#include "rootfs/keeper.h"
#include "rootfs/keeper_memory.h"
#include "rootfs/wire.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- becoming root ---- */

static gboolean
become_root(const IdMap *map, GError **error)
{
  /* without subordinate ids nobody may change his groups */
  if (map->groups.others > 0 && setgroups(0, NULL) != 0)
    return error_set_errno(error, errno, "leave all groups");
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
    return error_set_errno(error, errno, "become root of the sandbox");
  /* after the change of user, which takes it back */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
    return error_set_errno(error, errno, "ask to end with the warden");
  return TRUE;
}

static gboolean
do_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data, GError **error)
{
  return mount(source, target, type, flags, data) == 0 || error_set_errno(error, errno, "mount %s on '%s'", type, target);
}

/* To be opened before we become root of the sandbox, to whom the way to the store may be closed; -1 where it is to us too. */
static int
open_caches(void)
{
  return open("../../caches", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static gboolean
mount_proc(GError **error)
{
  if (do_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, error))
    return TRUE;
  covered_explain("/proc", error);
  return FALSE;
}

static gboolean
mount_caches(int caches, GError **error)
{
  g_autofree char *place = g_strdup_printf("/proc/self/fd/%d", caches);
  return caches < 0 || do_mount(place, KEEPER_CACHES, "the caches", MS_BIND | MS_REC, NULL, error);
}

/* The tree comes under a name that the sandbox's root can reach: the way to the store may be closed to it. */
static gboolean
mount_place(const KeeperOrders *orders, int caches, gboolean *in_memory, GError **error)
{
  if (!do_mount("none", "/", "nothing", MS_REC | MS_SLAVE, NULL, error))
    return FALSE;
  *in_memory = orders->in_memory || (orders->memory > 0 && keeper_mount_memory(orders->memory));
  if (!do_mount("tmpfs", KEEPER_PLACE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755", error))
    return FALSE;
  if (mkdir(KEEPER_BUNDLE, 0755) != 0 || mkdir(KEEPER_BUNDLE_TREE, 0755) != 0 || mkdir(KEEPER_STATE, 0700) != 0 ||
      mkdir(KEEPER_EXTRAS_PLACE, 0755) != 0 || mkdir(KEEPER_CACHES, 0755) != 0 || mkdir(KEEPER_INPUTS, 0755) != 0)
    return error_set_errno(error, errno, "make folders in '%s'", KEEPER_PLACE);
  return do_mount(KEEPER_TREE, KEEPER_BUNDLE_TREE, "the tree", MS_BIND, NULL, error) &&
         do_mount(KEEPER_EXTRAS, KEEPER_EXTRAS_PLACE, "what comes with it", MS_BIND, NULL, error) &&
         do_mount(KEEPER_INPUTS_FOLDER, KEEPER_INPUTS, "inputs", MS_BIND, NULL, error) && mount_caches(caches, error) &&
         mount_proc(error);
}

/* ---- messages ---- */

static const struct {
  const char *verb, *type;
  gboolean (*serve)(Keeper *keeper, GVariant *value, GError **error);
} services[] = {
  {"own", ENTRY_LIST_TYPE, keeper_own}, {"mark", "b", keeper_mark},   {"run", "a{sv}", keeper_run},
  {"list", "b", keeper_list},           {"send", "aay", keeper_send},
};

static gboolean
serve(Keeper *keeper, const char *verb, GVariant *value, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS(services); i++)
    if (strcmp(services[i].verb, verb) == 0 && g_variant_is_of_type(value, G_VARIANT_TYPE(services[i].type)))
      return services[i].serve(keeper, value, error);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the sandbox's keeper was asked for '%s'", verb);
  return FALSE;
}

static void
serve_all(Keeper *keeper)
{
  for (;;) {
    g_autofree char *verb = NULL;
    g_autoptr(GVariant) value = NULL;
    g_autoptr(GError) problem = NULL;
    if (!wire_receive(KEEPER_SOCKET, &verb, &value, NULL))
      return;
    if (!serve(keeper, verb, value, &problem) && !wire_send_error(KEEPER_SOCKET, problem, NULL))
      return;
  }
}

/* Tells who stands for root, and where the tree is. */
static gboolean
tell_ready(const KeeperOrders *orders, const Keeper *keeper, gboolean in_memory, GError **error)
{
  const IdMap *map = &orders->map;
  return wire_send(KEEPER_SOCKET, "ready",
                   g_variant_new("(uubb)", map->users.root, map->groups.root, map->users.others > 0, in_memory), error) &&
         wire_send_fd(KEEPER_SOCKET, keeper->tree, error);
}

void
keeper_inside(const KeeperOrders *orders)
{
  GError *problem = NULL;
  Keeper keeper = {.tree = -1};
  gboolean in_memory = FALSE;
  close(KEEPER_LIFELINE);
  int caches = open_caches();
  if (become_root(&orders->map, &problem) && mount_place(orders, caches, &in_memory, &problem)) {
    keeper.tree = open(KEEPER_BUNDLE_TREE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (keeper.tree < 0)
      error_set_errno(&problem, errno, "open the tree");
  }
  if (caches >= 0)
    close(caches);
  if (problem != NULL) {
    (void)!wire_send_error(KEEPER_SOCKET, problem, NULL);
    _exit(EXIT_FAILURE);
  }
  if (tell_ready(orders, &keeper, in_memory, NULL))
    serve_all(&keeper);
  _exit(EXIT_SUCCESS);
}
