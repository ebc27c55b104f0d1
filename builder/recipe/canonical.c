/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/recipe.h"
#include "builder/recipe/schema.h"

#include <string.h>

/* jansson copies; NULL leaves the key out. */
static void
set_text(json_t *object, const char *key, const char *text)
{
  if (text != NULL)
    json_object_set_new(object, key, json_string(text));
}

static void
set_texts(json_t *object, const char *key, char *const *texts)
{
  json_t *list = json_array();
  for (; texts != NULL && *texts != NULL; texts++)
    json_array_append_new(list, json_string(*texts));
  json_object_set_new(object, key, list);
}

static void
set_number(json_t *object, const char *key, gint64 number)
{
  if (number >= 0)
    json_object_set_new(object, key, json_integer(number));
}

static void
set_mode(json_t *object, const char *key, gint64 mode)
{
  if (mode >= 0)
    json_object_set_new(object, key, json_sprintf("%04o", (guint)mode));
}

/* The @i th of the words the schema allows at @path. */
static void
set_word(json_t *object, const char *key, const char *path, guint i)
{
  g_auto(GStrv) words = g_strsplit(schema_find(path)->values, "|", -1);
  set_text(object, key, words[i]);
}

/* A path of this machine as it is seen from the recipe's folder; one outside (a keyring) stays what it is. */
static void
set_source(json_t *object, const char *key, const char *path, const char *folder)
{
  gsize length = strlen(folder);
  if (path == NULL)
    return;
  if (strcmp(path, folder) == 0)
    set_text(object, key, ".");
  else if (strncmp(path, folder, length) == 0 && path[length] == '/')
    set_text(object, key, path + length + 1);
  else
    set_text(object, key, strcmp(folder, "/") == 0 ? path + 1 : path);
}

static json_t *
debian_to_json(const RecipeDebian *debian, const char *folder)
{
  json_t *object = json_object(), *packages = json_array();
  set_text(object, "suite", debian->suite);
  set_texts(object, "components", debian->components);
  if (debian->mirrors != NULL && debian->mirrors[0] != NULL && debian->mirrors[1] == NULL)
    set_text(object, "mirror", debian->mirrors[0]);
  else if (debian->mirrors != NULL)
    set_texts(object, "mirror", debian->mirrors);
  set_text(object, "snapshot", debian->snapshot);
  set_source(object, "keyring", debian->keyring, folder);
  json_object_set_new(object, "check_valid_until", json_boolean(debian->check_valid_until));
  set_word(object, "variant", "debian.variant", debian->variant);
  for (guint i = 0; i < debian->packages->len; i++) {
    const RecipePackage *package = g_ptr_array_index(debian->packages, i);
    json_array_append_new(packages, package->version != NULL ? json_sprintf("%s=%s", package->name, package->version)
                                                             : json_string(package->name));
  }
  json_object_set_new(object, "packages", packages);
  json_object_set_new(object, "recommends", json_boolean(debian->recommends));
  set_word(object, "scripts", "debian.scripts", debian->scripts);
  set_texts(object, "exclude", debian->exclude);
  set_texts(object, "include", debian->include);
  return object;
}

static json_t *
users_to_json(const GPtrArray *users)
{
  json_t *list = json_array();
  for (guint i = 0; i < users->len; i++) {
    const RecipeUser *user = g_ptr_array_index(users, i);
    json_t *object = json_object();
    set_text(object, "name", user->name);
    set_number(object, "uid", user->uid);
    set_number(object, "gid", user->gid);
    set_text(object, "home", user->home);
    set_text(object, "shell", user->shell);
    set_text(object, "gecos", user->gecos);
    set_texts(object, "groups", user->groups);
    json_object_set_new(object, "system", json_boolean(user->system));
    json_array_append_new(list, object);
  }
  return list;
}

static json_t *
groups_to_json(const GPtrArray *groups)
{
  json_t *list = json_array();
  for (guint i = 0; i < groups->len; i++) {
    const RecipeGroup *group = g_ptr_array_index(groups, i);
    json_t *object = json_object();
    set_text(object, "name", group->name);
    set_number(object, "gid", group->gid);
    set_texts(object, "members", group->members);
    json_array_append_new(list, object);
  }
  return list;
}

