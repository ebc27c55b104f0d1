/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/subject.h"
#include "builder/oci/image.h"
#include "builder/oci/archive.h"
#include "signing/error.h"
#include "tests/unit/image-maker.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYERS_MAX 4

typedef struct {
  char *folder, *store_path, *path;
  Store *store;
  Blobs *blobs;
  Layer layers[LAYERS_MAX];
  guint n_layers;
  SubjectOptions options;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("ashlar-look-XXXXXX", NULL);
  fixture->store_path = g_build_filename(fixture->folder, "store", NULL);
  fixture->path = g_build_filename(fixture->folder, "image.oci.tar", NULL);
  fixture->store = store_open(fixture->store_path, &error);
  g_assert_no_error(error);
  fixture->blobs = blobs_new(fixture->store);
  fixture->options = (SubjectOptions){.arch = "amd64", .store_path = fixture->store_path};
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  char *argv[] = {(char *)"rm", (char *)"-rf", fixture->folder, NULL};
  g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  blobs_free(fixture->blobs);
  store_unref(fixture->store);
  g_free(fixture->folder);
  g_free(fixture->store_path);
  g_free(fixture->path);
}

#define ADD_LAYER(fixture, members)                                                                                            \
  make_layer((fixture)->blobs, members, G_N_ELEMENTS(members), &(fixture)->layers[(fixture)->n_layers++])

/* The tarball of the layers so far. */
static void
write_image(const Fixture *fixture, Descriptor *manifest)
{
  g_autoptr(GError) error = NULL;
  ImageLayer layers[LAYERS_MAX];
  for (guint i = 0; i < fixture->n_layers; i++)
    layers[i] = (ImageLayer){&fixture->layers[i], "some", NULL};
  ImageSpec spec = {
    .name = "web", .version = "1", .arch = "amd64", .encoding = PACK_ZSTD, .layers = layers, .n_layers = fixture->n_layers};
  g_assert_true(image_write(fixture->blobs, &spec, manifest, &error));
  ArchiveSpec archive = {.name = "web", .version = "1", .top = manifest};
  g_assert_true(archive_write(fixture->path, &archive, fixture->blobs, NULL, NULL, NULL, &error));
  g_assert_no_error(error);
}

static Subject *
open_image(const Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) manifest = {0};
  write_image(fixture, &manifest);
  Subject *subject = subject_open(fixture->path, &fixture->options, &error);
  g_assert_no_error(error);
  return subject;
}

/* "etc etc/kept ..." */
static void
assert_paths(const Subject *subject, const char *expected)
{
  g_autoptr(GString) paths = g_string_new(NULL);
  for (guint i = 0; i < subject->files->len; i++)
    g_string_append_printf(paths, "%s%s", i > 0 ? " " : "", ((SubjectFile *)subject->files->pdata[i])->entry.path);
  g_assert_cmpstr(paths->str, ==, expected);
}

static const char *
owner_of(const Subject *subject, const char *path)
{
  const SubjectFile *file = subject_find(subject, path);
  g_assert_nonnull(file);
  const SubjectPackage *package = subject_package_of(subject, file);
  return package != NULL ? package->name : file->package == SUBJECT_SHARED ? "several" : "nobody";
}

/* ---- layers ---- */

static const Member lower[] = {
  {"etc/", 'd', NULL},           {"etc/old", 'f', "old\n"},     {"etc/kept", 'f', "kept\n"}, {"opt/", 'd', NULL},
  {"opt/a", 'f', "a"},           {"opt/b", 'f', "b"},           {"opt-c", 'f', "c"},         {"usr/", 'd', NULL},
  {"usr/tool", 'f', "#!/bin/x"}, {"usr/same", 'h', "usr/tool"}, {"usr/link", 'l', "tool"},
};
static const Member upper[] = {
  {"etc/", 'd', NULL},     {"etc/.wh.old", 'f', ""},      {"opt/", 'd', NULL},
  {"opt/new", 'f', "new"}, {"opt/.wh..wh..opq", 'f', ""}, {"usr", 'f', "a file where a folder was"},
};

