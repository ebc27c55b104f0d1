/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report.h"
#include "builder/look/report_assets.h"
#include "builder/look/report_parts.h"
#include "builder/oci/sign.h"

#include <string.h>

static const char program[] = "ashlar " ASHLAR_VERSION;

const char *
report_title(const Subject *subject)
{
  return subject->name != NULL ? subject->name : subject_kind_name(subject->kind);
}

/* ---- the page's frame ---- */

/* "'sha256-BASE64'": what a content security policy allows (CSP level 3, section 2.3.1) (transfer full). */
static char *
policy_hash(const char *text)
{
  Digest digest;
  digest_of(text, strlen(text), &digest);
  g_autofree char *base64 = g_base64_encode(digest.bytes, DIGEST_SIZE);
  return g_strdup_printf("'sha256-%s'", base64);
}

static void
head(Html *html, const Subject *subject)
{
  g_autofree char *style = policy_hash(report_css), *script = policy_hash(report_js);
  g_autofree char *policy =
    g_strdup_printf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", style, script);
  html_open(html, "head");
  html_void(html, "meta", "charset", "utf-8");
  html_void(html, "meta", "http-equiv", "Content-Security-Policy", "content", policy);
  html_void(html, "meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
  html_void(html, "meta", "name", "color-scheme", "content", "light dark");
  html_void(html, "meta", "name", "referrer", "content", "no-referrer");
  html_void(html, "meta", "name", "generator", "content", program);
  html_open(html, "title");
  html_printf(html, "%s%s%s: report", report_title(subject), subject->version != NULL ? " " : "",
              subject->version != NULL ? subject->version : "");
  html_close(html);
  html_verbatim(html, "style", report_css);
  html_close(html);
}

static void
link_to(Html *html, const char *id, const char *title, gboolean there)
{
  g_autofree char *target = g_strconcat("#", id, NULL);
  if (!there)
    return;
  html_open(html, "li");
  html_leaf(html, "a", title, "href", target);
  html_close(html);
}

static void
navigation(Html *html, const ReportSpec *spec)
{
  gboolean image = spec->subject->image != NULL;
  html_open(html, "nav", "aria-label", "Sections");
  html_open(html, "ul");
  link_to(html, "space", "Space", TRUE);
  link_to(html, "layers", "Layers", image);
  link_to(html, "packages", "Packages", spec->subject->packages->len > 0);
  link_to(html, "files", "Files", TRUE);
  link_to(html, "timeline", "Build", spec->timeline != NULL);
  link_to(html, "config", "Configuration", image);
  link_to(html, "signatures", "Signatures", image);
  html_close(html);
  html_close(html);
}

static void
body(Html *html, const ReportSpec *spec, const GPtrArray *signatures)
{
  html_open(html, "body");
  html_open(html, "header");
  report_head(html, spec->subject, signatures);
  navigation(html, spec);
  html_close(html);
  html_open(html, "main");
  report_space(html, spec->subject);
  report_layers(html, spec->subject);
  report_packages(html, spec->subject);
  report_files(html, spec->subject);
  report_timeline(html, spec->timeline);
  report_config(html, spec->subject);
  report_signatures(html, spec->subject, signatures);
  html_close(html);
  html_open(html, "footer");
  html_printf(html, "Made by %s. This page loads nothing.", program);
  html_close(html);
  html_verbatim(html, "script", report_js);
  html_close(html);
}

static GPtrArray *
read_signatures(const Subject *subject, GError **error)
{
  if (subject->image == NULL || subject->image->referrers == NULL)
    return g_ptr_array_new();
  return image_signatures(subject->image->blobs, subject->image->referrers, error);
}

char *
report_page(const ReportSpec *spec, gsize *length, GError **error)
{
  g_autoptr(GPtrArray) signatures = read_signatures(spec->subject, error);
  if (signatures == NULL)
    return NULL;
  g_autoptr(Html) html = html_new();
  html_open(html, "html", "lang", "en");
  head(html, spec->subject);
  body(html, spec, signatures);
  html_close(html);
  return html_finish(html, length);
}

char *
report_file_name(const Subject *subject)
{
  const Descriptor *descriptor = subject->manifest != NULL ? &subject->manifest->descriptor : NULL;
  gboolean one_of_several = descriptor != NULL && descriptor->architecture != NULL && subject->image->manifests->len > 1;
  g_autoptr(GString) name = g_string_new(report_title(subject));
  if (subject->version != NULL)
    g_string_append_printf(name, "-%s", subject->version);
  if (one_of_several)
    g_string_append_printf(name, "-%s", descriptor->architecture);
  /* a name is foreign: nothing of it may lead to another folder, or hide the file */
  g_autofree char *safe = oci_tag(name->str);
  return g_strconcat(safe, ".report.html", NULL);
}
