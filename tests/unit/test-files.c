/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/files.h"
#include "signing/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char *folder; /* holds recipe/ and store/ */
  char *recipe;
  Store *store;
} Fixture;

static void
put_file(Fixture *fixture, const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename(fixture->recipe, name, NULL);
  g_autofree char *parent = g_path_get_dirname(path);
  g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

static void
put_link(Fixture *fixture, const char *name, const char *target)
{
  g_autofree char *path = g_build_filename(fixture->recipe, name, NULL);
  g_assert_cmpint(symlink(target, path), ==, 0);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp("ashlar-files-XXXXXX", NULL);
  fixture->recipe = g_build_filename(fixture->folder, "recipe", NULL);
  g_autofree char *store = g_build_filename(fixture->folder, "store", NULL);
  fixture->store = store_open(store, NULL);
  put_file(fixture, "site/index.html", "<h1>", 0600);
  put_file(fixture, "site/bin/tool", "#!", 0711);
  put_link(fixture, "site/latest", "index.html");
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
  return remove(path);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  store_unref(fixture->store);
  g_assert_cmpint(nftw(fixture->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
  g_free(fixture->recipe);
  g_free(fixture->folder);
}

static Recipe *
recipe_of(Fixture *fixture, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *whole = g_strconcat("name: probe\nversion: \"1\"\nusers: [{name: app}]\ngroups: [{name: www}]\n", text,
                                       NULL);
  put_file(fixture, "probe.yaml", whole, 0644);
  g_autofree char *path = g_build_filename(fixture->recipe, "probe.yaml", NULL);
  Recipe *recipe = recipe_load(path, NULL, &error);
  g_assert_no_error(error);
  return recipe;
}

static gboolean
find_user(const char *name, guint32 *uid, guint32 *gid, gpointer data)
{
  *uid = 1001;
  *gid = 1002;
  return strcmp(name, "app") == 0;
}

static gboolean
find_group(const char *name, guint32 *gid, gpointer data)
{
  *gid = 33;
  return strcmp(name, "www") == 0;
}

static const FilesImage image = {.user = find_user, .group = find_group};
static const FetchOptions offline = {.offline = TRUE};

static gboolean
try_pack(Fixture *fixture, const char *text, Digest *digest, GError **error)
{
  g_autoptr(Recipe) recipe = recipe_of(fixture, text);
  return files_pack(fixture->store, recipe, &image, 77, PACK_ZSTD, &offline, digest, error);
}

static Pack *
pack_of(Fixture *fixture, const char *text)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  gboolean done = try_pack(fixture, text, &digest, &error);
  g_assert_no_error(error);
  g_assert_true(done);
  Pack *pack = pack_open(fixture->store, &digest, &error);
  g_assert_no_error(error);
  return pack;
}

static void
assert_refused(Fixture *fixture, const char *text, const char *words)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  g_assert_false(try_pack(fixture, text, &digest, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
  if (strstr(error->message, words) == NULL || strstr(error->message, "probe.yaml:") == NULL)
    g_error("'%s' does not tell '%s' and its place", error->message, words);
}

/* "TYPE MODE UID:GID PATH TARGET CONTENT" a line. */
static char *
listing(Pack *pack)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < pack_n_entries(pack); i++) {
    const Entry *entry = pack_entry(pack, i);
    g_string_append_printf(text, "%d %o %u:%u %s %s ", entry->type, entry->mode, entry->uid, entry->gid, entry->path,
                           entry->target != NULL ? entry->target : "-");
    g_assert_cmpint(entry->mtime, ==, entry->type == ENTRY_DIRECTORY ? 0 : 77);
    g_autoptr(GBytes) bytes = entry->type == ENTRY_FILE ? pack_read(pack, i, 1000, NULL) : NULL;
    if (bytes != NULL)
      g_string_append_len(text, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));
    g_string_append_c(text, '\n');
  }
  return g_string_free(text, FALSE);
}

