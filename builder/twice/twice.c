/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/twice/twice.h"
#include "builder/lock/lock.h"
#include "builder/oci/descriptor.h"
#include "builder/sources/files.h"
#include "builder/twice/mismatch.h"
#include "builder/twice/surroundings.h"
#include "signing/error.h"

#include <string.h>

#define PAUSE_US (20 * 1000)

typedef struct {
  const Recipe *recipe;
  const TwiceOptions *options;
  Surroundings places[2];
  json_t *results[2]; /* what the builds printed */
  Digest inputs;      /* of the recipe's local files, before the first */
} Twice;

/* ---- inputs that are shared: all that the recipe, those it is built upon, and their locks name by digest ---- */

static void
add_packages(GArray *inputs, const Lock *lock)
{
  for (guint i = 0; i < lock->archs->len; i++) {
    const LockArch *arch = lock->archs->pdata[i];
    for (guint j = 0; j < arch->packages->len; j++)
      g_array_append_vals(inputs, &((const LockPackage *)arch->packages->pdata[j])->sha256, 1);
  }
  for (guint i = 0; i < lock->stages->len; i++)
    add_packages(inputs, ((const LockStage *)lock->stages->pdata[i])->lock);
}

static void
add_files(GArray *inputs, const Recipe *recipe)
{
  for (guint i = 0; i < recipe->files->len; i++) {
    const RecipeFile *file = recipe->files->pdata[i];
    if (file->url != NULL)
      g_array_append_vals(inputs, &file->sha256, 1);
  }
  for (guint i = 0; i < recipe->stages->len; i++)
    add_files(inputs, recipe->stages->pdata[i]);
}

static void
add_recipe(GArray *inputs, const Recipe *recipe)
{
  g_autofree char *path = lock_path_of(recipe);
  g_autoptr(Lock) lock = lock_load(path, NULL); /* one that is bad is for the build to tell of */
  if (lock != NULL)
    add_packages(inputs, lock);
  add_files(inputs, recipe);
  for (guint i = 0; i <= recipe->stages->len; i++) {
    const Recipe *one = i == 0 ? recipe : recipe->stages->pdata[i - 1];
    if (one->from.recipe != NULL)
      add_recipe(inputs, one->from.recipe);
  }
}

static gboolean
share_inputs(const Recipe *recipe, Store *from, Store *to, GError **error)
{
  g_autoptr(GArray) inputs = g_array_new(FALSE, FALSE, sizeof(Digest));
  add_recipe(inputs, recipe);
  for (guint i = 0; i < inputs->len; i++)
    if (!store_take_blob(to, from, &g_array_index(inputs, Digest, i), error))
      return FALSE;
  return TRUE;
}

/* ---- building ---- */

/* Whether what was printed is of the very combination of the matrix. */
static gboolean
is_of(const Recipe *recipe, json_t *printed)
{
  json_t *combination = json_object_get(printed, "combination");
  if (json_object_size(combination) != g_strv_length(recipe->combination))
    return FALSE;
  for (char **setting = recipe->combination; *setting != NULL; setting++) {
    g_auto(GStrv) parts = g_strsplit(*setting, "=", 2);
    if (g_strcmp0(json_string_value(json_object_get(combination, parts[0])), parts[1]) != 0)
      return FALSE;
  }
  return TRUE;
}

/* The line about @recipe's image. */
static json_t *
parse_result(const Recipe *recipe, GBytes *result, GError **error)
{
  g_autofree char *text = g_strndup(g_bytes_get_data(result, NULL), g_bytes_get_size(result));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL && **line != '\0'; line++) {
    json_t *json = oci_json_parse(*line, strlen(*line), "what the build printed", error);
    if (json == NULL || (is_of(recipe, json) && json_is_array(json_object_get(json, "outputs"))))
      return json;
    json_decref(json);
  }
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "what the build printed names no outputs");
  return NULL;
}

/* What was fetched goes into the user's store even where the build failed: it need not be fetched again. */
static gboolean
build_one(Twice *twice, guint i, GError **error)
{
  const TwiceOptions *options = twice->options;
  Surroundings *place = &twice->places[i];
  g_autoptr(Store) own = store_open(place->store, error);
  if (own == NULL || !share_inputs(twice->recipe, options->store, own, error))
    return FALSE;
  progress_note(options->progress, "check: build %u of 2, from an empty store", place->number);
  g_autoptr(GBytes) result = NULL;
  gboolean built = surroundings_build(place, options->options, options->cancellable, &result, error);
  gboolean shared = share_inputs(twice->recipe, own, options->store, built ? error : NULL);
  if (!built || !shared)
    return FALSE;
  twice->results[i] = parse_result(twice->recipe, result, error);
  return twice->results[i] != NULL;
}

