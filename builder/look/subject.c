/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/subject.h"
#include "builder/executor/executor.h"
#include "builder/look/overlay.h"
#include "builder/look/owners.h"
#include "builder/look/place.h"
#include "builder/look/readers.h"
#include "signing/error.h"

#include <string.h>

const char *
subject_kind_name(SubjectKind kind)
{
  static const char *const names[] = {"image", "layer", "pack", "package", "tar", "folder", "tree"};
  return names[kind];
}

static Subject *
subject_new(SubjectKind kind, const char *label)
{
  Subject *subject = g_new0(Subject, 1);
  subject->kind = kind;
  subject->label = g_strdup(label);
  subject->packages = g_ptr_array_new_with_free_func(owners_package_free);
  subject->layers = g_array_new(FALSE, TRUE, sizeof(SubjectLayer));
  subject->readings = g_ptr_array_new_with_free_func((GDestroyNotify)reading_free);
  return subject;
}

void
subject_free(Subject *subject)
{
  g_free(subject->label);
  if (subject->owns_image)
    oci_image_free(subject->image);
  g_clear_pointer(&subject->files, g_ptr_array_unref);
  g_ptr_array_unref(subject->packages);
  g_array_unref(subject->layers);
  g_ptr_array_unref(subject->readings);
  g_free(subject);
}

/* Room for layer @number, and what it is read into. */
static Reading *
add_reading(Subject *subject, guint number, const SubjectOptions *options, ReadingLimits *limits)
{
  Reading *reading = reading_new(number, limits);
  reading->hash = options->hash;
  reading->cancellable = options->cancellable;
  reading->as_it_stands = subject->kind != SUBJECT_IMAGE || options->one_layer;
  g_ptr_array_add(subject->readings, reading);
  return reading;
}

/* All is read. The contents that were kept have told what they had to tell. */
static void
complete(Subject *subject)
{
  subject->files = overlay_files(subject->readings);
  if (subject->packages->len == 0)
    owners_find(subject, subject->readings);
  for (guint i = 0; i < subject->readings->len; i++) {
    Reading *reading = subject->readings->pdata[i];
    SubjectLayer *layer = &g_array_index(subject->layers, SubjectLayer, reading->layer);
    layer->files = reading->members;
    layer->bytes = reading->bytes;
    layer->tar_size = reading->tar_size;
    reading_settle(reading);
  }
}

/* ---- images ---- */

typedef struct {
  Blobs *blobs;
  const Digest *digest;
  Reading *reading;
} LayerJob;

static gboolean
read_layer(gpointer data, GCancellable *cancellable, GError **error)
{
  const LayerJob *job = data;
  char text[DIGEST_STRING_SIZE];
  g_auto(BlobPlace) place = {.fd = -1};
  job->reading->cancellable = cancellable;
  if (blobs_open(job->blobs, job->digest, &place, error) &&
      read_tar(&place, digest_to_string(job->digest, text), job->reading, error))
    return TRUE;
  g_prefix_error(error, "layer %u: ", job->reading->layer);
  return FALSE;
}

static gboolean
read_layers(Subject *subject, const SubjectOptions *options, GError **error)
{
  const OciManifest *manifest = subject->manifest;
  ReadingLimits limits = {0};
  if (options->without_layers)
    return TRUE;
  guint first = options->one_layer ? options->layer : 0, end = options->one_layer ? first + 1 : manifest->n_layers;
  g_autofree LayerJob *jobs = g_new0(LayerJob, manifest->n_layers + 1);
  g_autoptr(Executor) executor = executor_new(options->cancellable);
  for (guint i = first; i < end; i++) {
    jobs[i] = (LayerJob){.blobs = subject->image->blobs,
                         .digest = &manifest->layers[i].digest,
                         .reading = add_reading(subject, i, options, &limits)};
    executor_push(executor, read_layer, &jobs[i]);
  }
  return executor_wait(executor, error);
}

static gboolean
check_layer_number(const OciManifest *manifest, const SubjectOptions *options, GError **error)
{
  if (!options->one_layer || options->layer < manifest->n_layers)
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "there is no layer %u: the image has %u, counted from 0", options->layer,
              manifest->n_layers);
  return FALSE;
}

/* The history's entries that are not empty are the layers', in order. */
static void
describe_layers(Subject *subject)
{
  const OciManifest *manifest = subject->manifest;
  g_array_set_size(subject->layers, manifest->n_layers);
  for (guint i = 0; i < manifest->n_layers; i++) {
    SubjectLayer *layer = &g_array_index(subject->layers, SubjectLayer, i);
    layer->digest = manifest->layers[i].digest;
    layer->has_digest = TRUE;
    layer->size = manifest->layers[i].size;
    layer->media_type = manifest->layers[i].media_type;
    layer->has_diff_id = manifest->diff_ids != NULL;
    if (manifest->diff_ids != NULL)
      layer->diff_id = manifest->diff_ids[i];
  }
  gsize i;
  guint number = 0;
  json_t *entry;
  json_array_foreach (json_object_get(subject->config, "history"), i, entry)
    if (!json_is_true(json_object_get(entry, "empty_layer")) && number < manifest->n_layers)
      g_array_index(subject->layers, SubjectLayer, number++).created_by =
        json_string_value(json_object_get(entry, "created_by"));
}

