/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/image/local.h"
#include "builder/oci/open.h"
#include "signing/error.h"

static OciImage *
open_image(const ImageSource *source, GError **error)
{
  g_autofree char *spelling = g_strconcat(source->kind == IMAGE_LAYOUT ? "oci:" : "oci-archive:", source->rest, NULL);
  return oci_image_open(spelling, error);
}

/* "amd64, arm64" */
static char *
architectures(const OciImage *image)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < image->manifests->len; i++) {
    const OciManifest *manifest = image->manifests->pdata[i];
    if (manifest->config == NULL || manifest->descriptor.architecture == NULL)
      continue;
    g_autofree char *shown = g_strescape(manifest->descriptor.architecture, NULL);
    g_string_append_printf(names, "%s%.20s", names->len > 0 ? ", " : "", shown);
  }
  return g_strdup(names->len > 0 ? names->str : "none");
}

static const OciManifest *
find_manifest(OciImage *image, const char *arch, GError **error)
{
  const OciManifest *manifest = oci_image_manifest(image, arch, NULL);
  if (manifest != NULL && manifest->config != NULL)
    return manifest;
  g_autofree char *known = architectures(image);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "it has nothing for the architecture %s, only for: %s", arch, known);
  return NULL;
}

gboolean
local_image_resolve(const ImageSource *source, const char *arch, Digest *out, GError **error)
{
  g_autoptr(OciImage) image = open_image(source, error);
  const OciManifest *manifest = image != NULL ? find_manifest(image, arch, error) : NULL;
  if (manifest == NULL)
    return FALSE;
  *out = manifest->descriptor.digest;
  return TRUE;
}

/* ---- into the store ---- */

typedef struct {
  StoreWriter *writer;
  ProgressTask *task;
  GCancellable *cancellable;
} Copying;

static gboolean
copy_piece(const void *data, gsize size, gpointer user, GError **error)
{
  Copying *copying = user;
  progress_advance(copying->task, size);
  return !g_cancellable_set_error_if_cancelled(copying->cancellable, error) &&
         store_writer_write(copying->writer, data, size, error);
}

static gboolean
copy_blob(Store *store, OciImage *image, const Descriptor *descriptor, Copying *copying, GError **error)
{
  Digest digest;
  if (store_has(store, &descriptor->digest)) {
    progress_advance(copying->task, descriptor->size);
    return TRUE;
  }
  g_autoptr(StoreWriter) writer = store_writer_new(store, error);
  copying->writer = writer;
  return writer != NULL && blobs_stream(image->blobs, &descriptor->digest, copy_piece, copying, error) &&
         store_writer_finish(writer, &descriptor->digest, &digest, error);
}

/* The manifest last: it is what says that all is there. */
static gboolean
copy_all(Store *store, OciImage *image, const OciManifest *manifest, Copying *copying, GError **error)
{
  for (guint i = 0; i < manifest->n_layers; i++)
    if (!copy_blob(store, image, &manifest->layers[i], copying, error))
      return FALSE;
  return copy_blob(store, image, &manifest->config_descriptor, copying, error) &&
         copy_blob(store, image, &manifest->descriptor, copying, error) &&
         image_remember(store, &manifest->descriptor.digest, error);
}

static guint64
total_size(const OciManifest *manifest)
{
  guint64 size = manifest->descriptor.size + manifest->config_descriptor.size;
  for (guint i = 0; i < manifest->n_layers; i++)
    size += manifest->layers[i].size;
  return size;
}

gboolean
local_image_obtain(Store *store, const ImageSource *source, const char *arch, const Digest *expected,
                   const FetchOptions *options, GError **error)
{
  g_autoptr(OciImage) image = open_image(source, error);
  const OciManifest *manifest = image != NULL ? find_manifest(image, arch, error) : NULL;
  if (manifest == NULL)
    return FALSE;
  if (!digest_equal(&manifest->descriptor.digest, expected)) {
    char is[DIGEST_STRING_SIZE];
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, "it is another one now: %s",
                digest_to_string(&manifest->descriptor.digest, is));
    return FALSE;
  }
  progress_expect(options->progress, PROGRESS_FETCH, 1, total_size(manifest));
  Copying copying = {.task = progress_start(options->progress, PROGRESS_FETCH, source->text, total_size(manifest)),
                     .cancellable = options->cancellable};
  gboolean copied = copy_all(store, image, manifest, &copying, error);
  progress_finish(copying.task, copied ? PROGRESS_MADE : PROGRESS_FAILED);
  return copied;
}
