/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/difference.h"
#include "builder/look/chunks.h"
#include "builder/look/difference_config.h"
#include "builder/sources/debian/version.h"

#include <string.h>

#define INFO "var/lib/dpkg/info/"

typedef struct {
  Difference *difference;
  gboolean times;
  DifferencePackage **before, **after; /* by the number of the package in its subject */
  GHashTable *names;                   /* of a package -> DifferencePackage*, the first; only ever looked up */
} Comparison;

static void
package_free(gpointer data)
{
  DifferencePackage *package = data;
  g_ptr_array_unref(package->list);
  g_free(package);
}

/* ---- packages ---- */

static const SubjectPackage *
package_at(const Subject *subject, guint i)
{
  return i < subject->packages->len ? subject->packages->pdata[i] : NULL;
}

/* How many packages from @first on are called as it is. */
static guint
run_length(const Subject *subject, guint first, const char *name)
{
  guint n = 0;
  while (first + n < subject->packages->len && strcmp(package_at(subject, first + n)->name, name) == 0)
    n++;
  return n;
}

static void
count(DifferenceCount *counts, gboolean before, gboolean after)
{
  if (before && after)
    counts->changed++;
  else if (after)
    counts->added++;
  else
    counts->removed++;
}

/* @before and @after are numbers, or SUBJECT_NONE. */
static void
add_package(const Comparison *comparison, guint before, guint after)
{
  Difference *difference = comparison->difference;
  DifferencePackage *package = g_new0(DifferencePackage, 1);
  package->list = g_ptr_array_new();
  package->before = before != SUBJECT_NONE ? package_at(difference->before, before) : NULL;
  package->after = after != SUBJECT_NONE ? package_at(difference->after, after) : NULL;
  if (package->before != NULL && package->after != NULL) {
    package->order = debian_version_compare(package->after->version, package->before->version);
    package->changed = strcmp(package->after->version, package->before->version) != 0 ||
                       strcmp(package->after->architecture, package->before->architecture) != 0;
  }
  if (before != SUBJECT_NONE)
    comparison->before[before] = package;
  if (after != SUBJECT_NONE)
    comparison->after[after] = package;
  g_ptr_array_add(difference->packages, package);
  if (difference_is_told(package))
    count(&difference->package_count, package->before != NULL, package->after != NULL);
}

/* Packages of one name: one on each side is the same package, whatever its architecture; else the architecture tells. */
static void
pair_packages(const Comparison *comparison, guint before, guint n_before, guint after, guint n_after)
{
  const Difference *difference = comparison->difference;
  if (n_before == 1 && n_after == 1) {
    add_package(comparison, before, after);
    return;
  }
  guint i = 0, j = 0;
  while (i < n_before || j < n_after) {
    int order = i == n_before  ? 1
                : j == n_after ? -1
                               : strcmp(package_at(difference->before, before + i)->architecture,
                                        package_at(difference->after, after + j)->architecture);
    add_package(comparison, order <= 0 ? before + i : SUBJECT_NONE, order >= 0 ? after + j : SUBJECT_NONE);
    i += order <= 0;
    j += order >= 0;
  }
}

static void
compare_packages(const Comparison *comparison)
{
  const Subject *before = comparison->difference->before, *after = comparison->difference->after;
  guint i = 0, j = 0;
  while (i < before->packages->len || j < after->packages->len) {
    const SubjectPackage *a = package_at(before, i), *b = package_at(after, j);
    g_assert(a != NULL || b != NULL);
    const char *name = a == NULL || (b != NULL && strcmp(b->name, a->name) < 0) ? b->name : a->name;
    guint n_before = run_length(before, i, name), n_after = run_length(after, j, name);
    guint first = comparison->difference->packages->len;
    pair_packages(comparison, i, n_before, j, n_after);
    g_hash_table_insert(comparison->names, (gpointer)name, comparison->difference->packages->pdata[first]);
    i += n_before;
    j += n_after;
  }
}

/* ---- files ---- */

static EntryType
seen_type(const Entry *entry)
{
  return entry->type == ENTRY_HARDLINK ? ENTRY_FILE : entry->type;
}

static DifferenceFlags
compare_substance(const SubjectFile *before, const SubjectFile *after)
{
  const Entry *a = &before->entry, *b = &after->entry;
  switch (seen_type(a)) {
  case ENTRY_FILE:
    return (a->size != b->size ? DIFFERENCE_SIZE | DIFFERENCE_CONTENT : 0) |
           (!digest_equal(&a->digest, &b->digest) ? DIFFERENCE_CONTENT : 0);
  case ENTRY_SYMLINK:
    return strcmp(a->target, b->target) != 0 ? DIFFERENCE_TARGET : 0;
  case ENTRY_CHAR:
  case ENTRY_BLOCK:
    return a->major != b->major || a->minor != b->minor ? DIFFERENCE_DEVICE : 0;
  default:
    return 0;
  }
}

