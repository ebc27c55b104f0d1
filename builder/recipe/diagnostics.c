/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/diagnostics.h"
#include "builder/recipe/source.h"
#include "signing/error.h"

#include <string.h>

#define MESSAGE_MAX 800

typedef struct {
  RecipePlace place;
  gboolean warning;
  guint file_rank, rank; /* files in the order they were first spoken of, then what was reported first */
  char *message;
  GPtrArray *hints;
} Diagnostic;

struct Diagnostics {
  GPtrArray *all;
  GPtrArray *files; /* const char *, interned */
  Diagnostic *last; /* what a hint belongs to; NULL when it was a repetition */
  guint errors, warnings;
};

static void
diagnostic_free(gpointer data)
{
  Diagnostic *diagnostic = data;
  g_free(diagnostic->message);
  g_ptr_array_unref(diagnostic->hints);
  g_free(diagnostic);
}

Diagnostics *
diagnostics_new(void)
{
  Diagnostics *diagnostics = g_new0(Diagnostics, 1);
  diagnostics->all = g_ptr_array_new_with_free_func(diagnostic_free);
  diagnostics->files = g_ptr_array_new();
  return diagnostics;
}

void
diagnostics_free(Diagnostics *diagnostics)
{
  g_ptr_array_unref(diagnostics->all);
  g_ptr_array_unref(diagnostics->files);
  g_free(diagnostics);
}

static guint
rank_of_file(Diagnostics *diagnostics, const char *file)
{
  guint rank;
  for (rank = 0; rank < diagnostics->files->len; rank++)
    if (strcmp(g_ptr_array_index(diagnostics->files, rank), file) == 0)
      return rank;
  g_ptr_array_add(diagnostics->files, (gpointer)g_intern_string(file));
  return rank;
}

static gboolean
already_said(const Diagnostics *diagnostics, const RecipePlace *place, const char *message)
{
  for (guint i = 0; i < diagnostics->all->len; i++) {
    const Diagnostic *other = g_ptr_array_index(diagnostics->all, i);
    if (other->place.line == place->line && other->place.column == place->column &&
        strcmp(other->place.file, place->file) == 0 && strcmp(other->message, message) == 0)
      return TRUE;
  }
  return FALSE;
}

/* A message quotes what it is about, which may be most of a file: the middle of a long one says nothing. */
static const char *
shorten(char *message)
{
  gsize length = strlen(message);
  if (length <= MESSAGE_MAX)
    return message;
  char *head = g_utf8_find_prev_char(message, message + MESSAGE_MAX / 2);
  const char *tail = g_utf8_find_next_char(message + length - MESSAGE_MAX / 4, NULL);
  memset(head, '.', 3);
  memmove(head + 3, tail, strlen(tail) + 1);
  return message;
}

static void
report(Diagnostics *diagnostics, const RecipePlace *place, gboolean warning, const char *format, va_list args)
{
  diagnostics->last = NULL;
  /* beyond what is shown only the number counts; comparing each with all would be quadratic in a hostile file */
  if (diagnostics->all->len >= 2 * DIAGNOSTICS_SHOWN) {
    *(warning ? &diagnostics->warnings : &diagnostics->errors) += 1;
    return;
  }
  g_autofree char *raw = g_strdup_vprintf(format, args);
  g_autofree char *message = source_escape(shorten(raw));
  if (already_said(diagnostics, place, message))
    return;
  Diagnostic *diagnostic = g_new0(Diagnostic, 1);
  diagnostic->place = *place;
  diagnostic->warning = warning;
  diagnostic->file_rank = rank_of_file(diagnostics, place->file);
  diagnostic->rank = diagnostics->all->len;
  diagnostic->message = g_steal_pointer(&message);
  diagnostic->hints = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(diagnostics->all, diagnostic);
  diagnostics->last = diagnostic;
  *(warning ? &diagnostics->warnings : &diagnostics->errors) += 1;
}

void
diagnostics_error(Diagnostics *diagnostics, const RecipePlace *place, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  report(diagnostics, place, FALSE, format, args);
  va_end(args);
}

void
diagnostics_warning(Diagnostics *diagnostics, const RecipePlace *place, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  report(diagnostics, place, TRUE, format, args);
  va_end(args);
}

void
diagnostics_exceeded(Diagnostics *diagnostics, const RecipePlace *place, const char *message, LimitId limit)
{
  g_autofree char *excess = limits_excess(limit), *hint = limits_hint(limit);
  diagnostics_error(diagnostics, place, "%s: %s", message, excess);
  if (*hint != '\0')
    diagnostics_hint(diagnostics, "%s", hint);
}

