/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/deb_control.h"
#include "rootfs/deb.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define INFO_FOLDER "var/lib/dpkg/info"

static void
member_free(gpointer data)
{
  DebControlMember *member = data;
  g_free(member->name);
  g_bytes_unref(member->content);
  g_free(member);
}

void
deb_control_free(DebControl *control)
{
  g_ptr_array_unref(control->members);
  g_free(control->package);
  g_free(control->version);
  g_free(control->architecture);
  g_strfreev(control->conffiles);
  g_free(control);
}

static int
compare_members(gconstpointer a, gconstpointer b)
{
  const DebControlMember *const *one = a, *const *other = b;
  return strcmp((*one)->name, (*other)->name);
}

GBytes *
deb_control_member(const DebControl *control, const char *name)
{
  for (guint i = 0; i < control->members->len; i++) {
    const DebControlMember *member = g_ptr_array_index(control->members, i);
    if (strcmp(member->name, name) == 0)
      return member->content;
  }
  return NULL;
}

static void
add_member(DebControl *control, const char *name, GBytes *content)
{
  DebControlMember *member = g_new(DebControlMember, 1);
  member->name = g_strdup(name);
  member->content = content;
  g_ptr_array_add(control->members, member);
  g_ptr_array_sort(control->members, compare_members);
}

void
deb_control_add(DebControl *control, const char *name, GString *text)
{
  add_member(control, name, g_string_free_to_bytes(text));
}

/* ---- the control file ---- */

/* The value of a one-line field of the control file, stripped, or NULL (transfer full). */
static char *
field_value(const char *text, const char *name)
{
  gsize length = strlen(name);
  for (const char *line = text; line != NULL && *line != '\0';) {
    const char *end = strchr(line, '\n');
    if (g_ascii_strncasecmp(line, name, length) == 0 && line[length] == ':') {
      const char *value = line + length + 1;
      return g_strstrip(end != NULL ? g_strndup(value, (gsize)(end - value)) : g_strdup(value));
    }
    line = end != NULL ? end + 1 : NULL;
  }
  return NULL;
}

/* Debian Policy 5.6.1 (names), 5.6.8 (architectures), 5.6.12 (versions): none of them can leave a folder or split a line. */
static char *
checked_field(const char *text, const char *name, const char *pattern, GError **error)
{
  g_autofree char *value = field_value(text, name);
  if (value == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the control file has no field '%s'", name);
    return NULL;
  }
  if (strlen(value) <= 128 && g_regex_match_simple(pattern, value, G_REGEX_DOLLAR_ENDONLY, 0))
    return g_steal_pointer(&value);
  g_autofree char *shown = g_strescape(value, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the control file's field '%s' is no such thing: '%.100s'", name,
              shown);
  return NULL;
}

/* What is more than one would be so many packages in dpkg's database. */
static gboolean
is_one_paragraph(const char *text)
{
  g_autofree char *stripped = g_strstrip(g_strdup(text));
  for (const char *end = strchr(stripped, '\n'); end != NULL; end = strchr(end + 1, '\n'))
    if (end[1 + strspn(end + 1, " \t\r")] == '\n')
      return FALSE;
  return TRUE;
}

static gboolean
read_control_file(DebControl *control, GError **error)
{
  GBytes *content = deb_control_member(control, "control");
  if (content == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the control archive has no file 'control'");
    return FALSE;
  }
  gsize size;
  const char *bytes = g_bytes_get_data(content, &size);
  if (memchr(bytes, '\0', size) != NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the control file holds a NUL");
    return FALSE;
  }
  g_autofree char *text = g_strndup(bytes, size);
  if (!is_one_paragraph(text)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "the control file has more than one paragraph");
    return FALSE;
  }
  control->package = checked_field(text, "Package", "^[a-z0-9][a-z0-9+.-]+$", error);
  if (control->package == NULL)
    return FALSE;
  control->version = checked_field(text, "Version", "^[0-9A-Za-z][0-9A-Za-z.+:~-]*$", error);
  if (control->version == NULL)
    return FALSE;
  control->architecture = checked_field(text, "Architecture", "^[a-z0-9][a-z0-9-]+$", error);
  if (control->architecture == NULL)
    return FALSE;
  g_autofree char *multi_arch = field_value(text, "Multi-Arch");
  control->multi_arch_same = g_strcmp0(multi_arch, "same") == 0;
  return TRUE;
}

/* deb-conffiles(5): an absolute path a line; one with the flag "remove-on-upgrade" before it is in no archive. */
static gboolean
read_conffiles(DebControl *control, GError **error)
{
  GBytes *content = deb_control_member(control, "conffiles");
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *text = content != NULL ? g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content))
                                          : g_strdup("");
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_strchomp(*line);
    if (g_str_has_prefix(*line, "remove-on-upgrade ") || **line == '\0')
      continue;
    if (**line != '/') {
      g_autofree char *shown = g_strescape(*line, NULL);
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "a conffile is no absolute path: '%.100s'", shown);
      return FALSE;
    }
    g_ptr_array_add(paths, g_strdup(*line));
  }
  g_ptr_array_add(paths, NULL);
  control->conffiles = (char **)g_ptr_array_steal(paths, NULL);
  return TRUE;
}

