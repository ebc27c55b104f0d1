/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/metrics.h"
#include "builder/progress/events.h"
#include "rootfs/outfile.h"

#include <string.h>

typedef struct {
  guint active;
  gint64 since;    /* when the first of those that are active began */
  gint64 duration; /* before that */
  guint64 bytes;
} PhaseFigures;

/* The build of one recipe. */
typedef struct {
  char *recipe;
  gint64 started; /* microseconds since 1970 */
  PhaseFigures phases[PROGRESS_N_PHASES];
  guint hits[PROGRESS_N_CACHES], misses[PROGRESS_N_CACHES];
  ProgressSummary summary; /* its figures; strings are not kept */
} Figures;

struct Metrics {
  Progress *progress;
  Outfile *out;
  GPtrArray *builds; /* Figures*, in the order of the builds */
};

static void
figures_free(gpointer data)
{
  Figures *figures = data;
  g_free(figures->recipe);
  g_free(figures);
}

/* ---- listening ---- */

/* A recipe that is built once more counts once: two samples with the same labels are refused. */
static void
begin_build(Metrics *metrics, const Event *event)
{
  for (guint i = metrics->builds->len; i-- > 0;)
    if (strcmp(((Figures *)metrics->builds->pdata[i])->recipe, event->recipe) == 0)
      g_ptr_array_remove_index(metrics->builds, i);
  Figures *figures = g_new0(Figures, 1);
  figures->recipe = g_strdup(event->recipe);
  figures->started = g_get_real_time();
  g_ptr_array_add(metrics->builds, figures);
}

/* NULL of what belongs to no build. */
static Figures *
figures_of(const Metrics *metrics, const Event *event)
{
  for (guint i = 0; event->recipe != NULL && i < metrics->builds->len; i++)
    if (strcmp(((Figures *)metrics->builds->pdata[i])->recipe, event->recipe) == 0)
      return metrics->builds->pdata[i];
  return NULL;
}

static void
hear_task(Figures *figures, const Event *event)
{
  PhaseFigures *phase = &figures->phases[event->task->phase];
  if (event->kind == EVENT_START && phase->active++ == 0)
    phase->since = event->time;
  if (event->kind == EVENT_START)
    return;
  phase->bytes += event->task->done;
  if (--phase->active == 0)
    phase->duration += event->time - phase->since;
}

/* Of several that ran at once the ends come in the order of the command line. */
static void
end_build(Metrics *metrics, Figures *figures, const ProgressSummary *summary)
{
  guint i;
  figures->summary = *summary;
  if (g_ptr_array_find(metrics->builds, figures, &i))
    g_ptr_array_add(metrics->builds, g_ptr_array_steal_index(metrics->builds, i));
}

static void
hear(const Event *event, gpointer data)
{
  Metrics *metrics = data;
  Figures *figures = event->kind != EVENT_BEGIN ? figures_of(metrics, event) : NULL;
  if (event->kind == EVENT_BEGIN)
    begin_build(metrics, event);
  else if (figures == NULL)
    return;
  else if (event->kind == EVENT_START || event->kind == EVENT_FINISH)
    hear_task(figures, event);
  else if (event->kind == EVENT_CACHE)
    (event->hit ? figures->hits : figures->misses)[event->cache]++;
  else if (event->kind == EVENT_END)
    end_build(metrics, figures, event->summary);
}

Metrics *
metrics_new(Progress *progress, const char *path, GError **error)
{
  Outfile *out = outfile_new(path, 0644, OUTFILE_VOLATILE, error);
  if (out == NULL)
    return NULL;
  Metrics *metrics = g_new0(Metrics, 1);
  metrics->progress = progress;
  metrics->out = out;
  metrics->builds = g_ptr_array_new_with_free_func(figures_free);
  progress_listen(progress, hear, metrics);
  return metrics;
}

void
metrics_free(Metrics *metrics)
{
  progress_ignore(metrics->progress, hear, metrics);
  outfile_free(metrics->out);
  g_ptr_array_unref(metrics->builds);
  g_free(metrics);
}

/* ---- writing ---- */

static void
append_head(GString *text, const char *name, const char *help)
{
  g_string_append_printf(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* @text as a label's value. */
static void
append_label(GString *out, const char *name, const char *value)
{
  g_string_append_printf(out, "%s=\"", name);
  for (; *value != '\0'; value++) {
    if (*value == '\\' || *value == '"')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *value);
  }
  g_string_append_c(out, '"');
}

/* @label: "phase", or NULL for none but the recipe. */
static void
append_sample(GString *text, const char *name, const Figures *figures, const char *label, const char *value, gdouble number)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf(text, "%s{", name);
  append_label(text, "recipe", figures->recipe);
  if (label != NULL) {
    g_string_append_c(text, ',');
    append_label(text, label, value);
  }
  g_string_append_printf(text, "} %s\n", g_ascii_formatd(digits, sizeof digits, "%.16g", number));
}

static gdouble
seconds(gint64 microseconds)
{
  return (gdouble)microseconds / G_USEC_PER_SEC;
}

typedef gdouble (*Figure)(const Figures *figures);

