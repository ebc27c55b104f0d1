/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/files.h"
#include "builder/sources/files_bind.h"
#include "builder/sources/files_source.h"
#include "signing/error.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Which entry of the recipe has a path: files count from 0, links after them. The last one wins. */
typedef struct {
  guint owner;
  EntryType type;
} Claim;

typedef struct {
  const Recipe *recipe;
  GHashTable *claims; /* path -> Claim; only ever looked up */
  GPtrArray *paths;   /* the same paths in the order they were first claimed */
  PackWriter *writer;
  GCancellable *cancellable;
  guint number; /* of the recipe's entry that is being walked */
} Plan;

static const RecipePlace *
place_of(const Recipe *recipe, guint number)
{
  if (number < recipe->files->len)
    return &((const RecipeFile *)g_ptr_array_index(recipe->files, number))->place;
  return &((const RecipeLink *)g_ptr_array_index(recipe->links, number - recipe->files->len))->place;
}

static Entry
link_entry(const RecipeLink *link, const char *path, gint64 epoch)
{
  return (Entry){.path = path, .target = link->to, .type = ENTRY_SYMLINK, .mode = 0777, .mtime = epoch};
}

/* ---- first walk: who has which path ---- */

static gboolean
claim_path(const Entry *entry, const FilesContent *content, gpointer data, GError **error)
{
  Plan *plan = data;
  Claim *claim = g_hash_table_lookup(plan->claims, entry->path);
  if (claim == NULL) {
    claim = g_new(Claim, 1);
    char *path = g_strdup(entry->path);
    g_hash_table_insert(plan->claims, path, claim);
    g_ptr_array_add(plan->paths, path);
  }
  *claim = (Claim){plan->number, entry->type};
  return TRUE;
}

/* What lies below a path must be overridden too when the path itself is no longer a folder. */
static gboolean
check_parents(const Plan *plan, const char *path, GError **error)
{
  const Claim *own = g_hash_table_lookup(plan->claims, path);
  for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    g_autofree char *parent = g_strndup(path, (gsize)(slash - path));
    const Claim *above = g_hash_table_lookup(plan->claims, parent);
    if (above != NULL && above->type != ENTRY_DIRECTORY)
      return recipe_error_at(error, place_of(plan->recipe, MAX(own->owner, above->owner)),
                             "'/%s' cannot be there: '/%s' is no folder", path, parent);
  }
  return TRUE;
}

static gboolean
walk_all(Plan *plan, const FilesContext *context, FilesVisit visit, GError **error)
{
  const Recipe *recipe = plan->recipe;
  for (plan->number = 0; plan->number < recipe->files->len; plan->number++)
    if (!files_source_visit(context, g_ptr_array_index(recipe->files, plan->number), visit, plan, error))
      return FALSE;
  for (guint i = 0; i < recipe->links->len; i++, plan->number++) {
    const RecipeLink *link = g_ptr_array_index(recipe->links, i);
    const FilesContent none = {.fd = -1};
    g_autofree char *path = files_image_path(context, link->path, FALSE);
    const Entry entry = link_entry(link, path, context->epoch);
    GError *cause = NULL;
    if (!visit(&entry, &none, plan, &cause))
      return files_error_at(error, &link->place, cause);
  }
  return TRUE;
}

/* ---- second walk: the winners go into the pack ---- */

static gboolean
write_piece(const void *data, gsize size, gpointer writer, GError **error)
{
  return pack_writer_data(writer, data, size, error);
}

static gboolean
write_entry(const Entry *entry, const FilesContent *content, gpointer data, GError **error)
{
  Plan *plan = data;
  Claim *claim = g_hash_table_lookup(plan->claims, entry->path);
  if (claim == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "'/%s' came into being while the files were read", entry->path);
    return FALSE;
  }
  if (claim->owner != plan->number)
    return TRUE;
  /* an archive may have a folder twice: once written, a path is nobody's */
  claim->owner = G_MAXUINT;
  return pack_writer_add(plan->writer, entry, error) &&
         (entry->type != ENTRY_FILE ||
          files_content_stream(content, entry, write_piece, plan->writer, plan->cancellable, error));
}

/* ---- all of it ---- */

