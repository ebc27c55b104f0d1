/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/timeline.h"
#include "signing/error.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Thirty years: what is longer is no build, and sums of it could overflow. */
#define MICROSECONDS_MAX 1e15
/* How much of a span's name and arguments is kept. */
#define TEXT_MAX 200
#define ARGUMENTS_MAX 8

/* ---- reading the file ---- */

typedef struct {
  FILE *file;
  gsize size;
} Input;

/* For json_load_callback: (size_t)-1 is an error. */
static gsize
read_piece(void *buffer, gsize size, void *data)
{
  Input *input = data;
  gsize n = fread(buffer, 1, size, input->file);
  input->size += n;
  return ferror(input->file) || input->size > TIMELINE_FILE_MAX ? (gsize)-1 : n;
}

static json_t *
load(const char *path, GError **error)
{
  Input input = {.file = fopen(path, "re")};
  if (input.file == NULL) {
    error_set_errno(error, errno, "open '%s'", path);
    return NULL;
  }
  json_error_t problem;
  json_t *json = json_load_callback(read_piece, &input, JSON_REJECT_DUPLICATES, &problem);
  if (json == NULL && ferror(input.file))
    error_set_errno(error, errno, "read '%s'", path);
  else if (json == NULL && input.size > TIMELINE_FILE_MAX)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is larger than %d MiB", path, TIMELINE_FILE_MAX >> 20);
  else if (json == NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is no JSON: line %d: %s", path, problem.line, problem.text);
  fclose(input.file);
  return json;
}

/* ---- events ---- */

static void
span_free(gpointer data)
{
  TimelineSpan *span = data;
  g_free(span->name);
  g_free(span->category);
  g_free(span->detail);
  g_free(span);
}

static void
track_free(gpointer data)
{
  TimelineTrack *track = data;
  g_free(track->name);
  g_free(track);
}

/* At most TEXT_MAX bytes of @text, not cut within a character (transfer full). */
static char *
short_text(const char *text)
{
  if (strlen(text) <= TEXT_MAX)
    return g_strdup(text);
  const char *end = g_utf8_find_prev_char(text, text + TEXT_MAX + 1);
  return g_strdup_printf("%.*s…", (int)(end - text), text);
}

/* "bytes 1024, package libc6" of an event's arguments; NULL where it has none. */
static char *
describe(json_t *arguments)
{
  g_autoptr(GString) out = g_string_new(NULL);
  const char *key;
  json_t *value;
  guint n = 0;
  json_object_foreach (arguments, key, value) {
    g_autofree char *text = json_is_string(value) ? g_strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
    g_string_append_printf(out, "%s%s %s", n == 0 ? "" : ", ", key, text);
    if (++n == ARGUMENTS_MAX || out->len > TEXT_MAX)
      break;
  }
  return out->len > 0 ? short_text(out->str) : NULL;
}

/* A time of @event in whole microseconds. */
static gboolean
take_time(json_t *event, const char *key, gint64 *out, GError **error)
{
  json_t *value = json_object_get(event, key);
  double number = json_number_value(value);
  if (!json_is_number(value) || !(number >= 0 && number <= MICROSECONDS_MAX)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "'%s' is not a time in microseconds", key);
    return FALSE;
  }
  *out = (gint64)(number + 0.5);
  return TRUE;
}

/* "pid" or "tid" of @event: a number; 0 where there is none, as some programs leave it out. */
static gint64
number_of(json_t *event, const char *key)
{
  return json_integer_value(json_object_get(event, key));
}

static gboolean
is_phase(json_t *event, const char *phase)
{
  return g_strcmp0(json_string_value(json_object_get(event, "ph")), phase) == 0;
}

static gint
compare_tracks(gconstpointer a, gconstpointer b)
{
  const TimelineTrack *x = *(TimelineTrack *const *)a, *y = *(TimelineTrack *const *)b;
  if (x->process != y->process)
    return x->process < y->process ? -1 : 1;
  return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* Where the track of @event stands in the sorted list, or belongs. */
static gboolean
find_track(const Timeline *timeline, json_t *event, guint *place)
{
  TimelineTrack wanted = {.process = number_of(event, "pid"), .thread = number_of(event, "tid")}, *key = &wanted;
  guint low = 0, high = timeline->tracks->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (compare_tracks(&timeline->tracks->pdata[middle], &key) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *place = low;
  return low < timeline->tracks->len && compare_tracks(&timeline->tracks->pdata[low], &key) == 0;
}

static gboolean
add_track(Timeline *timeline, json_t *event, GError **error)
{
  guint place;
  if (find_track(timeline, event, &place))
    return TRUE;
  if (timeline->tracks->len == TIMELINE_TRACKS_MAX) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "it has more than %d threads", TIMELINE_TRACKS_MAX);
    return FALSE;
  }
  TimelineTrack *track = g_new0(TimelineTrack, 1);
  track->process = number_of(event, "pid");
  track->thread = number_of(event, "tid");
  track->rows = 1;
  g_ptr_array_insert(timeline->tracks, (gint)place, track);
  return TRUE;
}