static void
assert_listing(Fixture *fixture, const char *text, const char *expected)
{
  g_autoptr(Pack) pack = pack_of(fixture, text);
  g_autofree char *found = listing(pack);
  g_assert_cmpstr(found, ==, expected);
}

static void
folder_and_links(Fixture *fixture, gconstpointer data)
{
  assert_listing(fixture,
                 "files: [{path: /srv/www, from: site, owner: app}]\n"
                 "links: [{path: /opt/link, to: ../srv}]\n",
                 "5 755 1001:1002 srv/www - \n"
                 "5 755 1001:1002 srv/www/bin - \n"
                 "0 755 1001:1002 srv/www/bin/tool - #!\n"
                 "0 644 1001:1002 srv/www/index.html - <h1>\n"
                 "2 777 1001:1002 srv/www/latest index.html \n"
                 "2 777 0:0 opt/link ../srv \n");
}

static void
modes_and_owners(Fixture *fixture, gconstpointer data)
{
  assert_listing(fixture,
                 "files:\n"
                 "  - {path: /a, content: \"x\", mode: \"4710\", owner: app, group: www}\n"
                 "  - {path: /b, from: site/bin/tool, owner: \"7\"}\n"
                 "  - {path: /c, from: site/bin, mode: \"0600\", folder_mode: \"0700\", group: \"9\"}\n"
                 "  - {path: /d, content: \"\"}\n",
                 "0 4710 1001:33 a - x\n"
                 "0 755 7:7 b - #!\n"
                 "5 700 0:9 c - \n"
                 "0 600 0:9 c/tool - #!\n"
                 "0 644 0:0 d - \n");
}

static void
later_entries_override(Fixture *fixture, gconstpointer data)
{
  assert_listing(fixture,
                 "files:\n"
                 "  - {path: /w, from: site, owner: app}\n"
                 "  - {path: /w, from: site/bin, folder_mode: \"0700\"}\n"
                 "  - {path: /w/index.html, content: mine}\n"
                 "links: [{path: /w/tool, to: x}]\n",
                 "5 755 1001:1002 w/bin - \n"
                 "0 755 1001:1002 w/bin/tool - #!\n"
                 "2 777 1001:1002 w/latest index.html \n"
                 "5 700 0:0 w - \n"
                 "0 644 0:0 w/index.html - mine\n"
                 "2 777 0:0 w/tool x \n");
}

static void
file_in_the_place_of_a_folder(Fixture *fixture, gconstpointer data)
{
  assert_refused(fixture, "files: [{path: /w, from: site}, {path: /w/bin, content: x}]\n", "'/w/bin' is no folder");
  assert_refused(fixture, "files: [{path: /w, content: x}, {path: /w/y, content: x}]\n", "'/w' is no folder");
}

static void
nothing_outside_is_read(Fixture *fixture, gconstpointer data)
{
  put_link(fixture, "out", "../store");
  put_link(fixture, "absolute", "/etc");
  put_link(fixture, "inside", "site/bin");
  assert_refused(fixture, "files: [{path: /w, from: out/oci-layout}]\n", "leads out of the recipe's folder");
  assert_refused(fixture, "files: [{path: /w, from: absolute/passwd}]\n", "leads out of the recipe's folder");
  assert_refused(fixture, "files: [{path: /w, from: missing}]\n", "'missing' does not exist");
  assert_listing(fixture, "files: [{path: /w, from: inside/tool}]\n", "0 755 0:0 w - #!\n");
}

static void
unknown_owner_is_refused(Fixture *fixture, gconstpointer data)
{
  assert_refused(fixture, "debian: {suite: stable}\nfiles: [{path: /w, content: x, owner: nobody}]\n", "'nobody' is no user");
  assert_refused(fixture, "debian: {suite: stable}\nfiles: [{path: /w, content: x, group: none}]\n", "'none' is no group");
}

