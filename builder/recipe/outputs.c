/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/model.h"

/* Docker's storage takes about 125 layers; 20 keep an update small without many requests a pull. */
#define DEFAULT_LAYERS 20

/* The schema's words for outputs[].oci.compression are in this order. */
static const PackEncoding encodings[] = {PACK_ZSTD, PACK_GZIP, PACK_ZSTD_CHUNKED};

static void
read_layers(Model *model)
{
  const Node *layers = node_get(model->root, "layers");
  model->recipe->layers.single = layers != NULL && layers->kind == NODE_SCALAR;
  const Node *most = node_get(layers, "most");
  model->recipe->layers.most = most != NULL ? (guint)node_integer(most) : DEFAULT_LAYERS;
}

static void
add_output(Model *model, const Node *oci, const RecipePlace *place)
{
  RecipeOutput *output = g_new0(RecipeOutput, 1);
  output->kind = model_bool(oci, "layout", FALSE) ? RECIPE_OUTPUT_OCI_LAYOUT : RECIPE_OUTPUT_OCI;
  output->compression = encodings[model_word(oci, "compression", "outputs[].oci.compression", 0)];
  output->place = *place;
  for (guint i = 0; i < model->recipe->outputs->len; i++) {
    const RecipeOutput *other = g_ptr_array_index(model->recipe->outputs, i);
    if (other->kind != output->kind)
      continue;
    diagnostics_error(model->diagnostics, place, "two outputs would be written to the same place");
    diagnostics_hint(model->diagnostics, "the other is in %s on line %u", other->place.file, other->place.line);
  }
  g_ptr_array_add(model->recipe->outputs, output);
}

void
model_outputs(Model *model)
{
  read_layers(model);
  const Node *outputs = node_get(model->root, "outputs");
  Node *item;
  for (guint i = 0; model_item(model->root, "outputs", i, &item); i++) {
    if (item != NULL && item->kind == NODE_MAP && item->pairs->len != 1)
      diagnostics_error(model->diagnostics, &item->place, "an output is a map of one key, like {oci: {compression: zstd}}");
    else if (item != NULL && (item->kind == NODE_SCALAR || node_get(item, "oci") != NULL))
      add_output(model, node_get(item, "oci"), &item->place);
  }
  if (outputs == NULL)
    add_output(model, NULL, &model->root->place);
  else if (outputs->items->len == 0)
    diagnostics_error(model->diagnostics, &outputs->place, "'outputs' names nothing to be written");
}
