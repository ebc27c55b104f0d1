/* SPDX-License-Identifier: Apache-2.0
 *
 * A stanza of var/lib/dpkg/status: the control file's fields in dpkg's own order, relations in dpkg's spelling, the
 * conffiles with their digests, then what dpkg does not know in the order of the control file.
 */
#include "builder/sources/debian/dpkgdb.h"
#include "builder/sources/debian/relation.h"

#include <string.h>

typedef enum {
  PLAIN,
  YES_ONLY,  /* "no" is not written */
  RELATIONS, /* brought into the form "a (>= 1) | b, c" */
  STATUS,    /* written by us */
  CONFFILES, /* of the pack */
  DROPPED,   /* known to dpkg, but not kept for an installed package */
} FieldKind;

static const struct {
  const char *name;
  FieldKind kind;
} fields[] = {
  {"Package", PLAIN},
  {"Essential", YES_ONLY},
  {"Protected", YES_ONLY},
  {"Status", STATUS},
  {"Priority", PLAIN},
  {"Section", PLAIN},
  {"Installed-Size", PLAIN},
  {"Origin", PLAIN},
  {"Maintainer", PLAIN},
  {"Bugs", PLAIN},
  {"Architecture", PLAIN},
  {"Multi-Arch", PLAIN},
  {"Source", PLAIN},
  {"Version", PLAIN},
  {"Replaces", RELATIONS},
  {"Provides", RELATIONS},
  {"Depends", RELATIONS},
  {"Pre-Depends", RELATIONS},
  {"Recommends", RELATIONS},
  {"Suggests", RELATIONS},
  {"Breaks", RELATIONS},
  {"Conflicts", RELATIONS},
  {"Enhances", RELATIONS},
  {"Conffiles", CONFFILES},
  {"Filename", DROPPED},
  {"Size", DROPPED},
  {"MD5sum", DROPPED},
  {"SHA256", DROPPED},
  {"MSDOS-Filename", DROPPED},
  {"Config-Version", DROPPED},
  {"Triggers-Pending", DROPPED},
  {"Triggers-Awaited", DROPPED},
  {"Description", PLAIN},
};

static char *
fold(const char *value)
{
  GString *folded = g_string_new(NULL);
  g_auto(GStrv) words = g_strsplit_set(value, " \t\n", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (words[i][0] != '\0')
      g_string_append_printf(folded, "%s%s", folded->len > 0 ? " " : "", words[i]);
  return g_string_free(folded, FALSE);
}

static char *
format_relations(const char *value)
{
  g_autoptr(GPtrArray) groups = relation_parse(value, NULL);
  if (groups == NULL)
    return fold(value);
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < groups->len; i++) {
    const GPtrArray *alternatives = groups->pdata[i];
    for (guint k = 0; k < alternatives->len; k++) {
      g_autofree char *relation = relation_to_string(alternatives->pdata[k]);
      g_string_append_printf(text, "%s%s", k > 0 ? " | " : i > 0 ? ", " : "", relation);
    }
  }
  return g_string_free(text, FALSE);
}

/* The pack's "conffiles": lines "PATH MD5". */
static void
append_conffiles(GString *stanza, const DebianUnit *unit)
{
  GBytes *meta = pack_meta(unit->pack, "conffiles");
  if (meta == NULL || g_bytes_get_size(meta) == 0)
    return;
  g_autofree char *text = g_strndup(g_bytes_get_data(meta, NULL), g_bytes_get_size(meta));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  gboolean any = FALSE;
  for (guint i = 0; lines[i] != NULL; i++) {
    if (lines[i][0] == '\0')
      continue;
    g_string_append_printf(stanza, "%s %s\n", any ? "" : "Conffiles:\n", lines[i]);
    any = TRUE;
  }
}

static void
append_field(GString *stanza, const DebianUnit *unit, const char *name, FieldKind kind)
{
  const char *value = debian_control_get(unit->control, name);
  if (kind == STATUS) {
    g_string_append(stanza, "Status: install ok installed\n");
  } else if (kind == CONFFILES) {
    append_conffiles(stanza, unit);
  } else if (kind == RELATIONS && value != NULL) {
    g_autofree char *relations = format_relations(value);
    if (relations[0] != '\0')
      g_string_append_printf(stanza, "%s: %s\n", name, relations);
  } else if (value != NULL && kind != DROPPED && (kind != YES_ONLY || g_ascii_strcasecmp(value, "yes") == 0)) {
    g_string_append_printf(stanza, "%s:%s%s\n", name, value[0] == '\n' ? "" : " ", value);
  }
}

static gboolean
is_dpkgs(const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (g_ascii_strcasecmp(fields[i].name, name) == 0)
      return TRUE;
  return FALSE;
}

char *
debian_status_stanza(const DebianUnit *unit)
{
  GString *stanza = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    append_field(stanza, unit, fields[i].name, fields[i].kind);
  for (guint i = 0; i < unit->control->n_fields; i++)
    if (!is_dpkgs(unit->control->fields[i].name))
      append_field(stanza, unit, unit->control->fields[i].name, PLAIN);
  return g_string_free(stanza, FALSE);
}
