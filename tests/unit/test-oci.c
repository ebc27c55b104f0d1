/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/oci/archive.h"
#include "builder/oci/check.h"
#include "builder/oci/contents.h"
#include "builder/oci/image.h"
#include "builder/oci/index.h"
#include "builder/oci/layout.h"
#include "builder/oci/location.h"
#include "builder/oci/printable.h"
#include "builder/oci/referrer.h"
#include "builder/oci/sign.h"
#include "signing/error.h"
#include "signing/limits.h"
#include "tests/unit/image-maker.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define EPOCH 1700000000

static const Member lower[] = {
  {"etc/", 'd', NULL},           {"etc/old", 'f', "old\n"},     {"etc/kept", 'f', "kept\n"}, {"opt/", 'd', NULL},
  {"opt/a", 'f', "a"},           {"opt/b", 'f', "b"},           {"opt-c", 'f', "c"},         {"usr/", 'd', NULL},
  {"usr/tool", 'f', "#!/bin/x"}, {"usr/same", 'h', "usr/tool"}, {"usr/link", 'l', "tool"},
};
static const Member upper[] = {
  {"etc/", 'd', NULL},     {"etc/.wh.old", 'f', ""},      {"opt/", 'd', NULL},
  {"opt/new", 'f', "new"}, {"opt/.wh..wh..opq", 'f', ""}, {"usr", 'f', "a file where a folder was"},
};

typedef struct {
  char *folder;
  char *path;
  Blobs *blobs;
  Layer layers[2];
  Descriptor manifest;
  Key *key;
} Fixture;

static gboolean
write_image(Fixture *fixture, const char *arch, Descriptor *out, GError **error)
{
  ImageLayer layers[] = {{&fixture->layers[0], "debian: base", NULL}, {&fixture->layers[1], "files", "of the recipe"}};
  static char *ports[] = {(char *)"80/tcp", NULL}, *env[] = {(char *)"LANG=C.UTF-8", NULL};
  static char *labels[] = {(char *)"org.example.team=stone", NULL}, *entrypoint[] = {(char *)"/usr/bin/web", NULL};
  RecipeConfig config = {.user = (char *)"app", .ports = ports, .env = env, .labels = labels, .entrypoint = entrypoint};
  ImageSpec spec = {
    .name = "web",
    .version = "1.4.2+b1",
    .description = "a site",
    .arch = arch,
    .epoch = EPOCH,
    .config = &config,
    .encoding = PACK_ZSTD,
    .layers = layers,
    .n_layers = 2,
  };
  return image_write(fixture->blobs, &spec, out, error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("ashlar-oci-XXXXXX", NULL);
  fixture->path = g_build_filename(fixture->folder, "web.oci.tar", NULL);
  fixture->blobs = blobs_new(NULL);
  make_layer(fixture->blobs, lower, G_N_ELEMENTS(lower), &fixture->layers[0]);
  make_layer(fixture->blobs, upper, G_N_ELEMENTS(upper), &fixture->layers[1]);
  g_assert_true(write_image(fixture, "amd64", &fixture->manifest, &error));
  fixture->key = key_generate(KEY_ED25519, &error);
  g_assert_no_error(error);
}

static void
remove_folder(const char *path)
{
  char *argv[] = {(char *)"rm", (char *)"-rf", (char *)path, NULL};
  g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  remove_folder(fixture->folder);
  g_free(fixture->folder);
  g_free(fixture->path);
  blobs_free(fixture->blobs);
  descriptor_clear(&fixture->manifest);
  key_free(fixture->key);
}

static void
write_archive(Fixture *fixture, const char *path, const Descriptor *top, const Descriptor *referrers)
{
  g_autoptr(GError) error = NULL;
  ArchiveSpec spec = {.name = "web", .version = "1.4.2+b1", .top = top, .referrers = referrers, .epoch = EPOCH};
  g_assert_true(archive_write(path, &spec, fixture->blobs, NULL, NULL, NULL, &error));
  g_assert_no_error(error);
}

static void
assert_same_files(const char *one, const char *other)
{
  g_autofree char *a = NULL, *b = NULL;
  gsize a_size, b_size;
  g_assert_true(g_file_get_contents(one, &a, &a_size, NULL));
  g_assert_true(g_file_get_contents(other, &b, &b_size, NULL));
  g_assert_cmpmem(a, a_size, b, b_size);
}

/* ---- writing ---- */

static void
members_stand_in_gos_order(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) manifest = blobs_read(fixture->blobs, &fixture->manifest.digest, LIMIT_DOCUMENT, &error);
  g_autofree char *text = g_strndup(g_bytes_get_data(manifest, NULL), g_bytes_get_size(manifest));
  g_assert_true(
    g_str_has_prefix(text, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{"));
  g_assert_true(
    g_str_has_suffix(text, "\"annotations\":{\"org.example.team\":\"stone\",\"org.opencontainers.image.created\":"
                           "\"2023-11-14T22:13:20Z\",\"org.opencontainers.image.description\":\"a site\","
                           "\"org.opencontainers.image.title\":\"web\",\"org.opencontainers.image.version\":\"1.4.2+b1\"}}"));
  json_auto_t *json = json_loads(text, 0, NULL);
  Digest config;
  g_assert_true(
    digest_from_string(json_string_value(json_object_get(json_object_get(json, "config"), "digest")), &config, &error));
  g_autoptr(GBytes) bytes = blobs_read(fixture->blobs, &config, LIMIT_DOCUMENT, &error);
  g_autofree char *config_text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  g_assert_true(g_str_has_prefix(
    config_text, "{\"created\":\"2023-11-14T22:13:20Z\",\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{"
                 "\"User\":\"app\",\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"PATH=/usr/local/sbin:/usr/local/bin:"
                 "/usr/sbin:/usr/bin:/sbin:/bin\",\"LANG=C.UTF-8\"],\"Entrypoint\":[\"/usr/bin/web\"],\"Labels\":{"));
  g_assert_true(g_str_has_suffix(
    config_text, "\"history\":[{\"created\":\"2023-11-14T22:13:20Z\",\"created_by\":\"debian: base\"},"
                 "{\"created\":\"2023-11-14T22:13:20Z\",\"created_by\":\"files\",\"comment\":\"of the recipe\"}]}"));
}

static void
platforms_are_gos(void)
{
  static const char *const table[][3] = {{"amd64", "amd64", NULL}, {"arm64", "arm64", "v8"},     {"armhf", "arm", "v7"},
                                         {"i386", "386", NULL},    {"riscv64", "riscv64", NULL}, {"ppc64el", "ppc64le", NULL}};
  for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
    const char *architecture, *variant;
    oci_platform(table[i][0], &architecture, &variant);
    g_assert_cmpstr(architecture, ==, table[i][1]);
    g_assert_cmpstr(variant, ==, table[i][2]);
  }
}

static void
names_become_tags_and_repositories(void)
{
  static const char *const tags[][2] = {{"1.4.2", "1.4.2"}, {"1.0+deb12~1", "1.0-deb12-1"}, {".a", "_a"}, {"-", "_"}};
  static const char *const names[][2] = {{"web", "docker.io/library/web"},
                                         {"team/web", "docker.io/team/web"},
                                         {"example.org/web", "example.org/web"},
                                         {"localhost/web", "localhost/web"}};
  for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
    g_autofree char *tag = oci_tag(tags[i][0]);
    g_assert_cmpstr(tag, ==, tags[i][1]);
  }
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *name = oci_repository(names[i][0]);
    g_assert_cmpstr(name, ==, names[i][1]);
  }
}

