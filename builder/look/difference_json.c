/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/difference_print.h"
#include "builder/look/entry_text.h"

#include <string.h>

static json_t *
digest_json(const Digest *digest)
{
  char text[DIGEST_STRING_SIZE];
  return json_string(digest_to_string(digest, text));
}

static void
set_text(json_t *json, const char *key, const char *text)
{
  if (text != NULL)
    json_object_set_new(json, key, entry_json_string(text));
}

static void
set_number(json_t *json, const char *key, gint64 number)
{
  json_object_set_new(json, key, json_integer(number));
}

static json_t *
side_json(const Subject *subject)
{
  json_t *json = json_object();
  set_text(json, "label", subject->label);
  json_object_set_new(json, "kind", json_string(subject_kind_name(subject->kind)));
  set_text(json, "name", subject->name);
  set_text(json, "version", subject->version);
  if (subject->image != NULL)
    json_object_set_new(json, "digest", digest_json(&subject->image->top.digest));
  return json;
}

/* {added, removed, changed}, each an empty list. */
static json_t *
three_lists(void)
{
  return json_pack("{s:[],s:[],s:[]}", "added", "removed", "changed");
}

/* Adds @item (taken) to that of the lists where it belongs. */
static void
add_to(json_t *lists, gconstpointer before, gconstpointer after, json_t *item)
{
  json_array_append_new(json_object_get(lists, before == NULL ? "added" : after == NULL ? "removed" : "changed"), item);
}

/* ---- packages ---- */

static json_t *
count_json(const DifferenceCount *count)
{
  return json_pack("{s:i,s:i,s:i}", "added", (int)count->added, "removed", (int)count->removed, "changed", (int)count->changed);
}

static json_t *
package_json(const DifferencePackage *package)
{
  const SubjectPackage *one = difference_latest(package);
  json_t *json = json_object();
  set_text(json, "name", one->name);
  set_text(json, "architecture", one->architecture);
  if (package->before != NULL && package->after != NULL) {
    set_text(json, "before", package->before->version);
    set_text(json, "after", package->after->version);
    json_object_set_new(json, "direction", json_string(difference_direction(package)));
    json_object_set_new(json, "files", count_json(&package->files));
    set_number(json, "bytes", package->bytes);
    return json;
  }
  set_text(json, "version", one->version);
  set_number(json, "files", (gint64)one->files);
  set_number(json, "bytes", (gint64)one->bytes);
  return json;
}

static json_t *
packages_json(const Difference *difference)
{
  json_t *lists = three_lists();
  for (guint i = 0; i < difference->packages->len; i++) {
    const DifferencePackage *package = difference->packages->pdata[i];
    if (difference_is_told(package))
      add_to(lists, package->before, package->after, package_json(package));
  }
  return lists;
}

/* ---- files ---- */

static json_t *
mode_json(const Entry *entry)
{
  return json_sprintf("%04o", entry->mode);
}

static json_t *
device_json(const Entry *entry)
{
  return json_pack("[i,i]", (int)entry->major, (int)entry->minor);
}

static void
set_pair(json_t *json, const char *key, json_t *before, json_t *after)
{
  json_object_set_new(json, key, json_pack("{s:o,s:o}", "before", before, "after", after));
}

static void
set_changes(json_t *json, const DifferenceFile *file)
{
  const Entry *a = &file->before->entry, *b = &file->after->entry;
  if (file->what & DIFFERENCE_TYPE)
    set_pair(json, "type", json_string(entry_type_word(a->type)), json_string(entry_type_word(b->type)));
  if (file->what & DIFFERENCE_CONTENT)
    set_pair(json, "content", digest_json(&a->digest), digest_json(&b->digest));
  if (file->what & DIFFERENCE_SIZE)
    set_pair(json, "size", json_integer((json_int_t)a->size), json_integer((json_int_t)b->size));
  if (file->what & DIFFERENCE_MODE)
    set_pair(json, "mode", mode_json(a), mode_json(b));
  if ((file->what & DIFFERENCE_OWNER) && a->uid != b->uid)
    set_pair(json, "uid", json_integer(a->uid), json_integer(b->uid));
  if ((file->what & DIFFERENCE_OWNER) && a->gid != b->gid)
    set_pair(json, "gid", json_integer(a->gid), json_integer(b->gid));
  if (file->what & DIFFERENCE_TARGET)
    set_pair(json, "target", entry_json_string(a->target), entry_json_string(b->target));
  if (file->what & DIFFERENCE_DEVICE)
    set_pair(json, "device", device_json(a), device_json(b));
  if (file->what & DIFFERENCE_XATTRS)
    set_pair(json, "xattrs", entry_json_xattrs(a), entry_json_xattrs(b));
  if (file->what & DIFFERENCE_TIME)
    set_pair(json, "mtime", json_integer(a->mtime), json_integer(b->mtime));
}