static void
layers_are_merged_and_whiteouts_applied(Fixture *fixture, gconstpointer data)
{
  ADD_LAYER(fixture, lower);
  ADD_LAYER(fixture, upper);
  g_autoptr(Subject) subject = open_image(fixture);
  assert_paths(subject, "etc etc/kept opt opt/new opt-c usr");
  g_assert_cmpstr(subject->name, ==, "web");
  guint first;
  g_assert_cmpuint(subject_below(subject, "opt", &first), ==, 2);
  g_assert_cmpuint(first, ==, 2);
  g_assert_cmpuint(subject_below(subject, "op", &first), ==, 0);
  g_assert_cmpuint(subject_below(subject, "", &first), ==, 6);
  const SubjectLayer *layer = &g_array_index(subject->layers, SubjectLayer, 1);
  g_assert_cmpuint(layer->files, ==, 6);
  g_assert_cmpuint(layer->tar_size, ==, fixture->layers[1].tar_size);
  g_assert_cmpstr(layer->created_by, ==, "some");
}

static void
one_layer_is_told_as_it_stands(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  ADD_LAYER(fixture, lower);
  ADD_LAYER(fixture, upper);
  fixture->options.one_layer = TRUE;
  fixture->options.layer = 1;
  g_autoptr(Subject) subject = open_image(fixture);
  assert_paths(subject, "etc etc/.wh.old opt opt/.wh..wh..opq opt/new usr");
  g_assert_cmpuint(((SubjectFile *)subject->files->pdata[0])->layer, ==, 1);
  fixture->options.layer = 2;
  g_assert_null(subject_open(fixture->path, &fixture->options, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
}

/* A folder that a lower layer had, a file of the middle one, a folder again: what was below at first must not come back. */
static void
what_was_covered_stays_covered(Fixture *fixture, gconstpointer data)
{
  static const Member first[] = {{"a/", 'd', NULL}, {"a/b/", 'd', NULL}, {"a/b/lost", 'f', "1"}, {"gone", 'f', "1"}};
  static const Member second[] = {{"a/b", 'f', "2"}, {".wh.gone", 'f', ""}};
  static const Member third[] = {{"a/b/", 'd', NULL}, {"a/b/new", 'f', "3"}};
  static const Member fourth[] = {{"a/.wh.b", 'f', ""}, {"a/b/", 'd', NULL}, {"a/b/last", 'f', "4"}, {"gone", 'f', "back"}};
  ADD_LAYER(fixture, first);
  ADD_LAYER(fixture, second);
  ADD_LAYER(fixture, third);
  {
    g_autoptr(Subject) subject = open_image(fixture);
    assert_paths(subject, "a a/b a/b/new");
  }
  ADD_LAYER(fixture, fourth);
  g_autoptr(Subject) subject = open_image(fixture);
  assert_paths(subject, "a a/b a/b/last gone");
  g_assert_cmpuint(subject_find(subject, "gone")->entry.size, ==, 4);
}

static void
hardlinks_have_what_their_files_have(Fixture *fixture, gconstpointer data)
{
  static const Member changed[] = {{"usr/tool", 'f', "other"}};
  Digest digest;
  ADD_LAYER(fixture, lower);
  fixture->options.hash = TRUE;
  {
    g_autoptr(Subject) subject = open_image(fixture);
    const SubjectFile *link = subject_find(subject, "usr/same");
    digest_of("#!/bin/x", 8, &digest);
    g_assert_cmpint(link->entry.type, ==, ENTRY_HARDLINK);
    g_assert_cmpuint(link->entry.size, ==, 8);
    g_assert_true(link->has_digest && digest_equal(&link->entry.digest, &digest));
    g_assert_false(subject_find(subject, "usr/link")->has_digest);
  }
  /* the name it was told under is another file now: the link is what is left of the first */
  ADD_LAYER(fixture, changed);
  g_autoptr(Subject) subject = open_image(fixture);
  const SubjectFile *link = subject_find(subject, "usr/same");
  g_assert_cmpint(link->entry.type, ==, ENTRY_FILE);
  g_assert_true(digest_equal(&link->entry.digest, &digest));
  g_assert_cmpuint(subject_find(subject, "usr/tool")->entry.size, ==, 5);
}

/* ---- packages ---- */

#define STATUS                                                                                                                 \
  "Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1-2\n\n"                                         \
  "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nSource: bash-src (5)\nVersion: 5.1\n\n\n"                 \
  "Package: libx\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 3\n\n"                         \
  "Package: libx\nStatus: install ok installed\nArchitecture: i386\nMulti-Arch: same\nVersion: 3\n\n"                          \
  "no stanza at all\n\n"                                                                                                       \
  "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 9\n"

static const Member debian[] = {
  {"bin", 'l', "usr/bin"},
  {"etc/passwd", 'f', "root"},
  {"usr/", 'd', NULL},
  {"usr/bin/", 'd', NULL},
  {"usr/bin/bash", 'f', "bash"},
  {"usr/bin/sh", 'l', "dash"},
  {"usr/bin/sh.distrib", 'l', "bash"},
  {"usr/bin/dash", 'f', "dash!"},
  {"usr/share/doc/libx/copyright", 'f', "mine"},
  {"usr/share/only-dash/", 'd', NULL},
  {"var/lib/dpkg/status", 'f', STATUS},
  {"var/lib/dpkg/diversions", 'f', "/bin/sh\n/bin/sh.distrib\ndash\n"},
  {"var/lib/dpkg/info/dash.list", 'f', "/.\n/bin\n/bin/dash\n/bin/sh\n/usr\n/usr/share/only-dash\n"},
  {"var/lib/dpkg/info/bash.list", 'f', "/.\n/bin\n/bin/bash\n/bin/sh\n/usr\nno path\n/not/there\n"},
  {"var/lib/dpkg/info/libx:amd64.list", 'f', "/.\n/usr/share/doc/libx/copyright"},
  {"var/lib/dpkg/info/libx:i386.list", 'f', "/.\n/usr/share/doc/libx/copyright\n"},
};

static void
files_come_from_packages(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *path, *owner;
  } expected[] = {
    {"bin", "several"},
    {"etc/passwd", "nobody"},
    {"usr", "several"},
    {"usr/bin", "nobody"},
    {"usr/bin/bash", "bash"},
    {"usr/bin/sh", "dash"},
    {"usr/bin/sh.distrib", "bash"},
    {"usr/bin/dash", "dash"},
    {"usr/share/only-dash", "dash"},
    {"usr/share/doc/libx/copyright", "libx"},
    {"var/lib/dpkg/status", "nobody"},
  };
  ADD_LAYER(fixture, debian);
  g_autoptr(Subject) subject = open_image(fixture);
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
    g_assert_cmpstr(owner_of(subject, expected[i].path), ==, expected[i].owner);
  g_assert_cmpuint(subject->packages->len, ==, 4);
  const SubjectPackage *bash = subject->packages->pdata[0], *dash = subject->packages->pdata[1];
  g_assert_cmpstr(bash->source, ==, "bash-src");
  g_assert_cmpstr(bash->version, ==, "5.1");
  g_assert_cmpuint(dash->files, ==, 2);
  g_assert_cmpuint(dash->bytes, ==, 5);
}

/* The database is what the layers make together: a later layer's list counts. */
static void
a_later_database_counts(Fixture *fixture, gconstpointer data)
{
  static const Member later[] = {{"usr/bin/new", 'f', "n"}, {"var/lib/dpkg/info/bash.list", 'f', "/usr/bin/new\n"}};
  ADD_LAYER(fixture, debian);
  ADD_LAYER(fixture, later);
  g_autoptr(Subject) subject = open_image(fixture);
  g_assert_cmpstr(owner_of(subject, "usr/bin/new"), ==, "bash");
  g_assert_cmpstr(owner_of(subject, "usr/bin/bash"), ==, "nobody");
}

static void
distroless_status_is_read(Fixture *fixture, gconstpointer data)
{
  static const Member distroless[] = {
    {"usr/share/zoneinfo/UTC", 'f', "utc"},
    {"var/lib/dpkg/status.d/tzdata", 'f', "Package: tzdata\nVersion: 2024a\nArchitecture: all\n"},
    {"var/lib/dpkg/status.d/tzdata.md5sums", 'f', "d41d8cd98f00b204e9800998ecf8427e  usr/share/zoneinfo/UTC\n"},
  };
  ADD_LAYER(fixture, distroless);
  g_autoptr(Subject) subject = open_image(fixture);
  g_assert_cmpstr(owner_of(subject, "usr/share/zoneinfo/UTC"), ==, "tzdata");
  g_assert_cmpuint(subject->packages->len, ==, 1);
}

/* ---- other forms ---- */

static void
the_store_is_looked_into(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) manifest = {0};
  char text[DIGEST_STRING_SIZE];
  ADD_LAYER(fixture, lower);
  write_image(fixture, &manifest);
  g_autofree char *whole = g_strconcat("store:", digest_to_string(&manifest.digest, text), NULL);
  g_autofree char *cut = g_strdup_printf("store:%.20s", text + strlen("sha256:"));
  g_autofree char *layer = g_strconcat("store:", digest_to_string(&fixture->layers[0].digest, text), NULL);
  g_autoptr(Subject) image = subject_open(whole, &fixture->options, &error);
  g_assert_no_error(error);
  g_assert_cmpint(image->kind, ==, SUBJECT_IMAGE);
  g_assert_cmpstr(image->label, ==, whole);
  g_autoptr(Subject) same = subject_open(cut, &fixture->options, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(same->files->len, ==, image->files->len);
  g_autoptr(Subject) one = subject_open(layer, &fixture->options, &error);
  g_assert_no_error(error);
  g_assert_cmpint(one->kind, ==, SUBJECT_LAYER);
  g_assert_cmpuint(one->files->len, ==, G_N_ELEMENTS(lower));
  static const struct {
    const char *spelling;
    int code;
  } wrong[] = {{"store:ab", ASHLAR_ERROR_USAGE},
               {"store:sha256:xyzw", ASHLAR_ERROR_USAGE},
               {"store:0000000000000000000000000", ASHLAR_ERROR_NOT_FOUND}};
  for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_assert_null(subject_open(wrong[i].spelling, &fixture->options, &error));
    g_assert_error(error, ASHLAR_ERROR, wrong[i].code);
    g_clear_error(&error);
  }
}

