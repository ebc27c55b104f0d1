/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/look/entry_text.h"
#include "builder/look/mtree.h"
#include "builder/oci/printable.h"
#include "signing/error.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  char *arch, *layer;
  gboolean digest, package, mtree, json;
} Options;

static const CommandOption options_table[] = {
  {"digest", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, digest), NULL, "the SHA-256 of each file's content too"},
  {"package", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, package), NULL, "the package that each file comes from too"},
  {"mtree", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, mtree), NULL, "as mtree(5), digests included, for bsdtar and others"},
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, json), NULL, "one JSON object a line"},
  {"layer", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, layer), "N", "this layer alone, counted from 0, whiteouts as they are"},
  {"arch", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, arch), "ARCH",
   "of an image for several: which (default: this machine's)"},
  {NULL, 0, 0, 0, NULL, NULL},
};

/* What is printed, and how wide the columns are. */
typedef struct {
  const Options *options;
  const Subject *subject;
  int package_width;
} Printer;

static const char *
package_name(const Printer *printer, const SubjectFile *file)
{
  const SubjectPackage *package = subject_package_of(printer->subject, file);
  return package != NULL ? package->name : file->package == SUBJECT_SHARED ? "(several)" : "-";
}

static void
print_text(const Printer *printer, const SubjectFile *file)
{
  const Entry *entry = &file->entry;
  char mode[ENTRY_MODE_SIZE], owner[24], size[24], hex[DIGEST_HEX_LENGTH + 1] = "-";
  g_autofree char *time = entry_time_text(entry->mtime);
  g_autofree char *path = printable(entry->path);
  g_autofree char *target = printable(entry->target);
  g_snprintf(owner, sizeof owner, "%u/%u", entry->uid, entry->gid);
  if (entry->type == ENTRY_CHAR || entry->type == ENTRY_BLOCK)
    g_snprintf(size, sizeof size, "%u,%u", entry->major, entry->minor);
  else
    g_snprintf(size, sizeof size, "%" G_GUINT64_FORMAT, entry->size);
  entry_mode_text(entry, mode);
  printf("%s %9s %10s %s ", mode, owner, size, time);
  if (file->has_digest)
    digest_to_hex(&entry->digest, hex);
  if (printer->options->digest)
    printf("%-*s ", DIGEST_HEX_LENGTH, hex);
  if (printer->options->package) {
    g_autofree char *package = printable(package_name(printer, file));
    printf("%-*s ", printer->package_width, package);
  }
  printf("/%s%s%s\n", path, entry->type == ENTRY_SYMLINK ? " -> " : entry->type == ENTRY_HARDLINK ? " link to /" : "", target);
}

static void
print_json(const Printer *printer, const SubjectFile *file)
{
  const Entry *entry = &file->entry;
  json_auto_t *json = json_object();
  char digest[DIGEST_STRING_SIZE];
  g_autofree char *path = g_strconcat("/", entry->path, NULL);
  json_object_set_new(json, "path", entry_json_string(path));
  json_object_set_new(json, "type", json_string(entry_type_word(entry->type)));
  json_object_set_new(json, "mode", json_sprintf("%04o", entry->mode));
  json_object_set_new(json, "uid", json_integer(entry->uid));
  json_object_set_new(json, "gid", json_integer(entry->gid));
  json_object_set_new(json, "size", json_integer((json_int_t)entry->size));
  json_object_set_new(json, "mtime", json_integer(entry->mtime));
  json_object_set_new(json, "layer", json_integer(file->layer));
  if (entry->target != NULL)
    json_object_set_new(json, "target", entry_json_string(entry->target));
  if (entry->type == ENTRY_CHAR || entry->type == ENTRY_BLOCK)
    json_object_set_new(json, "device", json_pack("[i,i]", (int)entry->major, (int)entry->minor));
  if (entry->n_xattrs > 0)
    json_object_set_new(json, "xattrs", entry_json_xattrs(entry));
  if (file->has_digest)
    json_object_set_new(json, "digest", json_string(digest_to_string(&entry->digest, digest)));
  const SubjectPackage *package = subject_package_of(printer->subject, file);
  if (package != NULL)
    json_object_set_new(json, "package", entry_json_string(package->name));
  g_autofree char *text = oci_json_dump(json);
  puts(text);
}

static void
print_mtree(const Printer *printer, const SubjectFile *file)
{
  mtree_print(stdout, file);
}

static gboolean
parse_layer(const char *text, SubjectOptions *options, GError **error)
{
  guint64 number = 0;
  if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT - 1, &number, NULL)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is not the number of a layer", text);
    return FALSE;
  }
  options->one_layer = text != NULL;
  options->layer = (guint)number;
  return TRUE;
}

static int
widest_package(const Printer *printer)
{
  gsize width = 1;
  for (guint i = 0; i < printer->subject->packages->len; i++)
    width = MAX(width, strlen(((const SubjectPackage *)printer->subject->packages->pdata[i])->name));
  return (int)MIN(width, 40);
}

static int
print_all(const Options *options, const Subject *subject, const char *path, GError **error)
{
  Printer printer = {.options = options, .subject = subject};
  printer.package_width = widest_package(&printer);
  guint first, n = subject_below(subject, path, &first);
  if (n == 0 && path[0] != '\0') {
    g_autofree char *shown = g_strescape(path, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "'/%s' is not in '%s'", shown, subject->label);
    return 1;
  }
  void (*print)(const Printer *, const SubjectFile *) = options->json ? print_json : options->mtree ? print_mtree : print_text;
  if (options->mtree)
    mtree_print_head(stdout);
  for (guint i = first; i < first + n; i++)
    print(&printer, subject->files->pdata[i]);
  return 0;
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  SubjectOptions looking = {
    .arch = options->arch,
    .hash = options->digest || options->mtree,
    .store_path = context->store_path,
    .cancellable = context->cancellable,
  };
  g_autofree char *path = arguments[1] != NULL ? entry_canonical_path(arguments[1], error) : g_strdup("");
  if (path == NULL || !parse_layer(options->layer, &looking, error))
    return 2;
  if (options->mtree && options->json) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--mtree and --json are two forms: give one");
    return 2;
  }
  g_autoptr(Subject) subject = subject_open(arguments[0], &looking, error);
  return subject != NULL ? print_all(options, subject, path, error) : 1;
}

const Command command_ls = {
  .name = "ls",
  .summary = "list the files of an image, layer, package, tar or folder",
  .arguments = "IMAGE [PATH]",
  .description = "Lists the filesystem that the layers make together, or PATH and what is below it: mode, owner and "
                 "group, size, time (UTC), path, and where a link leads.\n"
                 "\n"
                 "IMAGE is oci-archive:FILE[:TAG], oci:DIR[:TAG], or store:sha256:HEX for what lies in the store (an "
                 "image, a layer, a pack, a package; HEX may be cut short); or a path to an image, a tar in any usual "
                 "compression, a .deb, or a folder.\n"
                 "\n"
                 "A file's package is what dpkg's database in IMAGE says; '-' where none ships it, '(several)' where "
                 "more than one does.",
  .min_arguments = 1,
  .max_arguments = 2,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
