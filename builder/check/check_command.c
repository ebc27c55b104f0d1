/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of the image, run in a throw-away copy of it that the command tests share, in their order: as its containers would be,
 * by its configured user, environment and folder, but without a network.
 */
#include "builder/check/checks.h"
#include "builder/steps/lay_out.h"
#include "signing/error.h"

#include <string.h>

#define SECONDS_MAX 300
/* Of more output the rest is not looked at. */
#define PRINTED_MAX (16 << 20)

typedef struct {
  GByteArray *out, *errors;
} Printed;

static void
collect(const char *data, gsize size, gboolean is_error, gpointer user)
{
  Printed *printed = user;
  GByteArray *to = is_error ? printed->errors : printed->out;
  if (to->len + size <= PRINTED_MAX)
    g_byte_array_append(to, (const guint8 *)data, (guint)size);
}

static gboolean
open_sandbox(Checking *checking, GError **error)
{
  const CheckSubject *subject = checking->subject;
  if (checking->sandbox != NULL)
    return TRUE;
  const SandboxOptions options = {
    .runtime = subject->runtime, .on_disk = checking->on_disk, .cancellable = subject->cancellable};
  checking->sandbox = lay_out(subject->store, subject->tree, &options, subject->progress, "files for the tests", error);
  return checking->sandbox != NULL;
}

/* The configured user, "NAME", "NUMBER", or either with a group behind ':'. */
static gboolean
find_user(Checking *checking, SandboxStep *step, GError **error)
{
  const char *user = checking->subject->config->user;
  if (user == NULL)
    return TRUE;
  const Accounts *accounts = check_accounts(checking, error);
  if (accounts == NULL)
    return FALSE;
  g_auto(GStrv) parts = g_strsplit(user, ":", 2);
  if (!accounts_find_user(accounts, parts[0], &step->uid, &step->gid) && accounts_parse_id(parts[0], &step->uid))
    step->gid = step->uid;
  if (parts[1] != NULL && !accounts_find_group(accounts, parts[1], &step->gid))
    (void)accounts_parse_id(parts[1], &step->gid);
  return TRUE;
}

static char **
environment_of(const RecipeConfig *config)
{
  char **all = g_strdupv((char *[]){(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL});
  for (char **pair = config->env; pair != NULL && *pair != NULL; pair++) {
    g_auto(GStrv) parts = g_strsplit(*pair, "=", 2);
    all = g_environ_setenv(all, parts[0], parts[1], TRUE);
  }
  return all;
}

/* What it printed, for a failure to be understood: its last line of messages, else of output. */
static char *
last_words(const Printed *printed)
{
  const GByteArray *from = printed->errors->len > 0 ? printed->errors : printed->out;
  if (from->len == 0)
    return g_strdup("");
  g_autofree char *text = g_strchomp(g_strndup((const char *)from->data, from->len));
  const char *line = strrchr(text, '\n');
  return g_strdup_printf(", and said: %s", line != NULL ? line + 1 : text);
}

static void
judge(const RecipeTest *test, const SandboxResult *ended, const Printed *printed, CheckResult *result)
{
  g_autofree char *said = last_words(printed);
  if (ended->end == SANDBOX_TIME)
    check_fail(result, "'%s' took longer than %d seconds%s", test->command[0], SECONDS_MAX, said);
  else if (ended->end != SANDBOX_ENDED)
    check_fail(result, "'%s' was ended for what it took of the machine%s", test->command[0], said);
  else if (ended->status != test->status)
    check_fail(result, "'%s' ended with status %d, not %d%s", test->command[0], ended->status, (int)test->status, said);
  g_autoptr(GBytes) out = g_bytes_new_static(printed->out->data, printed->out->len);
  g_autoptr(GBytes) errors = g_bytes_new_static(printed->errors->data, printed->errors->len);
  check_text(&test->standard_output, "its stdout", out, result);
  check_text(&test->standard_error, "its stderr", errors, result);
}

/* One that takes more than the memory in which the copy is gets another copy, on the disk. */
static gboolean
run_command(Checking *checking, const SandboxStep *step, Printed *printed, SandboxResult *ended, GError **error)
{
  if (!sandbox_run(checking->sandbox, step, ended, error))
    return FALSE;
  if (ended->end != SANDBOX_DISK || !sandbox_in_memory(checking->sandbox))
    return TRUE;
  g_clear_pointer(&checking->sandbox, sandbox_free);
  checking->on_disk = TRUE;
  g_byte_array_set_size(printed->out, 0);
  g_byte_array_set_size(printed->errors, 0);
  return open_sandbox(checking, error) && sandbox_run(checking->sandbox, step, ended, error);
}

gboolean
check_command(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  const RecipeConfig *config = checking->subject->config;
  g_autoptr(GByteArray) out = g_byte_array_new(), errors = g_byte_array_new();
  g_auto(GStrv) environment = environment_of(config);
  Printed printed = {.out = out, .errors = errors};
  SandboxStep step = {
    .command = (const char *const *)test->command,
    .environment = (const char *const *)environment,
    .folder = config->working_dir != NULL ? config->working_dir : "/",
    .seconds = SECONDS_MAX,
    .apart = TRUE,
    .output = collect,
    .data = &printed,
  };
  SandboxResult ended;
  GError *problem = NULL;
  if (!open_sandbox(checking, error) || !find_user(checking, &step, error))
    return FALSE;
  if (run_command(checking, &step, &printed, &ended, &problem))
    judge(test, &ended, &printed, result);
  else if (g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED)) {
    g_propagate_error(error, problem);
    return FALSE;
  } else {
    check_fail(result, "'%s' cannot be run: %s", test->command[0], problem->message);
    g_error_free(problem);
  }
  return TRUE;
}
