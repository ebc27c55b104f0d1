/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/why.h"
#include "builder/engine/inputs.h"
#include "builder/recipe/source.h"
#include "signing/limits.h"

#include <stdlib.h>
#include <string.h>

/* Inputs that any action depends on. */
#define COMMON "ashlar|format|encoding|epoch"

/* A kind of action within an image: what it is called, what it is called where it is a part of a layer (NULL: it is not), and
 * which inputs it depends on. */
typedef struct {
  const char *action, *part, *inputs;
} Kind;

static const Kind kinds[] = {
  {"configuration", "system configuration", COMMON "|package|recipe.debian|recipe.users|recipe.groups"},
  {"files", "files of the recipe", COMMON "|local|inputs|recipe.files|recipe.links|recipe.users|recipe.groups"},
};

#define STEP_INPUTS COMMON "|recipe.run"

/* What changes a layer that no part of it is changed by. */
#define LAYER_INPUTS COMMON "|recipe.layers|recipe.remove|recipe.debian.exclude|recipe.debian.include"

#define FIRST "first build of this recipe"
#define GONE "it was no longer in the store"

/* An image that was looked at in this build, and how its inputs are other than the last time. */
typedef struct {
  char *name;         /* "amd64 zstd" */
  json_t *inputs;     /* now, its layers among them */
  json_t *before;     /* NULL: not known */
  GPtrArray *changes; /* InputChange*, or NULL: nobody asks */
} Known;

struct Why {
  Store *store;
  char *recipe; /* its absolute path, and which of its matrix; escaped */
  const char *path;
  const GPtrArray *steps; /* RecipeStep*, the recipe's */
  GPtrArray *actions;     /* or NULL */
  RecipeText *text;       /* when it is needed */
  GPtrArray *images;      /* Known* */
  GPtrArray *of_output;   /* Known*, borrowed: those since the last output */
  GHashTable *unpacked;   /* char*, of the image at hand and its own; only ever looked up */
};

void
why_action_free(gpointer data)
{
  WhyAction *action = data;
  g_free(action->subject);
  g_ptr_array_unref(action->because);
  g_free(action);
}

static void
known_free(gpointer data)
{
  Known *known = data;
  g_free(known->name);
  json_decref(known->inputs);
  json_decref(known->before);
  g_clear_pointer(&known->changes, g_ptr_array_unref);
  g_free(known);
}

Why *
why_new(Store *store, const Recipe *recipe, GPtrArray *actions)
{
  Why *why = g_new0(Why, 1);
  g_autofree char *absolute = g_canonicalize_filename(recipe->path, NULL), *list = g_strjoinv(", ", recipe->combination);
  g_autofree char *known = *list != '\0' ? g_strdup_printf("%s (%s)", absolute, list) : g_strdup(absolute);
  why->store = store;
  why->recipe = g_strescape(known, NULL);
  why->path = recipe->path;
  why->steps = recipe->steps;
  why->actions = actions;
  why->images = g_ptr_array_new_with_free_func(known_free);
  why->of_output = g_ptr_array_new();
  why->unpacked = g_hash_table_new(g_str_hash, g_str_equal);
  return why;
}

void
why_free(Why *why)
{
  g_free(why->recipe);
  g_clear_pointer(&why->text, recipe_text_free);
  g_ptr_array_unref(why->images);
  g_ptr_array_unref(why->of_output);
  g_hash_table_unref(why->unpacked);
  g_free(why);
}

/* ---- the memory ---- */

static void
record_key(const Why *why, const char *of, const char *name, Digest *key)
{
  json_t *description = json_pack("{s:s, s:s, s:s, s:s}", "action", "last build", "recipe", why->recipe, "of", of, "name",
                                  name);
  store_action_key(description, key);
  json_decref(description);
}

/* NULL where nothing is remembered. */
static json_t *
recall(const Why *why, const char *of, const char *name)
{
  Digest key;
  record_key(why, of, name, &key);
  json_t *record = store_action_get(why->store, &key);
  const char *text = json_string_value(json_object_get(record, "inputs"));
  json_t *inputs = text != NULL ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;
  json_decref(record);
  return inputs;
}

/* As text within text: a recipe may hold what looks like a blob's digest, and a record is only as good as the blobs it names. */
static gboolean
remember(const Why *why, const char *of, const char *name, json_t *inputs, GError **error)
{
  Digest key;
  char *text = json_dumps(inputs, JSON_COMPACT | JSON_SORT_KEYS);
  gboolean kept = TRUE;
  /* quoting may double it; what is larger is not worth its room */
  if (text != NULL && strlen(text) < STORE_ACTION_MAX / 8) {
    json_t *record = json_pack("{s:s}", "inputs", text);
    record_key(why, of, name, &key);
    kept = store_action_put(why->store, &key, record, error);
    json_decref(record);
  }
  free(text);
  return kept;
}

static char *
image_name(const char *arch, PackEncoding encoding)
{
  return g_strdup_printf("%s %s", arch, pack_encoding_name(encoding));
}

