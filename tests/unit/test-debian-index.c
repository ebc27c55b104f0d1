/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/index.h"
#include "builder/sources/debian/table.h"
#include "signing/error.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define REST "Filename: pool/p.deb\nSize: 10\nSHA256: " SHA_A "\n"
#define STANZA(name, version, more) "Package: " name "\nVersion: " version "\nArchitecture: amd64\n" REST more "\n"

typedef struct {
  char *folder;
  Store *store;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("ashlar-index-XXXXXX", &error);
  g_assert_no_error(error);
  g_autofree char *path = g_build_filename(fixture->folder, "store", NULL);
  fixture->store = store_open(path, &error);
  g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  store_unref(fixture->store);
  g_autofree char *command = g_strdup_printf("chmod -R u+w '%s' && rm -r '%s'", fixture->folder, fixture->folder);
  g_assert_cmpint(system(command), ==, 0);
  g_free(fixture->folder);
}

static DebianIndexSource
source(Fixture *fixture, const void *data, gsize size, guint suite)
{
  g_autoptr(GError) error = NULL;
  DebianIndexSource result = {.suite = suite, .label = "test/main"};
  g_assert_true(store_put(fixture->store, data, size, &result.blob, &error));
  g_assert_no_error(error);
  return result;
}

static DebianIndex *
open_texts(Fixture *fixture, const char *first, const char *second)
{
  g_autoptr(GError) error = NULL;
  DebianIndexSource sources[2] = {source(fixture, first, strlen(first), 0)};
  if (second != NULL)
    sources[1] = source(fixture, second, strlen(second), 1);
  DebianIndex *index = debian_index_open(fixture->store, "amd64", sources, second != NULL ? 2 : 1, NULL, &error);
  g_assert_no_error(error);
  return index;
}

static void
every_field(Fixture *fixture, gconstpointer data)
{
  g_autoptr(DebianIndex)
    index = open_texts(fixture,
                       "Package: tool\nSource: src (1.0)\nVersion: 1:2.0-3\nInstalled-Size: 42\n"
                       "Maintainer: x <x@example.org>\nArchitecture: all\nMulti-Arch: foreign\n"
                       "Depends: a (>= 1),\n b | c\nPre-Depends: p\nRecommends: r\nSuggests: s\nProvides: v (= 1)\n"
                       "Conflicts: x\nBreaks: y\nReplaces: z\nDescription: text\n more: text\n .\nSection: admin\n"
                       "Priority: required\nessential: yes\nProtected: yes\nImportant: yes\n"
                       "Filename: pool/t/tool.deb\nSize: 9999999999\nSHA256: " SHA_A "\n",
                       NULL);
  DebianPackage package;
  char hex[DIGEST_HEX_LENGTH + 1];
  g_assert_cmpuint(debian_index_size(index), ==, 1);
  g_assert_cmpstr(debian_index_architecture(index), ==, "amd64");
  debian_index_get(index, 0, &package);
  g_assert_cmpstr(package.name, ==, "tool");
  g_assert_cmpstr(package.source, ==, "src");
  g_assert_cmpstr(package.version, ==, "1:2.0-3");
  g_assert_cmpstr(package.architecture, ==, "all");
  g_assert_cmpstr(package.filename, ==, "pool/t/tool.deb");
  g_assert_cmpstr(package.section, ==, "admin");
  g_assert_cmpstr(package.depends, ==, "a (>= 1),  b | c");
  g_assert_cmpstr(package.pre_depends, ==, "p");
  g_assert_cmpstr(package.recommends, ==, "r");
  g_assert_cmpstr(package.suggests, ==, "s");
  g_assert_cmpstr(package.provides, ==, "v (= 1)");
  g_assert_cmpstr(package.conflicts, ==, "x");
  g_assert_cmpstr(package.breaks, ==, "y");
  g_assert_cmpstr(package.replaces, ==, "z");
  g_assert_cmpuint(package.size, ==, G_GUINT64_CONSTANT(9999999999));
  g_assert_cmpuint(package.installed_size, ==, 42);
  g_assert_cmpint(package.priority, ==, DEBIAN_REQUIRED);
  g_assert_cmpint(package.multi_arch, ==, DEBIAN_MULTIARCH_FOREIGN);
  g_assert_true(package.essential && package.is_protected && package.important);
  digest_to_hex(&package.sha256, hex);
  g_assert_cmpstr(hex, ==, SHA_A);
}

static void
defaults(Fixture *fixture, gconstpointer data)
{
  g_autoptr(DebianIndex) index = open_texts(fixture, "\n\n" STANZA("bb", "1", "") "\n\n", NULL);
  DebianPackage package;
  debian_index_get(index, 0, &package);
  g_assert_cmpstr(package.source, ==, "bb");
  g_assert_cmpstr(package.depends, ==, "");
  g_assert_cmpint(package.priority, ==, DEBIAN_OPTIONAL);
  g_assert_cmpint(package.multi_arch, ==, DEBIAN_MULTIARCH_NO);
  g_assert_false(package.essential || package.is_protected || package.important);
}

