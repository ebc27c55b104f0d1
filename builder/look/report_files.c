/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/entry_text.h"
#include "builder/look/report_parts.h"

#include <string.h>

/* So many lines the lists have. */
#define LARGEST_MAX 30
#define DUPLICATES_MAX 20
#define NAMES_MAX 8
#define PRIVILEGED_MAX 200
#define UNOWNED_MAX 40

typedef gboolean (*Wanted)(const SubjectFile *file);

/* The files that are @wanted, in the order of paths (elements SubjectFile, borrowed). */
static GPtrArray *
choose(const Subject *subject, Wanted wanted)
{
  GPtrArray *chosen = g_ptr_array_new();
  for (guint i = 0; i < subject->files->len; i++)
    if (wanted(subject->files->pdata[i]))
      g_ptr_array_add(chosen, subject->files->pdata[i]);
  return chosen;
}

static gboolean
has_content(const SubjectFile *file)
{
  return file->entry.type == ENTRY_FILE && file->entry.size > 0;
}

/* setuid, setgid, or with capabilities of its own; a folder's setgid only says whose new files are. */
static gboolean
is_privileged(const SubjectFile *file)
{
  if (file->entry.type != ENTRY_FILE && file->entry.type != ENTRY_HARDLINK)
    return FALSE;
  gboolean capable = FALSE;
  for (guint i = 0; i < file->entry.n_xattrs; i++)
    capable |= strcmp(file->entry.xattrs[i].name, "security.capability") == 0;
  return (file->entry.mode & 06000) != 0 || capable;
}

static gboolean
is_unowned(const SubjectFile *file)
{
  return file->entry.type != ENTRY_DIRECTORY && file->package == SUBJECT_NONE;
}

/* GLib sorts stably: of equal ones the order of paths stays. */
static gint
larger_first(gconstpointer a, gconstpointer b)
{
  const SubjectFile *x = *(SubjectFile *const *)a, *y = *(SubjectFile *const *)b;
  return x->entry.size > y->entry.size ? -1 : x->entry.size < y->entry.size;
}

static const char *
package_name(const Subject *subject, const SubjectFile *file)
{
  const SubjectPackage *package = subject_package_of(subject, file);
  return package != NULL ? package->name : "";
}

/* ---- the largest ---- */

static void
largest(Html *html, const Subject *subject)
{
  static const Column columns[] = {{"File", COLUMN_WIDE}, {"Package", COLUMN_MINOR}, {"Size", COLUMN_NUMBER}};
  g_autoptr(GPtrArray) files = choose(subject, has_content);
  if (files->len == 0)
    return;
  g_ptr_array_sort(files, larger_first);
  html_leaf(html, "h3", "The largest");
  report_table(html, NULL, "The largest files", columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < MIN(files->len, LARGEST_MAX); i++) {
    const SubjectFile *file = files->pdata[i];
    html_open(html, "tr");
    report_path_cell(html, &columns[0], file);
    report_text_cell(html, &columns[1], package_name(subject, file));
    report_size_cell(html, &columns[2], file->entry.size);
    html_close(html);
  }
  report_table_end(html);
}

/* ---- the same content more than once ---- */

/* Files of equal content: @n of them from @first on. */
typedef struct {
  guint first, n;
  guint64 waste; /* what all but one of them take */
} Copies;

static gboolean
is_hashed(const SubjectFile *file)
{
  return has_content(file) && file->has_digest;
}

static gint
by_digest(gconstpointer a, gconstpointer b)
{
  const SubjectFile *x = *(SubjectFile *const *)a, *y = *(SubjectFile *const *)b;
  return digest_compare(&x->entry.digest, &y->entry.digest);
}

static gint
more_waste_first(gconstpointer a, gconstpointer b)
{
  const Copies *x = a, *y = b;
  if (x->waste != y->waste)
    return x->waste > y->waste ? -1 : 1;
  return x->first < y->first ? -1 : x->first > y->first;
}

/* @files become sorted by content (elements Copies). */
static GArray *
find_copies(GPtrArray *files)
{
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Copies));
  g_ptr_array_sort(files, by_digest);
  for (guint i = 0, n; i < files->len; i += n) {
    for (n = 1; i + n < files->len && by_digest(&files->pdata[i], &files->pdata[i + n]) == 0; n++)
      continue;
    const SubjectFile *file = files->pdata[i];
    Copies copies = {i, n, file->entry.size * (n - 1)};
    if (n > 1)
      g_array_append_val(all, copies);
  }
  g_array_sort(all, more_waste_first);
  return all;
}

