/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON of images, read as one descriptor. What is taken is written as a descriptor that is taken and written the same.
 */
#include "builder/oci/descriptor.h"
#include "tests/fuzz/fuzz.h"

static void
check_descriptor(const Descriptor *descriptor)
{
  json_auto_t *json = descriptor_to_json(descriptor);
  g_autofree char *text = oci_json_dump(json);
  json_auto_t *parsed = oci_json_parse(text, strlen(text), "again", NULL);
  g_auto(Descriptor) again = {0};
  g_assert(parsed != NULL && descriptor_parse(parsed, &again, NULL));
  json_auto_t *same = descriptor_to_json(&again);
  g_assert(json_equal(json, same));
  g_assert(digest_equal(&again.digest, &descriptor->digest) && again.size == descriptor->size);
  g_assert(!(descriptor_is_manifest(descriptor) && descriptor_is_index(descriptor)));
  g_autofree char *tag = oci_tag(descriptor->media_type);
  g_assert(strlen(tag) <= 128 && (*tag != '\0' || *descriptor->media_type == '\0'));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  json_auto_t *json = oci_json_parse(data, size, "input", &error);
  g_assert((json == NULL) == (error != NULL));
  if (json == NULL)
    return 0;
  json_auto_t *sorted = oci_json_sorted(json);
  g_assert(json_equal(json, sorted));
  g_auto(Descriptor) descriptor = {0};
  if (descriptor_parse(json, &descriptor, NULL))
    check_descriptor(&descriptor);
  return 0;
}
