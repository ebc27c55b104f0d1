/* SPDX-License-Identifier: Apache-2.0
 *
 * What an image takes over from the one that it is built upon (OCI image-spec, config.md): how its containers are started, its
 * labels, its history, and its layers as they are. The base's documents are foreign: what is of another type than the
 * specification has it is ASHLAR_ERROR_INVALID that names the member.
 */
#ifndef ASHLAR_OCI_INHERIT_H
#define ASHLAR_OCI_INHERIT_H

#include "builder/oci/open.h"
#include "builder/recipe/recipe.h"

/* @own over what @base says: environment by name, ports and volumes together, all else one by one; an entrypoint of @own (an empty
 * one too) takes away the command of @base, which was meant for another one. Labels and author are @own's alone. */
gboolean inherit_config(const OciManifest *base, const RecipeConfig *own, RecipeConfig *out,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Its labels, but those that say which image it is itself (a new object). */
json_t *inherit_labels(const OciManifest *base);
/* Appends one entry for each of its layers, and those without one, to @history: as they are where they fit the layers, else
 * entries that only say where the layers came from. @created: the time for those. */
void inherit_history(const OciManifest *base, const char *created, json_t *history);
/* The descriptor of its layer @i, of an OCI media type (borrows from @base). ASHLAR_ERROR_INVALID: it is no tar that a client
 * would take. */
gboolean inherit_layer(const OciManifest *base, guint i, Descriptor *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