static void
set_attributes(json_t *json, const SubjectFile *file)
{
  const Entry *entry = &file->entry;
  json_object_set_new(json, "type", json_string(entry_type_word(entry->type)));
  json_object_set_new(json, "mode", mode_json(entry));
  set_number(json, "uid", entry->uid);
  set_number(json, "gid", entry->gid);
  set_number(json, "size", (gint64)entry->size);
  if (file->has_digest)
    json_object_set_new(json, "digest", digest_json(&entry->digest));
  set_text(json, "target", entry->target);
}

static json_t *
files_json(const Difference *difference)
{
  json_t *lists = three_lists();
  for (guint i = 0; i < difference->files->len; i++) {
    const DifferenceFile *file = difference->files->pdata[i];
    const SubjectFile *one = file->after != NULL ? file->after : file->before;
    json_t *json = json_object();
    g_autofree char *path = g_strconcat("/", one->entry.path, NULL);
    set_text(json, "path", path);
    if (file->package != NULL)
      set_text(json, "package", (file->package->after != NULL ? file->package->after : file->package->before)->name);
    if (file->before != NULL && file->after != NULL)
      set_changes(json, file);
    else
      set_attributes(json, one);
    add_to(lists, file->before, file->after, json);
  }
  return lists;
}

/* ---- images ---- */

static json_t *
text_or_null(const char *text)
{
  return text != NULL ? entry_json_string(text) : json_null();
}

static json_t *
members_json(const Difference *difference)
{
  json_t *list = json_array();
  for (guint i = 0; i < difference->members->len; i++) {
    const DifferenceMember *member = difference->members->pdata[i];
    json_array_append_new(list, json_pack("{s:o,s:o,s:o}", "member", entry_json_string(member->member), "before",
                                          text_or_null(member->before), "after", text_or_null(member->after)));
  }
  return list;
}

static json_t *
layers_json(const Difference *difference)
{
  json_t *lists = json_pack("{s:[],s:[],s:[]}", "shared", "added", "removed");
  const Subject *sides[] = {difference->after, difference->before};
  for (guint side = 0; side < G_N_ELEMENTS(sides); side++)
    for (guint i = 0; i < sides[side]->layers->len; i++) {
      const SubjectLayer *layer = &g_array_index(sides[side]->layers, SubjectLayer, i);
      gboolean shared = difference_has_layer(sides[1 - side], &layer->digest);
      if (shared && side == 0)
        json_array_append_new(json_object_get(lists, "shared"), digest_json(&layer->digest));
      else if (!shared)
        json_array_append_new(json_object_get(lists, side == 0 ? "added" : "removed"),
                              json_pack("{s:o,s:I}", "digest", digest_json(&layer->digest), "size", (json_int_t)layer->size));
    }
  return lists;
}

static json_t *
pull_json(const DifferencePull *pull)
{
  json_t *json = json_object();
  set_number(json, "layers", pull->layers);
  set_number(json, "layerBytes", (gint64)pull->layer_bytes);
  set_number(json, "metadataBytes", (gint64)pull->metadata_bytes);
  set_number(json, "bytes", (gint64)(pull->layer_bytes + pull->metadata_bytes));
  if (pull->has_chunks)
    set_number(json, "chunkedBytes", (gint64)(pull->chunk_bytes + pull->metadata_bytes));
  return json;
}

json_t *
difference_to_json(const Difference *difference)
{
  json_t *json = json_object();
  json_object_set_new(json, "before", side_json(difference->before));
  json_object_set_new(json, "after", side_json(difference->after));
  json_object_set_new(json, "different", json_boolean(difference_is_any(difference)));
  json_object_set_new(json, "packages", packages_json(difference));
  json_object_set_new(json, "files", files_json(difference));
  json_object_set_new(json, "config", members_json(difference));
  if (difference->are_images) {
    json_object_set_new(json, "layers", layers_json(difference));
    json_object_set_new(json, "pull", pull_json(&difference->pull));
  }
  return json;
}
