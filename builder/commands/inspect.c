/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/look/inspection.h"
#include "builder/oci/printable.h"
#include "signing/error.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  gboolean json, lock;
} Options;

static const CommandOption options_table[] = {
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, json), NULL, "one JSON object, with every package"},
  {"lock", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, lock), NULL, "only the lock file that it was built from, as it is"},
  {NULL, 0, 0, 0, NULL, NULL},
};

/* Names of packages told of one layer; --verbose tells all. */
#define NAMES_MAX 6

static void
print_member(const char *label, json_t *value)
{
  if (value == NULL)
    return;
  g_autofree char *dumped = json_is_string(value) ? NULL : oci_json_dump(value);
  g_autofree char *shown = printable(dumped != NULL ? dumped : json_string_value(value));
  printf("%-12s %s\n", label, shown);
}

static void
print_members(json_t *object, const char *const *names, guint n, const char *indent)
{
  for (guint i = 0; i < n; i++) {
    g_autofree char *label = g_strconcat(indent, names[i], NULL);
    print_member(label, json_object_get(object, names[i]));
  }
}

static char *
size_text(json_t *object, const char *key)
{
  return g_format_size((guint64)json_integer_value(json_object_get(object, key)));
}

/* ---- layers ---- */

/* What a layer holds, in the words of its history where there are any; else, or with @all, its packages. */
static void
print_packages(json_t *names, gboolean all)
{
  gsize n = json_array_size(names), shown = all ? n : MIN(n, NAMES_MAX);
  for (gsize i = 0; i < shown; i++) {
    g_autofree char *name = printable(json_string_value(json_array_get(names, i)));
    printf("%s%s", i > 0 ? ", " : "", name);
  }
  if (shown < n)
    printf(" and %" G_GSIZE_FORMAT " more", n - shown);
}

static void
print_layer(gsize number, json_t *layer, gboolean verbose)
{
  g_autofree char *size = size_text(layer, "size"), *unpacked = size_text(layer, "unpackedSize");
  const char *digest = json_string_value(json_object_get(layer, "digest"));
  json_t *holds = json_object_get(layer, "holds"), *names = json_object_get(layer, "packages");
  printf("  %5" G_GSIZE_FORMAT " %10s %10s %8" JSON_INTEGER_FORMAT "  %-19.19s  ", number, size, unpacked,
         json_integer_value(json_object_get(layer, "files")), digest != NULL ? digest : "-");
  if (holds != NULL) {
    g_autofree char *shown = printable(json_string_value(holds));
    fputs(shown, stdout);
  } else {
    print_packages(names, FALSE);
  }
  putchar('\n');
  if (verbose && json_array_size(names) > 0) {
    printf("%44s", "");
    print_packages(names, TRUE);
    putchar('\n');
  }
}

static void
print_contents(json_t *json, gboolean with_layers, gboolean verbose)
{
  g_autofree char *bytes = size_text(json, "bytes");
  json_int_t files = json_integer_value(json_object_get(json, "files"));
  gsize packages = json_array_size(json_object_get(json, "packages"));
  printf("  holds      %" JSON_INTEGER_FORMAT " file%s, %s; %" G_GSIZE_FORMAT " package%s\n", files, files == 1 ? "" : "s",
         bytes, packages, packages == 1 ? "" : "s");
  if (with_layers)
    puts("\n  layer       size   unpacked  members  digest               holds");
  gsize i;
  json_t *layer;
  json_array_foreach (json_object_get(json, "layers"), i, layer)
    if (with_layers)
      print_layer(i, layer, verbose);
}

/* ---- images ---- */

static void
print_manifest(json_t *manifest, gboolean verbose)
{
  putchar('\n');
  print_member("platform", json_object_get(manifest, "platform"));
  print_member("  digest", json_object_get(manifest, "digest"));
  print_member("  image ID", json_object_get(manifest, "imageID"));
  const char *key;
  json_t *value;
  json_object_foreach (json_object_get(manifest, "config"), key, value) {
    g_autofree char *shown = printable(key);
    g_autofree char *label = g_strdup_printf("  %s", shown);
    print_member(label, value);
  }
  print_contents(manifest, TRUE, verbose);
}

