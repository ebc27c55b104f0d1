/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/deb.h"
#include "rootfs/deb_write.h"
#include "rootfs/tar.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A member of a tar archive that a test makes. */
typedef struct {
  const char *path;
  unsigned type;    /* AE_IFREG ..., 0: a hardlink */
  const char *text; /* content or target */
  unsigned mode;
  time_t mtime;
} Member;

#define CONTROL "Package: probe\nVersion: 1:2.0-1\nArchitecture: amd64\nMulti-Arch: same\nDescription: x\n"

typedef struct {
  char *folder;
  Store *store;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp("ashlar-deb-XXXXXX", NULL);
  fixture->store = store_open(fixture->folder, NULL);
  g_assert_nonnull(fixture->store);
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
  g_free(fixture->folder);
}

/* ---- making packages ---- */

static void
write_member(struct archive *tar, const Member *member)
{
  struct archive_entry *entry = archive_entry_new();
  archive_entry_set_pathname(entry, member->path);
  archive_entry_set_perm(entry, (mode_t)member->mode);
  archive_entry_set_mtime(entry, member->mtime, 500);
  archive_entry_set_filetype(entry, member->type == 0 ? AE_IFREG : member->type);
  gsize size = member->type == AE_IFREG ? strlen(member->text) : 0;
  archive_entry_set_size(entry, (la_int64_t)size);
  if (member->type == AE_IFLNK)
    archive_entry_set_symlink(entry, member->text);
  if (member->type == 0)
    archive_entry_set_hardlink(entry, member->text);
  g_assert_cmpint(archive_write_header(tar, entry), ==, ARCHIVE_OK);
  g_assert_cmpint(archive_write_data(tar, member->text, size), ==, (la_ssize_t)size);
  archive_entry_free(entry);
}

static la_ssize_t
append(struct archive *tar, void *data, const void *piece, size_t size)
{
  g_byte_array_append(data, piece, (guint)size);
  return (la_ssize_t)size;
}

static GByteArray *
make_tar(const Member *members, gsize n, gboolean xz)
{
  GByteArray *bytes = g_byte_array_new();
  struct archive *tar = archive_write_new();
  archive_write_set_format_gnutar(tar);
  if (xz)
    archive_write_add_filter_xz(tar);
  archive_write_open(tar, bytes, NULL, append, NULL);
  for (gsize i = 0; i < n; i++)
    write_member(tar, &members[i]);
  g_assert_cmpint(archive_write_close(tar), ==, ARCHIVE_OK);
  archive_write_free(tar);
  return bytes;
}

static void
append_ar(GByteArray *ar, const char *name, const void *data, gsize size)
{
  char header[61];
  g_snprintf(header, sizeof header, "%-16s%-12d%-6d%-6d%-8o%-10" G_GSIZE_FORMAT "`\n", name, 0, 0, 0, 0100644, size);
  g_byte_array_append(ar, (const guint8 *)header, 60);
  g_byte_array_append(ar, data, (guint)size);
  if (size % 2 != 0)
    g_byte_array_append(ar, (const guint8 *)"\n", 1);
}

/* A package with @control beside the control file, as a blob. */
static Digest
make_deb_of_tar(Store *store, const char *version, const Member *control, gsize n_control, const GByteArray *data_tar)
{
  g_autoptr(GByteArray) control_tar = make_tar(control, n_control, TRUE);
  g_autoptr(GByteArray) ar = g_byte_array_new();
  g_byte_array_append(ar, (const guint8 *)"!<arch>\n", 8);
  append_ar(ar, "debian-binary", version, strlen(version));
  append_ar(ar, "_ignored", "x", 1);
  append_ar(ar, "control.tar.xz", control_tar->data, control_tar->len);
  append_ar(ar, "data.tar", data_tar->data, data_tar->len);
  append_ar(ar, "later", "anything", 8);
  Digest digest;
  g_assert_true(store_put(store, ar->data, ar->len, &digest, NULL));
  return digest;
}