static void
packs_are_looked_into(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PackWriter) writer = pack_writer_new(fixture->store, PACK_ZSTD, &error);
  Entry file = {.path = "usr/bin/x", .mode = 0755, .size = 3},
        link = {.path = "usr/bin/y", .type = ENTRY_HARDLINK, .target = "usr/bin/x"};
  g_autoptr(GBytes) control = g_bytes_new_static("Package: x\nVersion: 2\nArchitecture: all\n", 40);
  Digest digest, content;
  char text[DIGEST_STRING_SIZE];
  pack_writer_set_meta(writer, "control", control);
  g_assert_true(pack_writer_add(writer, &file, &error) && pack_writer_data(writer, "abc", 3, &error) &&
                pack_writer_add(writer, &link, &error) && pack_writer_finish(writer, &digest, &error));
  g_autofree char *spelling = g_strconcat("store:", digest_to_string(&digest, text), NULL);
  g_autoptr(Subject) subject = subject_open(spelling, &fixture->options, &error);
  g_assert_no_error(error);
  g_assert_cmpint(subject->kind, ==, SUBJECT_PACK);
  g_assert_cmpstr(subject->version, ==, "2");
  assert_paths(subject, "usr/bin/x usr/bin/y");
  digest_of("abc", 3, &content);
  g_assert_true(digest_equal(&subject_find(subject, "usr/bin/y")->entry.digest, &content));
  g_assert_cmpstr(owner_of(subject, "usr/bin/y"), ==, "x");
}