static void
nothing(Fixture *fixture, gconstpointer data)
{
  guint n;
  g_autoptr(DebianIndex) index = open_texts(fixture, "", NULL);
  g_assert_cmpuint(debian_index_size(index), ==, 0);
  g_assert_cmpuint(debian_index_find(index, "a", &n), ==, 0);
  debian_index_providers(index, "a", &n);
  g_assert_cmpuint(n, ==, 0);
  g_auto(GStrv) names = debian_index_similar(index, "a", 3);
  g_assert_cmpuint(g_strv_length(names), ==, 0);
}

/* Each package as "name version suite". */
static void
assert_order(const DebianIndex *index, const char *expected)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint id = 0; id < debian_index_size(index); id++) {
    DebianPackage package;
    debian_index_get(index, id, &package);
    g_string_append_printf(text, "%s%s %s %u", id > 0 ? ", " : "", package.name, package.version, package.suite);
  }
  g_assert_cmpstr(text->str, ==, expected);
}

static void
order_and_duplicates(Fixture *fixture, gconstpointer data)
{
  g_autoptr(DebianIndex)
    index = open_texts(fixture, STANZA("bb", "1.9", "") STANZA("aa", "1", "") STANZA("bb", "1.10", ""),
                       STANZA("bb", "1.10", "") STANZA("aa", "2~rc1", "") STANZA("cc", "1", "") STANZA("cc", "1", ""));
  assert_order(index, "aa 2~rc1 1, aa 1 0, bb 1.10 0, bb 1.9 0, cc 1 1");
  guint first;
  g_assert_cmpuint(debian_index_find(index, "bb", &first), ==, 2);
  g_assert_cmpuint(first, ==, 2);
  g_assert_cmpuint(debian_index_find(index, "b", &first), ==, 0);
  g_assert_cmpuint(debian_index_find(index, "zz", &first), ==, 0);
}

/* The order of stanzas within a file is of no account, even where two claim to be the same package. */
static void
order_of_the_file_does_not_matter(Fixture *fixture, gconstpointer data)
{
  static const char one[] = "Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: p\nSize: 1\nSHA256: " SHA_A "\n\n";
  static const char two[] = "Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: q\nSize: 2\nSHA256: " SHA_B "\n\n";
  g_autofree char *forth = g_strconcat(one, two, NULL), *back = g_strconcat(two, one, NULL);
  g_autoptr(DebianIndex) a = open_texts(fixture, forth, NULL), b = open_texts(fixture, back, NULL);
  DebianPackage first, second;
  g_assert_cmpuint(debian_index_size(a), ==, 1);
  g_assert_cmpuint(debian_index_size(b), ==, 1);
  debian_index_get(a, 0, &first);
  debian_index_get(b, 0, &second);
  g_assert_cmpstr(first.filename, ==, second.filename);
}

static void
earlier_suite_wins(Fixture *fixture, gconstpointer data)
{
  g_autoptr(DebianIndex)
    index = open_texts(fixture, "Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: first\nSize: 1\nSHA256: " SHA_B "\n\n",
                       "Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: second\nSize: 1\nSHA256: " SHA_A "\n\n");
  DebianPackage package;
  g_assert_cmpuint(debian_index_size(index), ==, 1);
  debian_index_get(index, 0, &package);
  g_assert_cmpstr(package.filename, ==, "first");
}

static void
other_architectures_are_left_out(Fixture *fixture, gconstpointer data)
{
  g_autoptr(DebianIndex) index = open_texts(
    fixture, "Package: aa\nVersion: 1\nArchitecture: arm64\n" REST "\nPackage: bb\nVersion: 1\nArchitecture: all\n" REST, NULL);
  assert_order(index, "bb 1 0");
}

static void
providers(Fixture *fixture, gconstpointer data)
{
  g_autoptr(DebianIndex)
    index = open_texts(fixture,
                       STANZA("dd", "1", "Provides: mta, mail (= 1),\n editor\n")
                         STANZA("aa", "1", "Provides: mta, mta (= 2)\n") STANZA("bb", "1", "Provides: mt\n"),
                       NULL);
  guint n;
  const guint32 *ids = debian_index_providers(index, "mta", &n);
  g_assert_cmpuint(n, ==, 2);
  g_assert_cmpuint(ids[0], ==, 0);
  g_assert_cmpuint(ids[1], ==, 2);
  debian_index_providers(index, "editor", &n);
  g_assert_cmpuint(n, ==, 1);
  debian_index_providers(index, "mt", &n);
  g_assert_cmpuint(n, ==, 1);
  debian_index_providers(index, "dd", &n);
  g_assert_cmpuint(n, ==, 0);
}

