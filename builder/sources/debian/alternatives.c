/* SPDX-License-Identifier: Apache-2.0
 *
 * Alternatives (update-alternatives(1)): the links and the state that calls of `update-alternatives --install` leave behind:
 * new groups in automatic mode, and those of a system that was there before continued.
 */
#include "builder/sources/debian/configuration.h"

#include <string.h>

typedef struct {
  char *path;
  gint64 priority;
  GHashTable *slaves; /* name of the slave -> path */
} Choice;

typedef struct {
  char *name, *link;
  GHashTable *slave_links; /* name -> link */
  GPtrArray *slaves;       /* char* names, sorted when written */
  GPtrArray *choices;
  gboolean manual; /* somebody chose: the links stay */
} Group;

static void
choice_free(gpointer data)
{
  Choice *choice = data;
  g_free(choice->path);
  g_hash_table_unref(choice->slaves);
  g_free(choice);
}

static void
group_free(gpointer data)
{
  Group *group = data;
  g_free(group->name);
  g_free(group->link);
  g_hash_table_unref(group->slave_links);
  g_ptr_array_unref(group->slaves);
  g_ptr_array_unref(group->choices);
  g_free(group);
}

static Group *
find_group(const GPtrArray *groups, const char *name)
{
  for (guint i = 0; i < groups->len; i++)
    if (strcmp(((Group *)groups->pdata[i])->name, name) == 0)
      return groups->pdata[i];
  return NULL;
}

static Group *
add_group(GPtrArray *groups, const char *name, const char *link)
{
  Group *group = g_new(Group, 1);
  *group = (Group){.name = g_strdup(name),
                   .link = g_strdup(link),
                   .slaves = g_ptr_array_new_with_free_func(g_free),
                   .slave_links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                   .choices = g_ptr_array_new_with_free_func(choice_free)};
  g_ptr_array_add(groups, group);
  return group;
}

static Choice *
find_choice(Group *group, const char *path)
{
  for (guint i = 0; i < group->choices->len; i++)
    if (strcmp(((Choice *)group->choices->pdata[i])->path, path) == 0)
      return group->choices->pdata[i];
  Choice *choice = g_new0(Choice, 1);
  choice->path = g_strdup(path);
  choice->slaves = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_ptr_array_add(group->choices, choice);
  return choice;
}

/* ---- words ---- */

static gboolean
is_path(const char *word)
{
  return word != NULL && word[0] == '/' && strchr(word, '\n') == NULL && entry_path_is_canonical(word + 1);
}

static gboolean
is_name(const char *word)
{
  return word != NULL && word[0] != '\0' && word[0] != '.' && strpbrk(word, "/ \t\n") == NULL;
}

static gboolean
is_there(const DebianConfiguration *configuration, const char *path)
{
  g_autofree char *real = changes_resolve(configuration->changes, path);
  return real != NULL;
}

/* ---- a system that was there before ---- */

/* One choice of a state file: its path, its priority, and a line a slave ("": it has none); returns what follows. */
static char **
take_choice(Group *group, const GPtrArray *slaves, char **lines)
{
  gint64 priority;
  guint n = slaves->len;
  if (g_strv_length(lines) < n + 2 || !is_path(lines[0]) ||
      !g_ascii_string_to_signed(lines[1], 10, G_MININT32, G_MAXINT32, &priority, NULL))
    return NULL;
  Choice *choice = find_choice(group, lines[0]);
  choice->priority = priority;
  for (guint i = 0; i < n; i++)
    if (is_path(lines[2 + i]))
      g_hash_table_replace(choice->slaves, g_strdup(slaves->pdata[i]), g_strdup(lines[2 + i]));
  return lines + n + 2;
}

/* The state file that a system has (transfer full), or NULL. */
static char *
state_before(const DebianConfiguration *configuration, const char *name)
{
  g_autofree char *path = g_strconcat("var/lib/dpkg/alternatives/", name, NULL);
  return configuration->system->installed != NULL ? debian_configuration_read(configuration, path, NULL) : NULL;
}

/* The group as its state file has it. */
static void
continue_group(const DebianConfiguration *configuration, Group *group)
{
  g_autofree char *text = state_before(configuration, group->name);
  g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
  char **at = lines;
  if (g_strv_length(lines) < 3 || !is_path(at[1]))
    return;
  group->manual = strcmp(at[0], "manual") == 0;
  g_autoptr(GPtrArray) slaves = g_ptr_array_new();
  for (at += 2; is_name(at[0]) && is_path(at[1]); at += 2) {
    g_ptr_array_add(slaves, at[0]);
    if (g_hash_table_contains(group->slave_links, at[0]))
      continue;
    g_ptr_array_add(group->slaves, g_strdup(at[0]));
    g_hash_table_replace(group->slave_links, g_strdup(at[0]), g_strdup(at[1]));
  }
  if (*at != NULL && **at == '\0')
    at++;
  while (at != NULL && *at != NULL && **at != '\0')
    at = take_choice(group, slaves, at);
}

/* ---- calls ---- */