/* Of another encoding, where this one was never made: then that is what changed. */
static json_t *
recall_image(const Why *why, const char *arch, PackEncoding encoding)
{
  const PackEncoding order[] = {encoding, PACK_ZSTD, PACK_GZIP, PACK_ZSTD_CHUNKED};
  json_t *before = NULL;
  for (guint i = 0; before == NULL && i < G_N_ELEMENTS(order); i++) {
    g_autofree char *name = image_name(arch, order[i]);
    before = recall(why, "image", name);
  }
  return before;
}

static json_t *
layers_to_json(const Assembled *assembled)
{
  json_t *layers = json_object();
  for (guint i = 0; i < assembled->layers->len; i++) {
    const AssembledLayer *layer = assembled->layers->pdata[i];
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_to_hex(&layer->layer.digest, hex);
    json_object_set_new(layers, layer->contents, json_string(hex));
  }
  return layers;
}

/* @image as it is and was; the same for all outputs of one build, though the first one writes the memory anew. */
static Known *
know_image(Why *why, const WhyImage *image)
{
  g_autofree char *name = image_name(image->arch, image->encoding);
  for (guint i = 0; i < why->images->len; i++) {
    Known *known = why->images->pdata[i];
    if (strcmp(known->name, name) == 0)
      return known;
  }
  Known *known = g_new0(Known, 1);
  known->name = g_steal_pointer(&name);
  known->inputs = inputs_describe(image->description, image->locked, image->files);
  json_object_set_new(known->inputs, "layers", layers_to_json(image->assembled));
  g_ptr_array_add(why->images, known);
  if (why->actions == NULL)
    return known;
  known->before = recall_image(why, image->arch, image->encoding);
  if (why->text == NULL)
    why->text = recipe_text_load(why->path);
  if (known->before != NULL)
    known->changes = inputs_compare(known->before, known->inputs, why->text);
  return known;
}

/* ---- reasons ---- */

static void
add_reason(GPtrArray *because, const char *text)
{
  if (!g_ptr_array_find_with_equal_func(because, text, g_str_equal, NULL))
    g_ptr_array_add(because, g_strdup(text));
}

static WhyAction *
add_action(Why *why, const char *action, const char *subject, gboolean reused)
{
  WhyAction *added = g_new(WhyAction, 1);
  *added = (WhyAction){action, g_strdup(subject), reused, g_ptr_array_new_with_free_func(g_free)};
  g_ptr_array_add(why->actions, added);
  return added;
}

/* The changes of @inputs (NULL: all). */
static void
add_changes(GPtrArray *because, const Known *known, const char *inputs)
{
  for (guint i = 0; known->changes != NULL && i < known->changes->len; i++) {
    const InputChange *change = known->changes->pdata[i];
    if (inputs == NULL || input_change_is_of(change, inputs))
      add_reason(because, change->text);
  }
}

/* @name: up to the first blank. */
static void
add_package_changes(GPtrArray *because, const Known *known, const char *name)
{
  g_autofree char *input = g_strdup_printf("package.%.*s", (int)strcspn(name, " "), name);
  for (guint i = 0; known->changes != NULL && i < known->changes->len; i++) {
    const InputChange *change = known->changes->pdata[i];
    if (strcmp(change->input, input) == 0)
      add_reason(because, change->text);
  }
}

/* What is said where no input is another one. */
static void
settle(GPtrArray *because, const Known *known, const char *otherwise)
{
  if (known->before == NULL)
    add_reason(because, FIRST);
  else if (because->len == 0)
    add_reason(because, otherwise);
}

/* ---- the actions of an image ---- */

static void
tell_packs(Why *why, const WhyImage *image, const Known *known)
{
  for (guint i = 0; image->locked != NULL && i < image->locked->packages->len; i++) {
    const LockPackage *package = image->locked->packages->pdata[i];
    g_autofree char *label = g_strdup_printf("%s %s", package->name, package->version);
    g_autofree char *subject = g_strdup_printf("%s (%s)", label, image->arch);
    gboolean reused = !g_hash_table_contains(why->unpacked, label);
    GPtrArray *because = add_action(why, "pack", subject, reused)->because;
    if (reused)
      continue;
    add_package_changes(because, known, package->name);
    if (because->len == 0)
      add_changes(because, known, COMMON);
    settle(because, known, GONE);
  }
}

static const Kind *
kind_of_part(const char *part)
{
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(kinds[i].part, part) == 0)
      return &kinds[i];
  return NULL;
}

static gboolean
has_part(const Assembled *assembled, const char *part)
{
  for (guint i = 0; i < assembled->layers->len; i++) {
    g_auto(GStrv) parts = g_strsplit(((const AssembledLayer *)assembled->layers->pdata[i])->contents, ", ", -1);
    if (g_strv_contains((const char *const *)parts, part))
      return TRUE;
  }
  return FALSE;
}

/* These are made with their image, whether or not their own inputs changed. */
static void
tell_parts(Why *why, const WhyImage *image, const Known *known)
{
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    if (!has_part(image->assembled, kinds[i].part))
      continue;
    GPtrArray *because = add_action(why, kinds[i].action, image->arch, FALSE)->because;
    add_changes(because, known, kinds[i].inputs);
    settle(because, known, "nothing of its own changed: it is made with its image");
  }
}

