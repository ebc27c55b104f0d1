/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/event_json.h"

static gdouble
seconds(gint64 microseconds)
{
  return (gdouble)microseconds / G_TIME_SPAN_SECOND;
}

const char *
event_outcome_name(ProgressOutcome outcome)
{
  static const char *const names[] = {"made", "resumed", "reused", "failed"};
  return names[outcome];
}

static json_t *
start_json(const ProgressTask *task)
{
  return json_pack("{s:s, s:s, s:s, s:I}", "event", "start", "phase", progress_phase_name(task->phase), "subject",
                   task->subject, "total", (json_int_t)task->total);
}

static json_t *
finish_json(const Event *event)
{
  const ProgressTask *task = event->task;
  const ProgressTally *tally = &event->state->phases[task->phase];
  return json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:f, s:s}", "event", "finish", "phase",
                   progress_phase_name(task->phase), "subject", task->subject, "total", (json_int_t)task->total, "bytes",
                   (json_int_t)task->done, "done", (int)tally->finished, "of", (int)MAX(tally->expected, tally->started),
                   "seconds", seconds(event->time - task->began), "outcome", event_outcome_name(task->outcome));
}

static json_t *
end_json(const Event *event)
{
  const ProgressSummary *summary = event->summary;
  json_t *json = json_pack("{s:s, s:s, s:b, s:f, s:I}", "event", "end", "recipe", event->recipe, "success", summary->success,
                           "seconds", seconds(summary->microseconds), "fetchedBytes", (json_int_t)summary->fetched_bytes);
  if (!summary->success)
    return json;
  json_t *more = json_pack("{s:b, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:s*, s:s*}", "unchanged", summary->unchanged,
                           "newBytes", (json_int_t)summary->new_bytes, "reusedBytes", (json_int_t)summary->reused_bytes,
                           "writtenBytes", (json_int_t)summary->written_bytes, "newLayers", (int)summary->new_layers,
                           "reusedLayers", (int)summary->reused_layers, "packages", (int)summary->packages, "outputs",
                           (int)summary->outputs, "tests", (int)summary->tests, "path", summary->path, "image", summary->image);
  json_object_update_missing(json, more);
  json_decref(more);
  return json;
}

static json_t *
message_json(const char *kind, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  return json_pack("{s:s, s:s}", "event", kind, "message", valid);
}

json_t *
event_json(const Event *event, gint64 zero)
{
  json_t *json = NULL;
  switch (event->kind) {
  case EVENT_BEGIN:
    json = json_pack("{s:s, s:s}", "event", "begin", "recipe", event->recipe);
    break;
  case EVENT_END:
    json = end_json(event);
    break;
  case EVENT_START:
    json = event->task->is_step ? NULL : start_json(event->task);
    break;
  case EVENT_FINISH:
    json = event->task->is_step ? NULL : finish_json(event);
    break;
  case EVENT_NOTE:
    json = message_json("note", event->text);
    break;
  case EVENT_WARNING:
  case EVENT_REPORT:
    json = message_json("warning", event->text);
    break;
  case EVENT_CACHE:
  case EVENT_SETTLE:
    break;
  }
  if (json != NULL)
    json_object_set_new(json, "time", json_real(seconds(event->time - zero)));
  return json;
}
