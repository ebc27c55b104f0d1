/* SPDX-License-Identifier: Apache-2.0
 *
 * /etc/ld.so.cache as ldconfig(8) writes it (glibc's elf/cache.c, format 1.1): the shared libraries of the folders that
 * /etc/ld.so.conf names and of the default ones, and the links that their names want. Libraries for several levels of a
 * processor (glibc-hwcaps) are not known.
 */
#include "builder/sources/debian/libraries.h"
#include "builder/sources/debian/native-private.h"

#include <elf.h>
#include <string.h>

typedef struct {
  char *name; /* of the file */
  char *soname;
  gboolean link;
} Library;

typedef struct {
  char *key, *path;
} CacheLine;

typedef struct {
  char *text;
  gsize length;
  guint32 offset;
} CacheString;

/* What a package's files are, by its architecture in Debian's words. */
static const struct {
  const char *architecture, *triplet;
  guint machine;
  guint32 flags;
} machines[] = {
  {"amd64", "x86_64-linux-gnu", EM_X86_64, 0x0303},
  {"arm64", "aarch64-linux-gnu", EM_AARCH64, 0x0a03},
};

static guint
find_machine(const Native *native)
{
  guint i = 0;
  while (i < G_N_ELEMENTS(machines) && strcmp(machines[i].architecture, native->configuration.system->architecture) != 0)
    i++;
  return i;
}

static void
library_free(gpointer data)
{
  Library *library = data;
  g_free(library->name);
  g_free(library->soname);
  g_free(library);
}

static void
line_free(gpointer data)
{
  CacheLine *line = data;
  g_free(line->key);
  g_free(line->path);
  g_free(line);
}

/* glibc's order of names: numbers in them by their value. */
static int
compare_names(const char *a, const char *b)
{
  while (*a != '\0') {
    if (g_ascii_isdigit(*a) && g_ascii_isdigit(*b)) {
      int x = 0, y = 0;
      for (; g_ascii_isdigit(*a); a++)
        x = (int)((guint)x * 10 + (guint)(*a - '0'));
      for (; g_ascii_isdigit(*b); b++)
        y = (int)((guint)y * 10 + (guint)(*b - '0'));
      if (x != y)
        return x < y ? -1 : 1;
    } else if (g_ascii_isdigit(*a) || g_ascii_isdigit(*b)) {
      return g_ascii_isdigit(*a) ? 1 : -1;
    } else if (*a != *b) {
      return *a - *b;
    } else {
      a++;
      b++;
    }
  }
  return *a - *b;
}

/* ---- folders ---- */

static void
add_folder(Native *native, Shell *shell, GPtrArray *folders, GHashTable *seen, const char *path)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, path, TRUE, &real);
  if (entry != NULL && entry->type == ENTRY_DIRECTORY && g_hash_table_add(seen, g_strdup(real)))
    g_ptr_array_add(folders, g_strdup(path));
}

static void
read_configuration(Native *native, Shell *shell, GPtrArray *folders, GHashTable *seen, const char *path, guint depth)
{
  g_autoptr(GBytes) content = native_read(native, shell, path);
  if (content == NULL)
    return;
  g_autofree char *text = native_text(content);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    lines[i][strcspn(lines[i], "#")] = '\0';
    char *line = g_strstrip(lines[i]);
    if (g_str_has_prefix(line, "include") && g_ascii_isspace(line[7])) {
      const char *pattern = line + 7 + strspn(line + 7, " \t");
      if (strcmp(pattern, "/etc/ld.so.conf.d/*.conf") != 0 || depth > 0) {
        shell_give_up(shell, g_strdup("an /etc/ld.so.conf of another form"));
        return;
      }
      g_auto(GStrv) names = native_list(native, shell, "/etc/ld.so.conf.d");
      for (guint k = 0; names != NULL && names[k] != NULL; k++) {
        g_autofree char *included = g_strconcat("/etc/ld.so.conf.d/", names[k], NULL);
        if (names[k][0] != '.' && g_str_has_suffix(included, ".conf"))
          read_configuration(native, shell, folders, seen, included, depth + 1);
      }
    } else if (line[0] == '/') {
      gsize n = strlen(line);
      if (n > 1 && line[n - 1] == '/')
        line[n - 1] = '\0';
      add_folder(native, shell, folders, seen, line);
    } else if (line[0] != '\0') {
      shell_give_up(shell, g_strdup("an /etc/ld.so.conf of another form"));
    }
  }
}

