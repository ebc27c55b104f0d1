/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/twice/surroundings.h"
#include "signing/error.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "/proc/self/exe"
#define OTHER_HOST "another-quarry"
#define OTHER_USER "journeyman"

/* What the exit statuses of the program stand for (see command.c). */
static const struct {
  int status;
  AshlarError code;
} statuses[] = {{2, ASHLAR_ERROR_USAGE}, {3, ASHLAR_ERROR_VERIFY}, {130, ASHLAR_ERROR_CANCELLED}};

const char *
surroundings_host(guint number)
{
  return number == 1 ? g_get_host_name() : OTHER_HOST;
}

const char *
surroundings_user(guint number)
{
  return number == 1 ? g_get_user_name() : OTHER_USER;
}

/* ---- folders ---- */

/* In the second, the root directory has another name: whatever path begins with it is another one, and leads to the same
 * files, whatever the recipe includes by "../". */
static char *
recipe_path(guint number, const char *scratch, const char *recipe, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename(recipe, NULL);
  if (number == 1)
    return g_steal_pointer(&absolute);
  g_autofree char *root = g_build_filename(scratch, "by-another-name", NULL);
  if (symlink("/", root) == 0)
    return g_build_filename(root, absolute, NULL);
  error_set_errno(error, errno, "make the symlink '%s'", root);
  return NULL;
}

gboolean
surroundings_init(Surroundings *surroundings, guint number, const char *scratch, const char *recipe, GError **error)
{
  g_autofree char *base = g_build_filename(scratch, number == 1 ? "one" : "another/and/deeper", NULL);
  *surroundings = (Surroundings){
    .number = number,
    .store = g_build_filename(base, "store", NULL),
    .output = g_build_filename(base, "output", NULL),
    .work = g_build_filename(base, "work", NULL),
    .home = g_build_filename(base, "home", NULL),
    .recipe = recipe_path(number, scratch, recipe, error),
  };
  if (surroundings->recipe == NULL)
    return FALSE;
  const char *const folders[] = {surroundings->store, surroundings->output, surroundings->work, surroundings->home};
  for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
    if (g_mkdir_with_parents(folders[i], 0755) != 0)
      return error_set_errno(error, errno, "make the folder '%s'", folders[i]);
  return TRUE;
}

void
surroundings_clear(Surroundings *surroundings)
{
  g_clear_pointer(&surroundings->store, g_free);
  g_clear_pointer(&surroundings->output, g_free);
  g_clear_pointer(&surroundings->work, g_free);
  g_clear_pointer(&surroundings->home, g_free);
  g_clear_pointer(&surroundings->recipe, g_free);
}

/* ---- the environment ---- */

static gint
compare_texts(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gint
compare_backwards(gconstpointer a, gconstpointer b)
{
  return compare_texts(b, a);
}

/* git goes on by the user's own configuration: what it trusts is no matter of the image. */
static char **
other_environment(const Surroundings *surroundings, char **environment)
{
  const struct {
    const char *name, *value;
  } others[] = {{"HOME", surroundings->home}, {"USER", OTHER_USER},    {"LOGNAME", OTHER_USER},
                {"TZ", "<+14>-14"},           {"LANG", "tr_TR.UTF-8"}, {"LC_ALL", "tr_TR.UTF-8"}};
  g_autofree char *git = g_build_filename(g_get_home_dir(), ".gitconfig", NULL);
  if (g_file_test(git, G_FILE_TEST_EXISTS))
    environment = g_environ_setenv(environment, "GIT_CONFIG_GLOBAL", git, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    environment = g_environ_setenv(environment, others[i].name, others[i].value, TRUE);
  return environment;
}

static char **
environment_of(const Surroundings *surroundings)
{
  char **environment = g_get_environ();
  if (surroundings->number == 2)
    environment = other_environment(surroundings, environment);
  qsort(environment, g_strv_length(environment), sizeof *environment,
        surroundings->number == 1 ? compare_texts : compare_backwards);
  return environment;
}

/* ---- between fork and exec: nothing here may take a lock or memory ---- */

static void
take_one_processor(void)
{
  cpu_set_t may, one;
  CPU_ZERO(&one);
  if (sched_getaffinity(0, sizeof may, &may) != 0)
    return;
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &may))
      CPU_SET(i, &one);
  sched_setaffinity(0, sizeof one, &one);
}

