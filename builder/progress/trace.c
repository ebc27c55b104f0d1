/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/trace.h"
#include "builder/progress/event_json.h"
#include "rootfs/outfile.h"

#include <stdlib.h>

#define PROCESS 1

typedef struct {
  const char *category;
  char *subject;
  gint64 began, lasted;
  guint64 bytes;
  ProgressOutcome outcome;
  guint worker;
} Span;

struct Trace {
  Progress *progress;
  Outfile *out;
  gint64 zero;
  GArray *spans;
  GPtrArray *workers; /* char*: their names, by number */
};

static void
span_clear(gpointer data)
{
  g_free(((Span *)data)->subject);
}

/* ---- listening ---- */

static void
note_worker(Trace *trace, const ProgressWorker *worker)
{
  /* a worker with a smaller number may be heard of later: what it does is not finished yet */
  if (trace->workers->len <= worker->number)
    g_ptr_array_set_size(trace->workers, (gint)worker->number + 1);
  if (trace->workers->pdata[worker->number] == NULL)
    trace->workers->pdata[worker->number] = g_strdup(worker->name);
}

static void
add_task(Trace *trace, const Event *event)
{
  const ProgressTask *task = event->task;
  Span span = {
    .category = progress_phase_name(task->phase),
    .subject = g_strdup(task->subject),
    .began = task->began - trace->zero,
    .lasted = event->time - task->began,
    .bytes = task->done,
    .outcome = task->outcome,
    .worker = task->worker->number,
  };
  g_array_append_val(trace->spans, span);
  note_worker(trace, task->worker);
}

static void
add_build(Trace *trace, const Event *event)
{
  Span span = {
    .category = "build",
    .subject = g_strdup(event->recipe),
    .began = event->began - trace->zero,
    .lasted = event->time - event->began,
    .worker = event->worker->number,
    .outcome = !event->summary->success    ? PROGRESS_FAILED
               : event->summary->unchanged ? PROGRESS_REUSED
                                           : PROGRESS_MADE,
  };
  g_array_append_val(trace->spans, span);
  note_worker(trace, event->worker);
}

static void
hear(const Event *event, gpointer data)
{
  if (event->kind == EVENT_FINISH)
    add_task(data, event);
  else if (event->kind == EVENT_END)
    add_build(data, event);
}

Trace *
trace_new(Progress *progress, const char *path, GError **error)
{
  Outfile *out = outfile_new(path, 0644, OUTFILE_VOLATILE, error);
  if (out == NULL)
    return NULL;
  Trace *trace = g_new0(Trace, 1);
  trace->progress = progress;
  trace->out = out;
  trace->zero = g_get_monotonic_time();
  trace->spans = g_array_new(FALSE, FALSE, sizeof(Span));
  g_array_set_clear_func(trace->spans, span_clear);
  trace->workers = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(trace->workers, g_strdup("main"));
  progress_listen(progress, hear, trace);
  return trace;
}

void
trace_free(Trace *trace)
{
  progress_ignore(trace->progress, hear, trace);
  outfile_free(trace->out);
  g_array_unref(trace->spans);
  g_ptr_array_unref(trace->workers);
  g_free(trace);
}

/* ---- writing ---- */

static int
compare_spans(gconstpointer a, gconstpointer b)
{
  const Span *x = a, *y = b;
  if (x->began != y->began)
    return x->began < y->began ? -1 : 1;
  if (x->lasted != y->lasted)
    return x->lasted > y->lasted ? -1 : 1;
  return x->worker < y->worker ? -1 : x->worker > y->worker;
}

/* Takes @event: a line in the list of events. */
static void
append_event(GString *text, json_t *event)
{
  char *line = json_dumps(event, JSON_COMPACT);
  json_decref(event);
  g_string_append_printf(text, "%s\n%s", text->str[text->len - 1] == '[' ? "" : ",", line);
  free(line);
}

static json_t *
span_json(const Span *span)
{
  g_autofree char *name = g_strdup_printf("%s %s", span->category, span->subject);
  json_t *event = json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:{s:s, s:s}}", "name", name, "cat", span->category, "ph", "X",
                            "ts", (json_int_t)span->began, "dur", (json_int_t)span->lasted, "pid", PROCESS, "tid",
                            (int)span->worker, "args", "subject", span->subject, "outcome", event_outcome_name(span->outcome));
  if (span->bytes > 0)
    json_object_set_new(json_object_get(event, "args"), "bytes", json_integer((json_int_t)span->bytes));
  return event;
}

static void
append_names(const Trace *trace, GString *text)
{
  append_event(text, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "name", "process_name", "ph", "M", "pid", PROCESS, "tid", 0,
                               "args", "name", "ashlar build"));
  for (guint i = 0; i < trace->workers->len; i++) {
    if (trace->workers->pdata[i] == NULL)
      continue;
    append_event(text, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "name", "thread_name", "ph", "M", "pid", PROCESS, "tid",
                                 (int)i, "args", "name", trace->workers->pdata[i]));
    append_event(text, json_pack("{s:s, s:s, s:i, s:i, s:{s:i}}", "name", "thread_sort_index", "ph", "M", "pid", PROCESS, "tid",
                                 (int)i, "args", "sort_index", (int)i));
  }
}

gboolean
trace_save(Trace *trace, GError **error)
{
  g_autoptr(GString) text = g_string_new("{\"displayTimeUnit\":\"ms\",\"otherData\":{\"version\":\"ashlar " ASHLAR_VERSION
                                         "\"},\"traceEvents\":[");
  append_names(trace, text);
  g_array_sort(trace->spans, compare_spans);
  for (guint i = 0; i < trace->spans->len; i++)
    append_event(text, span_json(&g_array_index(trace->spans, Span, i)));
  g_string_append(text, "\n]}\n");
  return outfile_write(trace->out, text->str, text->len, error) && outfile_commit(trace->out, error);
}
