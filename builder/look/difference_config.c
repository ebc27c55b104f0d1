/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/difference_config.h"

#include <string.h>

static void
member_free(gpointer data)
{
  DifferenceMember *member = data;
  g_free(member->member);
  g_free(member->before);
  g_free(member->after);
  g_free(member);
}

/* ---- flattening: each member under its whole name ---- */

static void
flatten_value(json_t *flat, const char *name, json_t *value)
{
  if (json_is_string(value)) {
    json_object_set(flat, name, value);
    return;
  }
  g_autofree char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
  json_object_set_new(flat, name, json_string(text));
}

/* ["PATH=/bin"] as if it were {"PATH": "/bin"}. */
static void
flatten_environment(json_t *flat, json_t *list)
{
  gsize i;
  json_t *item;
  json_array_foreach (list, i, item) {
    const char *text = json_string_value(item);
    if (text == NULL)
      continue;
    const char *equals = strchrnul(text, '=');
    g_autofree char *name = g_strdup_printf("Env.%.*s", (int)(equals - text), text);
    json_object_set_new(flat, name, json_string(*equals == '=' ? equals + 1 : ""));
  }
}

/* One level: labels, ports and volumes are objects of their own, nothing else is. */
static void
flatten(json_t *flat, const char *prefix, json_t *object)
{
  const char *key;
  json_t *value;
  json_object_foreach (object, key, value) {
    g_autofree char *name = g_strconcat(prefix, key, NULL);
    if (strcmp(name, "Env") == 0 && json_is_array(value))
      flatten_environment(flat, value);
    else if (json_is_object(value) && json_object_size(value) > 0 && strchr(prefix, '.') == NULL) {
      g_autofree char *below = g_strconcat(name, ".", NULL);
      flatten(flat, below, value);
    } else {
      flatten_value(flat, name, value);
    }
  }
}

static json_t *
flat_image(const Subject *subject)
{
  static const char *const others[] = {"architecture", "author", "created", "os", "variant"};
  json_t *flat = json_object();
  flatten(flat, "", json_object_get(subject->config, "config"));
  for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
    json_t *value = json_object_get(subject->config, others[i]);
    if (value != NULL)
      flatten_value(flat, others[i], value);
  }
  flatten(flat, "annotations.", json_object_get(subject->image->top_json, "annotations"));
  return flat;
}

/* ---- comparing ---- */

static gboolean
same(json_t *flat, const char *name, const char *value)
{
  return g_strcmp0(json_string_value(json_object_get(flat, name)), value) == 0;
}

static void
add_member(GPtrArray *members, const char *name, json_t *before, json_t *after)
{
  const char *a = json_string_value(json_object_get(before, name)), *b = json_string_value(json_object_get(after, name));
  if (g_strcmp0(a, b) == 0)
    return;
  if (g_str_has_prefix(name, "annotations.")) {
    g_autofree char *label = g_strconcat("Labels.", name + strlen("annotations."), NULL);
    if (same(before, label, a) && same(after, label, b))
      return;
  }
  DifferenceMember *member = g_new(DifferenceMember, 1);
  *member = (DifferenceMember){g_strdup(name), g_strdup(a), g_strdup(b)};
  g_ptr_array_add(members, member);
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp((*(DifferenceMember *const *)a)->member, (*(DifferenceMember *const *)b)->member);
}

GPtrArray *
difference_config(const Subject *before, const Subject *after)
{
  GPtrArray *members = g_ptr_array_new_with_free_func(member_free);
  if (before->config == NULL || after->config == NULL)
    return members;
  json_auto_t *a = flat_image(before), *b = flat_image(after);
  const char *name;
  json_t *value;
  json_object_foreach (a, name, value)
    add_member(members, name, a, b);
  json_object_foreach (b, name, value)
    if (json_object_get(a, name) == NULL)
      add_member(members, name, a, b);
  g_ptr_array_sort(members, compare_names);
  return members;
}