/* A clock that is read for whole seconds shall not say the same twice. */
static gboolean
await_another_second(const Twice *twice, GError **error)
{
  while (g_get_real_time() / G_USEC_PER_SEC <= twice->places[0].ended) {
    if (g_cancellable_set_error_if_cancelled(twice->options->cancellable, error))
      return FALSE;
    g_usleep(PAUSE_US);
  }
  return TRUE;
}

/* ---- comparing ---- */

static json_t *
output_of(const Twice *twice, guint build, gsize i)
{
  return json_array_get(json_object_get(twice->results[build], "outputs"), i);
}

/* Where build @build put output @i (transfer full). */
static char *
output_path(const Twice *twice, guint build, gsize i)
{
  const char *path = json_string_value(json_object_get(output_of(twice, build, i), "path"));
  g_autofree char *name = g_path_get_basename(path != NULL ? path : "");
  return g_build_filename(twice->places[build].output, name, NULL);
}

static void
refuse(const Twice *twice, const char *path, const char *explanation, GError **error)
{
  Digest now;
  g_autofree char *name = g_path_get_basename(path);
  gboolean moved = !files_inputs(twice->recipe, NULL, &now, NULL, NULL) || !digest_equal(&now, &twice->inputs);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "not reproducible: 2 builds of '%s' differ\n  output   %s\n%s%s",
              twice->recipe->path, name, explanation,
              moved ? "\nhint: local files of the recipe changed while it was built" : "");
}

static gboolean
compare_output(const Twice *twice, gsize i, const GuessContext *context, GError **error)
{
  g_autofree char *first = output_path(twice, 0, i), *second = output_path(twice, 1, i), *explanation = NULL;
  const MismatchOptions options = {.recipe = twice->recipe, .context = *context, .cancellable = twice->options->cancellable};
  if (!mismatch_find(first, second, &options, &explanation, error))
    return FALSE;
  if (explanation != NULL)
    refuse(twice, first, explanation, error);
  return explanation == NULL;
}

static gboolean
take_digest(const Twice *twice, gsize i, GArray *images, GError **error)
{
  Digest digest;
  const char *text = json_string_value(json_object_get(output_of(twice, 1, i), "digest"));
  if (!digest_from_string(text != NULL ? text : "", &digest, error))
    return FALSE;
  g_array_append_val(images, digest);
  return TRUE;
}

static gboolean
compare_outputs(const Twice *twice, const GuessContext *context, GArray *images, GError **error)
{
  for (guint i = 0; i < twice->recipe->outputs->len; i++)
    if (!compare_output(twice, i, context, error) || !take_digest(twice, i, images, error))
      return FALSE;
  return TRUE;
}

/* What is different in the surroundings can be known again in what was made. */
static gboolean
compare(const Twice *twice, GArray *images, GError **error)
{
  const Surroundings *a = &twice->places[0], *b = &twice->places[1];
  g_autofree char *here = g_get_current_dir(), *folder = g_path_get_dirname(b->recipe);
  g_autofree char *process = g_strdup_printf("%" G_GINT64_FORMAT, a->process),
                  *other_process = g_strdup_printf("%" G_GINT64_FORMAT, b->process);
  const GuessKnown known[] = {
    {"the path of the store", a->store, b->store},
    {"the path of the output folder", a->output, b->output},
    {"the path of the recipe's folder", twice->recipe->folder, folder},
    {"the path of the working folder", here, b->work},
    {"the path of the home folder", g_get_home_dir(), b->home},
    {"the host's name", surroundings_host(1), surroundings_host(2)},
    {"the user's name", surroundings_user(1), surroundings_user(2)},
    {"the number of the process", process, other_process},
  };
  const GuessContext context = {.earliest = a->began, .latest = b->ended, .known = known, .n_known = G_N_ELEMENTS(known)};
  return compare_outputs(twice, &context, images, error);
}

/* ---- the whole ---- */

static gboolean
build_both(Twice *twice, const char *scratch, GArray *images, GError **error)
{
  const Recipe *recipe = twice->recipe;
  for (guint i = 0; i < G_N_ELEMENTS(twice->places); i++)
    if (!surroundings_init(&twice->places[i], i + 1, scratch, recipe->path, error))
      return FALSE;
  return files_inputs(recipe, NULL, &twice->inputs, twice->options->cancellable, error) && build_one(twice, 0, error) &&
         await_another_second(twice, error) && build_one(twice, 1, error) && compare(twice, images, error);
}

gboolean
twice_build(const Recipe *recipe, const TwiceOptions *options, GArray *images, GError **error)
{
  g_autofree char *scratch = store_scratch_new(options->store, error);
  if (scratch == NULL)
    return FALSE;
  Twice twice = {.recipe = recipe, .options = options};
  gboolean same = build_both(&twice, scratch, images, error);
  for (guint i = 0; i < G_N_ELEMENTS(twice.places); i++) {
    surroundings_clear(&twice.places[i]);
    json_decref(twice.results[i]);
  }
  return store_scratch_remove(scratch, same ? error : NULL) && same;
}
