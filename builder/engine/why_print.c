/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/why.h"
#include "builder/recipe/source.h"

#include <string.h>

/* More reasons are a number, unless all are asked for. */
#define REASONS_MAX 5
/* A longer subject is cut. */
#define SUBJECT_WIDTH 40

static const char *
outcome(const WhyAction *action)
{
  return action->reused ? "reused" : "made";
}

static void
print_line(FILE *out, const char *action, const char *subject, const char *word, const char *reason)
{
  glong length = g_utf8_strlen(subject, -1);
  g_autofree char *cut = length > SUBJECT_WIDTH ? g_utf8_substring(subject, 0, SUBJECT_WIDTH - 3) : NULL;
  g_autofree char *shown = cut != NULL ? g_strconcat(cut, "...", NULL) : g_strdup(subject);
  int padding = (int)(SUBJECT_WIDTH - MIN(length, SUBJECT_WIDTH));
  if (reason == NULL)
    fprintf(out, "%-13s  %s%*s  %s\n", action, shown, padding, "", word);
  else
    fprintf(out, "%-13s  %s%*s  %-6s  %s\n", action, shown, padding, "", word, reason);
}

static void
print_action(FILE *out, const WhyAction *action, gboolean verbose)
{
  g_autofree char *subject = source_escape(action->subject);
  guint n = action->because->len, shown = verbose || n <= REASONS_MAX + 1 ? n : REASONS_MAX;
  if (n == 0)
    print_line(out, action->action, subject, outcome(action), NULL);
  for (guint i = 0; i < shown; i++) {
    const char *text = action->because->pdata[i];
    g_autofree char *first = i == 0 ? g_strconcat("because: ", text, NULL) : NULL;
    g_autofree char *further = i > 0 ? g_strconcat("         ", text, NULL) : NULL;
    print_line(out, i == 0 ? action->action : "", i == 0 ? subject : "", i == 0 ? outcome(action) : "",
               i == 0 ? first : further);
  }
  if (shown < n) {
    g_autofree char *rest = g_strdup_printf("         ... and %u more (--verbose lists them)", n - shown);
    print_line(out, "", "", "", rest);
  }
}

/* How many packs from @first on were reused. */
static guint
reused_packs(const GPtrArray *actions, guint first)
{
  guint n = 0;
  while (first + n < actions->len) {
    const WhyAction *action = actions->pdata[first + n];
    if (strcmp(action->action, "pack") != 0 || !action->reused)
      break;
    n++;
  }
  return n;
}

void
why_print(FILE *out, const GPtrArray *actions, gboolean verbose)
{
  for (guint i = 0; i < actions->len;) {
    guint n = verbose ? 0 : reused_packs(actions, i);
    if (n > 1) {
      g_autofree char *subject = g_strdup_printf("%u packages", n);
      print_line(out, "pack", subject, "reused", NULL);
    } else
      print_action(out, actions->pdata[i], verbose);
    i += MAX(n, 1);
  }
}

json_t *
why_to_json(const GPtrArray *actions)
{
  json_t *list = json_array();
  for (guint i = 0; i < actions->len; i++) {
    const WhyAction *action = actions->pdata[i];
    g_autofree char *subject = source_escape(action->subject);
    json_t *because = json_array();
    for (guint j = 0; j < action->because->len; j++)
      json_array_append_new(because, json_string(action->because->pdata[j]));
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "action", action->action, "subject", subject, "outcome",
                                          outcome(action), "because", because));
  }
  return list;
}
