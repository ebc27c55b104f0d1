/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report_parts.h"

#include <string.h>

/* Values are cut after so many bytes, lists of them after so many. */
#define VALUE_MAX 2000
#define VALUES_MAX 200

static void
value_line(Html *html, const char *key, json_t *value)
{
  g_autofree char *dumped = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  const char *text = dumped != NULL ? dumped : json_string_value(value);
  g_autofree char *start = g_utf8_make_valid(text, (gssize)MIN(strlen(text), VALUE_MAX));
  html_open(html, "code");
  html_printf(html, "%s%s%s%s", key != NULL ? key : "", key != NULL && *text != '\0' ? " = " : "", start,
              strlen(text) > VALUE_MAX ? "…" : "");
  html_close(html);
}

/* Members of an object that is a set ("ExposedPorts": {"80/tcp": {}}) are told by their names. */
static gboolean
is_empty_object(json_t *value)
{
  return json_is_object(value) && json_object_size(value) == 0;
}

static void
member_lines(Html *html, json_t *value)
{
  json_auto_t *nothing = json_string("");
  const char *key;
  json_t *item;
  gsize i;
  guint n = 0;
  json_object_foreach (value, key, item) {
    if (n++ < VALUES_MAX)
      value_line(html, key, is_empty_object(item) ? nothing : item);
  }
  json_array_foreach (value, i, item) {
    if (n++ < VALUES_MAX)
      value_line(html, NULL, item);
  }
  if (n > VALUES_MAX)
    html_printf(html, "and %u more", n - VALUES_MAX);
}

/* A program and its arguments are one line: each is told apart as JSON does. */
static gboolean
is_command(const char *key)
{
  return strcmp(key, "Entrypoint") == 0 || strcmp(key, "Cmd") == 0;
}

static void
setting(Html *html, const char *key, json_t *value)
{
  gboolean many = (json_is_object(value) || json_is_array(value)) && !is_command(key);
  html_open(html, "tr");
  html_leaf(html, "th", key, "scope", "row");
  html_open(html, "td", "class", "wide values");
  if (many)
    member_lines(html, value);
  else
    value_line(html, NULL, value);
  html_close(html);
  html_close(html);
}

static void
settings(Html *html, const char *title, json_t *object)
{
  const char *key;
  json_t *value;
  guint n = 0;
  if (json_object_size(object) == 0)
    return;
  html_leaf(html, "h3", title);
  report_table(html, NULL, title, NULL, 0);
  json_object_foreach (object, key, value) {
    if (n++ < VALUES_MAX)
      setting(html, key, value);
  }
  report_table_end(html);
}

void
report_config(Html *html, const Subject *subject)
{
  if (subject->image == NULL)
    return;
  report_section(html, "config", "Configuration");
  settings(html, "How a container starts", json_object_get(subject->config, "config"));
  settings(html, "Annotations", json_object_get(subject->image->top_json, "annotations"));
  html_close(html);
}
