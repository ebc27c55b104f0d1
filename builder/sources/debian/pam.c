/* SPDX-License-Identifier: Apache-2.0
 *
 * /etc/pam.d/common-* as pam-auth-update(8) makes them of the profiles in pam-configs that are on by default.
 */
#include "builder/sources/debian/configuration.h"

#include <string.h>

typedef struct {
  char *name;
  gint64 priority;
  gboolean wanted;    /* Default: yes */
  GHashTable *fields; /* "Auth-Type", "Auth", "Auth-Initial" ... -> text */
} Profile;

typedef struct {
  const char *stack; /* the field's first word */
  const char *file;  /* common-FILE */
  const char *module;
  const char *variable; /* what the template's variables begin with */
} Stack;

static const Stack stacks[] = {
  {"Auth", "auth", "auth", "auth"},
  {"Account", "account", "account", "account"},
  {"Password", "password", "password", "password"},
  {"Session", "session", "session", "session"},
  {"Session", "session-noninteractive", "session", "session_nonint"},
};

static void
profile_free(gpointer data)
{
  Profile *profile = data;
  g_free(profile->name);
  g_hash_table_unref(profile->fields);
  g_free(profile);
}

static const char *
field(const Profile *profile, const char *name)
{
  return g_hash_table_lookup(profile->fields, name);
}

/* Fields of one line, or, indented, of several. */
static Profile *
parse_profile(const char *name, const char *text)
{
  Profile *profile = g_new0(Profile, 1);
  profile->name = g_strdup(name);
  profile->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autofree char *last = NULL;
  for (guint i = 0; lines[i] != NULL; i++) {
    gboolean more = lines[i][0] == ' ' || lines[i][0] == '\t';
    char *colon = more ? NULL : strchr(lines[i], ':');
    if (more && last != NULL) {
      const char *before = g_hash_table_lookup(profile->fields, last);
      char *joined = g_strconcat(before, before[0] != '\0' ? "\n" : "", g_strchug(lines[i]), NULL);
      g_hash_table_replace(profile->fields, g_strdup(last), joined);
    } else if (colon != NULL) {
      g_free(last);
      last = g_strndup(lines[i], (gsize)(colon - lines[i]));
      g_hash_table_replace(profile->fields, g_strdup(last), g_strdup(g_strstrip(colon + 1)));
    }
  }
  const char *priority = field(profile, "Priority"), *wanted = field(profile, "Default");
  profile->priority = priority != NULL ? g_ascii_strtoll(priority, NULL, 10) : 0;
  profile->wanted = wanted != NULL && strcmp(wanted, "yes") == 0;
  return profile;
}

static int
compare_profiles(gconstpointer a, gconstpointer b)
{
  const Profile *const *x = a, *const *y = b;
  if ((*x)->priority != (*y)->priority)
    return (*x)->priority > (*y)->priority ? -1 : 1;
  return strcmp((*x)->name, (*y)->name);
}

static GPtrArray *
read_profiles(const DebianConfiguration *configuration, GError **error)
{
  g_autoptr(GPtrArray) profiles = g_ptr_array_new_with_free_func(profile_free);
  g_auto(GStrv) names = changes_list(configuration->changes, "usr/share/pam-configs");
  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *path = g_strconcat("usr/share/pam-configs/", names[i], NULL);
    GError *failure = NULL;
    g_autofree char *text = debian_configuration_read(configuration, path, &failure);
    if (failure != NULL) {
      g_propagate_error(error, failure);
      return NULL;
    }
    if (text != NULL)
      g_ptr_array_add(profiles, parse_profile(names[i], text));
  }
  g_ptr_array_sort(profiles, compare_profiles);
  return g_steal_pointer(&profiles);
}

/* The lines of @profile for the stack: the first of a stack has its own variant where the profile has one. */
static const char *
stack_lines(const Profile *profile, const Stack *stack, const char *type, gboolean first)
{
  g_autofree char *kind = g_strconcat(stack->stack, "-Type", NULL);
  g_autofree char *initial = g_strconcat(stack->stack, "-Initial", NULL);
  const char *interactive = field(profile, "Session-Interactive-Only");
  if (!profile->wanted || g_strcmp0(field(profile, kind), type) != 0 || field(profile, stack->stack) == NULL)
    return NULL;
  if (strcmp(stack->file, "session-noninteractive") == 0 && g_strcmp0(interactive, "yes") == 0)
    return NULL;
  const char *lines = first ? field(profile, initial) : NULL;
  return lines != NULL ? lines : field(profile, stack->stack);
}

static guint
count_lines(const char *text)
{
  guint n = 0;
  for (const char *c = text; *c != '\0'; c++)
    n += *c == '\n' || c == text;
  return n;
}