static void
tell_steps(Why *why, const WhyImage *image, const Known *known)
{
  for (guint i = 0; i < why->steps->len; i++) {
    const RecipeStep *step = why->steps->pdata[i];
    g_autofree char *name = source_escape(step->name), *subject = g_strdup_printf("%s (%s)", name, image->arch);
    gboolean reused = !g_ptr_array_find_with_equal_func(image->assembled->ran, step->name, g_str_equal, NULL);
    GPtrArray *because = add_action(why, "step", subject, reused)->because;
    if (reused)
      continue;
    add_changes(because, known, STEP_INPUTS);
    settle(because, known, "the files that it is run on changed");
  }
}

static void
tell_layer(Why *why, const AssembledLayer *layer, const WhyImage *image, const Known *known)
{
  g_autofree char *subject = g_strdup_printf("%s (%s)", layer->contents, image->arch);
  gboolean reused = image->reused || layer->layer.reused;
  GPtrArray *because = add_action(why, "layer", subject, reused)->because;
  if (reused)
    return;
  g_auto(GStrv) parts = g_strsplit(layer->contents, ", ", -1);
  for (char **part = parts; *part != NULL; part++) {
    const Kind *kind = kind_of_part(*part);
    if (kind != NULL)
      add_changes(because, known, kind->inputs);
    else if (g_str_has_prefix(*part, "step '"))
      add_changes(because, known, STEP_INPUTS);
    else
      add_package_changes(because, known, *part);
  }
  if (because->len == 0)
    add_changes(because, known, LAYER_INPUTS);
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&layer->layer.digest, hex);
  const char *was = json_string_value(json_object_get(json_object_get(known->before, "layers"), layer->contents));
  settle(because, known,
         was == NULL             ? "packages are dealt out onto layers anew"
         : strcmp(was, hex) == 0 ? GONE
                                 : "what lies over its files, or its folders, changed");
}

static void
tell_image(Why *why, const WhyImage *image, const Known *known)
{
  if (!image->reused) {
    for (guint i = 0; i < image->assembled->unpacked->len; i++)
      g_hash_table_add(why->unpacked, image->assembled->unpacked->pdata[i]);
    tell_packs(why, image, known);
    tell_parts(why, image, known);
    tell_steps(why, image, known);
  }
  for (guint i = 0; i < image->assembled->layers->len; i++)
    tell_layer(why, image->assembled->layers->pdata[i], image, known);
  WhyAction *action = add_action(why, "image", known->name, image->reused);
  if (image->reused)
    return;
  add_changes(action->because, known, NULL);
  settle(action->because, known, GONE);
}

void
why_image(Why *why, const WhyImage *image)
{
  const Known *known = know_image(why, image);
  g_ptr_array_add(why->of_output, (gpointer)known);
  if (why->actions != NULL)
    tell_image(why, image, known);
  g_hash_table_remove_all(why->unpacked);
}

/* ---- outputs ---- */

static gboolean
differ(json_t *before, json_t *after, const char *key)
{
  json_t *was = json_object_get(before, key), *is = json_object_get(after, key);
  return was != is && (was == NULL || is == NULL || !json_equal(was, is));
}

static void
tell_output(Why *why, const WhyOutput *output, json_t *before)
{
  static const struct {
    const char *key, *text;
  } others[] = {{"attached", "it has a lock now, or no longer"},
                {"key", "it is signed by another key, now, or no longer"},
                {"reference", "it is signed as another repository's"}};
  GPtrArray *because = add_action(why, "output", output->path, output->reused)->because;
  if (output->reused)
    return;
  if (before == NULL) {
    add_reason(because, FIRST);
    return;
  }
  if (differ(before, output->description, "images")) {
    for (guint i = 0; i < why->of_output->len; i++)
      add_changes(because, why->of_output->pdata[i], NULL);
    if (because->len == 0)
      add_reason(because, "it holds other images");
  }
  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    if (differ(before, output->description, others[i].key))
      add_reason(because, others[i].text);
  if (because->len == 0 && differ(before, output->description, "path"))
    add_reason(because, "it goes to another place");
  if (because->len == 0)
    add_reason(because, output->was_there ? "it was not as it had been left" : "it was no longer there");
}

gboolean
why_output(Why *why, const WhyOutput *output, GError **error)
{
  g_autofree char *name = g_strdup_printf("%s %s", output->kind, pack_encoding_name(output->encoding));
  if (why->actions != NULL) {
    json_auto_t *before = recall(why, "output", name);
    tell_output(why, output, before);
  }
  gboolean kept = TRUE;
  for (guint i = 0; kept && !output->reused && i < why->of_output->len; i++) {
    const Known *known = why->of_output->pdata[i];
    kept = remember(why, "image", known->name, known->inputs, error);
  }
  g_ptr_array_set_size(why->of_output, 0);
  return kept && (output->reused || remember(why, "output", name, output->description, error));
}
