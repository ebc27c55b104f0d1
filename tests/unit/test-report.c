/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of subjects that are made by hand: what no image that ashlar makes would hold.
 */
#include "builder/look/report.h"

#include <string.h>

typedef struct {
  Subject subject;
  GStringChunk *names;
} Made;

static void
package_free(gpointer data)
{
  SubjectPackage *package = data;
  g_free(package->name);
  g_free(package);
}

static Made *
made_new(void)
{
  Made *made = g_new0(Made, 1);
  made->subject.kind = SUBJECT_TAR;
  made->subject.files = g_ptr_array_new_with_free_func(g_free);
  made->subject.packages = g_ptr_array_new_with_free_func(package_free);
  made->subject.layers = g_array_new(FALSE, TRUE, sizeof(SubjectLayer));
  made->names = g_string_chunk_new(1 << 16);
  return made;
}

static void
made_free(Made *made)
{
  g_ptr_array_unref(made->subject.files);
  g_ptr_array_unref(made->subject.packages);
  g_array_unref(made->subject.layers);
  g_string_chunk_free(made->names);
  g_free(made);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Made, made_free)

static SubjectFile *
add_file(Made *made, const char *path, guint64 size, guint package)
{
  SubjectFile *file = g_new0(SubjectFile, 1);
  file->entry.path = g_string_chunk_insert(made->names, path);
  file->entry.type = ENTRY_FILE;
  file->entry.mode = 0644;
  file->entry.size = size;
  file->package = package;
  g_ptr_array_add(made->subject.files, file);
  return file;
}

static void
add_package(Made *made, const char *name, guint64 files, guint64 bytes)
{
  SubjectPackage *package = g_new0(SubjectPackage, 1);
  package->name = g_strdup(name);
  package->version = package->architecture = package->source = (char *)"1";
  package->files = files;
  package->bytes = bytes;
  g_ptr_array_add(made->subject.packages, package);
}

static char *
page_of(const Made *made, gsize *length)
{
  g_autoptr(GError) error = NULL;
  const ReportSpec spec = {&made->subject, NULL};
  char *page = report_page(&spec, length, &error);
  g_assert_no_error(error);
  return page;
}

static void
nothing_at_all(void)
{
  g_autoptr(Made) made = made_new();
  gsize length;
  g_autofree char *page = page_of(made, &length);
  g_assert_nonnull(strstr(page, "There are no files with content."));
  g_assert_null(strstr(page, "id=\"packages\""));
}

/* More packages than are listed, more files than can be drawn: a few megabytes, that say what they leave out. */
static void
the_page_is_bounded(void)
{
  enum { PACKAGES = 6000, FILES = 50 };
  g_autoptr(Made) made = made_new();
  for (guint i = 0; i < PACKAGES; i++) {
    g_autofree char *name = g_strdup_printf("a-package-with-quite-a-long-name-%04u", i);
    add_package(made, name, FILES, i);
  }
  for (guint i = 0; i < PACKAGES * FILES; i++) {
    g_autofree char *path = g_strdup_printf("usr/share/%03u/%03u/some/folders/of/some/length/%u", i / 1000, i % 1000 / 10, i);
    SubjectFile *file = add_file(made, path, i % 7919, i / FILES);
    file->entry.mode = 04755;
    file->has_digest = TRUE;
    file->entry.digest.bytes[0] = (guint8)i;
    file->entry.digest.bytes[1] = (guint8)(i >> 8);
  }
  gsize length, again;
  g_autofree char *page = page_of(made, &length), *same = page_of(made, &again);
  g_test_message("%" G_GSIZE_FORMAT " bytes", length);
  g_assert_cmpuint(length, <, 4 << 20);
  g_assert_cmpmem(page, length, same, again);
  g_assert_nonnull(strstr(page, "5\u202f000 of 6\u202f000 packages, the largest, are listed."));
  g_assert_nonnull(strstr(page, "200 of 300\u202f000 files are listed."));
}

static void
shares_are_told(void)
{
  g_autoptr(Made) made = made_new();
  add_package(made, "most", 1, 9996);
  add_package(made, "nearly-none", 1, 4);
  add_file(made, "usr/lib/most", 9996, 0);
  add_file(made, "usr/lib/none", 4, 1);
  add_file(made, "var/own", 1, SUBJECT_NONE);
  gsize length;
  g_autofree char *page = page_of(made, &length);
  g_assert_nonnull(strstr(page, "aria-label=\"&lt; 0.1 %\""));
  g_assert_nonnull(strstr(page, "<rect width=\"99.96%\" height=\"100%\"/>"));
  g_assert_nonnull(strstr(page, "<title>most: 10.0\u00a0kB, 100.0 %</title>"));
  g_assert_nonnull(strstr(page, "1 file, 1 byte: "));
}

static void
a_name_chooses_no_folder(void)
{
  static const struct {
    const char *name, *version, *expected;
  } cases[] = {
    {"web", "1.0", "web-1.0.report.html"},     {"web", NULL, "web.report.html"},
    {NULL, NULL, "tar.report.html"},           {"../../etc/passwd", "1/2", "_.-..-etc-passwd-1-2.report.html"},
    {".hidden", "1", "_hidden-1.report.html"}, {"-o", "1\n2", "_o-1-2.report.html"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    const Subject subject = {.kind = SUBJECT_TAR, .name = cases[i].name, .version = cases[i].version};
    g_autofree char *name = report_file_name(&subject);
    g_assert_cmpstr(name, ==, cases[i].expected);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/report/nothing-at-all", nothing_at_all);
  g_test_add_func("/report/the-page-is-bounded", the_page_is_bounded);
  g_test_add_func("/report/shares-are-told", shares_are_told);
  g_test_add_func("/report/a-name-chooses-no-folder", a_name_chooses_no_folder);
  return g_test_run();
}
