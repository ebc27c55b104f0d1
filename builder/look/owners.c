/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/owners.h"
#include "builder/look/overlay.h"
#include "builder/sources/debian/control.h"
#include "rootfs/deb.h"

#include <string.h>

#define DPKG "var/lib/dpkg/"
#define STATUS_D DPKG "status.d/"

typedef struct {
  char *to, *by; /* merged path; the package that may keep the old name */
} Diversion;

typedef struct {
  Subject *subject;
  const GPtrArray *readings;
  GHashTable *diversions; /* merged path -> Diversion*; only ever looked up */
  GString *path;
} Owners;

void
owners_package_free(gpointer data)
{
  SubjectPackage *package = data;
  g_free(package->name);
  g_free(package->version);
  g_free(package->architecture);
  g_free(package->source);
  g_free(package);
}

/* ---- contents ---- */

static GBytes *
content_of(const Owners *owners, const SubjectFile *file)
{
  for (guint i = 0; i < owners->readings->len; i++) {
    GBytes *content = g_hash_table_lookup(((const Reading *)owners->readings->pdata[i])->kept, file);
    if (content != NULL)
      return content;
  }
  return NULL;
}

static GBytes *
content_at(const Owners *owners, const char *path)
{
  const SubjectFile *file = subject_find(owners->subject, path);
  return file != NULL ? content_of(owners, file) : NULL;
}

/* Hears of each line, without its line break. */
typedef void (*LineVisit)(Owners *owners, const char *line, gpointer user);

static void
each_line(Owners *owners, GBytes *content, LineVisit visit, gpointer user)
{
  gsize size;
  const char *at = g_bytes_get_data(content, &size), *end = at + size;
  g_autoptr(GString) line = g_string_new(NULL);
  while (at < end) {
    const char *stop = memchr(at, '\n', (gsize)(end - at));
    if (stop == NULL)
      stop = end;
    g_string_truncate(line, 0);
    g_string_append_len(line, at, stop - at);
    visit(owners, line->str, user);
    at = stop + (stop < end);
  }
}

/* ---- packages ---- */

static gboolean
is_installed(const DebianControl *control)
{
  const char *status = debian_control_get(control, "Status");
  const char *state = status != NULL ? strrchr(status, ' ') : NULL;
  return state != NULL && strcmp(state, " not-installed") != 0 && strcmp(state, " config-files") != 0;
}

SubjectPackage *
owners_package_new(const char *stanza, gsize size, gboolean installed)
{
  g_autoptr(DebianControl) control = debian_control_parse(stanza, size, NULL);
  const char *name = control != NULL ? debian_control_get(control, "Package") : NULL;
  if (name == NULL || (installed && !is_installed(control)))
    return NULL;
  const char *version = debian_control_get(control, "Version"), *source = debian_control_get(control, "Source");
  SubjectPackage *package = g_new0(SubjectPackage, 1);
  package->name = g_strdup(name);
  package->version = g_strdup(version != NULL ? version : "");
  package->architecture = g_strdup(debian_control_get(control, "Architecture"));
  if (package->architecture == NULL)
    package->architecture = g_strdup("");
  /* "glibc (2.36-9)" where the versions differ */
  package->source = source != NULL ? g_strndup(source, strcspn(source, " (")) : g_strdup(name);
  return package;
}

static void
add_package(Owners *owners, const char *stanza, gsize size, gboolean installed)
{
  SubjectPackage *package = owners_package_new(stanza, size, installed);
  if (package != NULL)
    g_ptr_array_add(owners->subject->packages, package);
}

static void
read_status(Owners *owners, GBytes *content)
{
  gsize size;
  const char *at = g_bytes_get_data(content, &size), *end = at + size, *stanza;
  while ((stanza = debian_stanza_next(&at, end, &size)) != NULL)
    add_package(owners, stanza, size, TRUE);
}

static void
read_status_folder(Owners *owners)
{
  guint first, n = subject_below(owners->subject, DPKG "status.d", &first);
  for (guint i = first; i < first + n; i++) {
    const SubjectFile *file = owners->subject->files->pdata[i];
    GBytes *content = g_str_has_suffix(file->entry.path, ".md5sums") ? NULL : content_of(owners, file);
    if (content != NULL)
      add_package(owners, g_bytes_get_data(content, NULL), g_bytes_get_size(content), FALSE);
  }
}

static gint
compare_packages(gconstpointer a, gconstpointer b)
{
  const SubjectPackage *x = *(SubjectPackage *const *)a, *y = *(SubjectPackage *const *)b;
  int order = strcmp(x->name, y->name);
  return order != 0 ? order : strcmp(x->architecture, y->architecture);
}

/* ---- diversions (dpkg-divert(1)): three lines each, what, whereto, by whom (":" for the administrator) ---- */

static void
diversion_free(gpointer data)
{
  Diversion *diversion = data;
  g_free(diversion->to);
  g_free(diversion->by);
  g_free(diversion);
}