/* A symlink's mode means nothing. */
static DifferenceFlags
compare_file(const SubjectFile *before, const SubjectFile *after, gboolean times)
{
  const Entry *a = &before->entry, *b = &after->entry;
  DifferenceFlags what = 0;
  if (a->uid != b->uid || a->gid != b->gid)
    what |= DIFFERENCE_OWNER;
  if (a->mode != b->mode && a->type != ENTRY_SYMLINK && b->type != ENTRY_SYMLINK)
    what |= DIFFERENCE_MODE;
  if (seen_type(a) != seen_type(b))
    return what | DIFFERENCE_TYPE;
  if (!entry_same_xattrs(a, b))
    what |= DIFFERENCE_XATTRS;
  if (times && a->mtime != b->mtime)
    what |= DIFFERENCE_TIME;
  return what | compare_substance(before, after);
}

/* dpkg -S knows no owner of info/NAME.list and its kind, but they come and go with the package. */
static DifferencePackage *
package_of_info(const Comparison *comparison, const char *path)
{
  if (!g_str_has_prefix(path, INFO))
    return NULL;
  const char *name = path + strlen(INFO), *colon = strchr(name, ':'), *dot = strrchr(name, '.');
  if (dot == NULL)
    return NULL;
  g_autofree char *package = g_strndup(name, (gsize)((colon != NULL ? colon : dot) - name));
  return g_hash_table_lookup(comparison->names, package);
}

static DifferencePackage *
package_of(const Comparison *comparison, const SubjectFile *before, const SubjectFile *after)
{
  if (after != NULL && after->package < SUBJECT_SHARED)
    return comparison->after[after->package];
  if (before != NULL && before->package < SUBJECT_SHARED)
    return comparison->before[before->package];
  return package_of_info(comparison, (after != NULL ? after : before)->entry.path);
}

static gint64
content_size(const SubjectFile *file)
{
  return file != NULL && file->entry.type == ENTRY_FILE ? (gint64)file->entry.size : 0;
}

static void
add_file(const Comparison *comparison, const SubjectFile *before, const SubjectFile *after, DifferenceFlags what)
{
  Difference *difference = comparison->difference;
  DifferencePackage *package = package_of(comparison, before, after);
  DifferenceFile *file = g_new(DifferenceFile, 1);
  *file = (DifferenceFile){.before = before, .after = after, .what = what, .package = package};
  g_ptr_array_add(difference->files, file);
  count(&difference->file_count, before != NULL, after != NULL);
  gint64 grown = content_size(after) - content_size(before);
  difference->bytes += grown;
  if (package != NULL) {
    count(&package->files, before != NULL, after != NULL);
    package->bytes += grown;
    g_ptr_array_add(package->list, file);
  }
  difference->explained += difference_is_told(package);
}

static const SubjectFile *
file_at(const Subject *subject, guint i)
{
  return i < subject->files->len ? subject->files->pdata[i] : NULL;
}

/* @directory is on one side only; whether the other has something below it, of which @next would be the first. */
static gboolean
is_implied(const SubjectFile *directory, const SubjectFile *next)
{
  const char *path = directory->entry.path;
  gsize length = strlen(path);
  return directory->entry.type == ENTRY_DIRECTORY &&
         (length == 0 || (next != NULL && strncmp(next->entry.path, path, length) == 0 && next->entry.path[length] == '/'));
}

static void
compare_files(const Comparison *comparison)
{
  const Subject *before = comparison->difference->before, *after = comparison->difference->after;
  guint i = 0, j = 0;
  while (i < before->files->len || j < after->files->len) {
    const SubjectFile *a = file_at(before, i), *b = file_at(after, j);
    int order = a == NULL ? 1 : b == NULL ? -1 : entry_path_compare(a->entry.path, b->entry.path);
    if (order == 0) {
      DifferenceFlags what = compare_file(a, b, comparison->times);
      if (what != 0)
        add_file(comparison, a, b, what);
    } else if (!is_implied(order < 0 ? a : b, order < 0 ? b : a)) {
      add_file(comparison, order < 0 ? a : NULL, order > 0 ? b : NULL, 0);
    }
    i += order <= 0;
    j += order >= 0;
  }
}

/* ---- layers ---- */