static Digest
make_deb(Store *store, const char *version, const Member *control, gsize n_control, const Member *members, gsize n)
{
  g_autoptr(GByteArray) data_tar = make_tar(members, n, FALSE);
  return make_deb_of_tar(store, version, control, n_control, data_tar);
}

static const Member plain_control[] = {{"./control", AE_IFREG, CONTROL, 0644, 1000}};

static Digest
make_simple(Store *store, const Member *members, gsize n)
{
  return make_deb(store, "2.0\n", plain_control, 1, members, n);
}

/* ---- looking at packs ---- */

static Pack *
pack_of(Store *store, const Digest *deb, gint64 epoch)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  gboolean done = deb_to_pack(store, deb, "probe 1", PACK_ZSTD, epoch, NULL, NULL, &digest, &error);
  g_assert_no_error(error);
  g_assert_true(done);
  Pack *pack = pack_open(store, &digest, &error);
  g_assert_no_error(error);
  return pack;
}

/* The entry at @path, which must be there but once. */
static const Entry *
find(Pack *pack, const char *path, guint *index)
{
  const Entry *found = NULL;
  for (guint i = 0; i < pack_n_entries(pack); i++)
    if (strcmp(pack_entry(pack, i)->path, path) == 0) {
      g_assert_null(found);
      found = pack_entry(pack, i);
      if (index != NULL)
        *index = i;
    }
  g_assert_nonnull(found);
  return found;
}

static void
assert_content(Pack *pack, const char *path, const char *text)
{
  guint index = 0;
  find(pack, path, &index);
  g_autoptr(GBytes) bytes = pack_read(pack, index, 10000, NULL);
  g_assert_nonnull(bytes);
  g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
}

static void
assert_meta(Pack *pack, const char *key, const char *text)
{
  GBytes *bytes = pack_meta(pack, key);
  g_assert_nonnull(bytes);
  g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
}

static void
assert_refused(Store *store, const Digest *deb, AshlarError code, const char *words)
{
  g_autoptr(GError) error = NULL;
  Digest pack;
  g_assert_false(deb_to_pack(store, deb, "probe 1", PACK_ZSTD, G_MAXINT64, NULL, NULL, &pack, &error));
  g_assert_error(error, ASHLAR_ERROR, (gint)code);
  g_assert_true(g_str_has_prefix(error->message, "package 'probe 1': "));
  if (strstr(error->message, words) == NULL)
    g_error("'%s' does not tell '%s'", error->message, words);
}

/* ---- cases ---- */

static const Member tree[] = {
  {"./", AE_IFDIR, "", 0755, 1},
  {"./bin/", AE_IFDIR, "", 0755, 1},
  {"./bin/su", AE_IFREG, "su", 04755, 2000},
  {"./bin/su2", 0, "./bin/su", 0755, 2000},
  {"./lib/", AE_IFDIR, "", 0755, 1},
  {"./usr/", AE_IFDIR, "", 0755, 1},
  {"./usr/lib/", AE_IFDIR, "", 0755, 1},
  {"./usr/lib/x.so", AE_IFLNK, "../../lib/y.so", 0777, 1500},
  {"./etc/", AE_IFDIR, "", 0755, 1},
  {"./etc/n\xc3\xbcrnberg", AE_IFREG, "conf\n", 0644, 1500},
};

static void
members_are_normalised(Fixture *fixture, gconstpointer data)
{
  Digest deb = make_simple(fixture->store, tree, G_N_ELEMENTS(tree));
  g_autoptr(Pack) pack = pack_of(fixture->store, &deb, G_MAXINT64);
  const Entry *su = find(pack, "usr/bin/su", NULL);
  g_assert_cmpuint(su->mode, ==, 04755);
  g_assert_cmpint(su->mtime, ==, 2000);
  g_assert_cmpstr(find(pack, "usr/bin/su2", NULL)->target, ==, "usr/bin/su");
  g_assert_cmpstr(find(pack, "usr/lib/x.so", NULL)->target, ==, "../../lib/y.so");
  g_assert_cmpint(find(pack, "usr/lib", NULL)->mtime, ==, 0);
  assert_content(pack, "etc/n\xc3\xbcrnberg", "conf\n");
  g_assert_cmpint(pack_latest_mtime(pack), ==, 2000);
}