static void
the_tarball_is_the_same_twice_and_hashed_right(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *again = g_build_filename(fixture->folder, "again.tar", NULL);
  write_archive(fixture, fixture->path, &fixture->manifest, NULL);
  ArchiveSpec spec = {.name = "web", .version = "1.4.2+b1", .top = &fixture->manifest, .epoch = EPOCH};
  Digest told, found;
  guint64 size;
  g_assert_true(archive_write(again, &spec, fixture->blobs, NULL, &told, &size, &error));
  assert_same_files(fixture->path, again);
  g_autofree char *content = NULL;
  gsize length;
  g_assert_true(g_file_get_contents(again, &content, &length, NULL));
  digest_of(content, length, &found);
  g_assert_cmpuint(size, ==, length);
  g_assert_cmpuint(length % 512, ==, 0);
  g_assert_true(digest_equal(&told, &found));
  struct stat status;
  g_assert_cmpint(stat(again, &status), ==, 0);
  g_assert_cmpuint(status.st_mode & 07777, ==, 0644);
}

static void
members_of_the_tarball(Fixture *fixture, gconstpointer data)
{
  static const char *const expected[] = {"blobs/", "blobs/", "blobs/", "blobs/", "index.json", "manifest.json", "oci-layout"};
  write_archive(fixture, fixture->path, &fixture->manifest, NULL);
  struct archive *tar = archive_read_new();
  archive_read_support_format_tar(tar);
  g_assert_cmpint(archive_read_open_filename(tar, fixture->path, 10240), ==, ARCHIVE_OK);
  struct archive_entry *entry;
  g_autofree char *before = g_strdup("");
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_assert_cmpint(archive_read_next_header(tar, &entry), ==, ARCHIVE_OK);
    g_assert_true(g_str_has_prefix(archive_entry_pathname(entry), expected[i]));
    g_assert_cmpstr(archive_entry_pathname(entry), >, before);
    g_assert_cmpint(archive_entry_mtime(entry), ==, EPOCH);
    g_assert_cmpuint(archive_entry_mode(entry), ==, AE_IFREG | 0644);
    g_assert_cmpint(archive_entry_uid(entry), ==, 0);
    g_assert_cmpint(archive_format(tar), ==, ARCHIVE_FORMAT_TAR_USTAR);
    g_free(before);
    before = g_strdup(archive_entry_pathname(entry));
  }
  g_assert_cmpint(archive_read_next_header(tar, &entry), ==, ARCHIVE_EOF);
  archive_read_free(tar);
}

