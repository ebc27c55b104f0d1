/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/words.h"
#include "builder/recipe/schema.h"

#include <string.h>

static const struct {
  const char *name;
  WordKind kind;
} known[] = {
  {"COMMAND", WORD_COMMAND}, {"DIR", WORD_FOLDER}, {"FILE", WORD_FILE}, {"IMAGE", WORD_IMAGE},
  {"KEY", WORD_FILE},        {"NEW", WORD_IMAGE},  {"OLD", WORD_IMAGE}, {"RECIPE", WORD_RECIPE},
};

WordKind
word_kind(const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS(known); i++)
    if (strcmp(known[i].name, name) == 0)
      return known[i].kind;
  return WORD_VALUE;
}

const char *
word_choices(const char *name)
{
  return name != NULL && g_str_has_prefix(name, "ARCH") ? schema_find("arch[]")->values : NULL;
}

static void
word_free(gpointer data)
{
  Word *word = data;
  g_free(word->name);
  g_free(word);
}

GPtrArray *
words_of(const char *usage)
{
  GPtrArray *words = g_ptr_array_new_with_free_func(word_free);
  g_auto(GStrv) parts = g_strsplit(usage != NULL ? usage : "", " ", -1);
  for (char **part = parts; *part != NULL; part++) {
    if (**part == '\0')
      continue;
    Word *word = g_new0(Word, 1);
    const char *name = *part + (**part == '[');
    word->optional = name != *part;
    word->repeats = strstr(name, "...") != NULL;
    word->name = g_strndup(name, strcspn(name, ".]"));
    word->kind = word_kind(word->name);
    g_ptr_array_add(words, word);
  }
  return words;
}

char *
words_list(const char *choices)
{
  GString *list = g_string_new(choices);
  char *last = strrchr(list->str, '|');
  if (last != NULL) {
    gsize at = (gsize)(last - list->str);
    g_string_erase(list, (gssize)at, 1);
    g_string_insert(list, (gssize)at, " or ");
  }
  (void)g_string_replace(list, "|", ", ", 0);
  return g_string_free(list, FALSE);
}
