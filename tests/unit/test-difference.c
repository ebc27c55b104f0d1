/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/chunks.h"
#include "builder/look/difference_config.h"
#include "builder/look/difference_print.h"
#include "rootfs/chunked.h"

#include <locale.h>
#include <string.h>

#define NONE SUBJECT_NONE

/* A subject of static parts: no image. */
static Subject
subject_of(const char *label, const SubjectFile *files, guint n_files, const SubjectPackage *packages, guint n_packages)
{
  Subject subject = {.kind = SUBJECT_TAR,
                     .label = (char *)label,
                     .files = g_ptr_array_new(),
                     .packages = g_ptr_array_new(),
                     .layers = g_array_new(FALSE, TRUE, sizeof(SubjectLayer))};
  for (guint i = 0; i < n_files; i++)
    g_ptr_array_add(subject.files, (gpointer)&files[i]);
  for (guint i = 0; i < n_packages; i++)
    g_ptr_array_add(subject.packages, (gpointer)&packages[i]);
  return subject;
}

static void
subject_drop(Subject *subject)
{
  g_ptr_array_unref(subject->files);
  g_ptr_array_unref(subject->packages);
  g_array_unref(subject->layers);
}

#define SUBJECT(label, files, packages) subject_of(label, files, G_N_ELEMENTS(files), packages, G_N_ELEMENTS(packages))

/* ---- packages ---- */

#define PACKAGE(n, v, a)                                                                                                       \
  {                                                                                                                            \
    .name = (char *)n, .version = (char *)v, .architecture = (char *)a                                                         \
  }

static void
packages_are_paired(void)
{
  static const SubjectPackage old[] = {
    PACKAGE("bash", "5.2-1", "amd64"), PACKAGE("gone", "1", "all"),    PACKAGE("lib", "1", "amd64"),
    PACKAGE("lib", "1", "i386"),       PACKAGE("moved", "2", "amd64"), PACKAGE("same", "1", "amd64"),
    PACKAGE("tilde", "1.0", "all"),
  };
  static const SubjectPackage new[] = {
    PACKAGE("bash", "5.10-1", "amd64"), PACKAGE("extra", "1", "all"), PACKAGE("lib", "1", "arm64"),
    PACKAGE("lib", "2", "i386"),        PACKAGE("moved", "2", "all"), PACKAGE("same", "1", "amd64"),
    PACKAGE("tilde", "1.0~rc1", "all"),
  };
  static const SubjectFile no_files[] = {{.entry = {.path = "x", .type = ENTRY_DIRECTORY}, .package = NONE}};
  static const char *const expected[] = {"bash upgrade", "extra added", "gone removed",       "lib removed",
                                         "lib added",    "lib upgrade", "moved architecture", "tilde downgrade"};
  Subject before = SUBJECT("a", no_files, old), after = SUBJECT("b", no_files, new);
  g_autoptr(Difference) difference = difference_new(&before, &after, FALSE);
  guint n = 0;
  for (guint i = 0; i < difference->packages->len; i++) {
    const DifferencePackage *package = difference->packages->pdata[i];
    if (!difference_is_told(package))
      continue;
    g_autofree char *told = g_strdup_printf("%s %s", (package->after != NULL ? package->after : package->before)->name,
                                            package->before == NULL  ? "added"
                                            : package->after == NULL ? "removed"
                                                                     : difference_direction(package));
    g_assert_cmpuint(n, <, G_N_ELEMENTS(expected));
    g_assert_cmpstr(told, ==, expected[n++]);
  }
  g_assert_cmpuint(n, ==, G_N_ELEMENTS(expected));
  g_assert_cmpuint(difference->package_count.added, ==, 2);
  g_assert_cmpuint(difference->package_count.removed, ==, 2);
  g_assert_cmpuint(difference->package_count.changed, ==, 4);
  g_assert_true(difference_is_any(difference));
  subject_drop(&before);
  subject_drop(&after);
}

/* ---- files ---- */

static const Xattr capability[] = {{.name = "security.capability", .value = (const guint8 *)"\1", .size = 1}};

