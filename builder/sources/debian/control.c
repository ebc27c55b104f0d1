/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/control.h"
#include "signing/error.h"

#include <string.h>

static void
clear_field(gpointer data)
{
  DebianField *field = data;
  g_free(field->name);
  g_free(field->value);
}

const char *
debian_stanza_next(const char **at, const char *end, gsize *size)
{
  const char *begin = *at;
  if (begin >= end)
    return NULL;
  const char *stop = memmem(begin, (gsize)(end - begin), "\n\n", 2);
  if (stop == NULL)
    stop = end;
  *size = (gsize)(stop - begin);
  for (*at = stop; *at < end && **at == '\n'; ++*at)
    continue;
  return begin;
}

const char *
debian_control_get(const DebianControl *control, const char *name)
{
  for (guint i = 0; i < control->n_fields; i++)
    if (g_ascii_strcasecmp(control->fields[i].name, name) == 0)
      return control->fields[i].value;
  return NULL;
}

void
debian_control_free(DebianControl *control)
{
  for (guint i = 0; i < control->n_fields; i++)
    clear_field(&control->fields[i]);
  g_free(control->fields);
  g_free(control);
}

static gboolean
is_known(const GArray *fields, const char *name, gsize length)
{
  for (guint i = 0; i < fields->len; i++) {
    const char *other = g_array_index(fields, DebianField, i).name;
    if (g_ascii_strncasecmp(other, name, length) == 0 && other[length] == '\0')
      return TRUE;
  }
  return FALSE;
}

/* Takes one line: a field, or more of the one before. */
static gboolean
take_line(GArray *fields, const char *line)
{
  if (line[0] == ' ' || line[0] == '\t') {
    if (fields->len == 0)
      return FALSE;
    DebianField *last = &g_array_index(fields, DebianField, fields->len - 1);
    char *joined = g_strconcat(last->value, "\n", line, NULL);
    g_free(last->value);
    last->value = joined;
    return TRUE;
  }
  gsize length = strcspn(line, ": \t");
  if (length == 0 || line[length] != ':' || line[0] == '-' || is_known(fields, line, length))
    return FALSE;
  /* dpkg keeps blanks at the end of a description, and only there. */
  gboolean keep = length == strlen("Description") && g_ascii_strncasecmp(line, "Description", length) == 0;
  char *value = g_strchug(g_strdup(line + length + 1));
  DebianField field = {g_strndup(line, length), keep ? value : g_strchomp(value)};
  g_array_append_val(fields, field);
  return TRUE;
}

DebianControl *
debian_control_parse(const char *text, gsize size, GError **error)
{
  g_autoptr(GArray) fields = g_array_new(FALSE, FALSE, sizeof(DebianField));
  g_array_set_clear_func(fields, clear_field);
  g_autofree char *copy = g_strndup(text, size);
  g_auto(GStrv) lines = g_strsplit(g_strchomp(copy), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (!take_line(fields, lines[i])) {
      g_autofree char *shown = g_strescape(lines[i], NULL);
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "control file, line %u: '%.100s' is no new field", i + 1, shown);
      return NULL;
    }
  DebianControl *control = g_new0(DebianControl, 1);
  control->n_fields = fields->len;
  control->fields = g_array_steal(fields, NULL);
  return control;
}