static gboolean
fetch_all(Store *store, const Recipe *recipe, const FetchOptions *options, GError **error)
{
  g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(FetchItem));
  g_autoptr(GPtrArray) urls = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < recipe->files->len; i++) {
    const RecipeFile *file = g_ptr_array_index(recipe->files, i);
    if (file->url == NULL)
      continue;
    const char **list = g_new0(const char *, 2);
    list[0] = file->url;
    g_ptr_array_add(urls, list);
    const FetchItem item = {.urls = list, .label = file->path, .digest = file->sha256};
    g_array_append_val(items, item);
  }
  const FetchItem *all = (const FetchItem *)(gconstpointer)items->data;
  if (items->len > 0 && !fetch_blobs(store, all, items->len, options, NULL, NULL, error))
    return FALSE;
  /* what was fetched long ago may have been damaged since */
  for (guint i = 0; i < items->len; i++)
    if (!store_check_blob(store, &all[i].digest, error))
      return FALSE;
  return TRUE;
}

static gboolean
write_pack(Plan *plan, const FilesContext *context, Digest *pack, GError **error)
{
  if (!walk_all(plan, context, claim_path, error))
    return FALSE;
  for (guint i = 0; i < plan->paths->len; i++)
    if (!check_parents(plan, g_ptr_array_index(plan->paths, i), error))
      return FALSE;
  return walk_all(plan, context, write_entry, error) && pack_writer_finish(plan->writer, pack, error);
}

gboolean
files_pack(Store *store, const Recipe *recipe, const FilesImage *image, gint64 epoch, PackEncoding encoding,
           const FetchOptions *fetch, Digest *pack, GError **error)
{
  if (!fetch_all(store, recipe, fetch, error))
    return FALSE;
  g_autoptr(PackWriter) writer = pack_writer_new(store, encoding, error);
  int folder = writer != NULL ? files_open_folder(recipe, error) : -1;
  if (folder < 0)
    return FALSE;
  g_autoptr(GHashTable) claims = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GPtrArray) paths = g_ptr_array_new();
  Plan plan = {.recipe = recipe, .claims = claims, .paths = paths, .writer = writer, .cancellable = fetch->cancellable};
  const FilesContext context = {
    .store = store, .recipe = recipe, .image = image, .epoch = epoch, .folder = folder, .cancellable = fetch->cancellable};
  gboolean done = write_pack(&plan, &context, pack, error);
  close(folder);
  return done;
}

/* ---- inputs ---- */