static void
folders_are_looked_into(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *root = g_build_filename(fixture->folder, "root", NULL), *bin = g_build_filename(root, "bin", NULL),
                  *file = g_build_filename(bin, "file", NULL), *twin = g_build_filename(bin, "twin", NULL),
                  *link = g_build_filename(bin, "link", NULL), *fifo = g_build_filename(bin, "fifo", NULL);
  Digest digest;
  g_assert_cmpint(g_mkdir_with_parents(bin, 0755), ==, 0);
  g_assert_true(g_file_set_contents(file, "text", 4, &error));
  g_assert_cmpint(chmod(file, 0), ==, 0);
  g_assert_true(linkat(AT_FDCWD, file, AT_FDCWD, twin, 0) == 0 && symlink("/etc", link) == 0 && mkfifo(fifo, 0600) == 0);
  g_autoptr(Subject) subject = subject_open(root, &fixture->options, &error);
  g_assert_no_error(error);
  assert_paths(subject, " bin bin/fifo bin/file bin/link bin/twin");
  g_assert_cmpint(subject_find(subject, "bin/twin")->entry.type, ==, ENTRY_HARDLINK);
  g_assert_cmpuint(subject_find(subject, "bin/twin")->entry.size, ==, 4);
  g_assert_cmpstr(subject_find(subject, "bin/link")->entry.target, ==, "/etc");
  g_assert_cmpint(chmod(file, 0600), ==, 0);
  fixture->options.hash = TRUE;
  g_autoptr(Subject) hashed = subject_open(root, &fixture->options, &error);
  g_assert_no_error(error);
  digest_of("text", 4, &digest);
  g_assert_true(digest_equal(&subject_find(hashed, "bin/twin")->entry.digest, &digest));
  fixture->options.one_layer = TRUE;
  g_assert_null(subject_open(root, &fixture->options, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
}

/* A sparse file, as GNU tar stores it, is the bytes it stands for. */
static void
sparse_files_read_as_what_they_stand_for(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *script = g_strdup_printf("cd '%s' && mkdir s && truncate -s 300000 s/file && printf x | dd of=s/file bs=1 "
                                            "seek=200000 conv=notrunc 2>/dev/null && tar -cSzf s.tgz -C s file",
                                            fixture->folder);
  g_assert_cmpint(system(script), ==, 0);
  g_autofree char *tar = g_build_filename(fixture->folder, "s.tgz", NULL);
  g_autofree guint8 *content = g_malloc0(300000);
  content[200000] = 'x';
  Digest digest;
  digest_of(content, 300000, &digest);
  fixture->options.hash = TRUE;
  g_autoptr(Subject) subject = subject_open(tar, &fixture->options, &error);
  g_assert_no_error(error);
  g_assert_cmpint(subject->kind, ==, SUBJECT_TAR);
  g_assert_true(digest_equal(&subject_find(subject, "file")->entry.digest, &digest));
}

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/subject/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("layers", layers_are_merged_and_whiteouts_applied);
  ADD("one-layer", one_layer_is_told_as_it_stands);
  ADD("covered", what_was_covered_stays_covered);
  ADD("hardlinks", hardlinks_have_what_their_files_have);
  ADD("packages", files_come_from_packages);
  ADD("later-database", a_later_database_counts);
  ADD("distroless", distroless_status_is_read);
  ADD("store", the_store_is_looked_into);
  ADD("pack", packs_are_looked_into);
  ADD("folder", folders_are_looked_into);
  ADD("sparse", sparse_files_read_as_what_they_stand_for);
  return g_test_run();
}
