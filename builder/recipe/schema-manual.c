/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/schema.h"
#include "builder/roff.h"

#include <string.h>

static const char opening[] =
  ".SH NAME\nashlar-recipe \\- the language of ashlar's recipes\n"
  ".SH DESCRIPTION\n"
  "A recipe is a YAML file that says what is in a machine image.\n"
  ".B ashlar build\n"
  "makes the image of it,\n"
  ".B ashlar lint\n"
  "checks it without building, and\n"
  ".B ashlar lint \\-\\-schema\n"
  "prints a JSON Schema of the language for editors.\n"
  ".PP\n"
  "The reader is strict: an unknown key, a wrong type, a key that stands twice, or a path that leaves the recipe's folder is "
  "an\n"
  "error; all the errors of a recipe are reported at once, each with its place. Text, numbers and truth values need no "
  "quotes:\n"
  "what a value is depends on its key alone, so the version 1.10 is not 1.1, and only\n"
  ".B true\nand\n.B false\nare truth values. Anchors and aliases may be used; tags and merge keys may not.\n"
  ".SH EXAMPLE\n.nf\n"
  "name: web\n"
  "version: 1.4.2\n"
  "params: {greeting: hello}\n"
  "debian:\n"
  "  suite: bookworm\n"
  "  packages: [nginx\\-light]\n"
  "  scripts: skip\n"
  "users:\n"
  "  \\- {name: app, uid: 10001, home: /srv}\n"
  "files:\n"
  "  \\- {path: /srv/www, from: site/, owner: app}\n"
  "  \\- {path: /etc/motd, content: \"${greeting}\\en\", mode: \"0644\"}\n"
  "config:\n"
  "  entrypoint: [nginx, \\-g, daemon off;]\n"
  "  user: app\n"
  "tests:\n"
  "  \\- {file: /etc/motd, contains: hello}\n"
  "  \\- elf\n"
  ".fi\n"
  ".SH KEYS\n";

static const char closing[] = ".SH SEE ALSO\n.BR ashlar (1),\n.BR ashlar\\-build (1),\n.BR ashlar\\-lint (1)\n";

/* "text", "list of text", "map": the kinds of @key's value, then those of its items. */
static void
append_kinds(GString *out, const SchemaKey *key)
{
  static const char *const words[] = {"text", "true or false", "number", "list", "map"};
  gboolean first = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
    if (!(key->kinds & (1u << i)))
      continue;
    g_string_append_printf(out, "%s%s", first ? "" : " or ", words[i]);
    first = FALSE;
  }
}

/* The words that are allowed, here or in the items of the list. */
static void
append_values(GString *out, const SchemaKey *key)
{
  g_autofree char *item_path = g_strconcat(key->path, "[]", NULL);
  const SchemaKey *item = schema_find(item_path);
  const char *values = key->values != NULL || item == NULL ? key->values : item->values;
  if (values == NULL)
    return;
  g_auto(GStrv) words = g_strsplit(values, "|", -1);
  g_autofree char *list = g_strjoinv(", ", words);
  g_string_append(out, words[1] != NULL ? "One of: " : "The word: ");
  roff_append_text(out, list);
  g_string_append(out, ".\n");
}

static void
append_says(GString *out, const SchemaKey *key)
{
  g_autofree char *item_path = g_strconcat(key->path, "[]", NULL);
  const SchemaKey *item = schema_find(item_path);
  if (key->says == NULL && (item == NULL || item->says == NULL))
    return;
  g_string_append(out, key->says != NULL ? "Must be " : "Each must be ");
  roff_append_text(out, key->says != NULL ? key->says : item->says);
  g_string_append(out, ".\n");
}

static void
append_key(GString *out, const SchemaKey *key)
{
  g_autofree char *spoken = schema_spoken(key->path);
  g_string_append(out, ".TP\n.BR ");
  roff_append_text(out, spoken);
  g_string_append(out, " \" (");
  append_kinds(out, key);
  g_string_append(out, key->flags & SCHEMA_REQUIRED ? ", required)\"\n" : ")\"\n");
  roff_append_text(out, key->text);
  g_string_append_c(out, '\n');
  append_values(out, key);
  append_says(out, key);
  if (key->kinds & SCHEMA_INTEGER)
    g_string_append_printf(out, "From %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ".\n", key->least, key->most);
  if (key->fallback != NULL) {
    g_string_append(out, "Default: ");
    roff_append_text(out, key->fallback);
    g_string_append(out, ".\n");
  }
}

char *
schema_manual(void)
{
  GString *out = g_string_new(NULL);
  roff_append_title(out, "ashlar-recipe", 5);
  g_string_append(out, opening);
  /* rows without a text say only what the items of a list look like */
  for (const SchemaKey *key = schema_keys; key->path != NULL; key++)
    if (!(key->flags & SCHEMA_LATER) && key->text != NULL)
      append_key(out, key);
  g_string_append(out, ".SH RESERVED KEYS\nThese are known and not available yet:\n");
  for (const SchemaKey *key = schema_keys; key->path != NULL; key++) {
    if (!(key->flags & SCHEMA_LATER))
      continue;
    g_autofree char *spoken = schema_spoken(key->path);
    g_string_append(out, ".br\n.B ");
    roff_append_text(out, spoken);
    g_string_append_c(out, '\n');
  }
  g_string_append(out, closing);
  return g_string_free(out, FALSE);
}
