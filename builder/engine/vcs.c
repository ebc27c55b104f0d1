/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/vcs.h"
#include "signing/error.h"

#include <string.h>

/* What `git -C FOLDER ARGUMENTS` prints, trimmed (transfer full); NULL when it fails: ASHLAR_ERROR_INVALID where it was git that
 * said no. */
static char *
ask_git(const char *folder, const char *const *arguments, GCancellable *cancellable, GError **error)
{
  g_autoptr(GPtrArray) command = g_ptr_array_new();
  g_ptr_array_add(command, (gpointer) "git");
  g_ptr_array_add(command, (gpointer) "--no-optional-locks");
  g_ptr_array_add(command, (gpointer) "-C");
  g_ptr_array_add(command, (gpointer)folder);
  for (; *arguments != NULL; arguments++)
    g_ptr_array_add(command, (gpointer)*arguments);
  g_ptr_array_add(command, NULL);
  g_autoptr(GSubprocess) git = g_subprocess_newv((const char *const *)command->pdata,
                                                 G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
  g_autofree char *out = NULL, *complaint = NULL;
  if (git == NULL) {
    g_prefix_error(error, "--vcs needs git: ");
    return NULL;
  }
  if (!g_subprocess_communicate_utf8(git, NULL, cancellable, &out, &complaint, error)) {
    g_subprocess_force_exit(git);
    return NULL;
  }
  if (!g_subprocess_get_successful(git)) {
    g_autofree char *shown = g_strescape(g_strstrip(complaint), "\n\"'");
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "git: %s", shown);
    return NULL;
  }
  return g_strdup(g_strstrip(out));
}

/* https://user:token@host/path -> https://host/path */
static char *
without_credentials(const char *url)
{
  const char *scheme = strstr(url, "://");
  if (scheme == NULL)
    return g_strdup(url);
  const char *host = scheme + 3;
  gsize authority = strcspn(host, "/");
  const char *at = g_strrstr_len(host, (gssize)authority, "@");
  return at == NULL ? g_strdup(url) : g_strdup_printf("%.*s%s", (int)(host - url), url, at + 1);
}

char **
vcs_annotations(const char *folder, GCancellable *cancellable, GError **error)
{
  static const char *const head[] = {"rev-parse", "HEAD", NULL};
  static const char *const changes[] = {"status", "--porcelain", "--", ".", NULL};
  static const char *const origin[] = {"remote", "get-url", "origin", NULL};
  g_autofree char *revision = ask_git(folder, head, cancellable, error);
  g_autofree char *dirt = revision != NULL ? ask_git(folder, changes, cancellable, error) : NULL;
  if (dirt == NULL) {
    if (error != NULL && g_error_matches(*error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID))
      g_prefix_error(error, "--vcs: '%s' is in no git checkout with a commit: ", folder);
    return NULL;
  }
  /* a checkout without an origin is one of its own */
  g_autofree char *url = ask_git(folder, origin, cancellable, NULL);
  g_autofree char *source = url != NULL ? without_credentials(url) : NULL;
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  g_ptr_array_add(found, g_strdup_printf("dev.ashlar.vcs.dirty=%s", *dirt != '\0' ? "true" : "false"));
  g_ptr_array_add(found, g_strdup_printf("org.opencontainers.image.revision=%s", revision));
  if (source != NULL)
    g_ptr_array_add(found, g_strdup_printf("org.opencontainers.image.source=%s", source));
  g_ptr_array_add(found, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&found), FALSE);
}
