/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/limit_option.h"
#include "builder/recipe/nearest.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

static gboolean
unknown_name(const char *name, GError **error)
{
  const char *names[LIMIT_N + 1] = {NULL};
  for (guint i = 0; i < LIMIT_N; i++)
    names[i] = limits_row((LimitId)i)->name;
  g_autofree char *shown = g_strescape(name, NULL);
  guint n;
  for (const FixedLimit *row = limits_fixed(&n); n > 0; row++, n--)
    if (strcmp(row->name, name) == 0) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "the limit '%s' cannot be moved", shown);
      return FALSE;
    }
  const char *nearest = nearest_name(name, names);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "there is no limit '%s'\nhint: %s%s%s", shown,
              nearest != NULL ? "did you mean '" : "'ashlar limits' lists them", nearest != NULL ? nearest : "",
              nearest != NULL ? "'?" : "");
  return FALSE;
}

static gboolean
apply(const char *setting, GError **error)
{
  const char *equals = strchr(setting, '=');
  g_autofree char *name = equals != NULL ? g_strndup(setting, (gsize)(equals - setting)) : g_strdup(setting);
  guint id = 0;
  while (id < LIMIT_N && strcmp(limits_row((LimitId)id)->name, name) != 0)
    id++;
  if (id == LIMIT_N)
    return unknown_name(name, error);
  const Limit *row = limits_row((LimitId)id);
  guint64 value;
  g_autofree char *shown = g_strescape(equals != NULL ? equals + 1 : "", NULL);
  g_autofree char *most = limits_show(row->most, row->unit);
  if (equals == NULL || !limits_parse(equals + 1, row->unit, &value) || !limits_set((LimitId)id, value)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "the limit '%s' cannot be '%s': it takes a number from 1 to %s%s",
                name, shown, most, row->unit == LIMIT_BYTES ? ", as in 128G" : "");
    return FALSE;
  }
  return TRUE;
}

gboolean
limit_option_apply(const char *list, const char *const *settings, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(list != NULL ? list : "", ",", -1);
  for (char **part = parts; *part != NULL; part++)
    if (*g_strstrip(*part) != '\0' && !apply(*part, error)) {
      g_prefix_error(error, "ASHLAR_LIMITS: ");
      return FALSE;
    }
  for (; settings != NULL && *settings != NULL; settings++)
    if (!apply(*settings, error)) {
      g_prefix_error(error, "--limit: ");
      return FALSE;
    }
  return TRUE;
}