static void
each_change_is_told(void)
{
  static const struct {
    Entry before, after;
    gboolean times;
    const char *told; /* NULL: no difference */
  } cases[] = {
    {{.path = "f", .size = 6, .digest = {{1}}}, {.path = "f", .size = 7, .digest = {{2}}}, FALSE, "content, size 6 -> 7"},
    {{.path = "f", .size = 6, .digest = {{1}}}, {.path = "f", .size = 6, .digest = {{2}}}, FALSE, "content"},
    {{.path = "f", .mode = 0644},
     {.path = "f", .mode = 04755, .uid = 3, .gid = 4},
     FALSE,
     "mode 0644 -> 4755, owner 0/0 -> 3/4"},
    {{.path = "f"}, {.path = "f", .type = ENTRY_SYMLINK, .target = "x"}, FALSE, "type file -> symlink"},
    {{.path = "f", .type = ENTRY_SYMLINK, .target = "a\n", .mode = 0777},
     {.path = "f", .type = ENTRY_SYMLINK, .target = "b", .mode = 0755},
     FALSE,
     "target a\\012 -> b"},
    {{.path = "f", .type = ENTRY_CHAR, .major = 1, .minor = 3},
     {.path = "f", .type = ENTRY_CHAR, .major = 1, .minor = 5},
     FALSE,
     "device 1,3 -> 1,5"},
    {{.path = "f"}, {.path = "f", .xattrs = capability, .n_xattrs = 1}, FALSE, "xattrs"},
    {{.path = "f", .mtime = 0}, {.path = "f", .mtime = 60}, TRUE, "time 1970-01-01 00:00:00 -> 1970-01-01 00:01:00"},
    {{.path = "f", .mtime = 0}, {.path = "f", .mtime = 60}, FALSE, NULL},
    {{.path = "f", .size = 3, .digest = {{1}}},
     {.path = "f", .type = ENTRY_HARDLINK, .target = "g", .size = 3, .digest = {{1}}},
     FALSE,
     NULL},
  };
  static const SubjectPackage none[] = {PACKAGE("p", "1", "all")};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    const SubjectFile old[] = {{.entry = cases[i].before, .package = NONE}},
                      new[] = {{.entry = cases[i].after, .package = NONE}};
    Subject before = SUBJECT("a", old, none), after = SUBJECT("b", new, none);
    g_autoptr(Difference) difference = difference_new(&before, &after, cases[i].times);
    g_assert_cmpuint(difference->files->len, ==, cases[i].told != NULL);
    g_assert_true(difference_is_any(difference) == (cases[i].told != NULL));
    if (cases[i].told != NULL) {
      g_autofree char *told = difference_describe(difference->files->pdata[0]);
      g_assert_cmpstr(told, ==, cases[i].told);
    }
    subject_drop(&before);
    subject_drop(&after);
  }
}

#define DIRECTORY(p)                                                                                                           \
  {                                                                                                                            \
    .entry = {.path = p, .type = ENTRY_DIRECTORY, .mode = 0755}, .package = NONE                                               \
  }
#define FILE_OF(p, d, n)                                                                                                       \
  {                                                                                                                            \
    .entry = {.path = p, .size = d, .digest = {{d}}}, .package = n, .has_digest = TRUE                                         \
  }

static const SubjectPackage old_packages[] = {PACKAGE("bash", "1", "amd64"), PACKAGE("still", "1", "all")};
static const SubjectPackage new_packages[] = {PACKAGE("bash", "2", "amd64"), PACKAGE("still", "1", "all")};
static const SubjectFile old_files[] = {
  DIRECTORY(""),
  DIRECTORY("etc"),
  FILE_OF("etc/both", 1, NONE),
  FILE_OF("etc/gone", 2, NONE),
  DIRECTORY("implied"),
  FILE_OF("implied/file", 3, 1),
  FILE_OF("usr/bash", 4, 0),
  FILE_OF("usr/old", 5, 0),
  FILE_OF("var/lib/dpkg/info/bash.md5sums", 6, NONE),
  FILE_OF("var/lib/dpkg/status", 7, NONE),
};
static const SubjectFile new_files[] = {
  DIRECTORY("empty"),
  DIRECTORY("etc"),
  FILE_OF("etc/both", 1, NONE),
  FILE_OF("implied/file", 30, 1),
  FILE_OF("usr/bash", 40, 0),
  FILE_OF("usr/new", 50, 0),
  FILE_OF("var/lib/dpkg/info/bash.md5sums", 60, NONE),
  FILE_OF("var/lib/dpkg/status", 70, NONE),
};