static gboolean
add_span(Timeline *timeline, json_t *event, GError **error)
{
  TimelineSpan *span = g_new0(TimelineSpan, 1);
  g_ptr_array_add(timeline->spans, span);
  const char *name = json_string_value(json_object_get(event, "name"));
  const char *category = json_string_value(json_object_get(event, "cat"));
  if (name == NULL) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "it has no 'name'");
    return FALSE;
  }
  span->name = short_text(name);
  span->category = category != NULL ? short_text(category) : NULL;
  span->detail = describe(json_object_get(event, "args"));
  (void)find_track(timeline, event, &span->track);
  return take_time(event, "ts", &span->start, error) && take_time(event, "dur", &span->duration, error);
}

static void
name_track(Timeline *timeline, json_t *event)
{
  guint place;
  const char *what = json_string_value(json_object_get(event, "name"));
  const char *name = json_string_value(json_object_get(json_object_get(event, "args"), "name"));
  if (g_strcmp0(what, "thread_name") != 0 || name == NULL || !find_track(timeline, event, &place))
    return;
  TimelineTrack *track = timeline->tracks->pdata[place];
  g_free(track->name);
  track->name = short_text(name);
}

/* Twice over the events: all threads are known, and numbered, before the first span. */
static gboolean
take_events(Timeline *timeline, json_t *events, GError **error)
{
  gsize i;
  json_t *event;
  json_array_foreach (events, i, event) {
    if (is_phase(event, "X") && !add_track(timeline, event, error))
      return FALSE;
  }
  json_array_foreach (events, i, event) {
    if (is_phase(event, "X") && !add_span(timeline, event, error)) {
      g_prefix_error(error, "event %" G_GSIZE_FORMAT ": ", i);
      return FALSE;
    }
    if (is_phase(event, "M"))
      name_track(timeline, event);
  }
  for (i = 0; i < timeline->tracks->len; i++) {
    TimelineTrack *track = timeline->tracks->pdata[i];
    if (track->name == NULL)
      track->name = g_strdup_printf("thread %" G_GINT64_FORMAT, track->thread);
  }
  return TRUE;
}

/* ---- laying them out ---- */

static gint
compare_spans(gconstpointer a, gconstpointer b)
{
  const TimelineSpan *x = *(TimelineSpan *const *)a, *y = *(TimelineSpan *const *)b;
  if (x->track != y->track)
    return x->track < y->track ? -1 : 1;
  if (x->start != y->start)
    return x->start < y->start ? -1 : 1;
  return x->duration > y->duration ? -1 : x->duration < y->duration;
}

/* Times begin with the first start. */
static void
shift_times(Timeline *timeline)
{
  gint64 first = G_MAXINT64, last = 0;
  for (guint i = 0; i < timeline->spans->len; i++) {
    const TimelineSpan *span = timeline->spans->pdata[i];
    first = MIN(first, span->start);
    last = MAX(last, span->start + span->duration);
  }
  for (guint i = 0; i < timeline->spans->len; i++)
    ((TimelineSpan *)timeline->spans->pdata[i])->start -= first;
  timeline->length = MAX(last - first, 1);
}

/* Each span goes into the first row of its track that is free by then: what runs within another, below it. */
static void
stack_spans(Timeline *timeline)
{
  gint64 free_from[TIMELINE_ROWS_MAX], covered = 0;
  guint track = G_MAXUINT;
  for (guint i = 0; i < timeline->spans->len; i++) {
    TimelineSpan *span = timeline->spans->pdata[i];
    TimelineTrack *own = timeline->tracks->pdata[span->track];
    gint64 end = span->start + span->duration;
    if (span->track != track) {
      memset(free_from, 0, sizeof free_from);
      covered = 0;
      track = span->track;
    }
    while (span->row < TIMELINE_ROWS_MAX - 1 && free_from[span->row] > span->start)
      span->row++;
    free_from[span->row] = MAX(free_from[span->row], end);
    own->rows = MAX(own->rows, span->row + 1);
    own->busy += MAX(end - MAX(span->start, covered), 0);
    covered = MAX(covered, end);
  }
}

static gboolean
fill(Timeline *timeline, json_t *json, GError **error)
{
  json_t *events = json_is_array(json) ? json : json_object_get(json, "traceEvents");
  if (!json_is_array(events)) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "there is no array 'traceEvents'");
    return FALSE;
  }
  if (!take_events(timeline, events, error))
    return FALSE;
  if (timeline->spans->len == 0) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "there are no complete events ('ph': 'X')");
    return FALSE;
  }
  shift_times(timeline);
  g_ptr_array_sort(timeline->spans, compare_spans);
  stack_spans(timeline);
  return TRUE;
}

Timeline *
timeline_read(const char *path, GError **error)
{
  json_auto_t *json = load(path, error);
  if (json == NULL)
    return NULL;
  g_autoptr(Timeline) timeline = g_new0(Timeline, 1);
  timeline->tracks = g_ptr_array_new_with_free_func(track_free);
  timeline->spans = g_ptr_array_new_with_free_func(span_free);
  GError *problem = NULL;
  if (fill(timeline, json, &problem))
    return g_steal_pointer(&timeline);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID,
              "'%s' is no trace of a build: %s\nhint: 'ashlar build --trace FILE' writes one", path, problem->message);
  g_error_free(problem);
  return NULL;
}

void
timeline_free(Timeline *timeline)
{
  g_ptr_array_unref(timeline->tracks);
  g_ptr_array_unref(timeline->spans);
  g_free(timeline);
}
