/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/deb_data.h"
#include "rootfs/deb.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

typedef struct {
  PackWriter *writer;
  gint64 epoch;
  guint64 deb_size;
  guint64 unpacked;
  guint members;
  gsize names;         /* bytes of paths, with the folders that they imply */
  GHashTable *folders; /* those, as they are shipped */
  gint64 latest;
  GString *list;           /* info/NAME.list */
  GString *md5sums;        /* info/NAME.md5sums, or NULL where the package ships it */
  GHashTable *directories; /* paths already added */
  GHashTable *sums;        /* path as shipped, no leading '/' -> MD5: of conffiles, and of all where md5sums is made */
  GHashTable *conffiles;   /* their paths, no leading '/' (borrowed) */
} DataWriter;

/* ---- merged /usr ---- */

static const char *const merged[] = {"bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32"};

static gboolean
is_merged(const char *path)
{
  gsize length = strcspn(path, "/");
  for (guint i = 0; i < G_N_ELEMENTS(merged); i++)
    if (strlen(merged[i]) == length && strncmp(path, merged[i], length) == 0)
      return TRUE;
  return FALSE;
}

char *
deb_merged_path(const char *path)
{
  return is_merged(path) ? g_strconcat("usr/", path, NULL) : g_strdup(path);
}

/* bin -> usr/bin */
static gboolean
is_merged_link(const Entry *entry)
{
  if (entry->type != ENTRY_SYMLINK || strchr(entry->path, '/') != NULL || !is_merged(entry->path))
    return FALSE;
  const char *target = entry->target + (*entry->target == '/');
  return g_str_has_prefix(target, "usr/") && strcmp(target + 4, entry->path) == 0;
}

/* ---- limits ---- */

static gboolean
refuse(const char *what, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the package unpacks to %s", what);
  return FALSE;
}

/* Up to a folder that is known: its own have been counted before. */
static gboolean
allow_names(DataWriter *data, const Entry *entry)
{
  g_autofree char *folder = g_strdup(entry->path);
  data->names += strlen(entry->path) + 1 + (entry->target != NULL ? strlen(entry->target) : 0);
  for (char *slash; (slash = strrchr(folder, '/')) != NULL && data->names <= limits_get(LIMIT_NAMES);) {
    *slash = '\0';
    if (!g_hash_table_add(data->folders, g_strdup(folder)))
      break;
    data->names += strlen(folder) + 1;
  }
  return data->names <= limits_get(LIMIT_NAMES);
}

static gboolean
check_limits(DataWriter *data, const Entry *entry, GError **error)
{
  LimitId exceeded;
  data->unpacked += entry->size;
  if (++data->members > limits_get(LIMIT_MEMBERS))
    exceeded = LIMIT_MEMBERS;
  else if (!allow_names(data, entry))
    exceeded = LIMIT_NAMES;
  else if (limits_allow_content(data->unpacked, data->deb_size, &exceeded))
    return TRUE;
  g_autofree char *shown = g_strescape(entry->path, NULL);
  return limits_refuse(exceeded, error, "with '%.200s'", shown);
}

/* ---- a member ---- */

static gboolean
write_content(DataWriter *data, MemberReader *reader, GChecksum *sum, GError **error)
{
  const void *piece;
  gsize size;
  do {
    if (!member_reader_data(reader, &piece, &size, error))
      return FALSE;
    if (size > 0 && !pack_writer_data(data->writer, piece, size, error))
      return FALSE;
    if (size > 0 && sum != NULL)
      g_checksum_update(sum, piece, (gssize)size);
  } while (size > 0);
  return TRUE;
}

/* dpkg sums what it unpacks, conffiles too, and hardlinks as the files they are. */
static void
note_sum(DataWriter *data, const char *path, const char *sum)
{
  if (data->md5sums != NULL)
    g_string_append_printf(data->md5sums, "%s  %s\n", sum, path);
  g_hash_table_replace(data->sums, g_strdup(path), g_strdup(sum));
}

