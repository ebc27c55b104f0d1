/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/inputs.h"
#include "builder/oci/descriptor.h"
#include "builder/recipe/source.h"
#include "builder/sources/files.h"

#include <string.h>

/* A value that is longer than this is not shown. */
#define SHOWN_LENGTH 48

typedef struct {
  GPtrArray *changes;
  const RecipeText *text;
} Comparison;

/* ---- describing ---- */

static json_t *
packages_to_json(const LockArch *locked)
{
  json_t *packages = json_object();
  for (guint i = 0; locked != NULL && i < locked->packages->len; i++) {
    const LockPackage *package = locked->packages->pdata[i];
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&package->sha256, hex);
    json_object_set_new(packages, package->name, json_pack("[s, s, s]", package->version, package->architecture, hex));
  }
  return packages;
}

static json_t *
files_to_json(const GArray *files)
{
  json_t *local = json_object();
  for (guint i = 0; i < files->len; i++) {
    const FilesInput *file = &g_array_index(files, FilesInput, i);
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&file->digest, hex);
    g_autofree char *path = source_escape(file->path); /* JSON must be UTF-8 */
    json_object_set_new(local, path, json_pack("[i, i, I, s]", (int)file->type, (int)file->mode, (json_int_t)file->size, hex));
  }
  return local;
}

json_t *
inputs_describe(json_t *image, const LockArch *locked, const GArray *files)
{
  return json_pack("{s:O, s:o, s:o}", "image", image, "packages", packages_to_json(locked), "local", files_to_json(files));
}

/* ---- telling ---- */

static void
change_free(gpointer data)
{
  InputChange *change = data;
  g_free(change->input);
  g_free(change->text);
  g_free(change);
}

/* Takes @text. */
static void
add_change(const Comparison *comparison, const char *input, char *text)
{
  InputChange *change = g_new(InputChange, 1);
  *change = (InputChange){.input = g_strdup(input), .text = text};
  g_ptr_array_add(comparison->changes, change);
}

/* As people would write it, printable; NULL where it is too much to show. */
static char *
short_value(json_t *value)
{
  g_autofree char *dumped = json_is_string(value) ? g_strdup(json_string_value(value))
                                                  : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
  return dumped != NULL && strlen(dumped) <= SHOWN_LENGTH ? source_escape(dumped) : NULL;
}

/* What became of it: "changed, 1 -> 2" (transfer full). */
static char *
outcome(json_t *before, json_t *after)
{
  g_autofree char *was = short_value(before), *is = short_value(after);
  if (before == NULL)
    return is != NULL ? g_strdup_printf("added, %s", is) : g_strdup("added");
  if (after == NULL)
    return was != NULL ? g_strdup_printf("taken away, %s", was) : g_strdup("taken away");
  return was != NULL && is != NULL ? g_strdup_printf("changed, %s -> %s", was, is) : g_strdup("changed");
}

#define RECIPE "recipe."

/* What is of the recipe is told with its line; all else is called by its name. Takes @what. */
static void
tell(const Comparison *comparison, const char *name, char *what)
{
  RecipePlace place;
  g_autofree char *outcome_text = what, *shown = source_escape(name);
  if (!g_str_has_prefix(shown, RECIPE))
    add_change(comparison, name, g_strdup_printf("%s %s", shown, outcome_text));
  else if (!recipe_text_find(comparison->text, name + strlen(RECIPE), &place))
    add_change(comparison, name, g_strdup_printf("recipe: %s %s", shown + strlen(RECIPE), outcome_text));
  else {
    g_autofree char *base = g_path_get_basename(place.file), *file = source_escape(base);
    add_change(comparison, name,
               g_strdup_printf("recipe: %s %s (%s:%u)", shown + strlen(RECIPE), outcome_text, file, place.line));
  }
}

/* ---- comparing any data ---- */

static void compare(const Comparison *comparison, const char *name, json_t *before, json_t *after);

static gint
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All keys of both, sorted (transfer container). */
static GPtrArray *
keys_of(json_t *before, json_t *after)
{
  GPtrArray *keys = g_ptr_array_new();
  const char *key;
  json_t *value;
  json_object_foreach (before, key, value)
    g_ptr_array_add(keys, (gpointer)key);
  json_object_foreach (after, key, value)
    if (json_object_get(before, key) == NULL)
      g_ptr_array_add(keys, (gpointer)key);
  g_ptr_array_sort(keys, compare_names);
  return keys;
}