static void
files_are_told_with_their_packages(void)
{
  Subject before = SUBJECT("a", old_files, old_packages), after = SUBJECT("b", new_files, new_packages);
  g_autoptr(Difference) difference = difference_new(&before, &after, FALSE);
  g_autoptr(GString) told = g_string_new(NULL);
  for (guint i = 0; i < difference->files->len; i++) {
    const DifferenceFile *file = difference->files->pdata[i];
    g_autofree char *path = difference_path(file);
    g_string_append_printf(told, "%c%s%s ", difference_mark(file->before, file->after), path,
                           difference_is_told(file->package) ? "*" : "");
  }
  g_assert_cmpstr(told->str, ==,
                  "+/empty -/etc/gone ~/implied/file ~/usr/bash* +/usr/new* -/usr/old* ~/var/lib/dpkg/info/bash.md5sums* "
                  "~/var/lib/dpkg/status ");
  g_assert_cmpuint(difference->explained, ==, 4);
  g_assert_cmpint(difference->bytes, ==, 30 + 40 + 50 + 60 + 70 - (2 + 3 + 4 + 5 + 6 + 7));
  const DifferencePackage *bash = difference->packages->pdata[0];
  g_assert_cmpuint(bash->list->len, ==, 4);
  g_assert_cmpint(bash->bytes, ==, 40 + 50 + 60 - (4 + 5 + 6));
  subject_drop(&before);
  subject_drop(&after);
}

/* ---- configuration ---- */

static void
members_are_compared(void)
{
  static const char old_config[] = "{\"architecture\":\"amd64\",\"history\":[1],\"config\":{\"Env\":[\"PATH=/bin\",\"X=1\"],"
                                   "\"Cmd\":[\"a\"],\"User\":\"app\",\"Labels\":{\"v\":\"1\",\"w\":\"1\"}}}";
  static const char new_config[] =
    "{\"architecture\":\"amd64\",\"history\":[2],\"config\":{\"Env\":[\"X=1\",\"PATH=/usr/bin\"],"
    "\"Cmd\":[\"a\",\"b\"],\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"v\":\"2\",\"w\":\"1\"}}}";
  OciImage old_image = {.top_json = json_loads("{\"annotations\":{\"v\":\"1\",\"only\":\"x\"}}", 0, NULL)};
  OciImage new_image = {.top_json = json_loads("{\"annotations\":{\"v\":\"2\"}}", 0, NULL)};
  Subject before = {.config = json_loads(old_config, 0, NULL), .image = &old_image};
  Subject after = {.config = json_loads(new_config, 0, NULL), .image = &new_image};
  g_autoptr(GPtrArray) members = difference_config(&before, &after);
  g_autoptr(GString) told = g_string_new(NULL);
  for (guint i = 0; i < members->len; i++) {
    const DifferenceMember *member = members->pdata[i];
    g_string_append_printf(told, "%s:%s:%s\n", member->member, member->before != NULL ? member->before : "none",
                           member->after != NULL ? member->after : "none");
  }
  g_assert_cmpstr(told->str, ==,
                  "Cmd:[\"a\"]:[\"a\",\"b\"]\n"
                  "Env.PATH:/bin:/usr/bin\n"
                  "ExposedPorts.80/tcp:none:{}\n"
                  "Labels.v:1:2\n"
                  "User:app:none\n"
                  "annotations.only:x:none\n");
  json_decref(before.config);
  json_decref(after.config);
  json_decref(old_image.top_json);
  json_decref(new_image.top_json);
}

/* ---- layers ---- */

static void
what_must_be_pulled_is_counted(void)
{
  static const SubjectFile file[] = {FILE_OF("f", 1, NONE)};
  static const SubjectPackage none[] = {PACKAGE("p", "1", "all")};
  OciImage old_image = {.top = {.digest = {{1}}, .size = 100}}, new_image = {.top = {.digest = {{2}}, .size = 200}};
  OciManifest old_manifest = {.descriptor = {.digest = {{1}}, .size = 100}, .config_descriptor = {.digest = {{3}}, .size = 10}};
  OciManifest new_manifest = {.descriptor = {.digest = {{2}}, .size = 200}, .config_descriptor = {.digest = {{4}}, .size = 20}};
  const SubjectLayer old_layers[] = {{.digest = {{10}}, .size = 1000}, {.digest = {{11}}, .size = 2000}};
  /* the last one twice: it is pulled once */
  const SubjectLayer new_layers[] = {
    {.digest = {{10}}, .size = 1000}, {.digest = {{12}}, .size = 3000}, {.digest = {{12}}, .size = 3000}};
  Subject before = SUBJECT("a", file, none), after = SUBJECT("b", file, none);
  before.kind = after.kind = SUBJECT_IMAGE;
  before.image = &old_image;
  before.manifest = &old_manifest;
  Descriptor descriptors[G_N_ELEMENTS(new_layers)] = {0};
  new_manifest.layers = descriptors;
  after.image = &new_image;
  after.manifest = &new_manifest;
  g_array_append_vals(before.layers, old_layers, G_N_ELEMENTS(old_layers));
  g_array_append_vals(after.layers, new_layers, G_N_ELEMENTS(new_layers));
  g_autoptr(Difference) difference = difference_new(&before, &after, FALSE);
  g_assert_cmpuint(difference->shared_layers, ==, 1);
  g_assert_cmpuint(difference->removed_layers, ==, 1);
  g_assert_cmpuint(difference->pull.layers, ==, 1);
  g_assert_cmpuint(difference->pull.layer_bytes, ==, 3000);
  g_assert_cmpuint(difference->pull.metadata_bytes, ==, 220);
  g_assert_true(difference_is_any(difference));
  subject_drop(&before);
  subject_drop(&after);
}