static void
usr_is_merged_below_debian(Fixture *fixture, gconstpointer data)
{
  assert_listing(fixture,
                 "debian: {suite: stable, packages: [hello]}\n"
                 "files: [{path: /sbin/x, content: x}, {path: /, from: site/bin}]\n"
                 "links: [{path: /bin/y, to: z}]\n",
                 "0 644 0:0 usr/sbin/x - x\n"
                 "0 755 0:0 tool - #!\n"
                 "2 777 0:0 usr/bin/y z \n");
}

/* ---- archives ---- */

typedef struct {
  const char *path;
  unsigned type; /* 0: a hardlink */
  const char *text;
} Member;

static void
put_archive(Fixture *fixture, const char *name, const Member *members, gsize n)
{
  g_autofree char *path = g_build_filename(fixture->recipe, name, NULL);
  struct archive *out = archive_write_new();
  g_assert_cmpint(archive_write_set_format_filter_by_ext(out, path), ==, ARCHIVE_OK);
  g_assert_cmpint(archive_write_open_filename(out, path), ==, ARCHIVE_OK);
  for (gsize i = 0; i < n; i++) {
    const Member *member = &members[i];
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, member->path);
    archive_entry_set_filetype(entry, member->type == 0 ? AE_IFREG : member->type);
    archive_entry_set_perm(entry, member->type == AE_IFREG ? 0775 : 0700);
    archive_entry_set_size(entry, member->type == AE_IFREG ? (la_int64_t)strlen(member->text) : 0);
    if (member->type == AE_IFLNK)
      archive_entry_set_symlink(entry, member->text);
    if (member->type == 0)
      archive_entry_set_hardlink(entry, member->text);
    g_assert_cmpint(archive_write_header(out, entry), ==, ARCHIVE_OK);
    if (member->type == AE_IFREG)
      g_assert_cmpint(archive_write_data(out, member->text, strlen(member->text)), ==, (la_ssize_t)strlen(member->text));
    archive_entry_free(entry);
  }
  g_assert_cmpint(archive_write_close(out), ==, ARCHIVE_OK);
  archive_write_free(out);
}