static void
compare_members(const Comparison *comparison, const char *name, json_t *before, json_t *after)
{
  g_autoptr(GPtrArray) keys = keys_of(before, after);
  for (guint i = 0; i < keys->len; i++) {
    const char *key = keys->pdata[i];
    g_autofree char *member = g_strconcat(name, *name != '\0' ? "." : "", key, NULL);
    compare(comparison, member, json_object_get(before, key), json_object_get(after, key));
  }
}

/* By what an item of a list is known from one version of the list to the next: files and links by path, accounts by name. */
static json_t *
identity_of(json_t *item)
{
  json_t *path = json_object_get(item, "path");
  return path != NULL ? path : json_object_get(item, "name");
}

/* The item of @list that is not @used and is what @item (its number @at) was; -1: none. */
static gssize
counterpart(json_t *list, json_t *item, gsize at, const gboolean *used)
{
  json_t *identity = identity_of(item);
  if (!json_is_object(item) || identity == NULL) {
    for (gsize i = 0; !json_is_object(item) && i < json_array_size(list); i++)
      if (!used[i] && json_equal(json_array_get(list, i), item))
        return (gssize)i;
    return json_is_object(item) && at < json_array_size(list) ? (gssize)at : -1;
  }
  for (gsize i = 0; i < json_array_size(list); i++)
    if (!used[i] && json_equal(identity_of(json_array_get(list, i)), identity))
      return (gssize)i;
  return -1;
}

/* An item as people call it: "[2]", and where it has a name, that too. */
static void
tell_item(const Comparison *comparison, const char *list, gsize number, json_t *item, const char *what)
{
  g_autofree char *name = g_strdup_printf("%s[%" G_GSIZE_FORMAT "]", list, number);
  json_t *identity = identity_of(item);
  g_autofree char *value = short_value(identity != NULL ? identity : item);
  tell(comparison, name, value != NULL ? g_strdup_printf("%s, %s", what, value) : g_strdup(what));
}

static void
compare_lists(const Comparison *comparison, const char *name, json_t *before, json_t *after)
{
  guint already = comparison->changes->len;
  g_autofree gboolean *used = g_new0(gboolean, json_array_size(before) + 1);
  for (gsize i = 0; i < json_array_size(after); i++) {
    json_t *item = json_array_get(after, i);
    gssize other = counterpart(before, item, i, used);
    if (other < 0) {
      tell_item(comparison, name, i, item, "added");
      continue;
    }
    used[other] = TRUE;
    g_autofree char *member = g_strdup_printf("%s[%" G_GSIZE_FORMAT "]", name, i);
    compare(comparison, member, json_array_get(before, (gsize)other), item);
  }
  for (gsize i = 0; i < json_array_size(before); i++) {
    g_autofree char *value = used[i] ? NULL : short_value(identity_of(json_array_get(before, i)));
    g_autofree char *plain = used[i] || value != NULL ? NULL : short_value(json_array_get(before, i));
    const char *shown = value != NULL ? value : plain != NULL ? plain : "an item";
    if (!used[i])
      tell(comparison, name, g_strdup_printf("no longer has %s", shown));
  }
  if (comparison->changes->len == already)
    tell(comparison, name, g_strdup("has another order"));
}

static void
compare(const Comparison *comparison, const char *name, json_t *before, json_t *after)
{
  if (before != NULL && after != NULL && json_equal(before, after))
    return;
  if (json_is_object(before) && json_is_object(after))
    compare_members(comparison, name, before, after);
  else if (json_is_array(before) && json_is_array(after))
    compare_lists(comparison, name, before, after);
  else
    tell(comparison, name, outcome(before, after));
}

/* ---- what is told in words of its own ---- */

static const char *
text_at(json_t *list, gsize i)
{
  const char *text = json_string_value(json_array_get(list, i));
  return text != NULL ? text : "";
}

static char *
describe_package(const char *name, json_t *before, json_t *after)
{
  const char *was = text_at(before, 0), *is = text_at(after, 0);
  if (before == NULL)
    return g_strdup_printf("package %s %s added", name, is);
  if (after == NULL)
    return g_strdup_printf("package %s %s taken away", name, was);
  if (strcmp(was, is) != 0)
    return g_strdup_printf("package %s %s -> %s", name, was, is);
  return g_strdup_printf("package %s %s has other bytes", name, is);
}

