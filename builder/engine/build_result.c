/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/build_private.h"

#include <string.h>

static void
output_free(gpointer data)
{
  BuildOutput *output = data;
  g_free(output->path);
  g_free(output);
}

static void
layer_free(gpointer data)
{
  BuildLayer *layer = data;
  g_free(layer->arch);
  g_free(layer->contents);
  g_free(layer);
}

static void
script_free(gpointer data)
{
  BuildScript *script = data;
  g_free(script->arch);
  script_note_free(script->note);
  g_free(script);
}

BuildResult *
build_result_new(void)
{
  BuildResult *result = g_new0(BuildResult, 1);
  result->outputs = g_ptr_array_new_with_free_func(output_free);
  result->layers = g_ptr_array_new_with_free_func(layer_free);
  result->actions = g_ptr_array_new_with_free_func(why_action_free);
  result->skipped = g_ptr_array_new_with_free_func(g_free);
  result->scripts = g_ptr_array_new_with_free_func(script_free);
  return result;
}

void
build_result_free(BuildResult *result)
{
  g_ptr_array_unref(result->outputs);
  g_ptr_array_unref(result->layers);
  g_ptr_array_unref(result->actions);
  g_ptr_array_unref(result->skipped);
  g_ptr_array_unref(result->scripts);
  g_free(result);
}

/* The same for each output of that architecture: told once. */
static void
report_scripts(const Build *build, const char *arch, const Assembled *image)
{
  GPtrArray *all = build->result->scripts;
  for (guint i = 0; i < all->len; i++)
    if (strcmp(((const BuildScript *)all->pdata[i])->arch, arch) == 0)
      return;
  for (guint i = 0; i < image->scripts->len; i++) {
    BuildScript *script = g_new(BuildScript, 1);
    *script = (BuildScript){g_strdup(arch), script_note_copy(image->scripts->pdata[i], NULL)};
    g_ptr_array_add(all, script);
  }
}

void
build_report_image(const Build *build, const char *kind, const char *arch, const Assembled *image)
{
  for (guint i = 0; i < image->layers->len; i++) {
    const AssembledLayer *from = image->layers->pdata[i];
    BuildLayer *layer = g_new0(BuildLayer, 1);
    *layer = (BuildLayer){
      .kind = kind,
      .arch = g_strdup(arch),
      .contents = g_strdup(from->contents),
      .digest = from->layer.digest,
      .size = from->layer.size,
      .tar_size = from->layer.tar_size,
      .reused = from->layer.reused,
    };
    g_ptr_array_add(build->result->layers, layer);
  }
  for (guint i = 0; i < image->skipped->len; i++) {
    g_autofree char *line = g_strdup_printf("%s (%s)", (const char *)image->skipped->pdata[i], arch);
    if (!g_ptr_array_find_with_equal_func(build->result->skipped, line, g_str_equal, NULL))
      g_ptr_array_add(build->result->skipped, g_steal_pointer(&line));
  }
  report_scripts(build, arch, image);
}

void
build_explain_image(const Build *build, const char *arch, PackEncoding encoding, const Assembled *image, gboolean reused)
{
  json_auto_t *description = build_describe_image(build, arch, encoding);
  const WhyImage told = {
    .arch = arch,
    .encoding = encoding,
    .description = description,
    .locked = build->lock != NULL ? lock_find_arch(build->lock, arch) : NULL,
    .files = build->input_list,
    .assembled = image,
    .reused = reused,
  };
  why_image(build->why, &told);
}