/* ---- reading ---- */

static gboolean
check_member(const DebControl *control, const Entry *entry, GError **error)
{
  const char *problem = NULL;
  gsize length = strspn(entry->path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+_-");
  if (entry->type != ENTRY_FILE || entry->path[length] != '\0' || length > CONTROL_NAME_MAX || *entry->path == '.')
    problem = "is no plain file with a plain name";
  else if (deb_control_member(control, entry->path) != NULL)
    problem = "is there twice";
  else if (strcmp(entry->path, "list") == 0)
    problem = "is a name that dpkg keeps for itself";
  g_autofree char *shown = g_strescape(entry->path, NULL);
  if (problem == NULL && control->members->len >= limits_get(LIMIT_CONTROL_MEMBERS))
    return limits_refuse(LIMIT_CONTROL_MEMBERS, error, "with '%.200s'", shown);
  if (problem == NULL)
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "control member '%.200s' %s", shown, problem);
  return FALSE;
}

static gboolean
read_members(DebControl *control, MemberReader *reader, GError **error)
{
  gsize left = limits_get(LIMIT_CONTROL);
  const Entry *entry;
  while (member_reader_next(reader, &entry, error)) {
    if (entry == NULL)
      return TRUE;
    if (*entry->path == '\0')
      continue;
    if (!check_member(control, entry, error))
      return FALSE;
    g_autofree char *name = g_strdup(entry->path);
    control->newest = MAX(control->newest, entry->mtime);
    if (entry->size > left)
      return limits_refuse(LIMIT_CONTROL, error, "with '%.200s'", name);
    GBytes *content = member_reader_content(reader, left, error);
    if (content == NULL)
      return FALSE;
    left -= g_bytes_get_size(content);
    add_member(control, name, content);
  }
  return FALSE;
}

DebControl *
deb_control_read(MemberReader *reader, GError **error)
{
  g_autoptr(DebControl) control = g_new0(DebControl, 1);
  control->members = g_ptr_array_new_with_free_func(member_free);
  if (!read_members(control, reader, error) || !read_control_file(control, error) || !read_conffiles(control, error))
    return NULL;
  return g_steal_pointer(&control);
}

/* ---- writing ---- */

/* dpkg's maintainer scripts, and debconf's. */
static gboolean
is_script(const char *name)
{
  static const char *const scripts[] = {"config", "postinst", "postrm", "preinst", "prerm", NULL};
  return g_strv_contains(scripts, name);
}

static gboolean
write_member(const DebControl *control, const DebControlMember *member, gint64 epoch, PackWriter *writer, GError **error)
{
  g_autofree char *path = g_strdup_printf(INFO_FOLDER "/%s%s%s.%s", control->package, control->multi_arch_same ? ":" : "",
                                          control->multi_arch_same ? control->architecture : "", member->name);
  gsize size;
  gconstpointer bytes = g_bytes_get_data(member->content, &size);
  const Entry entry = {
    .path = path,
    .type = ENTRY_FILE,
    .mode = is_script(member->name) ? 0755 : 0644,
    .mtime = MIN(control->newest, epoch),
    .size = size,
  };
  return pack_writer_add(writer, &entry, error) && (size == 0 || pack_writer_data(writer, bytes, size, error));
}

static void
set_text(PackWriter *writer, const char *key, const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
  pack_writer_set_meta(writer, key, bytes);
}

/* The texts that configuring a system asks for stand in the index too: there they cost no decompression. */
static void
set_scripts(const DebControl *control, PackWriter *writer)
{
  json_t *scripts = json_object();
  for (guint i = 0; i < control->members->len; i++) {
    const DebControlMember *member = g_ptr_array_index(control->members, i);
    if (is_script(member->name) || strcmp(member->name, "triggers") == 0)
      pack_writer_set_meta(writer, member->name, member->content);
    if (!is_script(member->name))
      continue;
    Digest digest;
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_of(g_bytes_get_data(member->content, NULL), g_bytes_get_size(member->content), &digest);
    digest_to_hex(&digest, hex);
    json_object_set_new(scripts, member->name, json_string(hex));
  }
  char *text = json_dumps(scripts, JSON_COMPACT | JSON_SORT_KEYS);
  set_text(writer, "scripts", text);
  free(text);
  json_decref(scripts);
}

gboolean
deb_control_write(const DebControl *control, gint64 epoch, PackWriter *writer, GError **error)
{
  for (guint i = 0; i < control->members->len; i++) {
    const DebControlMember *member = g_ptr_array_index(control->members, i);
    if (strcmp(member->name, "control") != 0 && !write_member(control, member, epoch, writer, error))
      return FALSE;
  }
  pack_writer_set_meta(writer, "control", deb_control_member(control, "control"));
  set_text(writer, "name", control->package);
  set_text(writer, "version", control->version);
  set_text(writer, "architecture", control->architecture);
  set_scripts(control, writer);
  return TRUE;
}