static char *
describe_file(const char *path, json_t *before, json_t *after)
{
  enum { TYPE, MODE, SIZE, DIGEST };
  if (before == NULL || after == NULL)
    return g_strdup_printf("local file %s %s", path, before == NULL ? "added" : "taken away");
  json_int_t was[DIGEST], is[DIGEST];
  for (guint i = 0; i < DIGEST; i++) {
    was[i] = json_integer_value(json_array_get(before, i));
    is[i] = json_integer_value(json_array_get(after, i));
  }
  if (was[TYPE] != is[TYPE])
    return g_strdup_printf("local file %s is of another type", path);
  if (was[SIZE] != is[SIZE])
    return g_strdup_printf("local file %s changed, %" JSON_INTEGER_FORMAT " -> %" JSON_INTEGER_FORMAT " bytes", path, was[SIZE],
                           is[SIZE]);
  if (strcmp(text_at(before, DIGEST), text_at(after, DIGEST)) != 0)
    return g_strdup_printf("local file %s changed", path);
  return g_strdup_printf("local file %s: mode %04o -> %04o", path, (guint)was[MODE], (guint)is[MODE]);
}

/* Each member of @before and @after that is another one, called @prefix and its key. */
static void
compare_each(const Comparison *comparison, const char *prefix, json_t *before, json_t *after,
             char *(*describe)(const char *key, json_t *before, json_t *after))
{
  g_autoptr(GPtrArray) keys = keys_of(before, after);
  for (guint i = 0; i < keys->len; i++) {
    const char *key = keys->pdata[i];
    json_t *was = json_object_get(before, key), *is = json_object_get(after, key);
    if (was != NULL && is != NULL && json_equal(was, is))
      continue;
    g_autofree char *input = g_strconcat(prefix, key, NULL);
    add_change(comparison, input, describe(key, was, is));
  }
}

static void
compare_epochs(const Comparison *comparison, json_t *before, json_t *after)
{
  json_int_t was = json_integer_value(json_object_get(before, "epoch")),
             is = json_integer_value(json_object_get(after, "epoch"));
  g_autofree char *from = oci_time(was), *to = oci_time(is);
  if (was != is)
    add_change(comparison, "epoch", g_strdup_printf("epoch %s -> %s", from, to));
}

/* Members that are digests say only that something changed. They speak where nothing else does. */
static void
compare_digests(const Comparison *comparison, json_t *before, json_t *after)
{
  static const struct {
    const char *key, *text;
  } digests[] = {{"lock", "the lock file changed, in what is not of this architecture's packages"},
                 {"inputs", "local files changed beyond those that are listed"}};
  for (guint i = 0; comparison->changes->len == 0 && i < G_N_ELEMENTS(digests); i++)
    if (g_strcmp0(json_string_value(json_object_get(before, digests[i].key)),
                  json_string_value(json_object_get(after, digests[i].key))) != 0)
      add_change(comparison, digests[i].key, g_strdup(digests[i].text));
}

/* A shallow copy without what is told otherwise. */
static json_t *
plain_members(json_t *image)
{
  static const char *const others[] = {"epoch", "lock", "inputs"};
  json_t *copy = json_copy(image);
  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    json_object_del(copy, others[i]);
  return copy;
}

GPtrArray *
inputs_compare(json_t *before, json_t *after, const RecipeText *text)
{
  Comparison comparison = {.changes = g_ptr_array_new_with_free_func(change_free), .text = text};
  json_t *was = json_object_get(before, "image"), *is = json_object_get(after, "image");
  json_auto_t *a = plain_members(was), *b = plain_members(is);
  compare_members(&comparison, "", a, b);
  compare_epochs(&comparison, was, is);
  compare_each(&comparison, "package.", json_object_get(before, "packages"), json_object_get(after, "packages"),
               describe_package);
  compare_each(&comparison, "local.", json_object_get(before, "local"), json_object_get(after, "local"), describe_file);
  compare_digests(&comparison, was, is);
  return comparison.changes;
}

gboolean
input_change_is_of(const InputChange *change, const char *inputs)
{
  g_auto(GStrv) names = g_strsplit(inputs, "|", -1);
  for (char **name = names; *name != NULL; name++) {
    gsize length = strlen(*name);
    if (strncmp(change->input, *name, length) == 0 && strchr(".[", change->input[length]) != NULL)
      return TRUE; /* strchr finds the NUL too: the very input */
  }
  return FALSE;
}
