/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/check/junit.h"

#include <string.h>

/* XML 1.0, section 2.2: no control characters but tab and line breaks, no surrogates, not U+FFFE and U+FFFF. */
static gboolean
is_xml_char(gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
         (c >= 0x10000 && c <= 0x10ffff);
}

static void
append_escaped(GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (c == '&')
      g_string_append(out, "&amp;");
    else if (c == '<')
      g_string_append(out, "&lt;");
    else if (c == '>')
      g_string_append(out, "&gt;");
    else if (c == '"')
      g_string_append(out, "&quot;");
    else if (c == '\t' || c == '\n' || c == '\r') /* as they are, an attribute's reader makes blanks of them */
      g_string_append_printf(out, "&#%u;", c);
    else
      g_string_append_unichar(out, is_xml_char(c) ? c : 0xfffd);
  }
}

static void
append_attribute(GString *out, const char *name, const char *value)
{
  g_string_append_printf(out, " %s=\"", name);
  append_escaped(out, value);
  g_string_append_c(out, '"');
}

static void
append_number(GString *out, const char *name, guint value)
{
  g_string_append_printf(out, " %s=\"%u\"", name, value);
}

/* Seconds, with a point whatever the locale. */
static void
append_time(GString *out, gint64 microseconds)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf(out, " time=\"%s\"",
                         g_ascii_formatd(text, sizeof text, "%.6f", (gdouble)microseconds / G_TIME_SPAN_SECOND));
}

static void
append_failure(GString *out, const CheckResult *result)
{
  g_string_append(out, "      <failure");
  append_attribute(out, "message", result->failures->pdata[0]);
  append_attribute(out, "type", recipe_test_kind_name(result->kind));
  g_string_append_c(out, '>');
  append_escaped(out, result->place.file);
  g_string_append_printf(out, ":%u:%u", result->place.line, result->place.column);
  for (guint i = 0; i < result->failures->len; i++) {
    g_string_append_c(out, '\n');
    append_escaped(out, result->failures->pdata[i]);
  }
  if (result->n_failures > result->failures->len)
    g_string_append_printf(out, "\n... and %u more", result->n_failures - result->failures->len);
  g_string_append(out, "</failure>\n");
}

static void
append_case(GString *out, const CheckResult *result, const char *suite)
{
  g_string_append(out, "    <testcase");
  append_attribute(out, "name", result->title);
  append_attribute(out, "classname", suite);
  append_attribute(out, "file", result->place.file);
  append_number(out, "line", result->place.line);
  append_time(out, result->microseconds);
  if (result->n_failures == 0) {
    g_string_append(out, "/>\n");
    return;
  }
  g_string_append(out, ">\n");
  append_failure(out, result);
  g_string_append(out, "    </testcase>\n");
}

static void
append_suite(GString *out, const CheckReport *report, const CheckSuite *suite)
{
  g_autofree char *name = g_strdup_printf("%s %s", report->recipe, suite->arch);
  gint64 microseconds = 0;
  guint failed = 0;
  for (guint i = 0; i < suite->results->len; i++) {
    const CheckResult *result = suite->results->pdata[i];
    microseconds += result->microseconds;
    failed += result->n_failures > 0;
  }
  g_string_append(out, "  <testsuite");
  append_attribute(out, "name", name);
  append_number(out, "tests", suite->results->len);
  append_number(out, "failures", failed);
  append_number(out, "errors", 0);
  append_time(out, microseconds);
  g_string_append(out, ">\n");
  for (guint i = 0; i < suite->results->len; i++)
    append_case(out, suite->results->pdata[i], name);
  g_string_append(out, "  </testsuite>\n");
}

char *
junit_text(const GPtrArray *reports)
{
  GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
  for (guint i = 0; i < reports->len; i++) {
    const CheckReport *report = reports->pdata[i];
    for (guint j = 0; j < report->suites->len; j++)
      append_suite(out, report, report->suites->pdata[j]);
  }
  g_string_append(out, "</testsuites>\n");
  return g_string_free(out, FALSE);
}

gboolean
junit_save(const GPtrArray *reports, Outfile *out, GError **error)
{
  g_autofree char *text = junit_text(reports);
  return outfile_write(out, text, strlen(text), error) && outfile_commit(out, error);
}