Subject *
subject_of_manifest(OciImage *image, OciManifest *manifest, const SubjectOptions *options, GError **error)
{
  g_autoptr(Subject) subject = subject_new(SUBJECT_IMAGE, image->path);
  subject->image = image;
  subject->manifest = manifest;
  subject->config = manifest->config;
  subject->name = oci_image_name(image);
  subject->version = oci_image_annotation(image, OCI_ANNOTATION_VERSION);
  describe_layers(subject);
  if (!check_layer_number(manifest, options, error) || !read_layers(subject, options, error)) {
    g_prefix_error(error, "'%s': ", image->path);
    return NULL;
  }
  complete(subject);
  return g_steal_pointer(&subject);
}

static Subject *
open_image(const SubjectPlace *place, const SubjectOptions *options, GError **error)
{
  OciImage *image = place->store != NULL ? oci_image_open_stored(place->store, &place->digest, error)
                                         : oci_image_open(place->path, error);
  if (image == NULL)
    return NULL;
  OciManifest *manifest = oci_image_manifest(image, options->arch, error);
  Subject *subject = manifest != NULL ? subject_of_manifest(image, manifest, options, error) : NULL;
  if (subject != NULL)
    subject->owns_image = TRUE;
  else
    oci_image_free(image);
  return subject;
}

/* ---- all else: one reading ---- */

static void
set_package(Subject *subject, GBytes *control)
{
  SubjectPackage *package = control != NULL
                              ? owners_package_new(g_bytes_get_data(control, NULL), g_bytes_get_size(control), FALSE)
                              : NULL;
  if (package == NULL)
    return;
  subject->name = package->name;
  subject->version = package->version;
  owners_set(subject, package);
}

static gboolean
read_pack_blob(const SubjectPlace *place, Reading *reading, GBytes **control, GError **error)
{
  g_autoptr(Pack) pack = pack_open(place->store, &place->digest, error);
  if (pack == NULL || !read_pack(pack, reading, error))
    return FALSE;
  GBytes *meta = pack_meta(pack, "control");
  *control = meta != NULL ? g_bytes_new(g_bytes_get_data(meta, NULL), g_bytes_get_size(meta)) : NULL;
  return TRUE;
}

static gboolean
read_one(const SubjectPlace *place, const char *label, Reading *reading, GBytes **control, GError **error)
{
  switch (place->kind) {
  case SUBJECT_PACK:
    return read_pack_blob(place, reading, control, error);
  case SUBJECT_PACKAGE:
    return read_deb(&place->bytes, label, reading, control, error);
  case SUBJECT_FOLDER:
    return read_folder(place->path, reading, error);
  default:
    return read_tar(&place->bytes, label, reading, error);
  }
}

static Subject *
open_single(const SubjectPlace *place, const char *spelling, const SubjectOptions *options, GError **error)
{
  if (options->one_layer) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is a %s: only an image has layers", spelling,
                subject_kind_name(place->kind));
    return NULL;
  }
  g_autoptr(Subject) subject = subject_new(place->kind, spelling);
  g_autoptr(GBytes) control = NULL;
  ReadingLimits limits = {0};
  g_array_set_size(subject->layers, 1);
  SubjectLayer *layer = &g_array_index(subject->layers, SubjectLayer, 0);
  layer->has_digest = place->store != NULL;
  layer->digest = place->digest;
  layer->size = place->bytes.size;
  if (!read_one(place, spelling, add_reading(subject, 0, options, &limits), &control, error))
    return NULL;
  complete(subject);
  if (subject->packages->len == 0)
    set_package(subject, control);
  return g_steal_pointer(&subject);
}

Subject *
subject_of_tree(const Tree *tree, GError **error)
{
  static const SubjectOptions options = {0};
  g_autoptr(Subject) subject = subject_new(SUBJECT_TREE, "");
  ReadingLimits limits = {0};
  g_array_set_size(subject->layers, 1);
  if (!read_tree(tree, add_reading(subject, 0, &options, &limits), error))
    return NULL;
  complete(subject);
  return g_steal_pointer(&subject);
}

Subject *
subject_open(const char *spelling, const SubjectOptions *options, GError **error)
{
  g_auto(SubjectPlace) place = {.bytes = {.fd = -1}};
  if (!subject_place_find(spelling, options->store_path, &place, error))
    return NULL;
  Subject *subject = place.kind == SUBJECT_IMAGE ? open_image(&place, options, error)
                                                 : open_single(&place, spelling, options, error);
  if (subject != NULL && strcmp(subject->label, spelling) != 0) {
    g_free(subject->label);
    subject->label = g_strdup(spelling);
  }
  return subject;
}

/* ---- looking things up ---- */

const SubjectFile *
subject_find(const Subject *subject, const char *path)
{
  gboolean found;
  guint place = overlay_find(subject->files, path, &found);
  return found ? subject->files->pdata[place] : NULL;
}

/* What is at @path and below it stands together, from the first on. */
guint
subject_below(const Subject *subject, const char *path, guint *first)
{
  gsize length = strlen(path);
  *first = overlay_find(subject->files, path, NULL);
  guint low = *first, high = subject->files->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const char *other = ((const SubjectFile *)subject->files->pdata[middle])->entry.path;
    if (length == 0 || (strncmp(other, path, length) == 0 && (other[length] == '\0' || other[length] == '/')))
      low = middle + 1;
    else
      high = middle;
  }
  return low - *first;
}

const SubjectPackage *
subject_package_of(const Subject *subject, const SubjectFile *file)
{
  return file->package < SUBJECT_SHARED ? subject->packages->pdata[file->package] : NULL;
}