static void
archives_are_unpacked(Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = {"a.tar.gz", "a.zip", "a.cpio"};
  static const Member members[] = {
    {"tool/", AE_IFDIR, ""},
    {"tool/run", AE_IFREG, "go"},
    {"tool/again", AE_IFLNK, "run"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    put_archive(fixture, names[i], members, G_N_ELEMENTS(members));
    g_autofree char *text = g_strdup_printf("files: [{path: /opt, from: %s, unpack: true, owner: app}]\n", names[i]);
    assert_listing(fixture, text,
                   "5 755 1001:1002 opt - \n"
                   "5 755 1001:1002 opt/tool - \n"
                   "0 755 1001:1002 opt/tool/run - go\n"
                   "2 777 1001:1002 opt/tool/again run \n");
  }
}

static void
hostile_archives_are_refused(Fixture *fixture, gconstpointer data)
{
  static const struct {
    Member members[2];
    gsize n;
    const char *words;
  } cases[] = {
    {{{"../x", AE_IFREG, "x"}}, 1, "'..'"},
    {{{"x", AE_IFLNK, "/etc"}, {"x/passwd", AE_IFREG, "x"}}, 2, "no directory"},
    {{{"x/y", AE_IFREG, "x"}, {"x", AE_IFLNK, "/etc"}}, 2, "twice"},
    {{{"x", AE_IFREG, "x"}, {"./x", AE_IFREG, "y"}}, 2, "twice"},
    {{{"x", 0, "etc/shadow"}}, 1, "hardlink to no file"},
    {{{"x", AE_IFLNK, "y"}, {"z", 0, "x"}}, 2, "hardlink to no file"},
    {{{"x", AE_IFIFO, ""}}, 1, "device or pipe"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    put_archive(fixture, "bad.tar", cases[i].members, cases[i].n);
    assert_refused(fixture, "files: [{path: /opt, from: bad.tar, unpack: true}]\n", cases[i].words);
  }
  put_file(fixture, "text", "this is no archive", 0644);
  assert_refused(fixture, "files: [{path: /opt, from: text, unpack: true}]\n", "text: ");
}

/* ---- fetched files ---- */

static char *
url_recipe(const Digest *digest, const char *more)
{
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(digest, hex);
  return g_strdup_printf("files: [{path: /opt, url: \"https://example.org/a.tar\", sha256: %s%s}]\n", hex, more);
}

static void
fetched_files_are_taken_by_digest(Fixture *fixture, gconstpointer data)
{
  static const Member members[] = {{"run", AE_IFREG, "go"}};
  g_autofree char *bytes = NULL, *path = g_build_filename(fixture->recipe, "a.tar", NULL);
  gsize size;
  put_archive(fixture, "a.tar", members, 1);
  g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
  Digest archive, text;
  g_assert_true(store_put(fixture->store, bytes, size, &archive, NULL));
  g_assert_true(store_put(fixture->store, "text", 4, &text, NULL));
  g_autofree char *unpacked = url_recipe(&archive, ", unpack: true"), *plain = url_recipe(&text, ", mode: \"0600\"");
  assert_listing(fixture, unpacked, "5 755 0:0 opt - \n0 755 0:0 opt/run - go\n");
  assert_listing(fixture, plain, "0 600 0:0 opt - text\n");
}

static void
fetched_file_that_is_missing_is_named(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest, pack;
  digest_of("never seen", 10, &digest);
  g_autofree char *text = url_recipe(&digest, "");
  g_assert_false(try_pack(fixture, text, &pack, &error));
  g_assert_nonnull(strstr(error->message, "/opt"));
}

/* ---- inputs ---- */

static Digest
inputs_of(Fixture *fixture, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Recipe) recipe = recipe_of(fixture, text);
  Digest digest;
  gboolean done = files_inputs(recipe, NULL, &digest, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(done);
  return digest;
}

static void
inputs_tell_what_matters(Fixture *fixture, gconstpointer data)
{
  const char *text = "files: [{path: /w, from: site}]\n";
  Digest before = inputs_of(fixture, text), now = inputs_of(fixture, text);
  g_assert_true(digest_equal(&before, &now));
  put_file(fixture, "site/index.html", "<h1>", 0644);
  now = inputs_of(fixture, text);
  g_assert_true(digest_equal(&before, &now));
  put_file(fixture, "site/index.html", "<h1>", 0755);
  now = inputs_of(fixture, text);
  g_assert_false(digest_equal(&before, &now));
  put_file(fixture, "site/index.html", "<h2>", 0644);
  now = inputs_of(fixture, text);
  g_assert_false(digest_equal(&before, &now));
  put_file(fixture, "site/index.html", "<h1>", 0644);
  put_file(fixture, "site/more", "", 0644);
  now = inputs_of(fixture, text);
  g_assert_false(digest_equal(&before, &now));
  put_file(fixture, "any", "bytes that are no archive", 0644);
  before = inputs_of(fixture, "files: [{path: /, from: any, unpack: true}]\n");
  put_file(fixture, "any", "Bytes that are no archive", 0644);
  now = inputs_of(fixture, "files: [{path: /, from: any, unpack: true}]\n");
  g_assert_false(digest_equal(&before, &now));
}

#define FILES_TEST(name, function) g_test_add("/files/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  FILES_TEST("folder", folder_and_links);
  FILES_TEST("modes", modes_and_owners);
  FILES_TEST("override", later_entries_override);
  FILES_TEST("file-for-folder", file_in_the_place_of_a_folder);
  FILES_TEST("outside", nothing_outside_is_read);
  FILES_TEST("unknown-owner", unknown_owner_is_refused);
  FILES_TEST("merged-usr", usr_is_merged_below_debian);
  FILES_TEST("archives", archives_are_unpacked);
  FILES_TEST("hostile-archives", hostile_archives_are_refused);
  FILES_TEST("url", fetched_files_are_taken_by_digest);
  FILES_TEST("url-missing", fetched_file_that_is_missing_is_named);
  FILES_TEST("inputs", inputs_tell_what_matters);
  return g_test_run();
}