static void
print_lock(json_t *lock)
{
  if (json_is_null(lock)) {
    puts("no lock");
    return;
  }
  static const char *const members[] = {"digest", "date", "packages", "format"};
  print_member("lock", json_object_get(lock, "digest"));
  print_members(lock, members + 1, G_N_ELEMENTS(members) - 1, "  ");
}

static void
print_signatures(json_t *signatures)
{
  gsize i;
  json_t *item;
  if (json_array_size(signatures) == 0)
    puts("not signed");
  json_array_foreach (signatures, i, item) {
    print_member("signature of", json_object_get(item, "subject"));
    print_member("  by key", json_object_get(item, "key"));
    print_member("  for", json_object_get(item, "reference"));
    print_member("  with", json_object_get(item, "annotations"));
  }
}

static void
print_text(json_t *json, gboolean verbose)
{
  static const char *const members[] = {"kind", "name", "version", "created", "digest"};
  print_members(json, members, G_N_ELEMENTS(members), "");
  json_t *images = json_object_get(json, "images"), *item;
  if (images == NULL) {
    print_contents(json, strcmp(json_string_value(json_object_get(json, "kind")), "folder") != 0, verbose);
    return;
  }
  const char *key;
  json_object_foreach (json_object_get(json, "annotations"), key, item) {
    g_autofree char *shown = printable(key), *value = printable(json_string_value(item));
    printf("annotation   %s=%s\n", shown, value);
  }
  gsize i;
  json_array_foreach (images, i, item)
    print_manifest(item, verbose);
  putchar('\n');
  print_lock(json_object_get(json, "lock"));
  print_signatures(json_object_get(json, "signatures"));
}

/* ---- running ---- */

/* What cannot be read in its layers can be told of all the same, which is when people look. */
static Subject *
open_subject(const CommandContext *context, const char *spelling, SubjectOptions *looking, GError **error)
{
  GError *problem = NULL;
  Subject *subject = subject_open(spelling, looking, &problem);
  gboolean damaged = g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_INVALID) ||
                     g_error_matches(problem, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  if (damaged) {
    looking->without_layers = TRUE;
    subject = subject_open(spelling, looking, NULL);
    if (subject != NULL)
      progress_warn(context->progress, "%s", problem->message);
  }
  if (subject != NULL)
    g_clear_error(&problem);
  else
    g_propagate_error(error, problem);
  return subject;
}

static int
print_lock_text(const Subject *subject, GError **error)
{
  if (subject->image == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is a %s: only an image carries a lock", subject->label,
                subject_kind_name(subject->kind));
    return 2;
  }
  g_autoptr(GBytes) text = inspection_lock(subject->image, error);
  if (text == NULL)
    return 1;
  fwrite(g_bytes_get_data(text, NULL), 1, g_bytes_get_size(text), stdout);
  return 0;
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  SubjectOptions looking = {
    .store_path = context->store_path,
    .without_layers = options->lock,
    .cancellable = context->cancellable,
  };
  g_autoptr(Subject) subject = open_subject(context, arguments[0], &looking, error);
  if (subject == NULL)
    return 1;
  if (options->lock)
    return print_lock_text(subject, error);
  json_auto_t *json = inspection_of(subject, &looking, error);
  if (json == NULL)
    return 1;
  if (!options->json) {
    print_text(json, context->verbose);
    return 0;
  }
  g_autofree char *text = oci_json_dump(json);
  puts(text);
  return 0;
}

const Command command_inspect = {
  .name = "inspect",
  .summary = "show what an image is, holds, and who signed it",
  .arguments = "IMAGE",
  .description = "IMAGE is spelled as for 'ashlar ls', and may be a layer, package, tar or folder too. Of each layer it tells "
                 "the size, compressed and unpacked, how many members it has, and what it holds (--verbose: its packages). "
                 "Signatures are listed, not checked: 'ashlar verify' does that.",
  .see_also = "ls|diff|verify",
  .min_arguments = 1,
  .max_arguments = 1,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