static gdouble
figure_success(const Figures *figures)
{
  return figures->summary.success;
}

static gdouble
figure_unchanged(const Figures *figures)
{
  return figures->summary.unchanged;
}

static gdouble
figure_start(const Figures *figures)
{
  return seconds(figures->started);
}

static gdouble
figure_duration(const Figures *figures)
{
  return seconds(figures->summary.microseconds);
}

static gdouble
figure_fetched(const Figures *figures)
{
  return (gdouble)figures->summary.fetched_bytes;
}

static gdouble
figure_new(const Figures *figures)
{
  return (gdouble)figures->summary.new_bytes;
}

static gdouble
figure_reused(const Figures *figures)
{
  return (gdouble)figures->summary.reused_bytes;
}

static gdouble
figure_written(const Figures *figures)
{
  return (gdouble)figures->summary.written_bytes;
}

static gdouble
figure_packages(const Figures *figures)
{
  return figures->summary.packages;
}

/* The families with one sample a recipe. */
static void
append_figures(const Metrics *metrics, GString *text)
{
  static const struct {
    const char *name, *help;
    Figure figure;
    gboolean of_any; /* of a build that failed too */
  } families[] = {
    {"ashlar_build_success", "Whether the build succeeded.", figure_success, TRUE},
    {"ashlar_build_unchanged", "Whether there was nothing to do.", figure_unchanged, TRUE},
    {"ashlar_build_start_timestamp_seconds", "When the build began, since 1970.", figure_start, TRUE},
    {"ashlar_build_duration_seconds", "How long the build took.", figure_duration, TRUE},
    {"ashlar_build_fetched_bytes", "Bytes fetched from mirrors.", figure_fetched, TRUE},
    {"ashlar_build_new_bytes", "Compressed bytes of layers that were made.", figure_new, FALSE},
    {"ashlar_build_reused_bytes", "Compressed bytes of layers that were there.", figure_reused, FALSE},
    {"ashlar_build_written_bytes", "Bytes of output files written.", figure_written, FALSE},
    {"ashlar_build_packages", "Packages in the images.", figure_packages, FALSE},
  };
  for (guint i = 0; i < G_N_ELEMENTS(families); i++) {
    append_head(text, families[i].name, families[i].help);
    for (guint j = 0; j < metrics->builds->len; j++) {
      const Figures *figures = metrics->builds->pdata[j];
      if (figures->summary.success || families[i].of_any)
        append_sample(text, families[i].name, figures, NULL, NULL, families[i].figure(figures));
    }
  }
}

static void
append_phases(const Metrics *metrics, GString *text)
{
  static const char *const names[] = {"ashlar_build_phase_duration_seconds", "ashlar_build_phase_bytes"};
  static const char *const helps[] = {"How long something of the phase was under way.", "Bytes that the phase worked on."};
  for (guint n = 0; n < G_N_ELEMENTS(names); n++) {
    append_head(text, names[n], helps[n]);
    for (guint i = 0; i < metrics->builds->len; i++)
      for (guint p = 0; p < PROGRESS_N_PHASES; p++) {
        const Figures *figures = metrics->builds->pdata[i];
        const PhaseFigures *phase = &figures->phases[p];
        append_sample(text, names[n], figures, "phase", progress_phase_name(p),
                      n == 0 ? seconds(phase->duration) : (gdouble)phase->bytes);
      }
  }
}

static void
append_layers(const Metrics *metrics, GString *text)
{
  append_head(text, "ashlar_build_layers", "Layers of the images.");
  for (guint i = 0; i < metrics->builds->len; i++) {
    const Figures *figures = metrics->builds->pdata[i];
    if (!figures->summary.success)
      continue;
    append_sample(text, "ashlar_build_layers", figures, "state", "new", figures->summary.new_layers);
    append_sample(text, "ashlar_build_layers", figures, "state", "reused", figures->summary.reused_layers);
  }
}

static void
append_caches(const Metrics *metrics, GString *text)
{
  static const char *const names[] = {"ashlar_build_cache_hits", "ashlar_build_cache_misses"};
  static const char *const helps[] = {"Results that the store remembered.", "Results that had to be made."};
  for (guint n = 0; n < G_N_ELEMENTS(names); n++) {
    append_head(text, names[n], helps[n]);
    for (guint i = 0; i < metrics->builds->len; i++)
      for (guint c = 0; c < PROGRESS_N_CACHES; c++) {
        const Figures *figures = metrics->builds->pdata[i];
        append_sample(text, names[n], figures, "cache", progress_cache_name(c), (n == 0 ? figures->hits : figures->misses)[c]);
      }
  }
}

gboolean
metrics_save(Metrics *metrics, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  append_head(text, "ashlar_build_info", "The program that built.");
  g_string_append(text, "ashlar_build_info{version=\"" ASHLAR_VERSION "\"} 1\n");
  append_figures(metrics, text);
  append_phases(metrics, text);
  append_layers(metrics, text);
  append_caches(metrics, text);
  return outfile_write(metrics->out, text->str, text->len, error) && outfile_commit(metrics->out, error);
}
