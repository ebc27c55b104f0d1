/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report_parts.h"
#include "builder/oci/sign.h"
#include "signing/cosign.h"

/* ---- what it is ---- */

static void
fact(Html *html, const char *term, const char *value)
{
  if (value == NULL)
    return;
  html_open(html, "div");
  html_leaf(html, "dt", term);
  html_leaf(html, "dd", value);
  html_close(html);
}

static void
digest_fact(Html *html, const char *term, const Digest *digest)
{
  char text[DIGEST_STRING_SIZE];
  html_open(html, "div", "class", "all");
  html_leaf(html, "dt", term);
  html_open(html, "dd");
  html_leaf(html, "code", digest_to_string(digest, text));
  html_close(html);
  html_close(html);
}

static char *
platform_of(const Subject *subject)
{
  const Descriptor *descriptor = subject->manifest != NULL ? &subject->manifest->descriptor : NULL;
  if (descriptor == NULL || descriptor->architecture == NULL)
    return NULL;
  return g_strdup_printf("%s/%s%s%s", descriptor->os, descriptor->architecture, descriptor->variant != NULL ? "/" : "",
                         descriptor->variant != NULL ? descriptor->variant : "");
}

static void
size_facts(Html *html, const Subject *subject)
{
  guint64 compressed = 0, unpacked = 0, files = 0;
  for (guint i = 0; i < subject->layers->len; i++)
    compressed += g_array_index(subject->layers, SubjectLayer, i).size;
  for (guint i = 0; i < subject->files->len; i++) {
    const SubjectFile *file = subject->files->pdata[i];
    files += file->entry.type != ENTRY_DIRECTORY;
    unpacked += file->entry.type == ENTRY_FILE ? file->entry.size : 0;
  }
  g_autofree char *unpacked_text = g_format_size(unpacked), *compressed_text = g_format_size(compressed);
  g_autofree char *files_text = report_count(files), *packages_text = report_count(subject->packages->len);
  g_autofree char *layers_text = report_count(subject->layers->len);
  fact(html, "Content", unpacked_text);
  if (compressed > 0)
    fact(html, "Compressed", compressed_text);
  fact(html, "Files", files_text);
  fact(html, "Packages", packages_text);
  if (subject->kind == SUBJECT_IMAGE)
    fact(html, "Layers", layers_text);
}

static void
digest_facts(Html *html, const Subject *subject)
{
  if (subject->image != NULL) {
    digest_fact(html, "Digest", &subject->image->top.digest);
    if (!digest_equal(&subject->image->top.digest, &subject->manifest->descriptor.digest))
      digest_fact(html, "Digest for this platform", &subject->manifest->descriptor.digest);
    digest_fact(html, "Image ID", &subject->manifest->config_descriptor.digest);
  } else if (subject->layers->len == 1 && g_array_index(subject->layers, SubjectLayer, 0).has_digest)
    digest_fact(html, "Digest", &g_array_index(subject->layers, SubjectLayer, 0).digest);
}

static void
signature_fact(Html *html, const GPtrArray *signatures)
{
  g_autofree char *text = signatures->len == 0 ? g_strdup("none") : g_strdup_printf("%u, not verified here", signatures->len);
  html_open(html, "div");
  html_leaf(html, "dt", "Signatures");
  html_open(html, "dd");
  html_leaf(html, "a", text, "href", "#signatures");
  html_close(html);
  html_close(html);
}

void
report_head(Html *html, const Subject *subject, const GPtrArray *signatures)
{
  g_autofree char *platform = platform_of(subject);
  const char *created = json_string_value(json_object_get(subject->config, "created"));
  html_open(html, "h1");
  html_text(html, report_title(subject));
  if (subject->version != NULL)
    html_leaf(html, "span", subject->version, "class", "version");
  html_close(html);
  if (subject->image != NULL && oci_image_annotation(subject->image, OCI_ANNOTATION_DESCRIPTION) != NULL)
    html_leaf(html, "p", oci_image_annotation(subject->image, OCI_ANNOTATION_DESCRIPTION), "class", "lead");
  html_open(html, "dl", "class", "facts");
  size_facts(html, subject);
  fact(html, "Platform", platform);
  fact(html, "Created", created);
  if (subject->image != NULL)
    signature_fact(html, signatures);
  digest_facts(html, subject);
  html_close(html);
}

/* ---- who signed it ---- */

static void
signature_line(Html *html, const char *term, const char *value)
{
  html_open(html, "tr");
  html_leaf(html, "th", term, "scope", "row");
  html_open(html, "td", "class", "wide values");
  html_leaf(html, "code", value);
  html_close(html);
  html_close(html);
}

static void
signature_table(Html *html, OciImage *image, const ImageSignature *signature)
{
  char key[DIGEST_STRING_SIZE], subject[DIGEST_STRING_SIZE];
  g_auto(CosignPayload) payload = {0};
  g_autoptr(GBytes) bytes = blobs_read(image->blobs, &signature->payload, LIMIT_PAYLOAD, NULL);
  gboolean good = bytes != NULL && cosign_payload_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &payload, NULL);
  g_autofree char *with = good && json_object_size(payload.optional) > 0 ? oci_json_dump(payload.optional) : NULL;
  report_table(html, NULL, "Signature", NULL, 0);
  signature_line(html, "By key", signature->has_key ? digest_to_string(&signature->key, key) : "it does not say");
  signature_line(html, "Of", digest_to_string(&signature->subject, subject));
  signature_line(html, "For", good ? payload.reference : "its payload cannot be read");
  if (with != NULL)
    signature_line(html, "With", with);
  report_table_end(html);
}

void
report_signatures(Html *html, const Subject *subject, const GPtrArray *signatures)
{
  if (subject->image == NULL)
    return;
  report_section(html, "signatures", "Signatures");
  if (signatures->len == 0)
    html_leaf(html, "p", "The image carries none.", "class", "note");
  else {
    html_leaf(html, "p",
              "What the image says of itself. Nothing here was verified: “ashlar verify” does that, with a key that you trust.",
              "class", "note");
    for (guint i = 0; i < signatures->len; i++)
      signature_table(html, subject->image, signatures->pdata[i]);
  }
  html_close(html);
}