static void
hash_text(Hasher *hasher, const char *text)
{
  hasher_update(hasher, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

static void
hash_number(Hasher *hasher, gint64 number)
{
  gint64 ordered = GINT64_TO_LE(number);
  hasher_update(hasher, &ordered, sizeof ordered);
}

static gboolean
hash_piece(const void *data, gsize size, gpointer hasher, GError **error)
{
  hasher_update(hasher, data, size);
  return TRUE;
}

/* Stands for the entry's path in the image, which is hashed by itself: what is walked is named as it lies in the source. */
#define SOURCE "/source"

typedef struct {
  Hasher *all, *one;  /* everything; one content */
  const char *source; /* of what is walked, from the recipe's folder; NULL of what does not lie there */
  GArray *list;
  GCancellable *cancellable;
} Hashing;

static void
clear_input(gpointer data)
{
  g_free(((FilesInput *)data)->path);
}

GArray *
files_input_list_new(void)
{
  GArray *list = g_array_new(FALSE, FALSE, sizeof(FilesInput));
  g_array_set_clear_func(list, clear_input);
  return list;
}

static void
list_input(const Hashing *hashing, const Entry *entry, const Digest *digest)
{
  if (hashing->list == NULL || hashing->source == NULL || hashing->list->len >= FILES_INPUTS_LISTED)
    return;
  const char *below = entry->path + strlen(SOURCE) - 1;
  const FilesInput input = {
    .path = strcmp(hashing->source, ".") != 0 ? g_strconcat(hashing->source, below, NULL) : g_strdup(below + (*below == '/')),
    .type = entry->type,
    .mode = entry->mode,
    .size = entry->size,
    .digest = *digest,
  };
  g_array_append_val(hashing->list, input);
}

/* Every field has a known length or an end, so that no two different inputs run together to the same bytes. */
static gboolean
hash_entry(const Entry *entry, const FilesContent *content, gpointer data, GError **error)
{
  const Hashing *hashing = data;
  if (entry->type == ENTRY_FILE && !files_content_stream(content, entry, hash_piece, hashing->one, hashing->cancellable, error))
    return FALSE;
  hash_text(hashing->one, entry->target);
  Digest digest;
  hasher_finish(hashing->one, &digest);
  hash_number(hashing->all, entry->type);
  hash_number(hashing->all, entry->mode);
  hash_number(hashing->all, (gint64)entry->size);
  hash_text(hashing->all, entry->path);
  hasher_update(hashing->all, &digest, sizeof digest);
  list_input(hashing, entry, &digest);
  return TRUE;
}

static gboolean
hash_file(Hashing *hashing, const FilesContext *context, const RecipeFile *file, GError **error)
{
  Hasher *hasher = hashing->all;
  hash_text(hasher, "file");
  hash_text(hasher, file->path);
  hash_text(hasher, file->owner);
  hash_text(hasher, file->group);
  hash_number(hasher, file->unpack);
  hash_number(hasher, file->mode);
  hash_number(hasher, file->folder_mode);
  hash_number(hasher, file->url != NULL);
  if (file->url != NULL)
    hasher_update(hasher, &file->sha256, sizeof file->sha256);
  if (file->stage != NULL) {
    /* what lies there is told by the stage */
    hash_text(hasher, file->stage);
    hash_text(hasher, file->from);
    return TRUE;
  }
  hashing->source = file->from != NULL ? files_source_name(context->recipe, file->from) : NULL;
  /* an archive counts as the one file it is */
  RecipeFile as_it_is = *file;
  as_it_is.unpack = FALSE;
  as_it_is.path = (char *)(gpointer)SOURCE;
  return files_source_visit(context, &as_it_is, hash_entry, hashing, error);
}

static gboolean
hash_files(Hashing *hashing, const FilesContext *context, GError **error)
{
  const Recipe *recipe = context->recipe;
  hash_number(hashing->all, recipe->debian != NULL);
  hash_number(hashing->all, recipe->files->len);
  for (guint i = 0; i < recipe->files->len; i++)
    if (!hash_file(hashing, context, g_ptr_array_index(recipe->files, i), error))
      return FALSE;
  return TRUE;
}

/* What steps read beside the image. */
static gboolean
hash_binds(const Hashing *hashing, const Recipe *recipe, GError **error)
{
  for (guint i = 0; i < recipe->steps->len; i++) {
    const RecipeStep *step = recipe->steps->pdata[i];
    for (guint j = 0; j < step->mounts->len; j++) {
      const RecipeMount *mount = step->mounts->pdata[j];
      Digest digest;
      if (mount->from == NULL)
        continue;
      if (!files_bind_digest(recipe, mount, hashing->list, &digest, hashing->cancellable, error))
        return FALSE;
      hash_text(hashing->all, "bind");
      hash_number(hashing->all, i);
      hash_text(hashing->all, mount->path);
      hasher_update(hashing->all, &digest, sizeof digest);
    }
  }
  return TRUE;
}

static gboolean
hash_recipe(Hashing *hashing, const Recipe *recipe, int folder, GError **error)
{
  const FilesContext context = {.recipe = recipe, .folder = folder, .cancellable = hashing->cancellable};
  if (!hash_files(hashing, &context, error) || !hash_binds(hashing, recipe, error))
    return FALSE;
  for (guint i = 0; i < recipe->links->len; i++) {
    const RecipeLink *link = g_ptr_array_index(recipe->links, i);
    hash_text(hashing->all, "link");
    hash_text(hashing->all, link->path);
    hash_text(hashing->all, link->to);
  }
  for (guint i = 0; i < recipe->stages->len; i++) {
    const Recipe *stage = g_ptr_array_index(recipe->stages, i);
    hash_text(hashing->all, "stage");
    hash_text(hashing->all, stage->name);
    if (!hash_recipe(hashing, stage, folder, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
files_inputs(const Recipe *recipe, GArray *list, Digest *out, GCancellable *cancellable, GError **error)
{
  int folder = files_open_folder(recipe, error);
  if (folder < 0)
    return FALSE;
  g_autoptr(Hasher) all = hasher_new();
  g_autoptr(Hasher) one = hasher_new();
  Hashing hashing = {.all = all, .one = one, .list = list, .cancellable = cancellable};
  gboolean done = hash_recipe(&hashing, recipe, folder, error);
  close(folder);
  hasher_finish(all, out);
  return done;
}
