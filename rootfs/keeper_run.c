/* SPDX-License-Identifier: Apache-2.0
 *
 * Running an OCI bundle in the keeper's namespaces. The message "run" holds
 *   runtime  s        the program, crun or runc
 *   config   s        config.json (OCI runtime-spec, config.md)
 *   apart    b        stdout and stderr go through pipes of their own; else both through KEEPER_OUTPUT, in their order
 *   reads    b        it reads KEEPER_INPUT, else nothing
 *   terminal b        it has a terminal of its own: "console" and a descriptor behind it come before "exit"
 *   seconds  u        how long it may take; 0: any time
 *   reserve  t        how many bytes of the disk are to stay free
 *   points   aay      folders that must be there for something to be mounted on; gone again afterwards if they are empty
 *   empty    aay      the same of files
 *   owned    aay      folders that are given to the reader (see below)
 *   secrets  a(say)   files in memory, which the configuration mounts from KEEPER_SECRETS/NAME
 *   reader   (uu)     the user and group that may read them
 * and is answered by "exit" with
 *   status   i        of the program; signals are 128 and more
 *   stopped  s        "", or why it was ended: time, disk
 *   fault    s        what the runtime itself says, where the program was not even begun
 */
#include "rootfs/keeper.h"
#include "rootfs/keeper_inside.h"
#include "rootfs/remove_tree.h"
#include "rootfs/wire.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNTIME_LOG KEEPER_PLACE "/runtime.log"
#define RUNTIME_PID KEEPER_PLACE "/pid"
#define CONTAINER_NAME "step"
/* How often the disk and the clock are looked at. */
#define TICK_MILLISECONDS 100

typedef struct {
  const char *runtime, *config;
  gboolean apart, reads, terminal;
  guint32 seconds;
  guint64 reserve;
  guint32 reader, readers;
  GVariant *points, *empty, *owned, *secrets;
} Order;

/* ---- what is mounted on ---- */

/* Makes @path as a folder, or an empty file, with the folders above it; @made gets those that were not there, the outer first.
 * Where a symlink lies on the way it is left to the runtime, which follows it within the tree. */