static void
take_slaves(Group *group, Choice *choice, char **words)
{
  for (; words[0] != NULL; words++) {
    if (strcmp(words[0], "--slave") != 0 && strcmp(words[0], "--follower") != 0)
      continue;
    if (!is_path(words[1]) || !is_name(words[2]) || !is_path(words[3]))
      return;
    if (!g_hash_table_contains(group->slave_links, words[2]))
      g_ptr_array_add(group->slaves, g_strdup(words[2]));
    g_hash_table_replace(group->slave_links, g_strdup(words[2]), g_strdup(words[1]));
    g_hash_table_replace(choice->slaves, g_strdup(words[2]), g_strdup(words[3]));
    words += 3;
  }
}

/* The group that the call is about, or NULL where it is not understood or its path is not there. */
static Group *
take_call(const DebianConfiguration *configuration, GPtrArray *groups, char **words)
{
  while (words[0] != NULL && strcmp(words[0], "--install") != 0)
    words++;
  gint64 priority;
  if (words[0] == NULL || !is_path(words[1]) || !is_name(words[2]) || !is_path(words[3]) || words[4] == NULL ||
      !g_ascii_string_to_signed(words[4], 10, G_MININT32, G_MAXINT32, &priority, NULL))
    return NULL;
  if (!is_there(configuration, words[3])) /* left out by the recipe */
    return NULL;
  Group *group = find_group(groups, words[2]);
  if (group == NULL) {
    group = add_group(groups, words[2], words[1]);
    continue_group(configuration, group);
  }
  Choice *choice = find_choice(group, words[3]);
  choice->priority = priority;
  g_hash_table_remove_all(choice->slaves);
  take_slaves(group, choice, words + 5);
  return group;
}

/* ---- writing ---- */

static int
compare_choices(gconstpointer a, gconstpointer b)
{
  const Choice *const *x = a, *const *y = b;
  return strcmp((*x)->path, (*y)->path);
}

static int
compare_strings(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const Choice *
best_choice(const Group *group)
{
  const Choice *best = group->choices->pdata[0];
  for (guint i = 1; i < group->choices->len; i++) {
    const Choice *choice = group->choices->pdata[i];
    if (choice->priority > best->priority)
      best = choice;
  }
  return best;
}

/* LINK -> /etc/alternatives/NAME -> TARGET, unless a package's own file stands in the way. */
static void
put_links(const DebianConfiguration *configuration, const char *name, const char *link, const char *target)
{
  g_autofree char *generic = g_strconcat("/etc/alternatives/", name, NULL);
  g_autofree char *place = debian_merged_path(link);
  changes_put_symlink(configuration->changes, generic + 1, target);
  const Entry *there = changes_lookup(configuration->changes, place);
  if (there == NULL || there->type == ENTRY_SYMLINK)
    changes_put_symlink(configuration->changes, place, generic);
}

static void
put_state(const DebianConfiguration *configuration, const Group *group)
{
  g_autoptr(GString) text = g_string_new(group->manual ? "manual\n" : "auto\n");
  g_string_append_printf(text, "%s\n", group->link);
  for (guint i = 0; i < group->slaves->len; i++) {
    const char *name = group->slaves->pdata[i];
    g_string_append_printf(text, "%s\n%s\n", name, (const char *)g_hash_table_lookup(group->slave_links, name));
  }
  g_string_append_c(text, '\n');
  for (guint i = 0; i < group->choices->len; i++) {
    const Choice *choice = group->choices->pdata[i];
    g_string_append_printf(text, "%s\n%" G_GINT64_FORMAT "\n", choice->path, choice->priority);
    for (guint k = 0; k < group->slaves->len; k++) {
      const char *path = g_hash_table_lookup(choice->slaves, group->slaves->pdata[k]);
      g_string_append_printf(text, "%s\n", path != NULL ? path : "");
    }
  }
  g_string_append_c(text, '\n');
  g_autofree char *path = g_strconcat("var/lib/dpkg/alternatives/", group->name, NULL);
  changes_put_text(configuration->changes, path, text->str);
}

static void
write_group(const DebianConfiguration *configuration, Group *group)
{
  g_ptr_array_sort(group->choices, compare_choices);
  g_ptr_array_sort(group->slaves, compare_strings);
  const Choice *best = best_choice(group);
  if (!group->manual)
    put_links(configuration, group->name, group->link, best->path);
  for (guint i = 0; !group->manual && i < group->slaves->len; i++) {
    const char *name = group->slaves->pdata[i];
    const char *path = g_hash_table_lookup(best->slaves, name);
    if (path != NULL && is_there(configuration, path))
      put_links(configuration, name, g_hash_table_lookup(group->slave_links, name), path);
  }
  put_state(configuration, group);
}

GPtrArray *
debian_alternatives_new(void)
{
  return g_ptr_array_new_with_free_func(group_free);
}

gboolean
debian_alternatives_install(const DebianConfiguration *configuration, GPtrArray *groups, char **words)
{
  Group *group = take_call(configuration, groups, words);
  if (group != NULL)
    write_group(configuration, group);
  return group != NULL;
}

gboolean
debian_alternatives_has(const DebianConfiguration *configuration, const GPtrArray *groups, const char *name)
{
  if (find_group(groups, name) != NULL)
    return TRUE;
  g_autofree char *before = is_name(name) ? state_before(configuration, name) : NULL;
  return before != NULL;
}