static void
a_missing_blob_is_told_and_nothing_written(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Blobs) fewer = blobs_new(NULL);
  g_autoptr(GBytes) manifest = blobs_read(fixture->blobs, &fixture->manifest.digest, LIMIT_DOCUMENT, &error);
  Digest digest;
  g_assert_true(blobs_put(fewer, g_bytes_get_data(manifest, NULL), g_bytes_get_size(manifest), &digest, &error));
  ArchiveSpec spec = {.name = "web", .version = "1", .top = &fixture->manifest};
  g_assert_false(archive_write(fixture->path, &spec, fewer, NULL, NULL, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

static void
a_layout_folder_is_replaced_whole(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(fixture->folder, "web.oci", NULL);
  g_autofree char *stray = g_build_filename(path, "stray", NULL);
  ArchiveSpec spec = {.name = "web", .version = "1", .top = &fixture->manifest, .epoch = EPOCH};
  g_assert_true(layout_write(path, &spec, fixture->blobs, NULL, &error));
  g_assert_true(g_file_set_contents(stray, "x", 1, NULL));
  g_assert_true(layout_write(path, &spec, fixture->blobs, NULL, &error));
  g_assert_no_error(error);
  g_assert_false(g_file_test(stray, G_FILE_TEST_EXISTS));
  g_autoptr(OciImage) image = oci_image_open(path, &error);
  g_assert_no_error(error);
  CheckResult checked;
  g_assert_true(oci_image_check(image, NULL, &checked, &error));
  g_assert_cmpuint(checked.blobs, ==, 4);
  g_assert_cmpuint(checked.layers, ==, 2);
  /* nothing is left beside it */
  g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
  g_assert_cmpstr(g_dir_read_name(dir), ==, "web.oci");
  g_assert_null(g_dir_read_name(dir));
}

static void
a_folder_that_is_no_layout_is_left_alone(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(fixture->folder, "mine", NULL);
  ArchiveSpec spec = {.name = "web", .version = "1", .top = &fixture->manifest};
  g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
  g_assert_false(layout_write(path, &spec, fixture->blobs, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS);
}

/* ---- signing and verifying ---- */

static gboolean
verify(const char *path, Key *key, GError **error)
{
  g_autoptr(OciImage) image = oci_image_open(path, error);
  CheckResult checked;
  if (image == NULL || !oci_image_check(image, NULL, &checked, error))
    return FALSE;
  g_autoptr(GPtrArray) signatures = image->referrers != NULL ? image_signatures(image->blobs, image->referrers, error) : NULL;
  VerifySpec spec = {.keys = &key, .n_keys = 1};
  guint signer;
  return image_verify_signature(image->blobs, signatures, &image->top.digest, &spec, &signer, error);
}

static void
sign_and_verify(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) referrers = {0}, again = {0}, both = {0};
  g_autoptr(Key) other = key_generate((KeyType)GPOINTER_TO_INT(data), &error);
  SignSpec spec = {.key = other, .reference = "example.org/web"};
  g_assert_true(image_sign(fixture->blobs, &fixture->manifest, NULL, &spec, &referrers, &error));
  g_assert_true(image_sign(fixture->blobs, &fixture->manifest, &referrers, &spec, &again, &error));
  g_assert_true(digest_equal(&referrers.digest, &again.digest));
  write_archive(fixture, fixture->path, &fixture->manifest, &referrers);
  g_assert_true(verify(fixture->path, other, &error));
  g_assert_no_error(error);
  g_assert_false(verify(fixture->path, fixture->key, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, "signed by another key"));
  g_clear_error(&error);

  spec.key = fixture->key;
  g_assert_true(image_sign(fixture->blobs, &fixture->manifest, &referrers, &spec, &both, &error));
  write_archive(fixture, fixture->path, &fixture->manifest, &both);
  g_assert_true(verify(fixture->path, other, &error));
  g_assert_true(verify(fixture->path, fixture->key, &error));
  g_assert_no_error(error);
}

static void
unsigned_is_refused(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  write_archive(fixture, fixture->path, &fixture->manifest, NULL);
  g_assert_false(verify(fixture->path, fixture->key, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, "is not signed"));
}

/* A signature of another image, whose manifest is given a new subject: the payload gives it away. */
static void
a_signature_moved_to_another_image_is_refused(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) other = {0}, referrers = {0}, moved = {0}, index = {0};
  SignSpec spec = {.key = fixture->key, .reference = "example.org/web"};
  g_assert_true(write_image(fixture, "arm64", &other, &error));
  g_assert_true(image_sign(fixture->blobs, &other, NULL, &spec, &referrers, &error));
  g_autoptr(GBytes) bytes = blobs_read(fixture->blobs, &referrers.digest, LIMIT_DOCUMENT, &error);
  json_auto_t *list = oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "referrers", &error);
  g_auto(Descriptor) entry = {0};
  g_assert_true(descriptor_parse(json_array_get(json_object_get(list, "manifests"), 0), &entry, &error));
  g_autoptr(GBytes) manifest_bytes = blobs_read(fixture->blobs, &entry.digest, LIMIT_DOCUMENT, &error);
  json_auto_t *manifest = oci_json_parse(g_bytes_get_data(manifest_bytes, NULL), g_bytes_get_size(manifest_bytes), "manifest",
                                         &error);
  json_object_set_new(manifest, "subject", descriptor_to_json(&fixture->manifest));
  g_assert_true(blobs_put_json(fixture->blobs, manifest, OCI_MEDIA_MANIFEST, &moved, &error));
  json_array_set_new(json_object_get(list, "manifests"), 0, descriptor_to_json(&moved));
  g_assert_true(blobs_put_json(fixture->blobs, list, OCI_MEDIA_INDEX, &index, &error));
  write_archive(fixture, fixture->path, &fixture->manifest, &index);
  g_assert_false(verify(fixture->path, fixture->key, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, "for another image"));
}