static gboolean
make_point(int tree, const char *path, gboolean folder, GPtrArray *made, GError **error)
{
  g_auto(GStrv) names = g_strsplit(path, "/", -1);
  g_autoptr(GString) at = g_string_new(NULL);
  for (char **name = names; *name != NULL; name++) {
    struct stat status;
    g_string_append_printf(at, "%s%s", at->len > 0 ? "/" : "", *name);
    gboolean last = name[1] == NULL;
    if (fstatat(tree, at->str, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      if (S_ISDIR(status.st_mode))
        continue;
      return TRUE;
    }
    int fd = -1;
    if (last && !folder)
      fd = openat(tree, at->str, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (last && !folder ? fd < 0 : mkdirat(tree, at->str, 0755) != 0)
      return error_set_errno(error, errno, "make '/%s' to mount on", at->str);
    if (fd >= 0)
      close(fd);
    g_ptr_array_add(made, g_strdup(at->str));
  }
  return TRUE;
}

static gboolean
make_points(int tree, GVariant *paths, gboolean folders, GPtrArray *made, GError **error)
{
  for (gsize i = 0; i < g_variant_n_children(paths); i++) {
    const char *path;
    g_variant_get_child(paths, i, "^&ay", &path);
    if (!make_point(tree, path, folders, made, error))
      return FALSE;
  }
  return TRUE;
}

/* What something was put into stays. */
static void
remove_points(int tree, const GPtrArray *made)
{
  for (guint i = made->len; i > 0; i--) {
    const char *path = made->pdata[i - 1];
    struct stat status;
    if (fstatat(tree, path, &status, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (S_ISDIR(status.st_mode))
      (void)unlinkat(tree, path, AT_REMOVEDIR);
    else if (S_ISREG(status.st_mode) && status.st_size == 0)
      (void)unlinkat(tree, path, 0);
  }
}

/* Who runs the step may write to what is mounted for it. */
static gboolean
give_owned(const Order *order, GError **error)
{
  for (gsize i = 0; i < g_variant_n_children(order->owned); i++) {
    const char *path;
    g_variant_get_child(order->owned, i, "^&ay", &path);
    if (lchown(path, order->reader, order->readers) != 0)
      return error_set_errno(error, errno, "give '%s' to who runs the step", path);
  }
  return TRUE;
}

/* ---- the bundle ---- */

static gboolean
write_file(const char *path, const void *data, gsize size, mode_t mode, GError **error)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  gboolean written = fd >= 0 && write(fd, data, size) == (ssize_t)size;
  int saved = errno;
  if (fd >= 0)
    close(fd);
  return written || error_set_errno(error, saved, "write '%s'", path);
}

static gboolean
write_bundle(const Order *order, GError **error)
{
  /* of a container that was killed */
  if (!remove_tree(AT_FDCWD, KEEPER_STATE "/" CONTAINER_NAME, error))
    return FALSE;
  (void)unlink(RUNTIME_LOG);
  if (mkdir(KEEPER_SECRETS, 0755) != 0 && errno != EEXIST)
    return error_set_errno(error, errno, "make '%s'", KEEPER_SECRETS);
  for (gsize i = 0; i < g_variant_n_children(order->secrets); i++) {
    const char *name;
    g_autoptr(GVariant) value = NULL;
    g_variant_get_child(order->secrets, i, "(&s@ay)", &name, &value);
    g_autofree char *path = g_build_filename(KEEPER_SECRETS, name, NULL);
    if (!write_file(path, g_variant_get_data(value), g_variant_get_size(value), 0400, error))
      return FALSE;
    if (chown(path, order->reader, order->readers) != 0)
      return error_set_errno(error, errno, "give the secret '%s' to its reader", name);
  }
  return write_file(KEEPER_BUNDLE "/config.json", order->config, strlen(order->config), 0600, error);
}

/* ---- running ---- */

/* crun wants none but the second version of control groups; where it sees no group at all it is content. The sandbox has its
 * group already, and the runtime has none to manage. */
static void
hide_groups(void)
{
  struct statfs status;
  if (unshare(CLONE_NEWNS) == 0 && statfs("/sys/fs/cgroup", &status) == 0 && status.f_type == 0x01021994 /* TMPFS_MAGIC */)
    (void)mount("tmpfs", "/sys/fs/cgroup", "tmpfs", MS_RDONLY, NULL);
}

static void G_GNUC_NORETURN
become_runtime(const Order *order)
{
  const char *name = strrchr(order->runtime, '/');
  gboolean crun = strcmp(name != NULL ? name + 1 : order->runtime, "crun") == 0;
  int nothing = order->reads ? KEEPER_INPUT : open("/dev/null", O_RDONLY);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(KEEPER_OUTPUT, STDOUT_FILENO) < 0 ||
      dup2(order->apart ? KEEPER_ERRORS : KEEPER_OUTPUT, STDERR_FILENO) < 0)
    _exit(EXIT_FAILURE);
  if (crun)
    hide_groups();
  const char *arguments[] = {order->runtime, "--root", KEEPER_STATE, "--log", RUNTIME_LOG, "--log-format", "json"};
  const char *const terminal[] = {"--detach", "--console-socket", KEEPER_CONSOLE, "--pid-file", RUNTIME_PID};
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  for (guint i = 0; i < G_N_ELEMENTS(arguments); i++)
    g_ptr_array_add(all, (gpointer)arguments[i]);
  if (crun)
    g_ptr_array_add(all, (gpointer) "--cgroup-manager=disabled");
  g_ptr_array_add(all, (gpointer) "run");
  for (guint i = 0; order->terminal && i < G_N_ELEMENTS(terminal); i++)
    g_ptr_array_add(all, (gpointer)terminal[i]);
  const char *const bundle[] = {"--bundle", KEEPER_BUNDLE, CONTAINER_NAME, NULL};
  for (guint i = 0; i < G_N_ELEMENTS(bundle); i++)
    g_ptr_array_add(all, (gpointer)bundle[i]);
  execv(order->runtime, (char **)all->pdata);
  _exit(127);
}

static guint64
free_bytes(int tree)
{
  struct statvfs status;
  return fstatvfs(tree, &status) == 0 ? (guint64)status.f_bavail * status.f_frsize : G_MAXUINT64;
}

/* Waits for the runtime; returns why it had to be ended, or "". When the socket ends nobody waits for us, and we end. */
static const char *
wait_for_runtime(const Keeper *keeper, const Order *order, pid_t pid, int *status)
{
  gint64 end = order->seconds > 0 ? g_get_monotonic_time() + (gint64)order->seconds * G_USEC_PER_SEC : G_MAXINT64;
  int process = (int)syscall(SYS_pidfd_open, pid, 0);
  const char *stopped = "";
  for (;;) {
    struct pollfd watched[] = {{.fd = process, .events = POLLIN}, {.fd = KEEPER_SOCKET, .events = POLLRDHUP}};
    (void)poll(watched, G_N_ELEMENTS(watched), TICK_MILLISECONDS);
    if (watched[1].revents != 0)
      _exit(EXIT_FAILURE);
    gboolean ended = waitpid(pid, status, WNOHANG) == pid;
    if (*stopped == '\0' && !ended && g_get_monotonic_time() > end)
      stopped = "time";
    /* also of what ended by itself: it may have gone on, or given up, without what it could not write */
    if (*stopped == '\0' && free_bytes(keeper->tree) < order->reserve)
      stopped = "disk";
    if (ended)
      break;
    if (*stopped != '\0')
      kill(-1, SIGKILL);
  }
  if (process >= 0)
    close(process);
  return stopped;
}

/* Nothing may still run when the tree is looked at. */
static void
end_all(void)
{
  kill(-1, SIGKILL);
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
    ;
}

/* The last error in the runtime's log, or "". */
static char *
runtime_fault(void)
{
  g_autofree char *text = NULL;
  char *fault = NULL;
  if (!g_file_get_contents(RUNTIME_LOG, &text, NULL, NULL))
    return g_strdup("");
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    json_t *entry = json_loads(*line, 0, NULL);
    const char *level = json_string_value(json_object_get(entry, "level"));
    const char *message = json_string_value(json_object_get(entry, "msg"));
    if (message != NULL && level != NULL && (strcmp(level, "error") == 0 || strcmp(level, "fatal") == 0)) {
      g_free(fault);
      fault = g_strdup(message);
    }
    json_decref(entry);
  }
  return fault != NULL ? fault : g_strdup("");
}

/* ---- a terminal ---- */

static int
listen_for_console(GError **error)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = KEEPER_CONSOLE};
  (void)unlink(KEEPER_CONSOLE);
  int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listening >= 0 && bind(listening, (const struct sockaddr *)&address, sizeof address) == 0 && listen(listening, 1) == 0)
    return listening;
  error_set_errno(error, errno, "make a socket for the terminal");
  if (listening >= 0)
    close(listening);
  return -1;
}

