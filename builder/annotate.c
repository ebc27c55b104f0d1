/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/annotate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *severity, *file, *line, *column;
  GString *message;
} Annotation;

gboolean
annotate_wanted(void)
{
  return g_strcmp0(g_getenv("GITHUB_ACTIONS"), "true") == 0;
}

/* What the runner would take for the end of a property, or of the line. */
static void
append_escaped(GString *out, const char *text, const char *special)
{
  for (; *text != '\0'; text++)
    if (*text == '%' || *text == '\r' || *text == '\n' || strchr(special, *text) != NULL)
      g_string_append_printf(out, "%%%02X", (guint8)*text);
    else
      g_string_append_c(out, *text);
}

static char *
place_below(const char *file, const char *root)
{
  g_autofree char *whole = g_canonicalize_filename(file, NULL);
  gsize length = root != NULL ? strlen(root) : 0;
  if (length > 0 && strncmp(whole, root, length) == 0 && whole[length] == '/')
    return g_strdup(whole + length + 1);
  return g_strdup(file);
}

/* Writes the annotation that was begun, if any, and forgets it. */
static void
end_annotation(GString *out, Annotation *annotation, const char *root)
{
  if (annotation->message == NULL)
    return;
  g_string_append_printf(out, "::%s ", annotation->severity != NULL ? annotation->severity : "error");
  if (annotation->file != NULL) {
    g_autofree char *file = place_below(annotation->file, root);
    g_string_append(out, "file=");
    append_escaped(out, file, ":,");
    if (annotation->line != NULL && *annotation->line != '\0')
      g_string_append_printf(out, ",line=%s,col=%s", annotation->line, annotation->column);
  } else {
    g_string_append(out, "title=ashlar");
  }
  g_string_append(out, "::");
  append_escaped(out, annotation->message->str, "");
  g_string_append_c(out, '\n');
  g_clear_pointer(&annotation->severity, g_free);
  g_clear_pointer(&annotation->file, g_free);
  g_clear_pointer(&annotation->line, g_free);
  g_clear_pointer(&annotation->column, g_free);
  g_string_free(g_steal_pointer(&annotation->message), TRUE);
}

/* "   12 |   package: [nginx]" and the caret below it */
static gboolean
is_excerpt(const char *line)
{
  const char *bar = line + strspn(line, " 0123456789");
  return bar > line && g_str_has_prefix(bar, "| ");
}

char *
annotate_report(const char *report, const char *root)
{
  g_autoptr(GRegex) headline = g_regex_new("^(.+?)(?::([0-9]+):([0-9]+))?: (error|warning): (.*)$",
                                           G_REGEX_DOTALL | G_REGEX_NEWLINE_LF | G_REGEX_DOLLAR_ENDONLY, 0, NULL);
  g_auto(GStrv) lines = g_strsplit(report, "\n", -1);
  GString *out = g_string_new(NULL);
  Annotation annotation = {0};
  for (char **line = lines; *line != NULL; line++) {
    g_autoptr(GMatchInfo) match = NULL;
    if (is_excerpt(*line))
      continue;
    if (g_regex_match(headline, *line, 0, &match)) {
      end_annotation(out, &annotation, root);
      g_autofree char *message = g_match_info_fetch(match, 5);
      annotation = (Annotation){.file = g_match_info_fetch(match, 1),
                                .line = g_match_info_fetch(match, 2),
                                .column = g_match_info_fetch(match, 3),
                                .severity = g_match_info_fetch(match, 4),
                                .message = g_string_new(message)};
    } else if (annotation.message != NULL) {
      g_string_append_printf(annotation.message, "\n%s", *line);
    } else if (**line != '\0') {
      annotation.message = g_string_new(*line);
    }
  }
  end_annotation(out, &annotation, root);
  return g_string_free(out, FALSE);
}

void
annotate(const char *report)
{
  if (!annotate_wanted())
    return;
  const char *workspace = g_getenv("GITHUB_WORKSPACE");
  /* the current folder, which places are told from, has no links in its name */
  char *root = workspace != NULL ? realpath(workspace, NULL) : NULL;
  g_autofree char *lines = annotate_report(report, root);
  free(root);
  fputs(lines, stderr);
}
