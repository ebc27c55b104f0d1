/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/step_log.h"

#include <string.h>

struct StepLog {
  Progress *progress;
  char *name;
  gboolean live;
  const GPtrArray *hidden;
  GString *line; /* that has no end yet */
  GString *text; /* whole lines */
};

StepLog *
step_log_new(Progress *progress, const char *name, gboolean live, const GPtrArray *hidden)
{
  StepLog *log = g_new0(StepLog, 1);
  log->progress = progress;
  log->name = g_strdup(name);
  log->live = live;
  log->hidden = hidden;
  log->line = g_string_new(NULL);
  log->text = g_string_new(NULL);
  return log;
}

void
step_log_free(StepLog *log)
{
  g_string_free(log->line, TRUE);
  g_string_free(log->text, TRUE);
  g_free(log->name);
  g_free(log);
}

static void
strike_out(const StepLog *log)
{
  for (guint i = 0; log->hidden != NULL && i < log->hidden->len; i++)
    g_string_replace(log->line, log->hidden->pdata[i], "***", 0);
}

/* What was drawn over itself (a progress bar) is what was drawn last. */
static const char *
last_drawn(const char *line)
{
  gsize length = strlen(line);
  while (length > 0 && line[length - 1] == '\r')
    length--;
  const char *before = g_strrstr_len(line, (gssize)length, "\r");
  return before != NULL ? before + 1 : line;
}

static void
finish_line(StepLog *log)
{
  strike_out(log);
  if (log->live)
    progress_note(log->progress, "%s | %s", log->name, last_drawn(log->line->str));
  g_string_append_len(log->text, log->line->str, (gssize)log->line->len);
  g_string_append_c(log->text, '\n');
  g_string_truncate(log->line, 0);
  if (log->text->len > STEP_LOG_MAX)
    g_string_erase(log->text, 0, STEP_LOG_MAX / 2);
}

void
step_log_add(const char *data, gsize size, gboolean is_error, gpointer user)
{
  StepLog *log = user;
  for (gsize i = 0; i < size; i++) {
    if (data[i] == '\n' || log->line->len >= STEP_LOG_LINE_MAX)
      finish_line(log);
    if (data[i] != '\n')
      g_string_append_c(log->line, data[i] != '\0' ? data[i] : ' ');
  }
}

void
step_log_end(StepLog *log)
{
  if (log->line->len > 0)
    finish_line(log);
}

/* The last lines before @end. */
static char *
lines_before(const StepLog *log, gsize end)
{
  gsize at;
  while (end > 0 && log->text->str[end - 1] == '\n')
    end--;
  guint lines = 0;
  for (at = end; at > 0; at--)
    if (log->text->str[at - 1] == '\n' && ++lines == STEP_LOG_LINES)
      break;
  g_autofree char *text = g_strndup(log->text->str + at, end - at);
  g_auto(GStrv) shown = g_strsplit(text, "\n", -1);
  for (char **line = shown; *line != NULL; line++) {
    char *indented = g_strconcat("  ", last_drawn(*line), NULL);
    g_free(*line);
    *line = indented;
  }
  return g_strjoinv("\n", shown);
}

char *
step_log_tail(const StepLog *log)
{
  return lines_before(log, log->text->len);
}

char *
step_log_until(const StepLog *log, const char *beginning)
{
  g_autofree char *wanted = g_strconcat("\n", beginning, NULL);
  const char *found = strstr(log->text->str, wanted), *end = found != NULL ? strchr(found + 1, '\n') : NULL;
  return lines_before(log, end != NULL ? (gsize)(end - log->text->str) : log->text->len);
}

char *
step_log_keep(const StepLog *log, Store *store)
{
  Digest digest;
  char hex[DIGEST_HEX_LENGTH + 1];
  if (log->text->len == 0 || !store_put(store, log->text->str, log->text->len, &digest, NULL))
    return NULL;
  digest_to_hex(&digest, hex);
  return g_build_filename(store_path(store), "blobs", "sha256", hex, NULL);
}
