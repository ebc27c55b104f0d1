/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/twice/mismatch.h"
#include "builder/look/difference_config.h"
#include "builder/look/difference_print.h"
#include "builder/oci/printable.h"
#include "builder/sources/files_source.h"
#include "builder/twice/mismatch_content.h"
#include "builder/twice/same.h"
#include "rootfs/deb.h"

#include <stdarg.h>
#include <string.h>

/* So many bytes before and from the first that differs are shown. */
#define SHOWN_BEFORE 8
#define SHOWN 16

typedef struct {
  const MismatchOptions *options;
  OciImage *images[2];
  OciManifest *manifests[2]; /* the pair that is looked at */
  GString *text;
} Search;

static void tell(Search *search, const char *what, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
tell(Search *search, const char *what, const char *format, ...)
{
  va_list arguments;
  g_string_append_printf(search->text, "%s  %-8s ", search->text->len > 0 ? "\n" : "", what);
  va_start(arguments, format);
  g_string_append_vprintf(search->text, format, arguments);
  va_end(arguments);
}

/* ---- bytes ---- */

static void
tell_bytes(Search *search, const char *which, const GByteArray *bytes, gsize at)
{
  g_autoptr(GString) hex = g_string_new(NULL);
  g_autoptr(GString) plain = g_string_new(NULL);
  gsize from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0, to = MIN(at + SHOWN, bytes->len);
  for (gsize i = from; i < to; i++) {
    g_string_append_printf(hex, "%s%02x", i == at ? " >" : " ", bytes->data[i]);
    g_string_append_c(plain, g_ascii_isprint(bytes->data[i]) ? (char)bytes->data[i] : '.');
  }
  tell(search, which, "%s%s  |%s|", at >= bytes->len ? "ends here:" : "", hex->str, plain->str);
}

/* @of: "content", "member 'created'". */
static void
tell_content(Search *search, const char *of, const MismatchContent *content)
{
  const GuessWindow a = {content->first->data, content->first->len, content->at},
                    b = {content->second->data, content->second->len, content->at};
  tell(search, "byte", "%" G_GUINT64_FORMAT " of the %s is the first that differs (counted from 0)", content->offset, of);
  tell_bytes(search, "first", content->first, content->at);
  tell_bytes(search, "second", content->second, content->at);
  const char *guess = guess_bytes(&a, &b, &search->options->context);
  tell(search, "perhaps", "%s", guess != NULL ? guess : "nothing that is easily known by its bytes");
}

/* ---- where a member comes from ---- */

/* Whether the recipe's @path is @member (as Entry.path), or a folder above it. */
static gboolean
is_at_or_below(const Recipe *recipe, const char *path, const char *member)
{
  const char *relative = path + strspn(path, "/");
  g_autofree char *place = recipe->debian != NULL ? deb_merged_path(relative) : g_strdup(relative);
  gsize length = strlen(place);
  return length == 0 || (strncmp(member, place, length) == 0 && (member[length] == '\0' || member[length] == '/'));
}

/* The last entry of the recipe that makes it; NULL: none does. */
static const RecipeFile *
recipe_file_of(const Recipe *recipe, const char *member)
{
  for (guint i = recipe != NULL ? recipe->files->len : 0; i-- > 0;) {
    const RecipeFile *file = recipe->files->pdata[i];
    if (is_at_or_below(recipe, file->path, member))
      return file;
  }
  return NULL;
}

static void
tell_recipe_file(Search *search, const RecipeFile *file)
{
  const char *from = file->from != NULL  ? files_source_name(search->options->recipe, file->from)
                     : file->url != NULL ? file->url
                                         : "its content";
  g_autofree char *source = printable(from), *base = g_path_get_basename(file->place.file), *name = printable(base);
  tell(search, "from", "the recipe's files, %s:%u: %s", name, file->place.line, source);
}

/* The package that the whole image has it from. */
static gboolean
tell_package(Search *search, const char *member, GError **error)
{
  const SubjectOptions looking = {.cancellable = search->options->cancellable};
  g_autoptr(Subject) whole = subject_of_manifest(search->images[1], search->manifests[1], &looking, error);
  if (whole == NULL)
    return FALSE;
  const SubjectFile *file = subject_find(whole, member);
  const SubjectPackage *package = file != NULL ? subject_package_of(whole, file) : NULL;
  if (package == NULL)
    return TRUE;
  g_autofree char *name = printable(package->name), *version = printable(package->version);
  tell(search, "from", "package %s %s", name, version);
  return TRUE;
}

/* @contents: what the layer's history says it holds. */
static gboolean
tell_origin(Search *search, const char *contents, const char *member, GError **error)
{
  gboolean of_recipe = contents != NULL && strstr(contents, "files of the recipe") != NULL;
  const RecipeFile *file = of_recipe ? recipe_file_of(search->options->recipe, member) : NULL;
  gsize before = search->text->len;
  if (file != NULL)
    tell_recipe_file(search, file);
  else if (!tell_package(search, member, error))
    return FALSE;
  g_autofree char *shown = printable(contents);
  if (search->text->len == before && contents != NULL)
    tell(search, "from", "%s", shown);
  return TRUE;
}

/* ---- members of a layer ---- */

static gboolean
tell_member(Search *search, guint layer, const Difference *difference, GError **error)
{
  const DifferenceFile *file = difference->files->pdata[0];
  const SubjectFile *either = file->after != NULL ? file->after : file->before;
  gboolean both = file->before != NULL && file->after != NULL;
  g_assert(either != NULL);
  g_autofree char *path = difference_path(file), *what = both ? difference_describe(file) : difference_describe_file(either);
  tell(search, "member", "%s: %s%s", path,
       both                  ? ""
       : file->after != NULL ? "only in the second, "
                             : "only in the first, ",
       what);
  if (both && (file->what & DIFFERENCE_CONTENT) != 0 && (file->what & DIFFERENCE_TYPE) == 0) {
    g_auto(MismatchContent) content = {0};
    const char *member = either->entry.type == ENTRY_HARDLINK ? either->entry.target : either->entry.path;
    const MismatchLayer first = {search->images[0]->blobs, &search->manifests[0]->layers[layer].digest},
                        second = {search->images[1]->blobs, &search->manifests[1]->layers[layer].digest};
    if (!mismatch_content(&first, &second, member, search->options->cancellable, &content, error))
      return FALSE;
    tell_content(search, "content", &content);
  }
  const SubjectLayer *known = &g_array_index(difference->after->layers, SubjectLayer, 0);
  if (!tell_origin(search, known->created_by, either->entry.path, error))
    return FALSE;
  if (difference->files->len > 1)
    tell(search, "besides", "%u more of this layer", difference->files->len - 1);
  return TRUE;
}

/* One layer as it stands: not as an image's, whose other layers and configuration are no matter of it. */
static Subject *
read_layer(const Search *search, guint side, guint layer, GError **error)
{
  const SubjectOptions looking = {.one_layer = TRUE, .layer = layer, .hash = TRUE, .cancellable = search->options->cancellable};
  Subject *subject = subject_of_manifest(search->images[side], search->manifests[side], &looking, error);
  if (subject != NULL)
    subject->kind = SUBJECT_LAYER;
  return subject;
}

static gboolean
tell_layer(Search *search, guint i, GError **error)
{
  const OciManifest *before = search->manifests[0], *after = search->manifests[1];
  g_autoptr(Subject) a = read_layer(search, 0, i, error);
  g_autoptr(Subject) b = a != NULL ? read_layer(search, 1, i, error) : NULL;
  if (b == NULL)
    return FALSE;
  g_autofree char *contents = printable(g_array_index(b->layers, SubjectLayer, 0).created_by);
  tell(search, "layer", "%u of %u: %s", i + 1, after->n_layers, contents);
  g_autoptr(Difference) difference = difference_new(a, b, TRUE);
  if (difference->files->len > 0)
    return tell_member(search, i, difference, error);
  gboolean same_tar = before->diff_ids != NULL && after->diff_ids != NULL &&
                      digest_equal(&before->diff_ids[i], &after->diff_ids[i]);
  tell(search, "member", "%s",
       same_tar ? "none: the tar is the same, its compressed bytes are not"
                : "none: all are the same, in another order or form");
  return TRUE;
}

/* ---- manifests ---- */

static void
tell_texts(Search *search, const char *of, const char *before, const char *after)
{
  g_auto(MismatchContent) content = {0};
  mismatch_texts(before, strlen(before), after, strlen(after), &content);
  tell_content(search, of, &content);
}

static void
tell_json(Search *search, const char *of, json_t *before, json_t *after)
{
  g_autofree char *a = oci_json_dump(before), *b = oci_json_dump(after);
  tell(search, "in", "its %s", of);
  tell_texts(search, of, a, b);
}

/* A member of the configuration, or an annotation; *told: there was one. */
static gboolean
tell_configuration(Search *search, gboolean *told, GError **error)
{
  const SubjectOptions looking = {.without_layers = TRUE, .cancellable = search->options->cancellable};
  g_autoptr(Subject) a = subject_of_manifest(search->images[0], search->manifests[0], &looking, error);
  g_autoptr(Subject) b = a != NULL ? subject_of_manifest(search->images[1], search->manifests[1], &looking, error) : NULL;
  if (b == NULL)
    return FALSE;
  g_autoptr(GPtrArray) members = difference_config(a, b);
  *told = members->len > 0;
  if (!*told)
    return TRUE;
  const DifferenceMember *member = members->pdata[0];
  g_autofree char *name = printable(member->member), *of = g_strdup_printf("value of '%s'", name);
  tell(search, "in", "its configuration and annotations, '%s'", name);
  tell_texts(search, of, member->before != NULL ? member->before : "", member->after != NULL ? member->after : "");
  return TRUE;
}

/* The layers first: their digests stand in the configuration and the manifest, which differ when they do. */
static gboolean
tell_manifest(Search *search, GError **error)
{
  const OciManifest *before = search->manifests[0], *after = search->manifests[1];
  g_autofree char *platform = printable(after->descriptor.architecture);
  if (*platform != '\0')
    tell(search, "image", "for %s", platform);
  if (before->n_layers != after->n_layers) {
    tell(search, "layers", "%u in the first, %u in the second", before->n_layers, after->n_layers);
    return TRUE;
  }
  for (guint i = 0; i < after->n_layers; i++)
    if (!digest_equal(&before->layers[i].digest, &after->layers[i].digest))
      return tell_layer(search, i, error);
  gboolean told = FALSE;
  if (!tell_configuration(search, &told, error))
    return FALSE;
  if (told)
    return TRUE;
  if (!json_equal(before->config, after->config))
    tell_json(search, "configuration", before->config, after->config);
  else
    tell_json(search, "manifest", before->json, after->json);
  return TRUE;
}

static gboolean
tell_images(Search *search, GError **error)
{
  const GPtrArray *before = search->images[0]->manifests, *after = search->images[1]->manifests;
  if (before->len != after->len) {
    tell(search, "images", "%u in the first, %u in the second", before->len, after->len);
    return TRUE;
  }
  for (guint i = 0; i < after->len; i++) {
    search->manifests[0] = before->pdata[i];
    search->manifests[1] = after->pdata[i];
    if (!digest_equal(&search->manifests[0]->descriptor.digest, &search->manifests[1]->descriptor.digest))
      return tell_manifest(search, error);
  }
  if (!json_equal(search->images[0]->top_json, search->images[1]->top_json))
    tell_json(search, "index", search->images[0]->top_json, search->images[1]->top_json);
  return TRUE;
}

static gboolean
tell_tarballs(Search *search, const char *first, const char *second, GError **error)
{
  GMappedFile *a = g_mapped_file_new(first, FALSE, error), *b = a != NULL ? g_mapped_file_new(second, FALSE, error) : NULL;
  gboolean read = b != NULL;
  if (read) {
    g_auto(MismatchContent) content = {0};
    mismatch_texts(g_mapped_file_get_contents(a), g_mapped_file_get_length(a), g_mapped_file_get_contents(b),
                   g_mapped_file_get_length(b), &content);
    tell(search, "in", "the tarball itself: the image in it is the same");
    tell_content(search, "tarball", &content);
  }
  g_clear_pointer(&a, g_mapped_file_unref);
  g_clear_pointer(&b, g_mapped_file_unref);
  return read;
}

/* The images agree, and the files do not. */
static gboolean
tell_files(Search *search, const char *first, const char *second, GError **error)
{
  const Descriptor *a = search->images[0]->referrers, *b = search->images[1]->referrers;
  if ((a == NULL) != (b == NULL) || (a != NULL && b != NULL && !digest_equal(&a->digest, &b->digest))) {
    tell(search, "in", "what is attached to the image: the lock");
    return TRUE;
  }
  if (search->images[0]->folder) {
    tell(search, "in", "the folder: the image in it is the same");
    return TRUE;
  }
  return tell_tarballs(search, first, second, error);
}

static OciImage *
open_image(const char *path, GError **error)
{
  gboolean folder = g_file_test(path, G_FILE_TEST_IS_DIR);
  g_autofree char *spelling = g_strconcat(folder ? "oci:" : "oci-archive:", path, NULL);
  return oci_image_open(spelling, error);
}

gboolean
mismatch_find(const char *first, const char *second, const MismatchOptions *options, char **explanation, GError **error)
{
  gboolean same;
  *explanation = NULL;
  if (!same_bytes(first, second, &same, error) || same)
    return same;
  g_autoptr(OciImage) a = open_image(first, error);
  g_autoptr(OciImage) b = a != NULL ? open_image(second, error) : NULL;
  if (b == NULL)
    return FALSE;
  g_autoptr(GString) text = g_string_new(NULL);
  Search search = {.options = options, .images = {a, b}, .text = text};
  if (!tell_images(&search, error) || (text->len == 0 && !tell_files(&search, first, second, error)))
    return FALSE;
  *explanation = g_strdup(text->str);
  return TRUE;
}