gboolean
difference_has_layer(const Subject *subject, const Digest *digest)
{
  for (guint i = 0; i < subject->layers->len; i++)
    if (digest_equal(&g_array_index(subject->layers, SubjectLayer, i).digest, digest))
      return TRUE;
  return FALSE;
}

/* Whether an earlier layer of the same image is the same blob. */
static gboolean
is_repeated(const Subject *subject, guint i)
{
  for (guint j = 0; j < i; j++)
    if (digest_equal(&g_array_index(subject->layers, SubjectLayer, j).digest,
                     &g_array_index(subject->layers, SubjectLayer, i).digest))
      return TRUE;
  return FALSE;
}

/* The contents that whoever has @subject has at hand: a set of Digest*. */
static GHashTable *
contents_of(const Subject *subject)
{
  GHashTable *known = g_hash_table_new(digest_hash, digest_equal);
  for (guint i = 0; i < subject->files->len; i++) {
    SubjectFile *file = subject->files->pdata[i];
    if (file->has_digest)
      g_hash_table_add(known, &file->entry.digest);
  }
  return known;
}

/* Layer number @i must be pulled. */
static void
count_pull(DifferencePull *pull, const Subject *after, guint i, GHashTable *known)
{
  const SubjectLayer *layer = &g_array_index(after->layers, SubjectLayer, i);
  guint64 chunks = layer->size;
  pull->has_chunks |= chunks_to_pull(after->image->blobs, &after->manifest->layers[i], known, &chunks);
  pull->layers++;
  pull->layer_bytes += layer->size;
  pull->chunk_bytes += chunks;
}

static void
compare_layers(Difference *difference)
{
  const Subject *before = difference->before, *after = difference->after;
  g_autoptr(GHashTable) known = contents_of(before);
  for (guint i = 0; i < after->layers->len; i++) {
    const SubjectLayer *layer = &g_array_index(after->layers, SubjectLayer, i);
    if (difference_has_layer(before, &layer->digest))
      difference->shared_layers++;
    else if (!is_repeated(after, i))
      count_pull(&difference->pull, after, i, known);
  }
  for (guint i = 0; i < before->layers->len; i++)
    difference->removed_layers += !difference_has_layer(after, &g_array_index(before->layers, SubjectLayer, i).digest);
}

static void
compare_metadata(Difference *difference)
{
  const Subject *before = difference->before, *after = difference->after;
  const Descriptor *pairs[][2] = {
    {&before->image->top, &after->image->top},
    {&before->manifest->descriptor, &after->manifest->descriptor},
    {&before->manifest->config_descriptor, &after->manifest->config_descriptor},
  };
  gboolean single = digest_equal(&after->image->top.digest, &after->manifest->descriptor.digest);
  for (guint i = single; i < G_N_ELEMENTS(pairs); i++)
    if (!digest_equal(&pairs[i][0]->digest, &pairs[i][1]->digest))
      difference->pull.metadata_bytes += pairs[i][1]->size;
}

/* ---- all of it ---- */

Difference *
difference_new(const Subject *before, const Subject *after, gboolean times)
{
  Difference *difference = g_new0(Difference, 1);
  difference->before = before;
  difference->after = after;
  difference->packages = g_ptr_array_new_with_free_func(package_free);
  difference->files = g_ptr_array_new_with_free_func(g_free);
  difference->are_images = before->kind == SUBJECT_IMAGE && after->kind == SUBJECT_IMAGE;
  g_autofree DifferencePackage **of_before = g_new0(DifferencePackage *, before->packages->len + 1);
  g_autofree DifferencePackage **of_after = g_new0(DifferencePackage *, after->packages->len + 1);
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  const Comparison comparison = {difference, times, of_before, of_after, names};
  compare_packages(&comparison);
  compare_files(&comparison);
  difference->members = difference_config(before, after);
  if (difference->are_images) {
    compare_layers(difference);
    compare_metadata(difference);
  }
  return difference;
}

void
difference_free(Difference *difference)
{
  g_ptr_array_unref(difference->packages);
  g_ptr_array_unref(difference->files);
  g_ptr_array_unref(difference->members);
  g_free(difference);
}

gboolean
difference_is_any(const Difference *difference)
{
  const DifferenceCount *packages = &difference->package_count;
  return packages->added + packages->removed + packages->changed > 0 || difference->files->len > 0 ||
         difference->members->len > 0 || difference->pull.layers > 0 || difference->removed_layers > 0;
}

const SubjectPackage *
difference_latest(const DifferencePackage *package)
{
  return package->after != NULL ? package->after : package->before;
}

gboolean
difference_is_told(const DifferencePackage *package)
{
  return package != NULL && (package->changed || package->before == NULL || package->after == NULL);
}
