/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/difference_print.h"
#include "builder/oci/printable.h"

#include <string.h>

/* Further files are a number, unless all are asked for. */
#define FILES_MAX 50

/* ---- both sides ---- */

static void
print_side(FILE *out, const char *word, const Subject *subject)
{
  char text[DIGEST_STRING_SIZE];
  g_autofree char *label = printable(subject->label);
  fprintf(out, "%-7s %s", word, label);
  if (subject->image != NULL)
    fprintf(out, "  %s", digest_to_string(&subject->image->top.digest, text));
  fputc('\n', out);
}

/* ---- files ---- */

static void
print_file(FILE *out, const DifferenceFile *file, const char *indent, gboolean with_package)
{
  g_autofree char *path = difference_path(file);
  g_autofree char *what = file->before != NULL && file->after != NULL
                            ? difference_describe(file)
                            : difference_describe_file(file->after != NULL ? file->after : file->before);
  fprintf(out, "%s%c %s  %s", indent, difference_mark(file->before, file->after), path, what);
  if (with_package && file->package != NULL) {
    g_autofree char *package = printable(file->package->after->name);
    fprintf(out, "  (of %s)", package);
  }
  fputc('\n', out);
}

static void
print_files(FILE *out, const Difference *difference, gboolean verbose)
{
  guint told = 0;
  if (difference->files->len == 0)
    return;
  g_autofree char *counts = difference_describe_count(&difference->file_count, NULL);
  fprintf(out, "\nfiles: %s", counts);
  if (difference->explained > 0)
    fprintf(out, "; %u of them with the packages above", difference->explained);
  fputc('\n', out);
  for (guint i = 0; i < difference->files->len; i++) {
    const DifferenceFile *file = difference->files->pdata[i];
    if (!difference_is_told(file->package) && (told++ < FILES_MAX || verbose))
      print_file(out, file, "  ", TRUE);
  }
  if (told > FILES_MAX && !verbose)
    fprintf(out, "  ... and %u more (--verbose lists them)\n", told - FILES_MAX);
}

/* ---- packages ---- */

static void
print_package(FILE *out, const DifferencePackage *package)
{
  const SubjectPackage *before = package->before, *after = package->after;
  g_autofree char *name = printable(difference_latest(package)->name);
  g_autofree char *files = difference_describe_count(&package->files, "file");
  g_autofree char *growth = difference_describe_growth(package->bytes);
  fprintf(out, "  %c %s ", difference_mark(before, after), name);
  if (before != NULL && after != NULL) {
    gboolean versions = package->order != 0 || strcmp(before->version, after->version) != 0;
    g_autofree char *a = printable(versions ? before->version : before->architecture);
    g_autofree char *b = printable(versions ? after->version : after->architecture);
    fprintf(out, "%s -> %s (%s; ", a, b, difference_direction(package));
  } else {
    g_autofree char *version = printable(difference_latest(package)->version);
    fprintf(out, "%s (", version);
  }
  fprintf(out, "%s%s%s)\n", files, *growth != '\0' ? ", " : "", growth);
}

static void
print_packages(FILE *out, const Difference *difference, gboolean verbose)
{
  const DifferenceCount *count = &difference->package_count;
  if (count->added + count->removed + count->changed == 0)
    return;
  g_autofree char *counts = difference_describe_count(count, NULL);
  fprintf(out, "\npackages: %s\n", counts);
  for (guint i = 0; i < difference->packages->len; i++) {
    const DifferencePackage *package = difference->packages->pdata[i];
    if (!difference_is_told(package))
      continue;
    print_package(out, package);
    for (guint j = 0; verbose && j < package->list->len; j++)
      print_file(out, package->list->pdata[j], "      ", FALSE);
  }
}

/* ---- images ---- */

static void
print_members(FILE *out, const Difference *difference)
{
  if (difference->members->len > 0)
    fputs("\nconfiguration:\n", out);
  for (guint i = 0; i < difference->members->len; i++) {
    const DifferenceMember *member = difference->members->pdata[i];
    g_autofree char *name = printable(member->member), *before = printable(member->before), *after = printable(member->after);
    gboolean both = member->before != NULL && member->after != NULL;
    fprintf(out, "  %c %s: %s%s%s\n", difference_mark(member->before, member->after), name, before, both ? " -> " : "", after);
  }
}

static void
print_layer(FILE *out, char mark, const SubjectLayer *layer)
{
  char text[DIGEST_STRING_SIZE];
  g_autofree char *size = g_format_size(layer->size), *holds = printable(layer->created_by);
  fprintf(out, "  %c %.19s %9s  %s\n", mark, digest_to_string(&layer->digest, text), size, holds);
}

static void
print_layers(FILE *out, const Difference *difference)
{
  const DifferencePull *pull = &difference->pull;
  const GArray *before = difference->before->layers, *after = difference->after->layers;
  fprintf(out, "\nlayers: %u shared, %u new, %u gone\n", difference->shared_layers, pull->layers, difference->removed_layers);
  for (guint i = 0; i < before->len; i++) {
    const SubjectLayer *layer = &g_array_index(before, SubjectLayer, i);
    if (!difference_has_layer(difference->after, &layer->digest))
      print_layer(out, '-', layer);
  }
  for (guint i = 0; i < after->len; i++) {
    const SubjectLayer *layer = &g_array_index(after, SubjectLayer, i);
    if (!difference_has_layer(difference->before, &layer->digest))
      print_layer(out, '+', layer);
  }
  g_autofree char *layers = g_format_size(pull->layer_bytes), *metadata = g_format_size(pull->metadata_bytes);
  fprintf(out, "to pull: %s in %u layer%s, %s of manifest and configuration\n", layers, pull->layers,
          pull->layers == 1 ? "" : "s", metadata);
  if (pull->has_chunks) {
    g_autofree char *chunks = g_format_size(pull->chunk_bytes);
    fprintf(out, "to pull file by file (zstd:chunked): %s\n", chunks);
  }
}

void
difference_print_text(FILE *out, const Difference *difference, gboolean verbose)
{
  print_side(out, "before", difference->before);
  print_side(out, "after", difference->after);
  if (!difference_is_any(difference)) {
    fputs("\nno difference\n", out);
    return;
  }
  print_packages(out, difference, verbose);
  print_files(out, difference, verbose);
  print_members(out, difference);
  if (difference->are_images)
    print_layers(out, difference);
}