static void
dpkg_info_is_written(Fixture *fixture, gconstpointer data)
{
  static const Member control[] = {
    {"./control", AE_IFREG, CONTROL, 0644, 1000},
    {"./conffiles", AE_IFREG, "/etc/n\xc3\xbcrnberg\nremove-on-upgrade /etc/gone\n/etc/absent\n", 0644, 1200},
    {"./postinst", AE_IFREG, "#!/bin/sh\n", 0755, 1100},
  };
  Digest deb = make_deb(fixture->store, "2.0\n", control, G_N_ELEMENTS(control), tree, G_N_ELEMENTS(tree));
  g_autoptr(Pack) pack = pack_of(fixture->store, &deb, G_MAXINT64);
  assert_content(pack, "var/lib/dpkg/info/probe:amd64.list",
                 "/.\n/bin\n/bin/su\n/bin/su2\n/lib\n/usr\n/usr/lib\n/usr/lib/x.so\n/etc\n/etc/n\xc3\xbcrnberg\n");
  /* md5 of "su" and of "conf\n", as dpkg 1.21 writes for a package that ships no sums */
  assert_content(pack, "var/lib/dpkg/info/probe:amd64.md5sums",
                 "0b180078d994cb2b5ed89d7ce8e7eea2  bin/su\n0b180078d994cb2b5ed89d7ce8e7eea2  bin/su2\n"
                 "b9a771b420047cfaa3543e66c78f44f6  etc/n\xc3\xbcrnberg\n");
  const Entry *script = find(pack, "var/lib/dpkg/info/probe:amd64.postinst", NULL);
  g_assert_cmpuint(script->mode, ==, 0755);
  g_assert_cmpint(script->mtime, ==, 1200);
  assert_meta(pack, "conffiles", "/etc/n\xc3\xbcrnberg b9a771b420047cfaa3543e66c78f44f6\n");
  assert_meta(pack, "control", CONTROL);
  assert_meta(pack, "version", "1:2.0-1");
}

static void
shipped_md5sums_are_kept(Fixture *fixture, gconstpointer data)
{
  static const Member control[] = {
    {"./control", AE_IFREG, CONTROL, 0644, 1000},
    {"./md5sums", AE_IFREG, "as it is\n", 0644, 1000},
  };
  Digest deb = make_deb(fixture->store, "2.0\n", control, 2, tree, G_N_ELEMENTS(tree));
  g_autoptr(Pack) pack = pack_of(fixture->store, &deb, G_MAXINT64);
  assert_content(pack, "var/lib/dpkg/info/probe:amd64.md5sums", "as it is\n");
}

/* What dpkg gets is a package of the same pack. */
static void
written_again_it_is_the_same_pack(Fixture *fixture, gconstpointer data)
{
  static const Member control[] = {
    {"./control", AE_IFREG, CONTROL, 0644, 1000},
    {"./conffiles", AE_IFREG, "/etc/n\xc3\xbcrnberg\n", 0644, 1200},
    {"./postinst", AE_IFREG, "#!/bin/sh\n", 0755, 1100},
  };
  g_autoptr(GError) error = NULL;
  Digest deb = make_deb(fixture->store, "2.0\n", control, G_N_ELEMENTS(control), tree, G_N_ELEMENTS(tree)), again;
  g_autoptr(Pack) pack = pack_of(fixture->store, &deb, G_MAXINT64);
  g_autofree char *path = g_build_filename(fixture->folder, "again.deb", NULL), *bytes = NULL;
  gsize size;
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean written = deb_write(pack, fd, &error);
  close(fd);
  g_assert_no_error(error);
  g_assert_true(written);
  g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
  g_assert_true(store_put(fixture->store, bytes, size, &again, NULL));
  g_assert_false(digest_equal(&deb, &again));
  g_autoptr(Pack) second = pack_of(fixture->store, &again, G_MAXINT64);
  g_assert_true(digest_equal(pack_digest(pack), pack_digest(second)));
}

