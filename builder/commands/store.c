/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "rootfs/sandbox_sweep.h"
#include "rootfs/store_cache.h"
#include "signing/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_FAULTS 3

static char *
human_size(guint64 bytes)
{
  return g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
}

/* Prints @result and drops it; FALSE when it could not be written. */
static gboolean
print_json(json_t *result, GError **error)
{
  gboolean done = json_dumpf(result, stdout, JSON_COMPACT | JSON_SORT_KEYS) == 0 && putchar('\n') != EOF;
  json_decref(result);
  if (!done)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "write to standard output");
  return done;
}

/* ---- store info ---- */

typedef struct {
  gboolean json;
} InfoOptions;

static const CommandOption info_options[] = {
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(InfoOptions, json), NULL, "the result as one JSON object"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static int
run_info(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const InfoOptions *options = data;
  StoreInfo info;
  g_autoptr(Store) store = store_open_waiting(context->store_path, context->cancellable, error);
  if (store == NULL || !store_info(store, &info, error))
    return EXIT_FAILURE;
  StoreCaches caches;
  store_caches_info(store, &caches);
  if (options->json) {
    /* a folder's name may be any bytes, JSON may not */
    g_autofree char *path = g_utf8_make_valid(store_path(store), -1);
    json_t *result = json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "path", path, "blobs", (json_int_t)info.blobs, "bytes",
                               (json_int_t)info.bytes, "actions", (json_int_t)info.actions, "partials",
                               (json_int_t)info.partials, "partial_bytes", (json_int_t)info.partial_bytes, "caches",
                               (json_int_t)caches.caches, "cache_bytes", (json_int_t)caches.bytes);
    return print_json(result, error) ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  g_autofree char *size = human_size(info.bytes);
  g_autofree char *partial_size = human_size(info.partial_bytes);
  g_autofree char *cache_size = human_size(caches.bytes);
  printf("path      %s\n", store_path(store));
  printf("blobs     %" G_GUINT64_FORMAT ", %s\n", info.blobs, size);
  printf("actions   %" G_GUINT64_FORMAT "\n", info.actions);
  printf("partial   %" G_GUINT64_FORMAT ", %s\n", info.partials, partial_size);
  printf("caches    %" G_GUINT64_FORMAT ", %s\n", caches.caches, cache_size);
  return EXIT_SUCCESS;
}

const Command command_store_info = {
  .name = "store info",
  .summary = "tell what the store holds",
  .see_also = "store verify|store gc",
  .options = info_options,
  .options_size = sizeof(InfoOptions),
  .run = run_info,
};

/* ---- store verify ---- */

typedef struct {
  gboolean json, repair;
} VerifyOptions;

static const CommandOption verify_options[] = {
  {"repair", 0, OPTION_FLAG, G_STRUCT_OFFSET(VerifyOptions, repair), NULL, "remove what is damaged, so that it is made again"},
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(VerifyOptions, json), NULL, "the result as one JSON object"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static void
append_fault(const char *message, gpointer faults)
{
  g_autofree char *shown = g_utf8_make_valid(message, -1);
  json_array_append_new(faults, json_string(shown));
}

static void
print_fault(const char *message, gpointer data)
{
  puts(message);
}

static int
run_verify(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const VerifyOptions *options = data;
  guint64 checked, faults;
  g_autoptr(Store) store = store_open_waiting(context->store_path, context->cancellable, error);
  if (store == NULL)
    return EXIT_FAILURE;
  json_t *list = json_array();
  gboolean done = store_verify(store, options->repair, options->json ? append_fault : print_fault, list, &checked, &faults,
                               context->cancellable, error);
  if (done && options->json)
    done = print_json(
      json_pack("{s:I,s:O,s:b}", "checked", (json_int_t)checked, "faults", list, "repaired", options->repair && faults > 0),
      error);
  else if (done)
    printf("%" G_GUINT64_FORMAT " checked, %" G_GUINT64_FORMAT " faults%s\n", checked, faults,
           options->repair && faults > 0 ? "; what was damaged is removed" : "");
  json_decref(list);
  if (!done)
    return EXIT_FAILURE;
  return faults > 0 ? EXIT_FAULTS : EXIT_SUCCESS;
}

static const CommandExample verify_examples[] = {
  {"Throw away what a failing disk damaged; the next build makes it anew:", "ashlar store verify --repair"},
  {NULL},
};

const Command command_store_verify = {
  .name = "store verify",
  .summary = "check every blob of the store against its digest",
  .description = "Each fault is a line on standard output; the exit status is 3 when there was one, repaired or not.",
  .examples = verify_examples,
  .refused = "The store holds something damaged, or held it before --repair.",
  .see_also = "store info|store gc",
  .options = verify_options,
  .options_size = sizeof(VerifyOptions),
  .run = run_verify,
};

/* ---- store gc ---- */

typedef struct {
  char *max_size, *caches;
  gboolean wait, json;
} GcOptions;

static const CommandOption gc_options[] = {
  {"max-size", 0, OPTION_STRING, G_STRUCT_OFFSET(GcOptions, max_size), "SIZE", "what blobs may take: 500M, 2G, 0 (required)"},
  {"caches", 0, OPTION_STRING, G_STRUCT_OFFSET(GcOptions, caches), "SIZE",
   "what the steps' caches may take (default: --max-size)", NULL, "Apart from the blobs. A cache is removed whole."},
  {"wait", 0, OPTION_FLAG, G_STRUCT_OFFSET(GcOptions, wait), NULL, "wait for the builds that use the store", NULL,
   "Without it, it fails where there are such."},
  {"json", 0, OPTION_FLAG, G_STRUCT_OFFSET(GcOptions, json), NULL, "the result as one JSON object"},
  {NULL, 0, 0, 0, NULL, NULL},
};

/* Digits and perhaps one of K M G T, powers of 1024. */
static gboolean
parse_size(const char *text, guint64 *out, GError **error)
{
  static const char units[] = "KMGT";
  gsize length = strlen(text);
  const char *unit = length > 1 ? strchr(units, g_ascii_toupper(text[length - 1])) : NULL;
  guint shift = unit != NULL ? 10 * (guint)(unit - units + 1) : 0;
  g_autofree char *digits = g_strndup(text, unit != NULL ? length - 1 : length);
  guint64 number;
  if (g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT64 >> shift, &number, NULL)) {
    *out = number << shift;
    return TRUE;
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "'%s' is no size\nhint: a number and K, M, G or T: 500M, 2G", text);
  return FALSE;
}

static int
run_gc(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const GcOptions *options = data;
  guint64 max, caches_max;
  StoreGc result;
  StoreCaches caches;
  if (options->max_size == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "--max-size is missing\nhint: 'ashlar store gc --max-size 2G'");
    return EXIT_FAILURE;
  }
  if (!parse_size(options->max_size, &max, error) ||
      !parse_size(options->caches != NULL ? options->caches : options->max_size, &caches_max, error))
    return EXIT_FAILURE;
  g_autoptr(Store) store = store_open_waiting(context->store_path, context->cancellable, error);
  if (store == NULL || !store_gc(store, max, options->wait, &result, context->cancellable, error) ||
      !store_caches_gc(store, caches_max, &caches, context->cancellable, error))
    return EXIT_FAILURE;
  sandbox_sweep(store, TRUE);
  if (options->json) {
    json_t *object = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "removed_blobs", (json_int_t)result.removed_blobs,
                               "removed_bytes", (json_int_t)result.removed_bytes, "removed_actions",
                               (json_int_t)result.removed_actions, "kept_bytes", (json_int_t)result.kept_bytes,
                               "removed_caches", (json_int_t)caches.removed_caches, "removed_cache_bytes",
                               (json_int_t)caches.removed_bytes, "kept_cache_bytes", (json_int_t)caches.bytes);
    return print_json(object, error) ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  g_autofree char *removed = human_size(result.removed_bytes);
  g_autofree char *kept = human_size(result.kept_bytes);
  printf("removed %" G_GUINT64_FORMAT " blobs (%s) and %" G_GUINT64_FORMAT " actions, kept %s\n", result.removed_blobs, removed,
         result.removed_actions, kept);
  g_autofree char *removed_caches = human_size(caches.removed_bytes), *kept_caches = human_size(caches.bytes);
  if (caches.caches + caches.removed_caches > 0)
    printf("removed %" G_GUINT64_FORMAT " caches (%s), kept %s of caches\n", caches.removed_caches, removed_caches,
           kept_caches);
  return EXIT_SUCCESS;
}

static const CommandExample gc_examples[] = {
  {"Before a CI system keeps the store for the next run:", "ashlar store gc --max-size 2G"},
  {NULL},
};

const Command command_store_gc = {
  .name = "store gc",
  .summary = "forget what was used longest ago",
  .description = "Removes blobs, and the memory of the actions that made them, from the one used longest ago on, until the\n"
                 "rest takes at most --max-size. What is removed is made or fetched again when it is needed. The steps'\n"
                 "caches are removed likewise, but for those in use, and with them what --keep-on-error left.",
  .examples = gc_examples,
  .see_also = "store info|store verify",
  .options = gc_options,
  .options_size = sizeof(GcOptions),
  .run = run_gc,
};
