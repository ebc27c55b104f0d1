/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/oci/check.h"
#include "builder/oci/printable.h"
#include "builder/oci/sign.h"
#include "signing/error.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  char **keys;
  char *name, *version, *digest, *reference;
  char **annotations;
  gboolean json;
} Options;

static const CommandOption options_table[] = {
  {"key", 'k', OPTION_STRINGS, G_STRUCT_OFFSET(Options, keys), "FILE", "a public key that is trusted; may be repeated"},
  {"name", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, name), "NAME", "the image must be called so"},
  {"version", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, version), "VERSION", "and be of this version"},
  {"digest", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, digest), "DIGEST", "and have this digest (sha256:...)"},
  {"reference", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, reference), "NAME", "and be signed for this repository"},
  {"annotation", 'a', OPTION_STRINGS, G_STRUCT_OFFSET(Options, annotations), "KEY=VALUE", "and with this signed along"},
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, json), NULL, "print the result as JSON"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
refuse(GError **error, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY, message);
  return FALSE;
}

static GPtrArray *
load_keys(char **paths, GError **error)
{
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_free);
  if (paths == NULL || paths[0] == NULL) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--key FILE is missing: whose signature is trusted?");
    return NULL;
  }
  for (; *paths != NULL; paths++) {
    Key *key = key_load_public(*paths, error);
    if (key == NULL)
      return NULL;
    g_ptr_array_add(keys, key);
  }
  return g_steal_pointer(&keys);
}

static gboolean
check_digest(const OciImage *image, const char *wanted, GError **error)
{
  Digest digest;
  char text[DIGEST_STRING_SIZE];
  if (wanted == NULL)
    return TRUE;
  if (!digest_from_string(wanted, &digest, error)) {
    (*error)->code = ASHLAR_ERROR_USAGE;
    return FALSE;
  }
  return digest_equal(&digest, &image->top.digest) ||
         refuse(error, "the image is %s, not %s", digest_to_string(&image->top.digest, text), wanted);
}

/* Names are taken from what the signature covers, never from index.json. */
static gboolean
check_annotation(const OciImage *image, const char *key, const char *what, const char *wanted, GError **error)
{
  const char *value = oci_image_annotation(image, key);
  if (wanted == NULL || g_strcmp0(value, wanted) == 0)
    return TRUE;
  g_autofree char *shown = printable(value);
  return value == NULL ? refuse(error, "the image does not say its %s, which should be '%s'", what, wanted)
                       : refuse(error, "the image's %s is '%s', not '%s'", what, shown, wanted);
}

static gboolean
check_signature(OciImage *image, const Options *options, GPtrArray *keys, guint *signer, GError **error)
{
  g_autoptr(GPtrArray) signatures = NULL;
  if (image->referrers != NULL && (signatures = image_signatures(image->blobs, image->referrers, error)) == NULL)
    return FALSE;
  VerifySpec spec = {
    .keys = (Key *const *)keys->pdata,
    .n_keys = keys->len,
    .reference = options->reference,
    .annotations = (const char *const *)options->annotations,
  };
  return image_verify_signature(image->blobs, signatures, &image->top.digest, &spec, signer, error);
}

static gboolean
check_all(const CommandContext *context, OciImage *image, const Options *options, GPtrArray *keys, CheckResult *checked,
          guint *signer, GError **error)
{
  return check_digest(image, options->digest, error) && oci_image_check(image, context->cancellable, checked, error) &&
         check_signature(image, options, keys, signer, error) &&
         check_annotation(image, OCI_ANNOTATION_TITLE, "name", options->name, error) &&
         check_annotation(image, OCI_ANNOTATION_VERSION, "version", options->version, error);
}

static void
print_text(const OciImage *image, const Key *key, const char *key_path, const CheckResult *checked)
{
  char text[DIGEST_STRING_SIZE];
  g_autofree char *name = printable(oci_image_annotation(image, OCI_ANNOTATION_TITLE));
  g_autofree char *version = printable(oci_image_annotation(image, OCI_ANNOTATION_VERSION));
  g_autofree char *size = g_format_size(checked->bytes);
  printf("name       %s\nversion    %s\n", name[0] != '\0' ? name : "-", version[0] != '\0' ? version : "-");
  printf("digest     %s\n", digest_to_string(&image->top.digest, text));
  printf("signed by  %s (%s)\n", digest_to_string(key_fingerprint(key), text), key_path);
  printf("checked    %" G_GUINT64_FORMAT " blobs (%s), %u layers\n", checked->blobs, size, checked->layers);
}

static void
print_json(const OciImage *image, const Key *key, const char *key_path, const CheckResult *checked)
{
  char digest[DIGEST_STRING_SIZE], fingerprint[DIGEST_STRING_SIZE];
  /* a file's name may be any bytes, JSON may not */
  g_autofree char *shown = g_utf8_make_valid(key_path, -1);
  json_auto_t *json =
    json_pack("{s:s?,s:s?,s:s,s:s,s:s,s:I,s:I,s:i}", "name", oci_image_annotation(image, OCI_ANNOTATION_TITLE), "version",
              oci_image_annotation(image, OCI_ANNOTATION_VERSION), "digest", digest_to_string(&image->top.digest, digest),
              "key", digest_to_string(key_fingerprint(key), fingerprint), "keyFile", shown, "blobs", (json_int_t)checked->blobs,
              "bytes", (json_int_t)checked->bytes, "layers", (int)checked->layers);
  g_autofree char *text = oci_json_dump(json);
  puts(text);
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  CheckResult checked;
  guint signer;
  g_autoptr(GPtrArray) keys = load_keys(options->keys, error);
  if (keys == NULL)
    return 1;
  g_autoptr(OciImage) image = oci_image_open(arguments[0], error);
  if (image == NULL || !check_all(context, image, options, keys, &checked, &signer, error)) {
    /* here what is malformed is refused, not merely unreadable */
    if (g_error_matches(*error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID))
      (*error)->code = ASHLAR_ERROR_VERIFY;
    return 1;
  }
  (options->json ? print_json : print_text)(image, keys->pdata[signer], options->keys[signer], &checked);
  return 0;
}

static const CommandExample examples[] = {
  {"Before it is loaded, that it is what was released:",
   "ashlar verify web-1.0.oci.tar --key release.key.pub --name web --version 1.0"},
  {NULL},
};

const Command command_verify = {
  .name = "verify",
  .summary = "check an image's digests and its signature",
  .arguments = "IMAGE",
  .description = "Hashes every blob, unpacks every layer and compares it with its diff ID, then checks that one of\n"
                 "the keys signed the image. Opens no socket. Exit status 3 with the reason when it is refused.",
  .examples = examples,
  .refused = "The image is damaged, is not what it should be, or was not signed by one of the keys.",
  .see_also = "sign|inspect",
  .min_arguments = 1,
  .max_arguments = 1,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