static GPtrArray *
find_folders(Native *native, Shell *shell)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const char *triplet = machines[find_machine(native)].triplet;
  g_autofree char *lib = g_strconcat("/lib/", triplet, NULL), *usr = g_strconcat("/usr/lib/", triplet, NULL);
  read_configuration(native, shell, folders, seen, "/etc/ld.so.conf", 0);
  const char *const defaults[] = {lib, usr, "/lib", "/usr/lib"};
  for (guint i = 0; i < G_N_ELEMENTS(defaults); i++)
    add_folder(native, shell, folders, seen, defaults[i]);
  return folders;
}

/* ---- libraries ---- */

/* What the pack of @node has, each pack looked at once. */
static GHashTable *
libraries_of(Native *native, const TreeNode *node)
{
  GHashTable *libraries = g_hash_table_lookup(native->libraries, GUINT_TO_POINTER(node->pack));
  if (libraries == NULL && native->error == NULL) {
    libraries = debian_libraries_read(native->store, tree_pack(native->tree, node->pack), &native->error);
    if (libraries != NULL)
      g_hash_table_insert(native->libraries, GUINT_TO_POINTER(node->pack), libraries);
  }
  return libraries;
}

/* What is known of the ELF file at @path (transfer full), or NULL: there is none. */
static DebianLibrary *
find_library(Native *native, Shell *shell, const char *path)
{
  g_autofree char *real = NULL;
  const Entry *entry = native_find(native, shell, path, TRUE, &real);
  if (entry == NULL || (entry->type != ENTRY_FILE && entry->type != ENTRY_HARDLINK))
    return NULL;
  const char *slash = strrchr(real, '/'), *name = slash != NULL ? slash + 1 : real;
  const TreeNode *node = tree_lookup(native->tree, real);
  if (node == NULL || node->entry != entry || node->pack == TREE_NO_PACK || !debian_library_has_name(name)) {
    g_autoptr(GBytes) content = native_read(native, shell, path);
    return content != NULL ? debian_library_of(name, content) : NULL;
  }
  GHashTable *libraries = libraries_of(native, node);
  const DebianLibrary *known = libraries != NULL ? g_hash_table_lookup(libraries, entry->path) : NULL;
  DebianLibrary *copy = known != NULL ? g_new(DebianLibrary, 1) : NULL;
  if (copy != NULL)
    *copy = (DebianLibrary){g_strdup(known->name), known->class, known->machine};
  return copy;
}

/* The library's own name for itself, or its file's; NULL: it is no library for this machine. */
static char *
find_soname(Native *native, Shell *shell, const char *path, const char *name)
{
  g_autoptr(DebianLibrary) library = find_library(native, shell, path);
  if (library == NULL)
    return NULL;
  if (library->class != ELFCLASS64 || library->machine != machines[find_machine(native)].machine) {
    shell_give_up(shell, g_strdup_printf("'%.100s' is for another machine", path));
    return NULL;
  }
  return g_strdup(library->name != NULL ? library->name : name);
}

static void
take_library(GPtrArray *libraries, Library *library)
{
  for (guint i = 0; i < libraries->len; i++) {
    Library *other = libraries->pdata[i];
    if (strcmp(other->soname, library->soname) != 0)
      continue;
    gboolean better = (!library->link && other->link) ||
                      (library->link == other->link && compare_names(other->name, library->name) < 0);
    if (better) {
      library_free(other);
      libraries->pdata[i] = library;
    } else {
      library_free(library);
    }
    return;
  }
  g_ptr_array_add(libraries, library);
}