/* "[success=end ...]": "end" is the number of modules left to jump over, the fallback included. */
static void
append_line(GString *out, const Stack *stack, const char *line, guint left)
{
  g_autofree char *number = g_strdup_printf("=%u", left);
  g_auto(GStrv) parts = g_strsplit(line, "=end", -1);
  g_autofree char *filled = g_strjoinv(number, parts);
  /* The blank before the options is written even when there are none. */
  const char *rest = filled[0] == '[' ? strchr(filled, ']') : filled + strcspn(filled, " \t");
  const char *module = rest != NULL ? rest + strcspn(rest, " \t") : "";
  module += strspn(module, " \t");
  gboolean bare = module[0] != '\0' && strpbrk(module, " \t") == NULL;
  g_string_append_printf(out, "%s\t%s%s\n", stack->module, filled, bare ? " " : "");
}

/* The text in place of $STACK_primary or $STACK_additional; what lies in /var/lib/pam goes to @state. */
static void
make_block(const GPtrArray *profiles, const Stack *stack, const char *type, GString *out, GString *state)
{
  guint left = 0;
  gboolean first = TRUE;
  for (guint pass = 0; pass < 2; pass++) {
    first = TRUE;
    for (guint i = 0; i < profiles->len; i++) {
      const Profile *profile = profiles->pdata[i];
      const char *lines = stack_lines(profile, stack, type, first);
      if (lines == NULL)
        continue;
      first = FALSE;
      if (pass == 0) {
        left += count_lines(lines);
        continue;
      }
      g_string_append_printf(state, "Module: %s\n%s\n", profile->name, lines);
      g_auto(GStrv) split = g_strsplit(lines, "\n", -1);
      for (guint k = 0; split[k] != NULL; k++)
        append_line(out, stack, split[k], left--);
    }
  }
  if (first && strcmp(type, "Primary") == 0) {
    g_string_append_printf(out, "%s\t[default=1]\t\t\tpam_permit.so\n", stack->module);
    g_string_append(state, "Module: null\n[default=1]\t\t\tpam_permit.so\n");
  }
}

static char *
fill_template(const char *text, const Stack *stack, const GString *primary, const GString *additional)
{
  GString *filled = g_string_new(NULL);
  g_autofree char *first = g_strdup_printf("$%s_primary", stack->variable);
  g_autofree char *second = g_strdup_printf("$%s_additional", stack->variable);
  g_autofree char *copy = g_strchomp(g_strdup(text));
  g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (strcmp(lines[i], first) == 0)
      g_string_append(filled, primary->str);
    else if (strcmp(lines[i], second) == 0)
      g_string_append(filled, additional->str);
    else
      g_string_append_printf(filled, "%s\n", lines[i]);
  }
  return g_string_free(filled, FALSE);
}

static gboolean
apply_stack(const DebianConfiguration *configuration, const GPtrArray *profiles, const Stack *stack, GError **error)
{
  GError *failure = NULL;
  g_autofree char *path = g_strconcat("usr/share/pam/common-", stack->file, NULL);
  g_autofree char *text = debian_configuration_read(configuration, path, &failure);
  if (text == NULL) {
    if (failure != NULL)
      g_propagate_error(error, failure);
    return failure == NULL;
  }
  g_autoptr(GString) primary = g_string_new(NULL), additional = g_string_new(NULL), state = g_string_new(NULL);
  make_block(profiles, stack, "Primary", primary, state);
  make_block(profiles, stack, "Additional", additional, state);
  g_autofree char *filled = fill_template(text, stack, primary, additional);
  g_autofree char *to = g_strconcat("etc/pam.d/common-", stack->file, NULL);
  g_autofree char *remembered = g_strconcat("var/lib/pam/", stack->file, NULL);
  changes_put_text(configuration->changes, to, filled);
  changes_put_text(configuration->changes, remembered, state->str);
  return TRUE;
}

gboolean
debian_pam_apply(const DebianConfiguration *configuration, GError **error)
{
  g_autoptr(GPtrArray) profiles = read_profiles(configuration, error);
  if (profiles == NULL)
    return FALSE;
  g_autoptr(GString) seen = g_string_new(NULL);
  for (guint i = 0; i < profiles->len; i++)
    g_string_append_printf(seen, "%s\n", ((const Profile *)profiles->pdata[i])->name);
  changes_put_text(configuration->changes, "var/lib/pam/seen", seen->str);
  for (guint i = 0; i < G_N_ELEMENTS(stacks); i++)
    if (!apply_stack(configuration, profiles, &stacks[i], error))
      return FALSE;
  return TRUE;
}
