/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of commands, as getopt(3) reads them.
 */
#include "builder/sources/debian/native-options.h"

#include <string.h>

/* "--parents" and its like, as the letter that they are: "p=parents m:mode". */
static gboolean
long_option(const char *name, const char *spelled, char *letter, gboolean *valued)
{
  g_auto(GStrv) pairs = g_strsplit(spelled, " ", -1);
  for (guint i = 0; pairs[i] != NULL; i++)
    if (pairs[i][0] != '\0' && strcmp(pairs[i] + 2, name) == 0) {
      *letter = pairs[i][0];
      *valued = pairs[i][1] == ':';
      return TRUE;
    }
  return FALSE;
}

static gboolean
take_letter(NativeOptions *options, char letter, const char *value)
{
  const char *valued = strchr(options->values, letter);
  if (valued != NULL && value != NULL) {
    options->value[valued - options->values] = value;
    return TRUE;
  }
  gsize n = strlen(options->given);
  if (valued != NULL || strchr(options->flags, letter) == NULL || n + 1 >= sizeof options->given)
    return FALSE;
  options->given[n] = letter;
  return TRUE;
}

static gboolean
take_option(NativeOptions *options, char **words, guint *i, const char *spelled)
{
  const char *word = words[*i];
  if (word[1] == '-') {
    g_autofree char *name = g_strndup(word + 2, strcspn(word + 2, "="));
    const char *value = strchr(word, '=');
    char letter;
    gboolean valued;
    if (!long_option(name, spelled, &letter, &valued))
      return FALSE;
    return take_letter(options, letter, !valued ? NULL : value != NULL ? value + 1 : words[++*i]);
  }
  for (const char *letter = word + 1; *letter != '\0'; letter++) {
    gboolean valued = strchr(options->values, *letter) != NULL;
    const char *value = !valued ? NULL : letter[1] != '\0' ? letter + 1 : words[++*i];
    if (!take_letter(options, *letter, value))
      return FALSE;
    if (valued)
      break;
  }
  return TRUE;
}

/* @spelled: "p=parents m:mode ..." */
gboolean
native_options_read(Shell *shell, char **words, NativeOptions *options, const char *spelled)
{
  GPtrArray *operands = g_ptr_array_new();
  gboolean known = TRUE, over = FALSE;
  for (guint i = 1; words[i] != NULL && known; i++) {
    if (!over && strcmp(words[i], "--") == 0)
      over = TRUE;
    else if (over || words[i][0] != '-' || words[i][1] == '\0')
      g_ptr_array_add(operands, words[i]);
    else
      known = take_option(options, words, &i, spelled);
    if (words[i] == NULL)
      break;
  }
  g_ptr_array_add(operands, NULL);
  options->operands = (char **)g_ptr_array_free(operands, FALSE);
  if (!known)
    native_unknown_call(shell, words);
  return known;
}

gboolean
native_given(const NativeOptions *options, char letter)
{
  return strchr(options->given, letter) != NULL;
}

const char *
native_option_value(const NativeOptions *options, char letter)
{
  return options->value[strchr(options->values, letter) - options->values];
}
