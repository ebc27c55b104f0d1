/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/index.h"

gboolean
index_write(Blobs *blobs, const ImageSpec *spec, const Descriptor *manifests, guint n, Descriptor *index, GError **error)
{
  json_t *array = json_array();
  for (guint i = 0; i < n; i++)
    json_array_append_new(array, descriptor_to_json(&manifests[i]));
  json_auto_t *json = json_object();
  json_object_set_new(json, "schemaVersion", json_integer(2));
  json_object_set_new(json, "mediaType", json_string(OCI_MEDIA_INDEX));
  json_object_set_new(json, "manifests", array);
  json_object_set_new(json, "annotations", image_annotations(spec));
  return blobs_put_json(blobs, json, OCI_MEDIA_INDEX, index, error);
}