static void
an_index_is_signed_with_all_in_it(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) other = {0}, index = {0}, referrers = {0};
  g_assert_true(write_image(fixture, "arm64", &other, &error));
  Descriptor manifests[] = {fixture->manifest, other};
  ImageSpec image_spec = {.name = "web", .version = "1.4.2+b1", .epoch = EPOCH};
  g_assert_true(index_write(fixture->blobs, &image_spec, manifests, 2, &index, &error));
  SignSpec spec = {.key = fixture->key, .reference = "example.org/web"};
  g_assert_true(image_sign(fixture->blobs, &index, NULL, &spec, &referrers, &error));
  g_autoptr(GPtrArray) signatures = image_signatures(fixture->blobs, &referrers, &error);
  g_assert_cmpuint(signatures->len, ==, 3);
  write_archive(fixture, fixture->path, &index, &referrers);
  g_assert_true(verify(fixture->path, fixture->key, &error));
  g_autoptr(OciImage) image = oci_image_open(fixture->path, &error);
  OciManifest *arm = oci_image_manifest(image, "arm64", &error);
  g_assert_true(digest_equal(&arm->descriptor.digest, &other.digest));
  g_assert_null(oci_image_manifest(image, "s390x", &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
}

/* ---- what belongs to an image ---- */

static json_t *
read_document(Fixture *fixture, const Descriptor *descriptor)
{
  g_autoptr(GBytes) bytes = blobs_read(fixture->blobs, &descriptor->digest, LIMIT_DOCUMENT, NULL);
  g_assert_nonnull(bytes);
  return oci_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "document", NULL);
}

static gboolean
collects(Fixture *fixture, const Descriptor *top, const Digest *wanted)
{
  g_autoptr(GError) error = NULL;
  g_auto(Contents) contents = {0};
  ArchiveSpec spec = {.top = top};
  gboolean done = contents_collect(&spec, fixture->blobs, &contents, &error);
  g_assert_no_error(error);
  g_assert_true(done);
  for (guint i = 0; i < contents.digests->len; i++)
    if (digest_equal(&g_array_index(contents.digests, Digest, i), wanted))
      return TRUE;
  return FALSE;
}

/* A manifest that another lists among its layers is one all the same: what it names must not be left out. */
static void
manifest_listed_as_layer_before_is_walked(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) other = {0}, odd = {0}, index = {0}, config = {0};
  g_assert_true(write_image(fixture, "arm64", &other, &error));
  json_auto_t *first = read_document(fixture, &fixture->manifest);
  json_auto_t *second = read_document(fixture, &other);
  g_assert_true(descriptor_parse(json_object_get(second, "config"), &config, &error));
  Descriptor layer = {.media_type = (char *)OCI_MEDIA_LAYER, .digest = other.digest, .size = other.size};
  json_array_append_new(json_object_get(first, "layers"), descriptor_to_json(&layer));
  g_assert_true(blobs_put_json(fixture->blobs, first, OCI_MEDIA_MANIFEST, &odd, &error));
  Descriptor manifests[] = {odd, other};
  ImageSpec spec = {.name = "web", .version = "1", .epoch = EPOCH};
  g_assert_true(index_write(fixture->blobs, &spec, manifests, 2, &index, &error));
  g_assert_true(collects(fixture, &index, &config.digest));
}