/* What is to be pulled of a layer of 100 bytes whose table of contents lies where @position tells and lists @entries; -1: all
 * of it, as there is no table that can be used. */
static gint64
pulled_of(const char *entries, const char *position)
{
  g_autoptr(Blobs) blobs = blobs_new(NULL);
  g_autoptr(Codec) codec = codec_new(PACK_ZSTD);
  g_autofree char *table = g_strdup_printf("{\"version\":1,\"entries\":%s}", entries);
  gsize bound = codec_bound(codec, strlen(table));
  g_autofree guint8 *blob = g_malloc0(100 + bound);
  gsize size = codec_compress(codec, table, strlen(table), blob + 100);
  Descriptor layer = {.size = 100 + size};
  g_assert_true(blobs_put(blobs, blob, layer.size, &layer.digest, NULL));
  g_autofree char *right = g_strdup_printf("100:%zu:%zu:1", size, strlen(table));
  json_auto_t *annotations = json_pack("{s:s}", CHUNKED_CONTENTS_ANNOTATION, position != NULL ? position : right);
  layer.annotations = annotations;
  Digest known = {{0xaa}};
  g_autoptr(GHashTable) set = g_hash_table_new(digest_hash, digest_equal);
  g_hash_table_add(set, &known);
  guint64 bytes;
  return chunks_to_pull(blobs, &layer, set, &bytes) ? (gint64)(bytes - size) : -1;
}

static void
chunks_that_are_known_are_not_pulled(void)
{
#define KNOWN "\"digest\":\"sha256:aa00000000000000000000000000000000000000000000000000000000000000\""
#define OTHER "\"digest\":\"sha256:bb00000000000000000000000000000000000000000000000000000000000000\""
  g_assert_cmpint(pulled_of("[]", NULL), ==, 0);
  g_assert_cmpint(pulled_of("[{\"type\":\"dir\"},{\"type\":\"reg\",\"offset\":10,\"endOffset\":30," OTHER "}]", NULL), ==, 20);
  /* the file's own place covers that of its second chunk */
  g_assert_cmpint(pulled_of("[{\"type\":\"reg\",\"offset\":10,\"endOffset\":40," OTHER "},"
                            "{\"type\":\"chunk\",\"offset\":20,\"endOffset\":40}]",
                            NULL),
                  ==, 30);
  g_assert_cmpint(pulled_of("[{\"type\":\"reg\",\"offset\":10,\"endOffset\":40," KNOWN "},"
                            "{\"type\":\"chunk\",\"offset\":20,\"endOffset\":40}]",
                            NULL),
                  ==, 0);
}

static void
tables_that_lie_are_not_used(void)
{
  static const char *const positions[] = {
    "",     "100", "100:1:1", "1000:10:10:1", "100:100000:10:1", "-1:10:9", "0:50:9:1", "100:20:99999999999", "100:10:10:1",
    "a:b:c"};
  for (gsize i = 0; i < G_N_ELEMENTS(positions); i++)
    g_assert_cmpint(pulled_of("[]", positions[i]), ==, -1);
  g_assert_cmpint(pulled_of("7", NULL), ==, 0);
  g_assert_cmpint(pulled_of("[7,{\"type\":\"reg\",\"offset\":-1,\"endOffset\":9},{\"type\":\"reg\",\"offset\":9,"
                            "\"endOffset\":2},{\"type\":\"chunk\"}]",
                            NULL),
                  ==, 0);
  /* no more than the layer has */
  g_assert_cmpint(pulled_of("[{\"type\":\"reg\",\"offset\":0,\"endOffset\":99999999}]", NULL), ==, 100);
}

/* ---- forms ---- */

static char *
markdown_of(const Difference *difference)
{
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  difference_print_markdown(out, difference);
  g_assert_cmpint(fclose(out), ==, 0);
  return text;
}