static void
similar(Fixture *fixture, gconstpointer data)
{
  g_autoptr(DebianIndex) index = open_texts(fixture,
                                            STANZA("nginx", "1", "") STANZA("nginx", "2", "") STANZA("nginx-light", "1", "")
                                              STANZA("nano", "1", "") STANZA("zsh", "1", ""),
                                            NULL);
  g_auto(GStrv) swapped = debian_index_similar(index, "ngixn", 3);
  g_assert_cmpuint(g_strv_length(swapped), ==, 1);
  g_assert_cmpstr(swapped[0], ==, "nginx");
  g_auto(GStrv) none = debian_index_similar(index, "postgresql", 3);
  g_assert_cmpuint(g_strv_length(none), ==, 0);
}

/* The name of the one blob that is a table. */
static char *
table_path(Fixture *fixture)
{
  g_autofree char *folder = g_build_filename(fixture->folder, "store", "blobs", "sha256", NULL);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *content = NULL;
    gsize size;
    const guint64 magic = TABLE_MAGIC;
    if (g_file_get_contents(path, &content, &size, NULL) && size > sizeof magic && memcmp(content, &magic, sizeof magic) == 0)
      return g_steal_pointer(&path);
  }
  g_assert_not_reached();
}

/* Whatever byte is damaged, the table is made anew. */
static void
damaged_table(Fixture *fixture, gconstpointer data)
{
  static const char text[] = STANZA("aa", "1", "Provides: v\n") STANZA("bb", "1", "Provides: v\n");
  g_autoptr(DebianIndex) first = open_texts(fixture, text, NULL);
  g_autofree char *path = table_path(fixture);
  g_autofree char *whole = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &whole, &size, NULL));
  for (gsize i = 0; i < size; i += 3) {
    g_autofree char *content = g_memdup2(whole, size);
    guint n;
    content[i] ^= 0xff;
    g_assert_true(g_file_set_contents(path, content, (gssize)size, NULL));
    g_autoptr(DebianIndex) index = open_texts(fixture, text, NULL);
    assert_order(index, "aa 1 0, bb 1 0");
    debian_index_providers(index, "v", &n);
    g_assert_cmpuint(n, ==, 2);
  }
  g_assert_true(g_file_set_contents(path, whole, (gssize)size / 2, NULL));
  g_autoptr(DebianIndex) again = open_texts(fixture, text, NULL);
  assert_order(again, "aa 1 0, bb 1 0");
}

static void
remembered(Fixture *fixture, gconstpointer data)
{
  static const char text[] = STANZA("aa", "1", "");
  g_autoptr(DebianIndex) first = open_texts(fixture, text, NULL);
  g_autofree char *path = table_path(fixture);
  struct stat before, after;
  g_assert_cmpint(stat(path, &before), ==, 0);
  g_autoptr(DebianIndex) second = open_texts(fixture, text, NULL);
  g_assert_cmpint(stat(path, &after), ==, 0);
  g_assert_cmpuint(before.st_ino, ==, after.st_ino);
}

static void
assert_invalid(Fixture *fixture, const void *data, gsize size, const char *part)
{
  g_autoptr(GError) error = NULL;
  DebianIndexSource one = source(fixture, data, size, 0);
  DebianIndex *index = debian_index_open(fixture->store, "amd64", &one, 1, NULL, &error);
  g_assert_null(index);
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  if (strstr(error->message, part) == NULL || !g_str_has_prefix(error->message, "Packages of test/main: "))
    g_error("'%s' does not contain '%s'", error->message, part);
}