/* The runtime has begun the program and gone: its terminal is passed on, and the program is our child now (we are the first process of
 * our namespace), to be waited for as the runtime was. Returns its number, or -1. */
static pid_t
pass_console(int listening, GError **error)
{
  g_autofree char *text = NULL;
  guint64 pid;
  int from = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
  int master = from >= 0 ? wire_receive_fd(from, error) : (error_set_errno(error, errno, "get the terminal"), -1);
  gboolean passed = master >= 0 && wire_send(KEEPER_SOCKET, "console", NULL, error) &&
                    wire_send_fd(KEEPER_SOCKET, master, error);
  if (from >= 0)
    close(from);
  if (master >= 0)
    close(master);
  if (!passed)
    return -1;
  if (g_file_get_contents(RUNTIME_PID, &text, NULL, error) &&
      g_ascii_string_to_unsigned(g_strstrip(text), 10, 1, G_MAXINT, &pid, error))
    return (pid_t)pid;
  return -1;
}

/* Waits for the program on the terminal. */
static gboolean
wait_for_console(const Keeper *keeper, const Order *order, int listening, const char **stopped, int *status, GError **error)
{
  pid_t pid = pass_console(listening, error);
  if (pid < 0)
    return FALSE;
  *stopped = wait_for_runtime(keeper, order, pid, status);
  return TRUE;
}

