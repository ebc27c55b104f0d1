/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sandbox_private.h"
#include "rootfs/keeper.h"
#include "rootfs/wire.h"
#include "signing/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

gboolean
sandbox_ask(Sandbox *sandbox, const char *verb, GVariant *value, GError **error)
{
  g_autoptr(GVariant) own = value != NULL ? g_variant_ref_sink(value) : NULL;
  if (sandbox->broken)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "the sandbox's keeper is not to be asked for '%s' any more", verb);
  else if (wire_send(sandbox->socket, verb, own, error))
    return TRUE;
  sandbox->broken = TRUE;
  return FALSE;
}

/* The keeper is gone; that is why, if it is because the user wants to stop. */
gboolean
sandbox_lost(Sandbox *sandbox, GError **error)
{
  sandbox->broken = TRUE;
  if (g_cancellable_is_cancelled(sandbox->cancellable)) {
    g_clear_error(error);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
  }
  return FALSE;
}

/* What belongs to each answer. */
static gboolean
is_answer(const char *verb, GVariant *value)
{
  static const struct {
    const char *verb, *type;
  } answers[] = {
    {"ready", "(uubb)"},          {"ok", "b"},    {"console", "b"}, {"exit", "a{sv}"},
    {"entries", ENTRY_LIST_TYPE}, {"data", "ay"}, {"end", "b"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(answers); i++)
    if (strcmp(verb, answers[i].verb) == 0)
      return g_variant_is_of_type(value, G_VARIANT_TYPE(answers[i].type));
  return FALSE;
}

/* The next answer, which may be @verb or @other (NULL: none), and is told by *is_other; "error" is an error. Whoever runs in the
 * sandbox is not trusted, and might one day speak in the keeper's place. */
gboolean
sandbox_hear(Sandbox *sandbox, const char *verb, const char *other, gboolean *is_other, GVariant **value, GError **error)
{
  g_autofree char *said = NULL;
  g_autoptr(GVariant) heard = NULL;
  if (!wire_receive(sandbox->socket, &said, &heard, error))
    return sandbox_lost(sandbox, error);
  if (strcmp(said, "error") == 0) {
    wire_set_error(heard, error);
    return FALSE;
  }
  gboolean second = other != NULL && strcmp(said, other) == 0;
  if (is_other != NULL)
    *is_other = second;
  if ((second || strcmp(said, verb) == 0) && is_answer(said, heard)) {
    *value = g_steal_pointer(&heard);
    return TRUE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "the sandbox's keeper answered '%.40s'", said);
  return sandbox_lost(sandbox, error);
}

gboolean
sandbox_ask_simply(Sandbox *sandbox, const char *verb, GVariant *value, GError **error)
{
  g_autoptr(GVariant) answer = NULL;
  return sandbox_ask(sandbox, verb, value, error) && sandbox_hear(sandbox, "ok", NULL, NULL, &answer, error);
}

/* ---- starting it ---- */

/* Its end wakes whoever waits for an answer. */
static void
on_cancelled(GCancellable *cancellable, gpointer data)
{
  (void)shutdown(((Sandbox *)data)->socket, SHUT_RDWR);
}

/* The end that stays becomes @ours. */
static gboolean
make_pipe(int *ours, int *theirs, gboolean reads, GError **error)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return error_set_errno(error, errno, "make a pipe");
  *ours = ends[reads ? 0 : 1];
  *theirs = ends[reads ? 1 : 0];
  return TRUE;
}

static gboolean
make_channels(Sandbox *sandbox, int *speech, int *life, int *output, int *errors, int *input, GError **error)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return error_set_errno(error, errno, "make a socket");
  sandbox->socket = ends[0];
  *speech = ends[1];
  return make_pipe(&sandbox->lifeline, life, FALSE, error) && make_pipe(&sandbox->output, output, TRUE, error) &&
         make_pipe(&sandbox->errors, errors, TRUE, error) && make_pipe(&sandbox->input, input, FALSE, error);
}

static gboolean
spawn_keeper(Sandbox *sandbox, guint64 memory, GError **error)
{
  g_autofree char *bytes = g_strdup_printf("%" G_GUINT64_FORMAT, memory);
  const char *arguments[] = {"/proc/self/exe", KEEPER_NAME, KEEPER_KEEPS, sandbox->folder, sandbox->name, bytes, NULL};
  int ours[] = {-1, -1, -1, -1, -1, sandbox->hold};
  const int theirs[] = {KEEPER_SOCKET, KEEPER_LIFELINE, KEEPER_OUTPUT, KEEPER_ERRORS, KEEPER_INPUT, KEEPER_HOLD};
  gboolean started =
    make_channels(sandbox, &ours[0], &ours[1], &ours[2], &ours[3], &ours[4], error) &&
    g_spawn_async_with_pipes_and_fds(NULL, arguments, NULL, G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                     -1, -1, -1, ours, theirs, G_N_ELEMENTS(ours), &sandbox->warden, NULL, NULL, NULL, error);
  for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
    if (ours[i] >= 0)
      close(ours[i]);
  sandbox->hold = -1;
  return started;
}

gboolean
sandbox_start_keeper(Sandbox *sandbox, guint64 memory, const SandboxOptions *options, GError **error)
{
  if (!spawn_keeper(sandbox, memory, error))
    return FALSE;
  if (options->cancellable != NULL) {
    sandbox->cancellable = g_object_ref(options->cancellable);
    sandbox->cancelled = g_cancellable_connect(sandbox->cancellable, G_CALLBACK(on_cancelled), sandbox, NULL);
  }
  return TRUE;
}