static void
markdown_holds_no_foreign_markup(void)
{
  static const SubjectFile old[] = {FILE_OF("etc/x", 1, NONE)};
  static const SubjectFile new[] = {FILE_OF("a|b`c<script>@user **x** [l](http://e) \n\x1b[0m_&amp;", 1, NONE),
                                    FILE_OF("etc/x", 1, NONE)};
  static const SubjectPackage none[] = {PACKAGE("p", "1", "all")};
  Subject before = SUBJECT("<a>", old, none), after = SUBJECT("b", new, none);
  g_autoptr(Difference) difference = difference_new(&before, &after, FALSE);
  g_autofree char *text = markdown_of(difference);
  static const char *const never[] = {"<script", "<a>", "`", "@", "**x", "[l]", "\x1b", "a|b", "&amp;", "_"};
  for (guint i = 0; i < G_N_ELEMENTS(never); i++)
    g_assert_null(strstr(text, never[i]));
  g_assert_nonnull(strstr(text, "| added | <code>/a&#124;b&#96;c&#60;script&#62;&#64;user &#42;&#42;x"));
  subject_drop(&before);
  subject_drop(&after);
}

/* A forge refuses comments of more than 65536 characters. */
static void
markdown_stays_within_a_comment(void)
{
  static SubjectFile many[5000];
  static char paths[5000][120];
  static const SubjectFile one[] = {FILE_OF("a", 1, NONE)};
  static const SubjectPackage none[] = {PACKAGE("p", "1", "all")};
  for (guint i = 0; i < G_N_ELEMENTS(many); i++) {
    g_snprintf(paths[i], sizeof paths[i], "file-%05u-%s", i, "____________________________________________________");
    many[i] = (SubjectFile){.entry = {.path = paths[i], .size = 1, .digest = {{1}}}, .package = NONE};
  }
  Subject before = SUBJECT("a", one, none), after = SUBJECT("b", many, none);
  g_autoptr(Difference) difference = difference_new(&before, &after, FALSE);
  g_autofree char *text = markdown_of(difference);
  g_assert_cmpuint(strlen(text), <, 65536);
  g_assert_nonnull(strstr(text, "<details><summary><b>Files</b>: 5000 added, 1 removed</summary>"));
  g_assert_nonnull(strstr(text, " more\n\n</details>"));
  subject_drop(&before);
  subject_drop(&after);
}

static void
json_has_its_schema(void)
{
  Subject before = SUBJECT("a", old_files, old_packages), after = SUBJECT("b", new_files, new_packages);
  g_autoptr(Difference) difference = difference_new(&before, &after, FALSE);
  json_auto_t *json = difference_to_json(difference);
  g_assert_true(json_is_true(json_object_get(json, "different")));
  json_t *changed = json_object_get(json_object_get(json, "packages"), "changed"), *bash = json_array_get(changed, 0);
  g_assert_cmpstr(json_string_value(json_object_get(bash, "direction")), ==, "upgrade");
  g_assert_cmpint(json_integer_value(json_object_get(json_object_get(bash, "files"), "added")), ==, 1);
  json_t *files = json_object_get(json, "files");
  g_assert_cmpuint(json_array_size(json_object_get(files, "added")), ==, 2);
  g_assert_cmpuint(json_array_size(json_object_get(files, "removed")), ==, 2);
  g_assert_cmpuint(json_array_size(json_object_get(files, "changed")), ==, 4);
  json_t *size = json_object_get(json_array_get(json_object_get(files, "changed"), 1), "size");
  g_assert_cmpint(json_integer_value(json_object_get(size, "before")), ==, 4);
  g_assert_cmpint(json_integer_value(json_object_get(size, "after")), ==, 40);
  g_assert_null(json_object_get(json, "pull"));
  subject_drop(&before);
  subject_drop(&after);
}

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/difference/packages", packages_are_paired);
  g_test_add_func("/difference/changes", each_change_is_told);
  g_test_add_func("/difference/files", files_are_told_with_their_packages);
  g_test_add_func("/difference/members", members_are_compared);
  g_test_add_func("/difference/pull", what_must_be_pulled_is_counted);
  g_test_add_func("/difference/chunks", chunks_that_are_known_are_not_pulled);
  g_test_add_func("/difference/lying-tables", tables_that_lie_are_not_used);
  g_test_add_func("/difference/markdown/hostile", markdown_holds_no_foreign_markup);
  g_test_add_func("/difference/markdown/size", markdown_stays_within_a_comment);
  g_test_add_func("/difference/json", json_has_its_schema);
  return g_test_run();
}
