/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/keeper.h"
#include "rootfs/cgroup.h"
#include "rootfs/keeper_inside.h"
#include "rootfs/keeper_memory.h"
#include "rootfs/remove_tree.h"
#include "rootfs/wire.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many processes a sandbox has at most: many for a build, few for a machine. */
#define PROCESSES_MAX 4096

typedef struct {
  KeeperOrders orders;
  Cgroup *cgroup; /* or NULL */
} Warden;

/* ---- a process that is root of a namespace ---- */

/* Why there are no namespaces: @saved is clone(2)'s errno. */
static gboolean
refused(int saved, GError **error)
{
  if (saved != EPERM && saved != ENOSPC && saved != EUSERS)
    return error_set_errno(error, saved, "make namespaces for a sandbox");
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED,
              "this system does not allow user namespaces: %s\n"
              "hint: steps and tests that run programs need them; a container has to allow clone with CLONE_NEWUSER, and a "
              "machine has the settings user.max_user_namespaces and kernel.unprivileged_userns_clone",
              g_strerror(saved));
  return FALSE;
}

/* A copy of this process in new namespaces (clone(2)'s flags), which waits for its maps; then calls @inside, which does not
 * return. @hold stays open as long as the warden lives. */
static pid_t
start_inside(const Warden *warden, int flags, void (*inside)(const KeeperOrders *orders), int *hold, GError **error)
{
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0)
    return error_set_errno(error, errno, "make a pipe"), -1;
  pid_t pid = (pid_t)syscall(SYS_clone, (unsigned long)(flags | SIGCHLD), NULL, NULL, NULL, NULL);
  if (pid == 0) {
    char go;
    close(gate[1]);
    if (read(gate[0], &go, 1) == 1)
      inside(&warden->orders);
    _exit(EXIT_FAILURE);
  }
  int saved = errno;
  close(gate[0]);
  *hold = gate[1];
  if (pid < 0) {
    close(gate[1]);
    return refused(saved, error), -1;
  }
  if (idmap_set(&warden->orders.map, pid, error) && write(gate[1], "", 1) == 1)
    return pid;
  if (error != NULL && *error == NULL)
    error_set_errno(error, errno, "start the sandbox");
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  close(gate[1]);
  return -1;
}

/* ---- the end ---- */

static void
remove_inside(const KeeperOrders *orders)
{
  GError *problem = NULL;
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0 || !remove_tree(AT_FDCWD, KEEPER_TREE, &problem) ||
      !remove_tree(AT_FDCWD, KEEPER_INPUTS_FOLDER, &problem))
    _exit(EXIT_FAILURE);
  _exit(EXIT_SUCCESS);
}

/* What lies in the folder belongs to the sandbox's users: only its root can remove it. The folder itself is the warden's. */
static void
remove_folder(const Warden *warden, const char *folder)
{
  int hold;
  if (warden->orders.in_memory)
    (void)umount2(KEEPER_TREE, MNT_DETACH);
  pid_t pid = start_inside(warden, CLONE_NEWUSER, remove_inside, &hold, NULL);
  if (pid > 0) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
      ;
    close(hold);
  }
  /* and what was never given away, where there was no keeper yet, or can be none: only we can */
  (void)!remove_tree(AT_FDCWD, KEEPER_TREE, NULL);
  (void)!remove_tree(AT_FDCWD, KEEPER_INPUTS_FOLDER, NULL);
  (void)!remove_tree(AT_FDCWD, KEEPER_EXTRAS, NULL);
  (void)unlink(KEEPER_KEEP);
  (void)unlink(KEEPER_LOCK);
  (void)!chdir("/");
  (void)rmdir(folder);
}

/* ---- measuring ---- */

static void
measure_inside(const KeeperOrders *orders)
{
  char *roots[] = {(char *)KEEPER_TREE, NULL};
  guint64 bytes = 0;
  FTS *walk = setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0 ? fts_open(roots, FTS_PHYSICAL, NULL) : NULL;
  for (FTSENT *entry; walk != NULL && (entry = fts_read(walk)) != NULL;)
    if (entry->fts_info == FTS_F)
      bytes += (guint64)entry->fts_statp->st_size;
  dprintf(STDOUT_FILENO, "%" G_GUINT64_FORMAT "\n", bytes);
  _exit(EXIT_SUCCESS);
}

