/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/lay_out.h"

Sandbox *
lay_out(Store *store, const Tree *tree, const SandboxOptions *options, Progress *progress, const char *subject, GError **error)
{
  ProgressTask *task = progress_start(progress, PROGRESS_LAY, subject, 0);
  const Watch watch = progress_watch(task);
  SandboxOptions watched = *options;
  watched.watch = &watch;
  Sandbox *sandbox = sandbox_new(store, tree, &watched, error);
  progress_finish(task, sandbox != NULL ? PROGRESS_MADE : PROGRESS_FAILED);
  return sandbox;
}