static json_t *
file_to_json(const RecipeFile *file, const char *folder)
{
  json_t *object = json_object();
  set_text(object, "path", file->path);
  if (file->stage == NULL)
    set_source(object, "from", file->from, folder);
  else
    set_text(object, "from", file->from);
  set_text(object, "stage", file->stage);
  if (file->content != NULL)
    json_object_set_new(object, "content", json_stringn(file->content, file->content_length));
  set_text(object, "url", file->url);
  if (file->url != NULL) {
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&file->sha256, hex);
    set_text(object, "sha256", hex);
  }
  json_object_set_new(object, "unpack", json_boolean(file->unpack));
  set_mode(object, "mode", file->mode);
  set_mode(object, "folder_mode", file->folder_mode);
  set_text(object, "owner", file->owner);
  set_text(object, "group", file->group);
  return object;
}

static json_t *
files_to_json(const Recipe *recipe)
{
  json_t *list = json_array();
  for (guint i = 0; i < recipe->files->len; i++)
    json_array_append_new(list, file_to_json(g_ptr_array_index(recipe->files, i), recipe->folder));
  return list;
}

static json_t *
links_to_json(const GPtrArray *links)
{
  json_t *list = json_array();
  for (guint i = 0; i < links->len; i++) {
    const RecipeLink *link = g_ptr_array_index(links, i);
    json_array_append_new(list, json_pack("{s:s, s:s}", "path", link->path, "to", link->to));
  }
  return list;
}

/* Where they are mounted: what is in a cache decides nothing, and of a bind all that counts is what is read from there. */
static void
set_mounts(json_t *object, const char *key, const RecipeStep *step, gboolean caches)
{
  json_t *list = json_array();
  for (guint i = 0; i < step->mounts->len; i++) {
    const RecipeMount *mount = step->mounts->pdata[i];
    if ((mount->cache != NULL) == caches)
      json_array_append_new(list, json_string(mount->path));
  }
  /* left out where there are none: what was remembered of steps before there were mounts still holds */
  if (json_array_size(list) > 0)
    json_object_set(object, key, list);
  json_decref(list);
}

json_t *
recipe_step_to_json(const RecipeStep *step)
{
  json_t *object = json_object();
  set_texts(object, "command", step->command);
  set_texts(object, "env", step->env);
  set_text(object, "workdir", step->working_dir);
  set_text(object, "user", step->user);
  json_object_set_new(object, "network", json_boolean(step->network));
  if (step->fixed_clock)
    json_object_set_new(object, "clock", json_string("fixed"));
  set_texts(object, "secrets", step->secrets);
  set_mounts(object, "cache", step, TRUE);
  set_mounts(object, "bind", step, FALSE);
  return object;
}

static json_t *
steps_to_json(const GPtrArray *steps)
{
  json_t *list = json_array();
  for (guint i = 0; i < steps->len; i++) {
    const RecipeStep *step = g_ptr_array_index(steps, i);
    json_t *object = recipe_step_to_json(step);
    /* it is told of the layer */
    set_text(object, "name", step->name);
    json_array_append_new(list, object);
  }
  return list;
}

static json_t *
config_to_json(const RecipeConfig *config)
{
  json_t *object = json_object();
  set_texts(object, "entrypoint", config->entrypoint);
  set_texts(object, "cmd", config->command);
  set_texts(object, "env", config->env);
  set_text(object, "user", config->user);
  set_text(object, "workdir", config->working_dir);
  set_texts(object, "ports", config->ports);
  set_texts(object, "volumes", config->volumes);
  set_texts(object, "labels", config->labels);
  set_text(object, "stop_signal", config->stop_signal);
  set_text(object, "author", config->author);
  return object;
}

static json_t *
outputs_to_json(const GPtrArray *outputs)
{
  json_t *list = json_array();
  for (guint i = 0; i < outputs->len; i++) {
    const RecipeOutput *output = g_ptr_array_index(outputs, i);
    json_t *oci = json_object(), *object = json_object();
    set_word(oci, "compression", "outputs[].oci.compression", output->compression);
    json_object_set_new(oci, "layout", json_boolean(output->kind == RECIPE_OUTPUT_OCI_LAYOUT));
    json_object_set_new(object, "oci", oci);
    json_array_append_new(list, object);
  }
  return list;
}