static void
prepare(gpointer data)
{
  const Surroundings *surroundings = data;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (surroundings->number == 1)
    return;
  mode_t mask = umask(0);
  umask(mask == 077 ? 022 : 077);
  take_one_processor();
  /* where it may not be, the two builds share the host's name */
  if (unshare(CLONE_NEWUTS) == 0)
    (void)!sethostname(OTHER_HOST, sizeof OTHER_HOST - 1);
}

/* ---- running ---- */

static GSubprocess *
start(const Surroundings *surroundings, const char *const *options, GError **error)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) environment = environment_of(surroundings);
  g_ptr_array_add(argv, g_strdup(PROGRAM));
  g_ptr_array_add(argv, g_strdup("build"));
  for (; *options != NULL; options++)
    g_ptr_array_add(argv, g_strdup(*options));
  g_ptr_array_add(argv, g_strdup_printf("--store=%s", surroundings->store));
  g_ptr_array_add(argv, g_strdup_printf("--output=%s", surroundings->output));
  g_ptr_array_add(argv, g_strdup("--json"));
  if (surroundings->number == 2) /* all that it needs was fetched by the first */
    g_ptr_array_add(argv, g_strdup("--offline"));
  g_ptr_array_add(argv, g_strdup("--"));
  g_ptr_array_add(argv, g_strdup(surroundings->recipe));
  g_ptr_array_add(argv, NULL);
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_environ(launcher, environment);
  if (surroundings->number == 2)
    g_subprocess_launcher_set_cwd(launcher, surroundings->work);
  g_subprocess_launcher_set_child_setup(launcher, prepare, (gpointer)surroundings, NULL);
  return g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, error);
}

static gboolean
check_end(const Surroundings *surroundings, GSubprocess *process, GError **error)
{
  int status = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process) : -1;
  AshlarError code = ASHLAR_ERROR_FAILED;
  if (status == 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
    if (statuses[i].status == status)
      code = statuses[i].code;
  if (status < 0)
    g_set_error(error, ASHLAR_ERROR, code, "build %u of 2 was ended by a signal", surroundings->number);
  else if (surroundings->number == 1)
    g_set_error(error, ASHLAR_ERROR, code, "build 1 of 2 failed, for the reason above");
  else
    g_set_error(error, ASHLAR_ERROR, code, "build 2 of 2 failed where the first succeeded, for the reason above");
  return FALSE;
}

gboolean
surroundings_build(Surroundings *surroundings, const char *const *options, GCancellable *cancellable, GBytes **result,
                   GError **error)
{
  surroundings->began = g_get_real_time() / G_USEC_PER_SEC;
  g_autoptr(GSubprocess) process = start(surroundings, options, error);
  if (process == NULL)
    return FALSE;
  const char *identifier = g_subprocess_get_identifier(process);
  surroundings->process = identifier != NULL ? g_ascii_strtoll(identifier, NULL, 10) : 0;
  gboolean heard = g_subprocess_communicate(process, NULL, cancellable, result, NULL, error);
  if (!heard) {
    g_subprocess_send_signal(process, SIGTERM);
    (void)g_subprocess_wait(process, NULL, NULL);
  }
  surroundings->ended = g_get_real_time() / G_USEC_PER_SEC;
  if (heard && check_end(surroundings, process, error))
    return TRUE;
  g_clear_pointer(result, g_bytes_unref);
  return FALSE;
}