static gboolean
write_file(DataWriter *data, MemberReader *reader, const Entry *shipped, GError **error)
{
  if (data->md5sums == NULL && !g_hash_table_contains(data->conffiles, shipped->path))
    return write_content(data, reader, NULL, error);
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_MD5);
  if (!write_content(data, reader, sum, error))
    return FALSE;
  note_sum(data, shipped->path, g_checksum_get_string(sum));
  return TRUE;
}

static gboolean
write_member(DataWriter *data, MemberReader *reader, const Entry *shipped, GError **error)
{
  g_autofree char *path = is_merged_link(shipped) ? g_strdup(shipped->path) : deb_merged_path(shipped->path);
  g_autofree char *target = shipped->type == ENTRY_HARDLINK ? deb_merged_path(shipped->target) : g_strdup(shipped->target);
  Entry entry = *shipped;
  entry.path = path;
  entry.target = target;
  if (entry.type == ENTRY_DIRECTORY) {
    entry.mtime = 0;
    return !g_hash_table_add(data->directories, g_strdup(path)) || pack_writer_add(data->writer, &entry, error);
  }
  data->latest = MAX(data->latest, entry.mtime);
  entry.mtime = MIN(entry.mtime, data->epoch);
  if (!pack_writer_add(data->writer, &entry, error))
    return FALSE;
  if (entry.type == ENTRY_FILE)
    return write_file(data, reader, shipped, error);
  const char *sum = entry.type == ENTRY_HARDLINK ? g_hash_table_lookup(data->sums, shipped->target) : NULL;
  if (sum != NULL) {
    g_autofree char *same = g_strdup(sum);
    note_sum(data, shipped->path, same);
  }
  return TRUE;
}

static gboolean
write_members(DataWriter *data, MemberReader *reader, GError **error)
{
  const Entry *entry;
  while (member_reader_next(reader, &entry, error)) {
    if (entry == NULL)
      return TRUE;
    if (*entry->path == '\0' && entry->type == ENTRY_DIRECTORY)
      continue;
    if (*entry->path == '\0')
      return refuse("something in the place of the root directory", error);
    if (strchr(entry->path, '\n') != NULL)
      return refuse("a path with a line break, which dpkg's lists cannot hold", error);
    g_string_append_printf(data->list, "/%s\n", entry->path);
    if (!check_limits(data, entry, error) || !write_member(data, reader, entry, error))
      return FALSE;
  }
  return FALSE;
}

/* ---- all of it ---- */

static void
set_conffiles(const DataWriter *data, char **conffiles)
{
  GString *text = g_string_new(NULL);
  for (char **path = conffiles; *path != NULL; path++) {
    const char *sum = g_hash_table_lookup(data->sums, *path + 1);
    if (sum != NULL)
      g_string_append_printf(text, "%s %s\n", *path, sum);
  }
  g_autoptr(GBytes) bytes = g_string_free_to_bytes(text);
  pack_writer_set_meta(data->writer, "conffiles", bytes);
}

gboolean
deb_data_write(MemberReader *reader, guint64 deb_size, gint64 epoch, DebControl *control, PackWriter *writer, gint64 *latest,
               GError **error)
{
  g_autoptr(GHashTable) directories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) sums = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GHashTable) conffiles = g_hash_table_new(g_str_hash, g_str_equal);
  for (char **path = control->conffiles; *path != NULL; path++)
    g_hash_table_add(conffiles, *path + 1);
  DataWriter data = {
    .writer = writer,
    .epoch = epoch,
    .deb_size = deb_size,
    .folders = folders,
    .latest = G_MININT64,
    .list = g_string_new("/.\n"),
    .md5sums = deb_control_member(control, "md5sums") == NULL ? g_string_new(NULL) : NULL,
    .directories = directories,
    .sums = sums,
    .conffiles = conffiles,
  };
  gboolean done = write_members(&data, reader, error);
  if (done)
    set_conffiles(&data, control->conffiles);
  deb_control_add(control, "list", data.list);
  if (data.md5sums != NULL)
    deb_control_add(control, "md5sums", data.md5sums);
  *latest = data.latest;
  return done;
}