gboolean
diagnostics_wants_hint(const Diagnostics *diagnostics)
{
  return diagnostics->last != NULL;
}

void
diagnostics_hint(Diagnostics *diagnostics, const char *format, ...)
{
  if (diagnostics->last == NULL)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *raw = g_strdup_vprintf(format, args);
  va_end(args);
  g_ptr_array_add(diagnostics->last->hints, source_escape(raw));
}

guint
diagnostics_n_errors(const Diagnostics *diagnostics)
{
  return diagnostics->errors;
}

guint
diagnostics_n_warnings(const Diagnostics *diagnostics)
{
  return diagnostics->warnings;
}

/* ---- the report ---- */

static gint
by_place(gconstpointer a, gconstpointer b)
{
  const Diagnostic *x = *(const Diagnostic *const *)a, *y = *(const Diagnostic *const *)b;
  if (x->file_rank != y->file_rank)
    return x->file_rank < y->file_rank ? -1 : 1;
  if (x->place.line != y->place.line)
    return x->place.line < y->place.line ? -1 : 1;
  if (x->place.column != y->place.column)
    return x->place.column < y->place.column ? -1 : 1;
  return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static void
append_headline(GString *out, const RecipePlace *place, gboolean warning, const char *message)
{
  g_autofree char *file = source_escape(place->file);
  g_string_append(out, file);
  if (place->line > 0)
    g_string_append_printf(out, ":%u:%u", place->line, place->column);
  g_string_append_printf(out, ": %s: %s\n", warning ? "warning" : "error", message);
  source_append_excerpt(out, place);
}

char *
diagnostics_report(Diagnostics *diagnostics)
{
  GString *out = g_string_new(NULL);
  g_ptr_array_sort(diagnostics->all, by_place);
  for (guint i = 0; i < MIN(diagnostics->all->len, DIAGNOSTICS_SHOWN); i++) {
    const Diagnostic *diagnostic = g_ptr_array_index(diagnostics->all, i);
    append_headline(out, &diagnostic->place, diagnostic->warning, diagnostic->message);
    for (guint j = 0; j < diagnostic->hints->len; j++)
      g_string_append_printf(out, "hint: %s\n", (const char *)g_ptr_array_index(diagnostic->hints, j));
  }
  guint total = diagnostics->errors + diagnostics->warnings;
  if (total > DIAGNOSTICS_SHOWN)
    g_string_append_printf(out, "... and %u more\n", total - DIAGNOSTICS_SHOWN);
  if (out->len > 0)
    g_string_truncate(out, out->len - 1);
  return g_string_free(out, FALSE);
}

json_t *
diagnostics_to_json(Diagnostics *diagnostics)
{
  json_t *list = json_array();
  g_ptr_array_sort(diagnostics->all, by_place);
  for (guint i = 0; i < diagnostics->all->len; i++) {
    const Diagnostic *diagnostic = g_ptr_array_index(diagnostics->all, i);
    g_autofree char *file = source_escape(diagnostic->place.file);
    json_t *hints = json_array();
    for (guint j = 0; j < diagnostic->hints->len; j++)
      json_array_append_new(hints, json_string(g_ptr_array_index(diagnostic->hints, j)));
    json_array_append_new(list,
                          json_pack("{s:s, s:i, s:i, s:s, s:s, s:o}", "file", file, "line", (int)diagnostic->place.line,
                                    "column", (int)diagnostic->place.column, "severity",
                                    diagnostic->warning ? "warning" : "error", "message", diagnostic->message, "hints", hints));
  }
  return list;
}

static gboolean
set_error_at(GError **error, AshlarError code, const RecipePlace *place, char *raw)
{
  /* the first line is the message; what follows ("hint: ...") goes below the source line */
  char *rest = strchr(raw, '\n');
  if (rest != NULL)
    *rest++ = '\0';
  g_autofree char *message = source_escape(raw);
  g_autoptr(GString) out = g_string_new(NULL);
  append_headline(out, place, FALSE, message);
  if (rest != NULL)
    g_string_append(out, rest);
  else
    g_string_truncate(out, out->len - 1);
  g_set_error_literal(error, ASHLAR_ERROR, (gint)code, out->str);
  return FALSE;
}

gboolean
recipe_error_at(GError **error, const RecipePlace *place, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *raw = g_strdup_vprintf(format, args);
  va_end(args);
  return set_error_at(error, ASHLAR_ERROR_USAGE, place, raw);
}

gboolean
recipe_failure_at(GError **error, const RecipePlace *place, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *raw = g_strdup_vprintf(format, args);
  va_end(args);
  return set_error_at(error, ASHLAR_ERROR_FAILED, place, raw);
}