static void
epoch_clamps_only_what_is_later(Fixture *fixture, gconstpointer data)
{
  Digest deb = make_simple(fixture->store, tree, G_N_ELEMENTS(tree));
  g_autoptr(Pack) plain = pack_of(fixture->store, &deb, G_MAXINT64);
  g_autoptr(Pack) same = pack_of(fixture->store, &deb, 2000);
  g_autoptr(Pack) clamped = pack_of(fixture->store, &deb, 1999);
  g_assert_true(digest_equal(pack_digest(plain), pack_digest(same)));
  g_assert_false(digest_equal(pack_digest(plain), pack_digest(clamped)));
  g_assert_cmpint(find(clamped, "usr/bin/su", NULL)->mtime, ==, 1999);
  g_assert_cmpint(find(clamped, "usr/lib/x.so", NULL)->mtime, ==, 1500);
  StoreInfo before, after;
  g_assert_true(store_info(fixture->store, &before, NULL));
  g_autoptr(Pack) again = pack_of(fixture->store, &deb, 1999);
  g_assert_true(store_info(fixture->store, &after, NULL));
  g_assert_cmpuint(before.actions, ==, after.actions);
  g_assert_true(digest_equal(pack_digest(again), pack_digest(clamped)));
}

static void
scripts_stand_in_the_index(Fixture *fixture, gconstpointer data)
{
  static const Member control[] = {
    {"./control", AE_IFREG, CONTROL, 0644, 1},         {"./config", AE_IFREG, "#!config", 0755, 1},
    {"./preinst", AE_IFREG, "#!preinst", 0755, 1},     {"./prerm", AE_IFREG, "", 0755, 1},
    {"./triggers", AE_IFREG, "interest x\n", 0644, 1}, {"./shlibs", AE_IFREG, "libx 1\n", 0644, 1},
  };
  Digest deb = make_deb(fixture->store, "2.0\n", control, G_N_ELEMENTS(control), tree, G_N_ELEMENTS(tree));
  g_autoptr(Pack) pack = pack_of(fixture->store, &deb, G_MAXINT64);
  assert_meta(pack, "config", "#!config");
  assert_meta(pack, "preinst", "#!preinst");
  assert_meta(pack, "prerm", "");
  assert_meta(pack, "triggers", "interest x\n");
  g_assert_null(pack_meta(pack, "postinst"));
  g_assert_null(pack_meta(pack, "shlibs"));
  assert_content(pack, "var/lib/dpkg/info/probe:amd64.preinst", "#!preinst");
}