static void
malformed(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *text, *part;
  } cases[] = {
    {"Version: 1\nArchitecture: amd64\n" REST, "stanza 1 (package ''): no Package"},
    {"Package: aa\nArchitecture: amd64\n" REST, "stanza 1 (package 'aa'): no Version"},
    {"Package: aa\nVersion: 1\n" REST, "no Architecture"},
    {STANZA("ok", "1", "") "Package: aa\nVersion: 1\nArchitecture: amd64\nSize: 1\nSHA256: " SHA_A "\n",
     "stanza 2 (package 'aa'): no Filename"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: a\nSHA256: " SHA_A "\n", "no Size"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: a\nSize: 1\n", "no SHA256"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: a\nSize: 1\nSHA256: abc\n", "impossible SHA256 'abc'"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: a\nSize: -1\nSHA256: " SHA_A "\n", "impossible Size '-1'"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: a\nSize: 0\nSHA256: " SHA_A "\n", "impossible Size '0'"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: a\nSize: 99999999999999999999999\nSHA256: " SHA_A "\n",
     "impossible Size"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: ../../etc/passwd\nSize: 1\nSHA256: " SHA_A "\n",
     "impossible Filename '../../etc/passwd'"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: pool/../x\nSize: 1\nSHA256: " SHA_A "\n", "impossible Filename"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: /etc/x\nSize: 1\nSHA256: " SHA_A "\n", "impossible Filename"},
    {"Package: aa\nVersion: 1\nArchitecture: amd64\nFilename: a//b\nSize: 1\nSHA256: " SHA_A "\n", "impossible Filename"},
    {STANZA("../x", "1", ""), "impossible Package '../x'"},
    {STANZA("a b", "1", ""), "impossible Package 'a b'"},
    {STANZA("aa", "1/2", ""), "impossible Version '1/2'"},
    {STANZA("aa", "1", "Installed-Size: many\n"), "impossible Installed-Size 'many'"},
    {STANZA("aa", "1", "Source: ../x\n"), "impossible Source"},
    {STANZA("aa", "1", "Package: bb\n"), "a field twice: 'Package: bb"},
    {"Package: aa\nnonsense\n", "not a field: 'nonsense"},
    {": x\n", "not a field: ': x"},
    {"<html>\n", "not a field: '<html>"},
    {STANZA("aa", "1", "Depends: a\x1b[1m\n"), "control characters in"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    assert_invalid(fixture, cases[i].text, strlen(cases[i].text), cases[i].part);
  assert_invalid(fixture, "Package: a\0b\n", 13, "control characters in");
}

static void
endless_stanza(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GString) text = g_string_new("Package: aa\nDepends: a");
  while (text->len < 6 * 1024 * 1024)
    g_string_append(text, ",\n aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  assert_invalid(fixture, text->str, text->len, "stanza 1: a stanza larger than 4 MiB (limit 'stanza')");
}

/* Runs @text through a compressor. */
static GBytes *
compressed(Fixture *fixture, const char *program, const char *text)
{
  g_autofree char *plain = g_build_filename(fixture->folder, "plain", NULL);
  g_autofree char *packed = g_build_filename(fixture->folder, "packed", NULL);
  g_autofree char *command = g_strdup_printf("%s -c '%s' > '%s'", program, plain, packed);
  char *content;
  gsize size;
  g_assert_true(g_file_set_contents(plain, text, -1, NULL));
  g_assert_cmpint(system(command), ==, 0);
  g_assert_true(g_file_get_contents(packed, &content, &size, NULL));
  return g_bytes_new_take(content, size);
}

static void
compressions(Fixture *fixture, gconstpointer data)
{
  static const char *const programs[] = {"xz", "gzip", "zstd -q"};
  g_autoptr(GString) text = g_string_new(NULL);
  for (int i = 0; i < 5000; i++)
    g_string_append_printf(text, "Package: p%04d\nVersion: %d\nArchitecture: amd64\n" REST "\n", i, i);
  for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
    g_auto(GStrv) words = g_strsplit(programs[i], " ", 2);
    g_autofree char *found = g_find_program_in_path(words[0]);
    g_autoptr(GError) error = NULL;
    if (found == NULL) {
      g_test_message("%s is not installed", words[0]);
      continue;
    }
    g_autoptr(GBytes) bytes = compressed(fixture, programs[i], text->str);
    gsize size;
    const void *packed = g_bytes_get_data(bytes, &size);
    DebianIndexSource one = source(fixture, packed, size, 0);
    g_autoptr(DebianIndex) index = debian_index_open(fixture->store, "amd64", &one, 1, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(debian_index_size(index), ==, 5000);
    assert_invalid(fixture, packed, size / 2, "cannot decompress");
  }
}

static void
cancelled(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  DebianIndexSource one = source(fixture, "Package: aa\n", 12, 0);
  g_cancellable_cancel(cancellable);
  g_assert_null(debian_index_open(fixture->store, "amd64", &one, 1, cancellable, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run)(Fixture *fixture, gconstpointer data);
  } cases[] = {
    {"/debian-index/every-field", every_field},
    {"/debian-index/defaults", defaults},
    {"/debian-index/nothing", nothing},
    {"/debian-index/order-and-duplicates", order_and_duplicates},
    {"/debian-index/order-of-the-file", order_of_the_file_does_not_matter},
    {"/debian-index/earlier-suite-wins", earlier_suite_wins},
    {"/debian-index/other-architectures", other_architectures_are_left_out},
    {"/debian-index/providers", providers},
    {"/debian-index/similar", similar},
    {"/debian-index/damaged-table", damaged_table},
    {"/debian-index/remembered", remembered},
    {"/debian-index/malformed", malformed},
    {"/debian-index/endless-stanza", endless_stanza},
    {"/debian-index/compressions", compressions},
    {"/debian-index/cancelled", cancelled},
  };
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    g_test_add(cases[i].name, Fixture, NULL, set_up, cases[i].run, tear_down);
  return g_test_run();
}
