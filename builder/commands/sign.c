/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/oci/check.h"
#include "builder/oci/layout.h"
#include "builder/oci/sign.h"
#include "signing/error.h"
#include "signing/passphrase.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  char *key, *passphrase_fd, *reference, *output;
  char **annotations;
} Options;

static const CommandOption options_table[] = {
  {"key", 'k', OPTION_STRING, G_STRUCT_OFFSET(Options, key), "FILE", "the private key to sign with"},
  {"passphrase-fd", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, passphrase_fd), "N", "read its passphrase from descriptor N"},
  {"reference", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, reference), "NAME",
   "the repository it is meant for (REGISTRY/REPO)"},
  {"annotation", 'a', OPTION_STRINGS, G_STRUCT_OFFSET(Options, annotations), "KEY=VALUE", "sign this along; may be repeated"},
  {"output", 'o', OPTION_STRING, G_STRUCT_OFFSET(Options, output), "FILE", "write there instead of over IMAGE"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static Key *
load_key(const CommandContext *context, const Options *options, GError **error)
{
  PassphraseSource source = {.fd = -1, .cancellable = context->cancellable};
  if (options->key == NULL) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--key FILE is missing\nhint: 'ashlar keygen FILE' makes one");
    return NULL;
  }
  if (options->passphrase_fd != NULL && !passphrase_parse_fd(options->passphrase_fd, &source.fd, error))
    return NULL;
  return key_load_private(options->key, passphrase_ask, &source, error);
}

static gboolean
check_options(const Options *options, const OciImage *image, GError **error)
{
  for (char **pair = options->annotations; pair != NULL && *pair != NULL; pair++)
    if (strchr(*pair, '=') == NULL || **pair == '=' || !g_utf8_validate(*pair, -1, NULL)) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--annotation wants KEY=VALUE, not '%s'", *pair);
      return FALSE;
    }
  if (options->reference != NULL && (options->reference[0] == '\0' || !g_utf8_validate(options->reference, -1, NULL))) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--reference wants the name of a repository: REGISTRY/REPO");
    return FALSE;
  }
  if (image->n_entries > 1 && options->output == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE,
                "'%s' holds %u images, and would hold this one alone afterwards\nhint: give --output PATH", image->path,
                image->n_entries);
    return FALSE;
  }
  return TRUE;
}

/* REGISTRY/REPO of what index.json calls the image, without the tag; else of its title (transfer full). */
static char *
default_reference(const OciImage *image, GError **error)
{
  const char *full = json_string_value(json_object_get(image->top.annotations, CONTAINERD_ANNOTATION_NAME));
  const char *title = oci_image_annotation(image, OCI_ANNOTATION_TITLE);
  if (full != NULL) {
    const char *colon = strrchr(full, ':');
    return colon != NULL && strchr(colon, '/') == NULL ? g_strndup(full, (gsize)(colon - full)) : g_strdup(full);
  }
  if (title != NULL)
    return oci_repository(title);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' does not say what it is called\nhint: give --reference NAME",
              image->path);
  return NULL;
}

/* The time that the tarball's members have, so that a tarball signed later is the one that was signed when it was built. */
static gint64
image_epoch(const OciImage *image)
{
  const char *created = oci_image_annotation(image, OCI_ANNOTATION_CREATED);
  if (image->mtime >= 0 || created == NULL)
    return MAX(image->mtime, 0);
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(created, NULL);
  return time != NULL ? g_date_time_to_unix(time) : 0;
}

static gboolean
write_signed(const CommandContext *context, const Options *options, OciImage *image, const Descriptor *referrers,
             GError **error)
{
  const char *path = options->output != NULL ? options->output : image->path;
  ArchiveSpec spec = {.top = &image->top, .referrers = referrers, .epoch = image_epoch(image)};
  if (image->folder)
    return layout_write(path, &spec, image->blobs, context->cancellable, error);
  return archive_write(path, &spec, image->blobs, context->cancellable, NULL, NULL, error);
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  g_auto(Descriptor) referrers = {0};
  CheckResult checked;
  char text[DIGEST_STRING_SIZE];
  g_autoptr(OciImage) image = oci_image_open(arguments[0], error);
  if (image == NULL || !check_options(options, image, error))
    return 1;
  g_autofree char *reference = options->reference != NULL ? g_strdup(options->reference) : default_reference(image, error);
  /* what is signed is looked at first: a signature over a damaged image would vouch for it */
  if (reference == NULL || !oci_image_check(image, context->cancellable, &checked, error))
    return 1;
  g_autoptr(Key) key = load_key(context, options, error);
  if (key == NULL)
    return 1;
  SignSpec spec = {.key = key, .reference = reference, .annotations = (const char *const *)options->annotations};
  if (!image_sign(image->blobs, &image->top, image->referrers, &spec, &referrers, error) ||
      !write_signed(context, options, image, &referrers, error))
    return 1;
  printf("digest     %s\n", digest_to_string(&image->top.digest, text));
  printf("reference  %s\n", reference);
  printf("signed by  %s\n", digest_to_string(key_fingerprint(key), text));
  return 0;
}

static const CommandExample examples[] = {
  {"Sign for the repository that it will be pushed to:",
   "ashlar sign web-1.0.oci.tar --key release.key --reference registry.example.com/web"},
  {NULL},
};

const Command command_sign = {
  .name = "sign",
  .summary = "sign an image; its digest stays what it is",
  .arguments = "IMAGE",
  .description = "Adds a signature in cosign's form to the tarball or layout folder IMAGE (written anew, whole or\n"
                 "not at all), over its manifest, or over its index and each manifest in it. Signing again with the\n"
                 "same key changes nothing. The passphrase of a sealed key comes from --passphrase-fd,\n"
                 "$" PASSPHRASE_VARIABLE " or the terminal, in this order.",
  .examples = examples,
  .see_also = "keygen|verify|build",
  .min_arguments = 1,
  .max_arguments = 1,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
