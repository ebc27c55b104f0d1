/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/progress.h"

#include <string.h>
#include <unistd.h>

struct Progress {
  ProgressMode mode;
  int fd;
  GMutex lock;
};

struct ProgressTask {
  Progress *progress;
  char *phase, *subject;
};

gboolean
progress_mode_parse(const char *name, ProgressMode *out)
{
  static const char *const names[] = {"auto", "live", "plain", "json", "quiet"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(name, names[i]) == 0) {
      *out = (ProgressMode)i;
      return TRUE;
    }
  return FALSE;
}

Progress *
progress_new(ProgressMode mode, int fd)
{
  Progress *progress = g_new0(Progress, 1);
  progress->mode = mode;
  progress->fd = fd;
  g_mutex_init(&progress->lock);
  return progress;
}

void
progress_free(Progress *progress)
{
  g_mutex_clear(&progress->lock);
  g_free(progress);
}

static void
say(Progress *progress, const char *prefix, const char *text)
{
  g_autofree char *line = g_strdup_printf("%s%s\n", prefix, text);
  g_mutex_lock(&progress->lock);
  if (write(progress->fd, line, strlen(line)) < 0)
    progress->mode = PROGRESS_QUIET;
  g_mutex_unlock(&progress->lock);
}

ProgressTask *
progress_start(Progress *progress, const char *phase, const char *subject, guint64 total)
{
  ProgressTask *task = g_new0(ProgressTask, 1);
  task->progress = progress;
  task->phase = g_strdup(phase);
  task->subject = g_strdup(subject);
  return task;
}

void
progress_advance(ProgressTask *task, guint64 bytes)
{
}

void
progress_abandon(ProgressTask *task)
{
  g_free(task->phase);
  g_free(task->subject);
  g_free(task);
}

void
progress_finish(ProgressTask *task, const char *note)
{
  if (task->progress != NULL && task->progress->mode != PROGRESS_QUIET) {
    g_autofree char *text = g_strdup_printf("%s %s%s%s", task->phase, task->subject, note ? " " : "", note ? note : "");
    say(task->progress, "", text);
  }
  progress_abandon(task);
}

void
progress_expect(Progress *progress, const char *phase, guint tasks, guint64 bytes)
{
}

void
progress_note(Progress *progress, const char *format, ...)
{
  if (progress == NULL || progress->mode == PROGRESS_QUIET)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  say(progress, "", text);
}

void
progress_warn(Progress *progress, const char *format, ...)
{
  if (progress == NULL)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  say(progress, "warning: ", text);
}