static void
copies_row(Html *html, const GPtrArray *files, const Copies *copies, const Column *columns)
{
  const SubjectFile *first = files->pdata[copies->first];
  html_open(html, "tr");
  html_open(html, "td", "class", "path wide");
  for (guint i = 0; i < MIN(copies->n, NAMES_MAX); i++) {
    const SubjectFile *file = files->pdata[copies->first + i];
    if (i > 0)
      html_void(html, "br");
    html_printf(html, "/%s", file->entry.path);
  }
  if (copies->n > NAMES_MAX) {
    html_void(html, "br");
    html_printf(html, "and %u more", copies->n - NAMES_MAX);
  }
  html_close(html);
  report_count_cell(html, &columns[1], copies->n);
  report_size_cell(html, &columns[2], first->entry.size);
  report_size_cell(html, &columns[3], copies->waste);
  html_close(html);
}

static void
duplicates(Html *html, const Subject *subject)
{
  static const Column columns[] = {{"Files", COLUMN_WIDE},
                                   {"Copies", COLUMN_NUMBER | COLUMN_MINOR},
                                   {"Each", COLUMN_NUMBER | COLUMN_MINOR},
                                   {"More than once", COLUMN_NUMBER}};
  g_autoptr(GPtrArray) files = choose(subject, is_hashed);
  g_autoptr(GArray) all = find_copies(files);
  guint64 waste = 0;
  for (guint i = 0; i < all->len; i++)
    waste += g_array_index(all, Copies, i).waste;
  if (all->len == 0)
    return;
  g_autofree char *size = g_format_size(waste);
  html_leaf(html, "h3", "The same content more than once");
  html_open(html, "p", "class", "note");
  html_printf(html, "Copies take %s. Hard links are not among them.", size);
  html_close(html);
  report_table(html, NULL, "Files of the same content", columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < MIN(all->len, DUPLICATES_MAX); i++)
    copies_row(html, files, &g_array_index(all, Copies, i), columns);
  report_table_end(html);
  report_cut(html, DUPLICATES_MAX, all->len, "such contents, the costliest,");
}

/* ---- those that raise privileges, and those of no package ---- */

static void
attribute_rows(Html *html, const Subject *subject, const GPtrArray *files, guint most, const char *label)
{
  static const Column columns[] = {{"File", COLUMN_WIDE},
                                   {"Mode", COLUMN_TEXT},
                                   {"Owner", COLUMN_MINOR},
                                   {"Package", COLUMN_MINOR},
                                   {"Size", COLUMN_NUMBER | COLUMN_MINOR}};
  report_table(html, NULL, label, columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < MIN(files->len, most); i++) {
    const SubjectFile *file = files->pdata[i];
    char mode[ENTRY_MODE_SIZE];
    entry_mode_text(&file->entry, mode);
    g_autofree char *owner = g_strdup_printf("%u:%u", file->entry.uid, file->entry.gid);
    html_open(html, "tr");
    report_path_cell(html, &columns[0], file);
    html_open(html, "td");
    html_leaf(html, "code", mode);
    html_close(html);
    report_text_cell(html, &columns[2], owner);
    report_text_cell(html, &columns[3], package_name(subject, file));
    report_size_cell(html, &columns[4], file->entry.size);
    html_close(html);
  }
  report_table_end(html);
}

static void
privileged(Html *html, const Subject *subject)
{
  g_autoptr(GPtrArray) files = choose(subject, is_privileged);
  html_leaf(html, "h3", "Setuid, setgid and file capabilities");
  if (files->len == 0)
    html_leaf(html, "p", "There are none.", "class", "note");
  else
    attribute_rows(html, subject, files, PRIVILEGED_MAX, "Files with setuid, setgid or capabilities");
  report_cut(html, PRIVILEGED_MAX, files->len, "files");
}

static void
unowned(Html *html, const Subject *subject)
{
  g_autoptr(GPtrArray) files = choose(subject, is_unowned);
  if (subject->packages->len == 0 || files->len == 0)
    return;
  guint64 bytes = 0;
  for (guint i = 0; i < files->len; i++)
    bytes += has_content(files->pdata[i]) ? ((SubjectFile *)files->pdata[i])->entry.size : 0;
  g_autofree char *count = report_count(files->len), *size = g_format_size(bytes);
  g_ptr_array_sort(files, larger_first);
  html_leaf(html, "h3", "Of no package");
  html_open(html, "p", "class", "note");
  html_printf(html, "%s %s, %s: the recipe's own, and what was made for the image.", count, files->len == 1 ? "file" : "files",
              size);
  html_close(html);
  attribute_rows(html, subject, files, UNOWNED_MAX, "Files of no package");
  report_cut(html, UNOWNED_MAX, files->len, "files, the largest,");
}

void
report_files(Html *html, const Subject *subject)
{
  report_section(html, "files", "Files");
  largest(html, subject);
  duplicates(html, subject);
  privileged(html, subject);
  unowned(html, subject);
  html_close(html);
}