static void
look_at(Native *native, Shell *shell, const char *folder, const char *name, GPtrArray *libraries)
{
  g_autofree char *path = g_strconcat(folder, "/", name, NULL);
  if (strcmp(name, "glibc-hwcaps") == 0) {
    shell_give_up(shell, g_strdup_printf("libraries in '%s'", path));
    return;
  }
  const Entry *entry = debian_library_has_name(name) ? native_find(native, shell, path, FALSE, NULL) : NULL;
  const Entry *file = entry != NULL ? native_find(native, shell, path, TRUE, NULL) : NULL;
  if (file == NULL || (file->type != ENTRY_FILE && file->type != ENTRY_HARDLINK))
    return;
  gboolean link = entry->type == ENTRY_SYMLINK;
  g_autofree char *soname = find_soname(native, shell, path, name);
  if (soname == NULL || strchr(soname, '/') != NULL)
    return;
  /* a link that is neither called as its library nor for the linker is taken for a file */
  if (link && strcmp(name, soname) != 0 && !(g_str_has_suffix(name, ".so") && g_str_has_prefix(soname, name)))
    link = FALSE;
  Library *library = g_new(Library, 1);
  *library = (Library){g_strdup(name), link ? g_strdup(name) : g_steal_pointer(&soname), link};
  take_library(libraries, library);
}

/* glibc puts a line behind all that are not to come after it. */
static void
add_line(GPtrArray *lines, const char *folder, const char *key)
{
  CacheLine *line = g_new(CacheLine, 1);
  *line = (CacheLine){g_strdup(key), g_strconcat(folder, "/", key, NULL)};
  guint at = 0;
  while (at < lines->len && compare_names(key, ((const CacheLine *)lines->pdata[at])->key) <= 0)
    at++;
  g_ptr_array_insert(lines, (int)at, line);
}

static void
add_libraries(Native *native, Shell *shell, const char *folder, GPtrArray *lines)
{
  g_autoptr(GPtrArray) libraries = g_ptr_array_new_with_free_func(library_free);
  g_auto(GStrv) names = native_list(native, shell, folder);
  for (guint i = 0; names != NULL && names[i] != NULL && shell_unknown(shell) == NULL; i++)
    look_at(native, shell, folder, names[i], libraries);
  for (guint i = 0; i < libraries->len; i++) {
    const Library *library = libraries->pdata[i];
    g_autofree char *path = g_strconcat(folder, "/", library->soname, NULL);
    g_autofree char *place = native_place(native, shell, path);
    if (!library->link && place != NULL && native_find(native, shell, path, FALSE, NULL) == NULL) {
      changes_put_symlink(native->configuration.changes, place, library->name);
      native_put(native, place);
    }
    add_line(lines, folder, library->soname);
  }
}

/* ---- the file ---- */

/* From the end backwards, the highest first, and the longer one: what is another's end follows it. */
static int
compare_ends(gconstpointer a, gconstpointer b)
{
  const CacheString *x = *(CacheString *const *)a, *y = *(CacheString *const *)b;
  for (gsize i = 1; i <= MIN(x->length, y->length); i++) {
    guchar c = (guchar)x->text[x->length - i], d = (guchar)y->text[y->length - i];
    if (c != d)
      return d - c;
  }
  return x->length == y->length ? 0 : x->length < y->length ? 1 : -1;
}

static CacheString *
intern(GHashTable *table, GPtrArray *all, char *text)
{
  CacheString *string = g_hash_table_lookup(table, text);
  if (string != NULL)
    return string;
  string = g_new(CacheString, 1);
  *string = (CacheString){text, strlen(text), 0};
  g_hash_table_insert(table, text, string);
  g_ptr_array_add(all, string);
  return string;
}