/* What "exit" says of it; NULL with @error when the runtime could not be started. */
static GVariant *
run_bundle(const Keeper *keeper, const Order *order, GError **error)
{
  int status = 0, listening = order->terminal ? listen_for_console(error) : -1;
  if (order->terminal && listening < 0)
    return NULL;
  pid_t pid = fork();
  if (pid == 0)
    become_runtime(order);
  if (pid < 0) {
    error_set_errno(error, errno, "start '%s'", order->runtime);
    return NULL;
  }
  const char *stopped = wait_for_runtime(keeper, order, pid, &status);
  gboolean waited = !order->terminal || status != 0 || wait_for_console(keeper, order, listening, &stopped, &status, error);
  end_all();
  if (listening >= 0)
    close(listening);
  if (!waited)
    return NULL;
  g_autofree char *fault = runtime_fault();
  gint32 code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  GVariantDict answer;
  g_variant_dict_init(&answer, NULL);
  g_variant_dict_insert(&answer, "status", "i", code);
  g_variant_dict_insert(&answer, "stopped", "s", stopped);
  g_variant_dict_insert(&answer, "fault", "s", fault);
  return g_variant_ref_sink(g_variant_dict_end(&answer));
}

static gboolean
read_order(GVariant *value, Order *order)
{
  return g_variant_lookup(value, "runtime", "&s", &order->runtime) && g_variant_lookup(value, "config", "&s", &order->config) &&
         g_variant_lookup(value, "apart", "b", &order->apart) && g_variant_lookup(value, "reads", "b", &order->reads) &&
         g_variant_lookup(value, "terminal", "b", &order->terminal) &&
         g_variant_lookup(value, "seconds", "u", &order->seconds) && g_variant_lookup(value, "reserve", "t", &order->reserve) &&
         g_variant_lookup(value, "reader", "(uu)", &order->reader, &order->readers) &&
         (order->points = g_variant_lookup_value(value, "points", G_VARIANT_TYPE("aay"))) != NULL &&
         (order->empty = g_variant_lookup_value(value, "empty", G_VARIANT_TYPE("aay"))) != NULL &&
         (order->owned = g_variant_lookup_value(value, "owned", G_VARIANT_TYPE("aay"))) != NULL &&
         (order->secrets = g_variant_lookup_value(value, "secrets", G_VARIANT_TYPE("a(say)"))) != NULL;
}

static void
clear_order(Order *order)
{
  g_clear_pointer(&order->points, g_variant_unref);
  g_clear_pointer(&order->empty, g_variant_unref);
  g_clear_pointer(&order->owned, g_variant_unref);
  g_clear_pointer(&order->secrets, g_variant_unref);
}

static GVariant *
obey(const Keeper *keeper, const Order *order, GPtrArray *made, GError **error)
{
  if (!make_points(keeper->tree, order->points, TRUE, made, error) ||
      !make_points(keeper->tree, order->empty, FALSE, made, error) || !give_owned(order, error) || !write_bundle(order, error))
    return NULL;
  return run_bundle(keeper, order, error);
}

gboolean
keeper_run(Keeper *keeper, GVariant *value, GError **error)
{
  Order order = {0};
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);
  if (read_order(value, &order))
    answer = obey(keeper, &order, made, error);
  else
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the sandbox's keeper was given an order that it cannot read");
  clear_order(&order);
  remove_points(keeper->tree, made);
  gboolean cleared = remove_tree(AT_FDCWD, KEEPER_SECRETS, answer != NULL ? error : NULL);
  return answer != NULL && cleared && wire_send(KEEPER_SOCKET, "exit", answer, error);
}
