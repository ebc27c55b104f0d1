/* SPDX-License-Identifier: Apache-2.0
 *
 * Images whose digests are right, whatever their documents say. The input is the documents, with "----" between: index.json,
 * manifest.json (may be empty), then blobs. In any of them @N@ stands for the digest of part N, %N% for the name of its member
 * in the tarball, #N# for its size, where N is a later part, or L for a small layer that is always there. They are put into a tarball, which is opened, checked, listed,
 * and signed.
 */
#include "builder/look/subject.h"
#include "builder/oci/check.h"
#include "builder/oci/sign.h"
#include "rootfs/tar.h"
#include "tests/fuzz/fuzz.h"

#define PARTS_MAX 20

typedef struct {
  guint n;
  char *texts[PARTS_MAX];
  Digest digests[PARTS_MAX];
} Parts;

static void
append_member(GByteArray *tar, const char *path, const void *content, gsize size)
{
  static const guint8 zeros[TAR_BLOCK];
  Entry entry = {.path = path, .mode = 0644, .size = size};
  tar_append_header(tar, &entry);
  g_byte_array_append(tar, content, (guint)size);
  g_byte_array_append(tar, zeros, tar_padding(size));
}

static void
append_end(GByteArray *tar)
{
  static const guint8 end[TAR_END_SIZE];
  g_byte_array_append(tar, end, sizeof end);
}

/* An uncompressed one, so that its digest is its diff ID too. */
static const GByteArray *
test_layer(Digest *digest)
{
  static GByteArray *layer;
  if (layer == NULL) {
    layer = g_byte_array_new();
    append_member(layer, "etc/stone", "cut\n", 4);
    append_member(layer, "etc/.wh.moss", "", 0);
    append_end(layer);
  }
  digest_of(layer->data, layer->len, digest);
  return layer;
}

static void
replace(char **text, const char *pattern, const char *with)
{
  if (strstr(*text, pattern) == NULL)
    return;
  g_autofree char *before = *text;
  g_auto(GStrv) pieces = g_strsplit(before, pattern, -1);
  *text = g_strjoinv(with, pieces);
}

static char *
blob_name(const Digest *digest)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(digest, hex);
  return g_strconcat("blobs/sha256/", hex, NULL);
}

static void
replace_names(char **text, const char *name, const Digest *digest, gsize size)
{
  char shown[DIGEST_STRING_SIZE];
  g_autofree char *by_digest = g_strdup_printf("@%s@", name), *by_size = g_strdup_printf("#%s#", name);
  g_autofree char *by_member = g_strdup_printf("%%%s%%", name), *member = blob_name(digest);
  g_autofree char *number = g_strdup_printf("%" G_GSIZE_FORMAT, size);
  replace(text, by_member, member);
  replace(text, by_digest, digest_to_string(digest, shown));
  replace(text, by_size, number);
}

/* From the last part to the first, so that whatever is named is final. */
static void
resolve(Parts *parts)
{
  Digest layer;
  gsize layer_size = test_layer(&layer)->len;
  for (guint i = parts->n; i-- > 0;) {
    replace_names(&parts->texts[i], "L", &layer, layer_size);
    for (guint later = i + 1; later < parts->n; later++) {
      g_autofree char *name = g_strdup_printf("%u", later);
      replace_names(&parts->texts[i], name, &parts->digests[later], strlen(parts->texts[later]));
    }
    digest_of(parts->texts[i], strlen(parts->texts[i]), &parts->digests[i]);
  }
}

static void
append_blob(GByteArray *tar, const Digest *digest, const void *data, gsize size)
{
  g_autofree char *path = blob_name(digest);
  append_member(tar, path, data, size);
}

static GByteArray *
make_tarball(const Parts *parts)
{
  static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
  GByteArray *tar = g_byte_array_new();
  append_member(tar, "oci-layout", layout, strlen(layout));
  append_member(tar, "index.json", parts->texts[0], strlen(parts->texts[0]));
  if (parts->n > 1 && strlen(parts->texts[1]) > 1)
    append_member(tar, "manifest.json", parts->texts[1], strlen(parts->texts[1]));
  Digest digest;
  const GByteArray *layer = test_layer(&digest);
  append_blob(tar, &digest, layer->data, layer->len);
  for (guint i = 2; i < parts->n; i++) {
    gboolean again = FALSE;
    for (guint before = 2; before < i; before++)
      again = again || digest_equal(&parts->digests[before], &parts->digests[i]);
    if (!again)
      append_blob(tar, &parts->digests[i], parts->texts[i], strlen(parts->texts[i]));
  }
  append_end(tar);
  return tar;
}

static void
list(OciImage *image)
{
  for (guint i = 0; i < image->manifests->len; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Subject) subject = subject_of_manifest(image, image->manifests->pdata[i], &(SubjectOptions){0}, &error);
    g_assert((subject == NULL) == (error != NULL));
    for (guint j = 0; subject != NULL && j < subject->files->len; j++)
      g_assert(entry_path_is_canonical(((SubjectFile *)subject->files->pdata[j])->entry.path));
  }
}

static const Key *
test_key(void)
{
  static Key *key;
  if (key == NULL)
    key = key_generate(KEY_ED25519, NULL);
  return key;
}

/* An image can be signed or it cannot; once it is, the signature is good. */
static void
sign(OciImage *image)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) referrers = {0};
  SignSpec spec = {.key = test_key(), .reference = "docker.io/library/stone"};
  if (!image_sign(image->blobs, &image->top, image->referrers, &spec, &referrers, &error)) {
    g_assert(error != NULL);
    return;
  }
  g_autoptr(GPtrArray) signatures = image_signatures(image->blobs, &referrers, NULL);
  if (signatures == NULL)
    return;
  Key *keys[] = {(Key *)test_key()};
  VerifySpec verify = {.keys = keys, .n_keys = 1, .reference = spec.reference};
  guint signer;
  g_assert(image_verify_signature(image->blobs, signatures, &image->top.digest, &verify, &signer, NULL));
}

static void
look_at(OciImage *image)
{
  g_autoptr(GError) error = NULL;
  CheckResult result;
  g_assert(oci_image_check(image, NULL, &result, &error) == (error == NULL));
  const char *name = oci_image_name(image);
  g_assert(name == NULL || g_utf8_validate(name, -1, NULL));
  list(image);
  sign(image);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  Parts parts = {0};
  gsize left = size;
  while (parts.n < PARTS_MAX && (left > 0 || parts.n == 0))
    parts.texts[parts.n++] = fuzz_part(&data, &left);
  resolve(&parts);
  g_autoptr(GByteArray) tar = make_tarball(&parts);
  g_autoptr(GError) error = NULL;
  g_autoptr(OciImage) image = oci_image_open(fuzz_file_path(tar->data, tar->len), &error);
  g_assert((image == NULL) == (error != NULL));
  if (image != NULL)
    look_at(image);
  for (guint i = 0; i < parts.n; i++)
    g_free(parts.texts[i]);
  return 0;
}