static void
flood_of_signatures_is_refused(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) referrers = {0}, entry = {0}, flooded = {0}, list = {0};
  SignSpec spec = {.key = fixture->key, .reference = "example.org/web"};
  g_assert_true(image_sign(fixture->blobs, &fixture->manifest, NULL, &spec, &referrers, &error));
  json_auto_t *index = read_document(fixture, &referrers);
  g_assert_true(descriptor_parse(json_array_get(json_object_get(index, "manifests"), 0), &entry, &error));
  json_auto_t *manifest = read_document(fixture, &entry);
  json_t *layers = json_object_get(manifest, "layers");
  for (guint i = 0; i < limits_get(LIMIT_SIGNATURES); i++)
    json_array_append(layers, json_array_get(layers, 0));
  g_assert_true(blobs_put_json(fixture->blobs, manifest, OCI_MEDIA_MANIFEST, &flooded, &error));
  json_array_set_new(json_object_get(index, "manifests"), 0, descriptor_to_json(&flooded));
  g_assert_true(blobs_put_json(fixture->blobs, index, OCI_MEDIA_INDEX, &list, &error));
  g_assert_null(image_signatures(fixture->blobs, &list, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
}

/* A manifest of 4 MB listed thirty thousand times would have to be read as often. */
static void
one_manifest_listed_many_times_is_refused(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) referrers = {0}, list = {0}, signed_again = {0};
  SignSpec spec = {.key = fixture->key, .reference = "example.org/web"};
  g_assert_true(image_sign(fixture->blobs, &fixture->manifest, NULL, &spec, &referrers, &error));
  json_auto_t *index = read_document(fixture, &referrers);
  json_t *manifests = json_object_get(index, "manifests");
  while (json_array_size(manifests) <= limits_get(LIMIT_MANIFESTS))
    json_array_append(manifests, json_array_get(manifests, 0));
  g_assert_true(blobs_put_json(fixture->blobs, index, OCI_MEDIA_INDEX, &list, &error));
  g_assert_null(image_signatures(fixture->blobs, &list, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_false(image_sign(fixture->blobs, &fixture->manifest, &list, &spec, &signed_again, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
}

/* ---- hostile tarballs ---- */

typedef struct {
  const char *name;    /* of the test */
  const char *message; /* part of what is said */
  int code;
  void (*change)(Fixture *fixture, struct archive *tar);
} Hostile;

static void
put(struct archive *tar, const char *name, const char *content, mode_t type)
{
  struct archive_entry *entry = archive_entry_new();
  archive_entry_set_pathname(entry, name);
  archive_entry_set_filetype(entry, type);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, type == AE_IFREG ? (gint64)strlen(content) : 0);
  if (type == AE_IFLNK)
    archive_entry_set_symlink(entry, content);
  g_assert_cmpint(archive_write_header(tar, entry), ==, ARCHIVE_OK);
  if (type == AE_IFREG)
    archive_write_data(tar, content, strlen(content));
  archive_entry_free(entry);
}

static void
put_layout(struct archive *tar)
{
  put(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", AE_IFREG);
}

#define SHA "sha256:"
#define HEX "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define BLOB "blobs/sha256/"

/* A layout whose only image is the document @json, told to be of @media_type. */
static void
put_top(struct archive *tar, const char *json, const char *media_type)
{
  Digest digest;
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_of(json, strlen(json), &digest);
  digest_to_hex(&digest, hex);
  g_autofree char *path = g_strconcat(BLOB, hex, NULL);
  g_autofree char *index = g_strdup_printf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\","
                                           "\"size\":%" G_GSIZE_FORMAT "}]}",
                                           media_type, hex, strlen(json));
  put_layout(tar);
  put(tar, path, json, AE_IFREG);
  put(tar, "index.json", index, AE_IFREG);
}

static void
no_layout(Fixture *fixture, struct archive *tar)
{
  put(tar, "index.json", "{}", AE_IFREG);
}

static void
docker_only(Fixture *fixture, struct archive *tar)
{
  put(tar, "manifest.json", "[]", AE_IFREG);
}

static void
no_index(Fixture *fixture, struct archive *tar)
{
  put_layout(tar);
}

static void
other_version(Fixture *fixture, struct archive *tar)
{
  put(tar, "oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}", AE_IFREG);
  put(tar, "index.json", "{}", AE_IFREG);
}

static void
climbing(Fixture *fixture, struct archive *tar)
{
  put(tar, "blobs/../../etc/passwd", "x", AE_IFREG);
}

static void
absolute(Fixture *fixture, struct archive *tar)
{
  put(tar, "/index.json", "x", AE_IFREG);
}

static void
symlink_member(Fixture *fixture, struct archive *tar)
{
  put(tar, BLOB HEX, "/etc/passwd", AE_IFLNK);
}

static void
member_twice(Fixture *fixture, struct archive *tar)
{
  put_layout(tar);
  put_layout(tar);
}

static void
blob_without_digest(Fixture *fixture, struct archive *tar)
{
  put(tar, BLOB "readme", "x", AE_IFREG);
}

static void
blob_in_upper_case(Fixture *fixture, struct archive *tar)
{
  put(tar, BLOB "44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A", "{}", AE_IFREG);
}

static void
key_twice(Fixture *fixture, struct archive *tar)
{
  put_layout(tar);
  put(tar, "index.json", "{\"schemaVersion\":2,\"manifests\":[],\"manifests\":[]}", AE_IFREG);
}

static void
no_images(Fixture *fixture, struct archive *tar)
{
  put_layout(tar);
  put(tar, "index.json", "{\"schemaVersion\":2,\"manifests\":[]}", AE_IFREG);
}

static void
large_index(Fixture *fixture, struct archive *tar)
{
  g_autofree char *text = g_strnfill(limits_get(LIMIT_DOCUMENT) + 1, ' ');
  put(tar, "index.json", text, AE_IFREG);
}

static void
missing_top(Fixture *fixture, struct archive *tar)
{
  put_layout(tar);
  put(tar, "index.json",
      "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"digest\":\"" SHA HEX "\",\"size\":2}]}",
      AE_IFREG);
}

static void
wrong_digest(Fixture *fixture, struct archive *tar)
{
  missing_top(fixture, tar);
  put(tar, BLOB HEX, "[]", AE_IFREG);
}

static void
wrong_size(Fixture *fixture, struct archive *tar)
{
  put_layout(tar);
  put(tar, "index.json",
      "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"digest\":\"" SHA HEX "\",\"size\":3}]}",
      AE_IFREG);
  put(tar, BLOB HEX, "{}", AE_IFREG);
}

static void
negative_size(Fixture *fixture, struct archive *tar)
{
  put_layout(tar);
  put(tar, "index.json",
      "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"digest\":\"" SHA HEX "\",\"size\":-1}]}",
      AE_IFREG);
}

static void
both_kinds(Fixture *fixture, struct archive *tar)
{
  put_top(tar, "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", OCI_MEDIA_INDEX);
}

static void
other_media_type(Fixture *fixture, struct archive *tar)
{
  put_top(tar, "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"manifests\":[]}", OCI_MEDIA_INDEX);
}

static void
no_manifest(Fixture *fixture, struct archive *tar)
{
  put_top(tar, "{}", "text/plain");
}

static void
old_schema(Fixture *fixture, struct archive *tar)
{
  put_top(tar, "{\"schemaVersion\":1,\"layers\":[]}", OCI_MEDIA_MANIFEST);
}

static void
missing_layer(Fixture *fixture, struct archive *tar)
{
  put_top(tar,
          "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"" SHA HEX
          "\",\"size\":2},\"layers\":[{\"mediaType\":\"x\","
          "\"digest\":\"" SHA HEX "\",\"size\":2}]}",
          OCI_MEDIA_MANIFEST);
}

static void
too_few_diff_ids(Fixture *fixture, struct archive *tar)
{
  put(tar, BLOB HEX, "{}", AE_IFREG);
  put_top(tar,
          "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"digest\":\"" SHA HEX
          "\",\"size\":2},\"layers\":[]}",
          OCI_MEDIA_MANIFEST);
}

static void
not_a_list(Fixture *fixture, struct archive *tar)
{
  put_top(tar, "{\"schemaVersion\":2,\"manifests\":{}}", OCI_MEDIA_INDEX);
}

/* Indexes that list the one below them over and over: 256 to the power of the depth. */
static void
index_bomb(Fixture *fixture, struct archive *tar)
{
  g_autofree char *json = g_strdup("{\"schemaVersion\":2,\"manifests\":[]}");
  for (int level = 0; level < 3; level++) {
    Digest digest;
    char hex[DIGEST_HEX_LENGTH + 1];
    digest_of(json, strlen(json), &digest);
    digest_to_hex(&digest, hex);
    g_autofree char *path = g_strconcat(BLOB, hex, NULL);
    put(tar, path, json, AE_IFREG);
    GString *next = g_string_new("{\"schemaVersion\":2,\"manifests\":[");
    for (int i = 0; i < 256; i++)
      g_string_append_printf(next,
                             "%s{\"mediaType\":\"" OCI_MEDIA_INDEX "\",\"digest\":\"sha256:%s\",\"size\":%" G_GSIZE_FORMAT "}",
                             i > 0 ? "," : "", hex, strlen(json));
    g_string_append(next, "]}");
    g_free(json);
    json = g_string_free(next, FALSE);
  }
  put_top(tar, json, OCI_MEDIA_INDEX);
}

static const Hostile hostile[] = {
  {"no-layout", "holds no oci-layout", ASHLAR_ERROR_INVALID, no_layout},
  {"docker-only", "hint: an archive of an older docker", ASHLAR_ERROR_INVALID, docker_only},
  {"no-index", "holds no index.json", ASHLAR_ERROR_INVALID, no_index},
  {"other-version", "does not name version 1.0.0", ASHLAR_ERROR_INVALID, other_version},
  {"climbing", "'..'", ASHLAR_ERROR_INVALID, climbing},
  {"absolute", "is an absolute name", ASHLAR_ERROR_INVALID, absolute},
  {"symlink", "is neither a file nor a folder", ASHLAR_ERROR_INVALID, symlink_member},
  {"member-twice", "is there twice", ASHLAR_ERROR_INVALID, member_twice},
  {"blob-without-digest", "is not named by a SHA-256", ASHLAR_ERROR_INVALID, blob_without_digest},
  {"blob-in-upper-case", "is not named by a SHA-256", ASHLAR_ERROR_INVALID, blob_in_upper_case},
  {"key-twice", "index.json: duplicate object key", ASHLAR_ERROR_INVALID, key_twice},
  {"no-images", "holds no image", ASHLAR_ERROR_NOT_FOUND, no_images},
  {"large-index", "a document larger than 4 MiB (limit 'document')", ASHLAR_ERROR_INVALID, large_index},
  {"missing-top", "is missing", ASHLAR_ERROR_VERIFY, missing_top},
  {"wrong-digest", "tampered with or damaged", ASHLAR_ERROR_VERIFY, wrong_digest},
  {"wrong-size", "but its descriptor says 3", ASHLAR_ERROR_VERIFY, wrong_size},
  {"negative-size", "its size is negative", ASHLAR_ERROR_INVALID, negative_size},
  {"both-kinds", "a manifest and an index at once", ASHLAR_ERROR_INVALID, both_kinds},
  {"other-media-type", "not that of its descriptor", ASHLAR_ERROR_INVALID, other_media_type},
  {"no-manifest", "neither a manifest nor an index", ASHLAR_ERROR_INVALID, no_manifest},
  {"old-schema", "schemaVersion is not 2", ASHLAR_ERROR_INVALID, old_schema},
  {"missing-layer", "layer 1: blob", ASHLAR_ERROR_VERIFY, missing_layer},
  {"too-few-diff-ids", "one diff ID a layer", ASHLAR_ERROR_INVALID, too_few_diff_ids},
  {"index-bomb", "more than 512 manifests and indexes (limit 'manifests')", ASHLAR_ERROR_INVALID, index_bomb},
  {"not-a-list", "no list", ASHLAR_ERROR_INVALID, not_a_list},
};

static void
is_refused(Fixture *fixture, gconstpointer data)
{
  const Hostile *one = data;
  g_autoptr(GError) error = NULL;
  struct archive *tar = archive_write_new();
  archive_write_set_format_ustar(tar);
  g_assert_cmpint(archive_write_open_filename(tar, fixture->path), ==, ARCHIVE_OK);
  one->change(fixture, tar);
  g_assert_cmpint(archive_write_free(tar), ==, ARCHIVE_OK);
  g_assert_null(oci_image_open(fixture->path, &error));
  g_assert_error(error, ASHLAR_ERROR, one->code);
  if (strstr(error->message, one->message) == NULL)
    g_error("'%s' does not say '%s'", error->message, one->message);
}

static void
a_wrong_diff_id_is_refused(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_auto(Descriptor) manifest = {0};
  digest_of("something else", 14, &fixture->layers[1].diff_id);
  g_assert_true(write_image(fixture, "amd64", &manifest, &error));
  write_archive(fixture, fixture->path, &manifest, NULL);
  g_autoptr(OciImage) image = oci_image_open(fixture->path, &error);
  g_assert_no_error(error);
  CheckResult checked;
  g_assert_false(oci_image_check(image, NULL, &checked, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, "unpacks to"));
}

/* index.json names the signed image, manifest.json another one that lies beside it. */
static void
another_image_for_docker_is_refused(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *content = NULL;
  gsize size;
  write_archive(fixture, fixture->path, &fixture->manifest, NULL);
  g_assert_true(g_file_get_contents(fixture->path, &content, &size, NULL));
  char *layers = memmem(content, size, "\"Layers\":[\"blobs/sha256/", 24);
  g_assert_nonnull(layers);
  memset(layers + 24, '0', DIGEST_HEX_LENGTH);
  g_assert_true(g_file_set_contents(fixture->path, content, (gssize)size, NULL));
  g_autoptr(OciImage) image = oci_image_open(fixture->path, &error);
  g_assert_no_error(error);
  CheckResult checked;
  g_assert_false(oci_image_check(image, NULL, &checked, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, "docker load"));
}

/* Every byte of the tarball's blobs is covered by some digest. */
static void
a_changed_byte_is_noticed(Fixture *fixture, gconstpointer data)
{
  g_autofree char *content = NULL;
  gsize size;
  write_archive(fixture, fixture->path, &fixture->manifest, NULL);
  g_assert_true(g_file_get_contents(fixture->path, &content, &size, NULL));
  for (gsize at = 512; at < size && g_str_has_prefix(content + at - 512, BLOB);) {
    gsize length = (gsize)g_ascii_strtoull(content + at - 512 + 124, NULL, 8);
    g_autoptr(GError) error = NULL;
    content[at + length / 2] ^= 1;
    g_assert_true(g_file_set_contents(fixture->path, content, (gssize)size, NULL));
    g_autoptr(OciImage) image = oci_image_open(fixture->path, &error);
    CheckResult checked;
    g_assert_false(image != NULL && oci_image_check(image, NULL, &checked, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
    content[at + length / 2] ^= 1;
    at += 512 + (length + 511) / 512 * 512;
  }
}

static void
spellings_of_images(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *spelling, *path, *tag;
    gboolean folder;
  } table[] = {
    {"oci-archive:a.tar", "a.tar", NULL, FALSE}, {"oci-archive:a.tar:v1", "a.tar", "v1", FALSE},
    {"oci:dir:v1", "dir", "v1", TRUE},           {"oci:dir", "dir", NULL, TRUE},
    {"oci:/x:y/dir", "/x:y/dir", NULL, TRUE},
  };
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
    g_auto(ImageLocation) location = {0};
    g_assert_true(image_location_parse(table[i].spelling, &location, &error));
    g_assert_cmpstr(location.path, ==, table[i].path);
    g_assert_cmpstr(location.tag, ==, table[i].tag);
    g_assert_cmpint(location.folder, ==, table[i].folder);
  }
  g_auto(ImageLocation) folder = {0}, wrong = {0};
  g_assert_true(image_location_parse(fixture->folder, &folder, &error));
  g_assert_true(folder.folder);
  g_assert_false(image_location_parse("docker://example.org/web", &wrong, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
}

static void
foreign_text_is_made_printable(void)
{
  static const char *const table[][2] = {{"plain", "plain"}, {"\xc3\xa9", "\xc3\xa9"}, {"\x1b[31m", "\\033[31m"},
                                         {"a\\b", "a\\\\b"}, {"\xff", "\\377"},        {"\xc2\x9b", "\\302\\233"},
                                         {"a\nb", "a\\012b"}};
  for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
    g_autofree char *shown = printable(table[i][0]);
    g_assert_cmpstr(shown, ==, table[i][1]);
  }
}

#define ADD(path, function, data) g_test_add(path, Fixture, data, set_up, function, tear_down)

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  ADD("/oci/write/order", members_stand_in_gos_order, NULL);
  g_test_add_func("/oci/write/platforms", platforms_are_gos);
  g_test_add_func("/oci/write/names", names_become_tags_and_repositories);
  ADD("/oci/archive/deterministic", the_tarball_is_the_same_twice_and_hashed_right, NULL);
  ADD("/oci/archive/members", members_of_the_tarball, NULL);
  ADD("/oci/archive/missing-blob", a_missing_blob_is_told_and_nothing_written, NULL);
  ADD("/oci/layout/replaced", a_layout_folder_is_replaced_whole, NULL);
  ADD("/oci/layout/left-alone", a_folder_that_is_no_layout_is_left_alone, NULL);
  ADD("/oci/sign/ed25519", sign_and_verify, GINT_TO_POINTER(KEY_ED25519));
  ADD("/oci/sign/ecdsa", sign_and_verify, GINT_TO_POINTER(KEY_ECDSA));
  ADD("/oci/sign/rsa", sign_and_verify, GINT_TO_POINTER(KEY_RSA));
  ADD("/oci/sign/unsigned", unsigned_is_refused, NULL);
  ADD("/oci/sign/moved", a_signature_moved_to_another_image_is_refused, NULL);
  ADD("/oci/sign/index", an_index_is_signed_with_all_in_it, NULL);
  ADD("/oci/contents/manifest-listed-as-layer", manifest_listed_as_layer_before_is_walked, NULL);
  ADD("/oci/sign/flood", flood_of_signatures_is_refused, NULL);
  ADD("/oci/sign/one-manifest-many-times", one_manifest_listed_many_times_is_refused, NULL);
  ADD("/oci/check/diff-id", a_wrong_diff_id_is_refused, NULL);
  ADD("/oci/check/changed-byte", a_changed_byte_is_noticed, NULL);
  ADD("/oci/check/docker-manifest", another_image_for_docker_is_refused, NULL);
  ADD("/oci/location", spellings_of_images, NULL);
  g_test_add_func("/oci/printable", foreign_text_is_made_printable);
  for (guint i = 0; i < G_N_ELEMENTS(hostile); i++) {
    g_autofree char *name = g_strconcat("/oci/hostile/", hostile[i].name, NULL);
    ADD(name, is_refused, &hostile[i]);
  }
  return g_test_run();
}