/* Above a base, to say nothing is another thing than to say that there is none. */
static void
set_inherited(json_t *object, const RecipeConfig *config)
{
  if (config->entrypoint == NULL)
    json_object_del(object, "entrypoint");
  if (config->command == NULL)
    json_object_del(object, "cmd");
}

/* What a stage and a recipe have in common. */
static void
set_content(json_t *object, const Recipe *recipe)
{
  if (recipe->debian != NULL)
    json_object_set_new(object, "debian", debian_to_json(recipe->debian, recipe->folder));
  json_object_set_new(object, "users", users_to_json(recipe->users));
  json_object_set_new(object, "groups", groups_to_json(recipe->groups));
  json_object_set_new(object, "files", files_to_json(recipe));
  json_object_set_new(object, "links", links_to_json(recipe->links));
  set_texts(object, "remove", recipe->remove);
  /* left out where there are none: what was remembered of recipes before there were steps still holds */
  if (recipe->steps->len > 0)
    json_object_set_new(object, "run", steps_to_json(recipe->steps));
}

json_t *
recipe_stage_to_json(const Recipe *stage)
{
  json_t *object = json_object();
  set_text(object, "from", stage->from.image);
  set_content(object, stage);
  return object;
}

static json_t *
stages_to_json(const GPtrArray *stages)
{
  json_t *object = json_object();
  for (guint i = 0; i < stages->len; i++) {
    const Recipe *stage = g_ptr_array_index(stages, i);
    json_object_set_new(object, stage->name, recipe_stage_to_json(stage));
  }
  return object;
}

json_t *
recipe_to_json(const Recipe *recipe)
{
  json_t *object = json_object();
  set_text(object, "name", recipe->name);
  set_text(object, "version", recipe->version);
  set_text(object, "description", recipe->description);
  set_texts(object, "arch", recipe->arch);
  set_number(object, "epoch", recipe->epoch);
  set_text(object, "from", recipe->from.image);
  set_content(object, recipe);
  if (recipe->stages->len > 0)
    json_object_set_new(object, "stages", stages_to_json(recipe->stages));
  json_object_set_new(object, "config", config_to_json(&recipe->config));
  if (recipe->from.image != NULL)
    set_inherited(json_object_get(object, "config"), &recipe->config);
  if (recipe->layers.single)
    json_object_set_new(object, "layers", json_string("single"));
  else
    json_object_set_new(object, "layers", json_pack("{s:s, s:i}", "by", "package", "most", (int)recipe->layers.most));
  json_object_set_new(object, "outputs", outputs_to_json(recipe->outputs));
  return object;
}

/* ---- tests ---- */

static json_t *
expected_to_json(const RecipeExpected *expected)
{
  json_t *object = json_object();
  set_text(object, "contains", expected->contains);
  set_text(object, "matches", expected->matches);
  return object;
}

/* Its name tells nothing of what must hold. */
static json_t *
test_to_json(const RecipeTest *test)
{
  json_t *object = json_object();
  set_text(object, "kind", recipe_test_kind_name(test->kind));
  set_text(object, "subject", test->subject);
  json_object_set_new(object, "exists", json_boolean(!test->absent));
  set_number(object, "type", test->type);
  set_mode(object, "mode", test->mode);
  set_text(object, "owner", test->owner);
  set_text(object, "group", test->group);
  json_object_set_new(object, "content", expected_to_json(&test->content));
  if (test->has_sha256) {
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&test->sha256, hex);
    set_text(object, "sha256", hex);
  }
  set_text(object, "target", test->target);
  set_number(object, "least", test->least);
  set_number(object, "most", test->most);
  set_number(object, "uid", test->uid);
  set_number(object, "gid", test->gid);
  set_text(object, "home", test->home);
  set_text(object, "shell", test->shell);
  set_texts(object, "groups", test->groups);
  set_texts(object, "except", test->except);
  set_texts(object, "command", test->command);
  set_number(object, "status", test->status);
  json_object_set_new(object, "stdout", expected_to_json(&test->standard_output));
  json_object_set_new(object, "stderr", expected_to_json(&test->standard_error));
  return object;
}

json_t *
recipe_tests_to_json(const Recipe *recipe)
{
  json_t *list = json_array();
  for (guint i = 0; i < recipe->tests->len; i++)
    json_array_append_new(list, test_to_json(g_ptr_array_index(recipe->tests, i)));
  return list;
}
