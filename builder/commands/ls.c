/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/oci/listing.h"
#include "builder/oci/printable.h"
#include "signing/error.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  char *arch, *layer;
  gboolean json;
} Options;

static const CommandOption options_table[] = {
  {"arch", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, arch), "ARCH",
   "of an image for several: which (default: this machine's)"},
  {"layer", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, layer), "N", "this layer alone, counted from 0"},
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, json), NULL, "one JSON object a line"},
  {NULL, 0, 0, 0, NULL, NULL},
};

/* By EntryType: the letter of ls, the word of --json. */
static const struct {
  char letter;
  const char *word;
} types[] = {{'-', "file"},  {'-', "hardlink"},  {'l', "symlink"}, {'c', "char"},
             {'b', "block"}, {'d', "directory"}, {'p', "fifo"}};

static void
mode_text(const Entry *entry, char text[11])
{
  static const char letters[] = "rwxrwxrwx";
  text[0] = types[entry->type].letter;
  for (int i = 0; i < 9; i++)
    text[1 + i] = entry->mode & (0400u >> i) ? letters[i] : '-';
  if (entry->mode & 04000)
    text[3] = text[3] == 'x' ? 's' : 'S';
  if (entry->mode & 02000)
    text[6] = text[6] == 'x' ? 's' : 'S';
  if (entry->mode & 01000)
    text[9] = text[9] == 'x' ? 't' : 'T';
  text[10] = '\0';
}

static char *
time_text(gint64 mtime)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(mtime);
  return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup_printf("%" G_GINT64_FORMAT, mtime);
}

static void
print_text(const Entry *entry)
{
  char mode[11];
  g_autofree char *owner = g_strdup_printf("%u/%u", entry->uid, entry->gid);
  g_autofree char *size = entry->type == ENTRY_CHAR || entry->type == ENTRY_BLOCK
                            ? g_strdup_printf("%u,%u", entry->major, entry->minor)
                            : g_strdup_printf("%" G_GUINT64_FORMAT, entry->size);
  g_autofree char *time = time_text(entry->mtime);
  g_autofree char *path = printable(entry->path);
  g_autofree char *target = printable(entry->target);
  mode_text(entry, mode);
  printf("%s %9s %10s %s /%s%s%s\n", mode, owner, size, time, path,
         entry->type == ENTRY_SYMLINK    ? " -> "
         : entry->type == ENTRY_HARDLINK ? " link to /"
                                         : "",
         target);
}

static json_t *
json_text(const char *text)
{
  /* names that are no UTF-8, which JSON cannot hold, are told as they are shown */
  g_autofree char *shown = g_utf8_validate(text, -1, NULL) ? g_strdup(text) : printable(text);
  return json_string(shown);
}

static void
print_json(const ListingEntry *item)
{
  const Entry *entry = &item->entry;
  json_auto_t *json = json_object();
  g_autofree char *path = g_strconcat("/", entry->path, NULL);
  json_object_set_new(json, "path", json_text(path));
  json_object_set_new(json, "type", json_string(types[entry->type].word));
  json_object_set_new(json, "mode", json_sprintf("%04o", entry->mode));
  json_object_set_new(json, "uid", json_integer(entry->uid));
  json_object_set_new(json, "gid", json_integer(entry->gid));
  json_object_set_new(json, "size", json_integer((json_int_t)entry->size));
  json_object_set_new(json, "mtime", json_integer(entry->mtime));
  json_object_set_new(json, "layer", json_integer(item->layer));
  if (entry->target != NULL)
    json_object_set_new(json, "target", json_text(entry->target));
  g_autofree char *text = oci_json_dump(json);
  puts(text);
}

static gboolean
parse_layer(const char *text, guint *layer, GError **error)
{
  guint64 number;
  *layer = LISTING_ALL_LAYERS;
  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned(text, 10, 0, OCI_LAYERS_MAX, &number, NULL)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is not the number of a layer", text);
    return FALSE;
  }
  *layer = (guint)number;
  return TRUE;
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  guint layer;
  g_autofree char *path = arguments[1] != NULL ? entry_canonical_path(arguments[1], error) : g_strdup("");
  if (path == NULL || !parse_layer(options->layer, &layer, error))
    return 2;
  g_autoptr(OciImage) image = oci_image_open(arguments[0], error);
  if (image == NULL)
    return 1;
  OciManifest *manifest = oci_image_manifest(image, options->arch, error);
  if (manifest == NULL)
    return 1;
  g_autoptr(Listing) listing = listing_new(image, manifest, layer, context->cancellable, error);
  if (listing == NULL)
    return 1;
  g_autoptr(GPtrArray) entries = listing_below(listing, path);
  if (entries->len == 0 && path[0] != '\0') {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "'%s' is not in the image", arguments[1]);
    return 1;
  }
  for (guint i = 0; i < entries->len; i++) {
    const ListingEntry *item = entries->pdata[i];
    if (options->json)
      print_json(item);
    else
      print_text(&item->entry);
  }
  return 0;
}

const Command command_ls = {
  .name = "ls",
  .summary = "list the files of an image",
  .arguments = "IMAGE [PATH]",
  .description = "Lists the filesystem that the layers make together, or PATH and what is below it: mode, owner and\n"
                 "group, size, time (UTC), path, and where a link leads.",
  .min_arguments = 1,
  .max_arguments = 2,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