static void
read_diversions(Owners *owners)
{
  GBytes *content = content_at(owners, DPKG "diversions");
  if (content == NULL || g_bytes_get_size(content) == 0)
    return;
  g_autofree char *text = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **at = lines; at[0] != NULL && at[1] != NULL && at[2] != NULL; at += 3) {
    if (at[0][0] != '/' || at[1][0] != '/')
      return;
    Diversion *diversion = g_new0(Diversion, 1);
    diversion->to = deb_merged_path(at[1] + 1);
    diversion->by = g_strdup(at[2]);
    g_hash_table_replace(owners->diversions, deb_merged_path(at[0] + 1), diversion);
  }
}

/* ---- files ---- */

static SubjectFile *
find_file(const Owners *owners, const char *path)
{
  gboolean found;
  guint place = overlay_find(owners->subject->files, path, &found);
  return found ? owners->subject->files->pdata[place] : NULL;
}

/* What stands at @path as a list spells it, else where that is since /usr was merged. */
static SubjectFile *
find_listed(Owners *owners, const char *path)
{
  SubjectFile *file = find_file(owners, path);
  if (file != NULL)
    return file;
  g_autofree char *merged = deb_merged_path(path);
  return strcmp(merged, path) != 0 ? find_file(owners, merged) : NULL;
}

static void
own(Owners *owners, SubjectFile *file, guint package)
{
  const SubjectPackage *packages = NULL;
  if (file->package == SUBJECT_NONE) {
    file->package = package;
    return;
  }
  if (file->package == SUBJECT_SHARED)
    return;
  packages = owners->subject->packages->pdata[file->package];
  const SubjectPackage *other = owners->subject->packages->pdata[package];
  gboolean content = file->entry.type == ENTRY_FILE || file->entry.type == ENTRY_HARDLINK;
  /* the same package of two architectures shares its files */
  if (!content && strcmp(packages->name, other->name) != 0)
    file->package = SUBJECT_SHARED;
}

static void
take_path(Owners *owners, const char *path, guint number)
{
  const SubjectPackage *package = owners->subject->packages->pdata[number];
  if (g_hash_table_size(owners->diversions) > 0) {
    g_autofree char *merged = deb_merged_path(path);
    const Diversion *diversion = g_hash_table_lookup(owners->diversions, merged);
    if (diversion != NULL && strcmp(diversion->by, package->name) != 0)
      path = diversion->to;
  }
  SubjectFile *file = find_listed(owners, path);
  if (file != NULL)
    own(owners, file, number);
}

/* "/usr/bin/env", "/." */
static void
take_listed(Owners *owners, const char *line, gpointer user)
{
  if (line[0] == '/')
    take_path(owners, strcmp(line, "/.") == 0 ? "" : line + 1, GPOINTER_TO_UINT(user));
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/bin/env" */
static void
take_summed(Owners *owners, const char *line, gpointer user)
{
  const char *path = strstr(line, "  ");
  if (path != NULL)
    take_path(owners, path + 2 + (path[2] == '/'), GPOINTER_TO_UINT(user));
}

static void
take_package(Owners *owners, guint number)
{
  const SubjectPackage *package = owners->subject->packages->pdata[number];
  g_string_printf(owners->path, DPKG "info/%s:%s.list", package->name, package->architecture);
  GBytes *list = content_at(owners, owners->path->str);
  if (list == NULL) {
    g_string_printf(owners->path, DPKG "info/%s.list", package->name);
    list = content_at(owners, owners->path->str);
  }
  if (list != NULL) {
    each_line(owners, list, take_listed, GUINT_TO_POINTER(number));
    return;
  }
  g_string_printf(owners->path, STATUS_D "%s.md5sums", package->name);
  list = content_at(owners, owners->path->str);
  if (list != NULL)
    each_line(owners, list, take_summed, GUINT_TO_POINTER(number));
}

static void
count_files(Subject *subject)
{
  for (guint i = 0; i < subject->files->len; i++) {
    const SubjectFile *file = subject->files->pdata[i];
    SubjectPackage *package = (SubjectPackage *)subject_package_of(subject, file);
    if (package == NULL || file->entry.type == ENTRY_DIRECTORY)
      continue;
    package->files++;
    package->bytes += file->entry.type == ENTRY_FILE ? file->entry.size : 0;
  }
}

void
owners_find(Subject *subject, const GPtrArray *readings)
{
  g_autoptr(GHashTable) diversions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, diversion_free);
  g_autoptr(GString) path = g_string_new(NULL);
  Owners owners = {.subject = subject, .readings = readings, .diversions = diversions, .path = path};
  GBytes *status = content_at(&owners, DPKG "status");
  if (status != NULL)
    read_status(&owners, status);
  read_status_folder(&owners);
  g_ptr_array_sort(subject->packages, compare_packages);
  read_diversions(&owners);
  for (guint i = 0; i < subject->packages->len; i++)
    take_package(&owners, i);
  count_files(subject);
}

void
owners_set(Subject *subject, SubjectPackage *package)
{
  g_ptr_array_add(subject->packages, package);
  for (guint i = 0; i < subject->files->len; i++)
    ((SubjectFile *)subject->files->pdata[i])->package = 0;
  count_files(subject);
}