/* All strings one after the other, none where it is another one's end (glibc's elf/stringtable.c). */
static GString *
lay_out(GPtrArray *strings)
{
  GString *text = g_string_new(NULL);
  g_ptr_array_sort(strings, compare_ends);
  for (guint i = 0; i < strings->len; i++) {
    CacheString *string = strings->pdata[i];
    const CacheString *before = i > 0 ? strings->pdata[i - 1] : NULL;
    if (before != NULL && g_str_has_suffix(before->text, string->text)) {
      string->offset = before->offset + (guint32)(before->length - string->length);
    } else {
      string->offset = (guint32)text->len;
      g_string_append_len(text, string->text, (gssize)string->length + 1);
    }
  }
  return text;
}

static void
add_word(GByteArray *file, guint32 word)
{
  guint32 little = GUINT32_TO_LE(word);
  g_byte_array_append(file, (const guint8 *)&little, sizeof little);
}

static void
add_lines(GByteArray *file, const GPtrArray *lines, GHashTable *table, guint32 base, guint32 flags)
{
  for (guint i = 0; i < lines->len; i++) {
    const CacheLine *line = lines->pdata[i];
    const CacheString *key = g_hash_table_lookup(table, line->key), *path = g_hash_table_lookup(table, line->path);
    add_word(file, flags);
    add_word(file, base + key->offset);
    add_word(file, base + path->offset);
    for (guint k = 0; k < 3; k++) /* version of the system, 64 bits of hardware capabilities */
      add_word(file, 0);
  }
}

static GBytes *
format_cache(const GPtrArray *lines, guint32 flags, const char *generator)
{
  static const char magic[] = "glibc-ld.so.cache1.1";
  g_autoptr(GHashTable) table = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < lines->len; i++) {
    intern(table, strings, ((const CacheLine *)lines->pdata[i])->key);
    intern(table, strings, ((const CacheLine *)lines->pdata[i])->path);
  }
  g_autoptr(GString) text = lay_out(strings);
  guint32 base = 48 + 24 * lines->len, end = (base + (guint32)text->len + 3) & ~3u;
  GByteArray *file = g_byte_array_new();
  g_byte_array_append(file, (const guint8 *)magic, sizeof magic - 1);
  add_word(file, lines->len);
  add_word(file, (guint32)text->len);
  add_word(file, 2); /* little-endian */
  add_word(file, end);
  for (guint i = 0; i < 3; i++)
    add_word(file, 0);
  add_lines(file, lines, table, base, flags);
  g_byte_array_append(file, (const guint8 *)text->str, (guint)text->len);
  while (file->len < end)
    g_byte_array_append(file, (const guint8 *)"", 1);
  /* one extension: who wrote it */
  add_word(file, (guint32)-358342284);
  add_word(file, 1);
  add_word(file, 0);
  add_word(file, 0);
  add_word(file, end + 24);
  add_word(file, (guint32)strlen(generator));
  g_byte_array_append(file, (const guint8 *)generator, (guint)strlen(generator));
  return g_byte_array_free_to_bytes(file);
}

int
native_ldconfig(Native *native, Shell *shell)
{
  guint machine = find_machine(native);
  g_autoptr(DebianLibrary) program = find_library(native, shell, "/sbin/ldconfig");
  if (machine == G_N_ELEMENTS(machines) || program == NULL || program->name == NULL)
    return shell_give_up(shell, g_strdup("an ldconfig for another machine"));
  g_autoptr(GPtrArray) folders = find_folders(native, shell), lines = g_ptr_array_new_with_free_func(line_free);
  for (guint i = 0; i < folders->len; i++)
    add_libraries(native, shell, folders->pdata[i], lines);
  g_autoptr(GBytes) cache = format_cache(lines, machines[machine].flags, program->name);
  changes_put_file(native->configuration.changes, "etc/ld.so.cache", 0644, 0, 0, cache);
  return 0;
}