static void
devices_and_capabilities_are_kept(Fixture *fixture, gconstpointer data)
{
  static const Xattr capability = {"security.capability", (const guint8 *)"\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20};
  static const Entry members[] = {
    {.path = "bin/ping", .mode = 0755, .mtime = 7, .xattrs = &capability, .n_xattrs = 1},
    {.path = "dev/null", .type = ENTRY_CHAR, .mode = 0666, .major = 1, .minor = 3, .mtime = 7},
    {.path = "dev/sda", .type = ENTRY_BLOCK, .mode = 0660, .gid = 6, .major = 8, .minor = 257, .mtime = 7},
    {.path = "run/pipe", .type = ENTRY_FIFO, .mode = 0600, .mtime = 7},
  };
  g_autoptr(GByteArray) tar = g_byte_array_new();
  for (guint i = 0; i < G_N_ELEMENTS(members); i++)
    tar_append_header(tar, &members[i]);
  g_byte_array_set_size(tar, tar->len + TAR_END_SIZE);
  memset(tar->data + tar->len - TAR_END_SIZE, 0, TAR_END_SIZE);
  Digest deb = make_deb_of_tar(fixture->store, "2.0\n", plain_control, 1, tar);
  g_autoptr(Pack) pack = pack_of(fixture->store, &deb, G_MAXINT64);
  const Entry *ping = find(pack, "usr/bin/ping", NULL);
  g_assert_cmpuint(ping->n_xattrs, ==, 1);
  g_assert_cmpstr(ping->xattrs[0].name, ==, "security.capability");
  g_assert_cmpmem(ping->xattrs[0].value, ping->xattrs[0].size, capability.value, capability.size);
  const Entry *disk = find(pack, "dev/sda", NULL);
  g_assert_cmpint(disk->type, ==, ENTRY_BLOCK);
  g_assert_cmpuint(disk->gid, ==, 6);
  g_assert_cmpuint(disk->major, ==, 8);
  g_assert_cmpuint(disk->minor, ==, 257);
  g_assert_cmpint(find(pack, "dev/null", NULL)->type, ==, ENTRY_CHAR);
  g_assert_cmpint(find(pack, "run/pipe", NULL)->type, ==, ENTRY_FIFO);
}

static void
merged_link_stays(Fixture *fixture, gconstpointer data)
{
  static const Member members[] = {
    {"./bin", AE_IFLNK, "usr/bin", 0777, 1},
    {"./lib64", AE_IFLNK, "/usr/lib64", 0777, 1},
    {"./usr/bin/", AE_IFDIR, "", 0755, 1},
    {"./binary", AE_IFREG, "", 0644, 1},
  };
  Digest deb = make_simple(fixture->store, members, G_N_ELEMENTS(members));
  g_autoptr(Pack) pack = pack_of(fixture->store, &deb, G_MAXINT64);
  g_assert_cmpstr(find(pack, "bin", NULL)->target, ==, "usr/bin");
  g_assert_cmpstr(find(pack, "lib64", NULL)->target, ==, "/usr/lib64");
  find(pack, "binary", NULL);
}

static void
hostile_members_are_refused(Fixture *fixture, gconstpointer data)
{
  static const struct {
    Member members[2];
    gsize n;
    const char *words;
  } cases[] = {
    {{{"../evil", AE_IFREG, "x", 0644, 1}}, 1, "'..'"},
    {{{"./a/../../evil", AE_IFREG, "x", 0644, 1}}, 1, "'..'"},
    {{{"./a", AE_IFREG, "x", 0644, 1}, {"a", AE_IFREG, "y", 0644, 1}}, 2, "'a'"},
    {{{"./bin/a", AE_IFREG, "x", 0644, 1}, {"usr/bin/a", AE_IFREG, "y", 0644, 1}}, 2, "usr/bin/a"},
    {{{"./a", 0, "../../etc/shadow", 0644, 1}}, 1, "'..'"},
    {{{"./a", 0, "nowhere", 0644, 1}}, 1, "hardlink"},
    {{{"./a\nb", AE_IFREG, "x", 0644, 1}}, 1, "line break"},
    {{{"./", AE_IFLNK, "/etc", 0777, 1}}, 1, "root"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Digest deb = make_simple(fixture->store, cases[i].members, cases[i].n);
    assert_refused(fixture->store, &deb, ASHLAR_ERROR_INVALID, cases[i].words);
  }
}

static void
hostile_control_is_refused(Fixture *fixture, gconstpointer data)
{
  static const struct {
    Member members[2];
    gsize n;
    const char *words;
  } cases[] = {
    {{{"./postinst", AE_IFREG, "", 0755, 1}}, 1, "no file 'control'"},
    {{{"control", AE_IFREG, "Package: ../x\nVersion: 1\nArchitecture: all\n", 0644, 1}}, 1, "'../x'"},
    {{{"control", AE_IFREG, "Package: xx\nVersion: 1\nArchitecture: a/b\n", 0644, 1}}, 1, "'a/b'"},
    {{{"control", AE_IFREG, "Package: xx\nVersion: 1 2\nArchitecture: all\n", 0644, 1}}, 1, "'1 2'"},
    {{{"control", AE_IFREG, "Package: xx\nArchitecture: all\n", 0644, 1}}, 1, "'Version'"},
    {{{"control", AE_IFREG, CONTROL "\nPackage: evil\n", 0644, 1}}, 1, "more than one paragraph"},
    {{{"control", AE_IFREG, CONTROL " \t\nPackage: evil\n", 0644, 1}}, 1, "more than one paragraph"},
    {{{"control", AE_IFREG, CONTROL, 0644, 1}, {"./control", AE_IFREG, CONTROL, 0644, 1}}, 2, "twice"},
    {{{"control", AE_IFREG, CONTROL, 0644, 1}, {"./list", AE_IFREG, "", 0644, 1}}, 2, "'list'"},
    {{{"control", AE_IFREG, CONTROL, 0644, 1}, {"./a/b", AE_IFREG, "", 0644, 1}}, 2, "'a/b'"},
    {{{"control", AE_IFREG, CONTROL, 0644, 1}, {"./conffiles", AE_IFREG, "etc/x\n", 0644, 1}}, 2, "'etc/x'"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Digest deb = make_deb(fixture->store, "2.0\n", cases[i].members, cases[i].n, tree, G_N_ELEMENTS(tree));
    assert_refused(fixture->store, &deb, ASHLAR_ERROR_INVALID, cases[i].words);
  }
}

/* The sizes are told by headers alone: nothing of the content is there, and none is asked for. */
static void
bombs_are_refused(Fixture *fixture, gconstpointer data)
{
  const struct {
    guint64 size;
    const char *words;
  } cases[] = {
    {limits_get(LIMIT_RATIO_FREE) * 2,
     "with 'bomb': more than 1000 times its own size (limit 'ratio')\nhint: '--limit ratio=2K'"},
    {limits_get(LIMIT_UNPACKED) + 1,
     "with 'bomb': more than 64 GiB of content (limit 'unpacked')\nhint: '--limit unpacked=128G'"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) tar = g_byte_array_new();
    tar_append_header(tar, &(Entry){.path = "bomb", .mode = 0644, .size = cases[i].size});
    Digest deb = make_deb_of_tar(fixture->store, "2.0\n", plain_control, 1, tar);
    assert_refused(fixture->store, &deb, ASHLAR_ERROR_INVALID, cases[i].words);
  }
}

#define PACKERS 4

static void
pack_in_child(const char *folder, const Digest *deb)
{
  Digest pack;
  Store *store = store_open(folder, NULL);
  _exit(store == NULL || !deb_to_pack(store, deb, "probe", PACK_ZSTD, G_MAXINT64, NULL, NULL, &pack, NULL) ||
        !store_check_blob(store, &pack, NULL));
}

static void
processes_that_pack_the_same_package(Fixture *fixture, gconstpointer data)
{
  for (guint round = 0; round < 8; round++) {
    Member members[G_N_ELEMENTS(tree)];
    memcpy(members, tree, sizeof tree);
    members[2].mtime += round; /* another package each time */
    Digest deb = make_simple(fixture->store, members, G_N_ELEMENTS(members)), pack;
    pid_t children[PACKERS];
    for (guint i = 0; i < PACKERS; i++)
      if ((children[i] = fork()) == 0)
        pack_in_child(fixture->folder, &deb);
    for (guint i = 0; i < PACKERS; i++) {
      int status;
      g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
      g_assert_cmpint(status, ==, 0);
    }
    StoreInfo info;
    g_assert_true(store_info(fixture->store, &info, NULL));
    g_assert_cmpuint(info.blobs, ==, 2 * (round + 1));
    g_assert_cmpuint(info.actions, ==, round + 1);
    g_assert_true(deb_find_pack(fixture->store, &deb, PACK_ZSTD, G_MAXINT64, &pack));
  }
  g_autofree char *path = g_build_filename(fixture->folder, "tmp", NULL);
  g_autoptr(GDir) left = g_dir_open(path, 0, NULL);
  g_assert_null(g_dir_read_name(left));
}

static void
other_formats_are_refused(Fixture *fixture, gconstpointer data)
{
  Digest deb = make_deb(fixture->store, "3.0\n", plain_control, 1, tree, G_N_ELEMENTS(tree));
  assert_refused(fixture->store, &deb, ASHLAR_ERROR_INVALID, "is not the format 2.x");
  g_assert_true(store_put(fixture->store, "no archive", 10, &deb, NULL));
  assert_refused(fixture->store, &deb, ASHLAR_ERROR_INVALID, "ar: ");
  g_assert_true(store_put(fixture->store, "", 0, &deb, NULL));
  assert_refused(fixture->store, &deb, ASHLAR_ERROR_INVALID, "");
}

static void
order_of_the_members_is_kept_to(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GByteArray) tar = make_tar(tree, G_N_ELEMENTS(tree), FALSE);
  g_autoptr(GByteArray) ar = g_byte_array_new();
  g_byte_array_append(ar, (const guint8 *)"!<arch>\n", 8);
  append_ar(ar, "debian-binary", "2.0\n", 4);
  append_ar(ar, "data.tar", tar->data, tar->len);
  Digest deb;
  g_assert_true(store_put(fixture->store, ar->data, ar->len, &deb, NULL));
  assert_refused(fixture->store, &deb, ASHLAR_ERROR_INVALID, "in the place of control.tar");
}

static void
every_truncation_is_refused(Fixture *fixture, gconstpointer data)
{
  Digest deb = make_simple(fixture->store, tree, G_N_ELEMENTS(tree));
  g_autoptr(GBytes) whole = store_read_blob(fixture->store, &deb, NULL);
  /* what comes after data.tar is of no meaning, and its padding hardly more: stop before that */
  gsize size = g_bytes_get_size(whole) - 9000;
  for (gsize n = 0; n < size; n += 61) {
    Digest cut, pack;
    g_autoptr(GError) error = NULL;
    g_assert_true(store_put(fixture->store, g_bytes_get_data(whole, NULL), n, &cut, NULL));
    g_assert_false(deb_to_pack(fixture->store, &cut, "cut", PACK_ZSTD, 0, NULL, NULL, &pack, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  }
}

static void
damaged_blob_is_told_as_that(Fixture *fixture, gconstpointer data)
{
  Digest deb = make_simple(fixture->store, tree, G_N_ELEMENTS(tree));
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_to_hex(&deb, hex);
  g_autofree char *path = g_build_filename(fixture->folder, "blobs/sha256", hex, NULL);
  g_assert_cmpint(chmod(path, 0644), ==, 0);
  FILE *file = fopen(path, "r+");
  g_assert(file != NULL);
  g_assert_cmpint(fseek(file, -3, SEEK_END), ==, 0);
  g_assert_cmpint(fputc('#', file), ==, '#');
  fclose(file);
  assert_refused(fixture->store, &deb, ASHLAR_ERROR_VERIFY, hex);
}

#define DEB_TEST(name, function) g_test_add("/deb/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  DEB_TEST("normalised", members_are_normalised);
  DEB_TEST("info", dpkg_info_is_written);
  DEB_TEST("md5sums-kept", shipped_md5sums_are_kept);
  DEB_TEST("written-again", written_again_it_is_the_same_pack);
  DEB_TEST("epoch", epoch_clamps_only_what_is_later);
  DEB_TEST("scripts-in-the-index", scripts_stand_in_the_index);
  DEB_TEST("devices-and-capabilities", devices_and_capabilities_are_kept);
  DEB_TEST("merged-link", merged_link_stays);
  DEB_TEST("hostile-members", hostile_members_are_refused);
  DEB_TEST("hostile-control", hostile_control_is_refused);
  DEB_TEST("bombs", bombs_are_refused);
  DEB_TEST("many-processes", processes_that_pack_the_same_package);
  DEB_TEST("other-formats", other_formats_are_refused);
  DEB_TEST("order", order_of_the_members_is_kept_to);
  DEB_TEST("truncated", every_truncation_is_refused);
  DEB_TEST("damaged-blob", damaged_blob_is_told_as_that);
  return g_test_run();
}