/* Only root of the sandbox may look into all of it. */
static void
measure_folder(const Warden *warden)
{
  int hold;
  pid_t pid = start_inside(warden, CLONE_NEWUSER, measure_inside, &hold, NULL);
  if (pid <= 0)
    return;
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
    ;
  close(hold);
}

/* ---- the warden ---- */

/* Waits until the keeper has ended, or whoever made the sandbox has; then the keeper ends, and all that runs below it. */
static void
wait_for_end(pid_t keeper)
{
  int process = (int)syscall(SYS_pidfd_open, keeper, 0);
  struct pollfd watched[] = {{.fd = KEEPER_LIFELINE, .events = POLLIN}, {.fd = process, .events = POLLIN}};
  while (poll(watched, G_N_ELEMENTS(watched), -1) < 0 && errno == EINTR)
    ;
  kill(keeper, SIGKILL);
  while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
    ;
  if (process >= 0)
    close(process);
}

/* Whoever lays the tree out writes as root of the first user namespace, which only a file system that was mounted there lets him.
 * Where the sandbox's root is himself, the keeper mounts it. */
static void
mount_memory(KeeperOrders *orders)
{
  orders->in_memory = orders->memory > 0 && unshare(CLONE_NEWNS) == 0 &&
                      mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 && keeper_mount_memory(orders->memory);
  orders->memory = 0;
}

/* Everything that leads to the tree becomes the sandbox's root's, so that it can be entered by it. */
static gboolean
prepare_folder(Warden *warden, const char *folder, GError **error)
{
  KeeperOrders *orders = &warden->orders;
  const IdMap *map = &orders->map;
  gboolean gives = map->users.root != geteuid();
  if (gives)
    mount_memory(orders);
  if (gives &&
      (chown(".", map->users.root, map->groups.root) != 0 || chown(KEEPER_TREE, map->users.root, map->groups.root) != 0 ||
       chown(KEEPER_INPUTS_FOLDER, map->users.root, map->groups.root) != 0))
    return error_set_errno(error, errno, "give '%s' away", folder);
  return TRUE;
}

static gboolean
keep(Warden *warden, const char *folder, GError **error)
{
  int hold;
  if (!prepare_folder(warden, folder, error))
    return FALSE;
  const int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  pid_t pid = start_inside(warden, flags, keeper_inside, &hold, error);
  if (pid < 0)
    return FALSE;
  if (warden->cgroup != NULL) {
    (void)cgroup_limit_processes(warden->cgroup, PROCESSES_MAX);
    (void)cgroup_add(warden->cgroup, pid);
  }
  /* only the keeper speaks: whoever listens is to hear when it has gone */
  close(KEEPER_SOCKET);
  close(KEEPER_OUTPUT);
  close(KEEPER_ERRORS);
  close(KEEPER_INPUT);
  wait_for_end(pid);
  close(hold);
  return TRUE;
}

/* Descriptors that are for us alone. */
static gboolean
take_descriptors(void)
{
  for (int fd = KEEPER_SOCKET; fd <= KEEPER_INPUT; fd++)
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
      return FALSE;
  return TRUE;
}

int
keeper_main(int argc, char **argv)
{
  gboolean keeps = argc == 5 && strcmp(argv[1], KEEPER_KEEPS) == 0;
  gboolean measures = argc == 4 && strcmp(argv[1], KEEPER_MEASURES) == 0;
  if ((argc != 4 && !keeps) || chdir(argv[2]) != 0 || (keeps && !take_descriptors()))
    return EXIT_FAILURE;
  GError *problem = NULL;
  Warden warden = {.cgroup = keeps ? cgroup_make(argv[3]) : cgroup_find(argv[3])};
  /* what the terminal sends is for who made the sandbox, and reaches us over the lifeline */
  setsid();
  umask(022);
  idmap_find(&warden.orders.map);
  warden.orders.memory = keeps ? g_ascii_strtoull(argv[4], NULL, 10) : 0;
  if (keeps && !keep(&warden, argv[2], &problem))
    (void)!wire_send_error(KEEPER_SOCKET, problem, NULL);
  g_clear_error(&problem);
  if (warden.cgroup != NULL)
    cgroup_free(warden.cgroup, TRUE);
  if (measures)
    measure_folder(&warden);
  else if (!keeps || access(KEEPER_KEEP, F_OK) != 0)
    remove_folder(&warden, argv[2]);
  return EXIT_SUCCESS;
}
