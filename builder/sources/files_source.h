/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry of a recipe's `files`, opened and walked: whatever it is (inline, a file, a folder, a download, an archive), what
 * comes out are the entries it makes in the image. A part of files.c's work: see files.h.
 */
#ifndef ASHLAR_SOURCES_FILES_SOURCE_H
#define ASHLAR_SOURCES_FILES_SOURCE_H

#include "builder/sources/files.h"
#include "rootfs/member.h"

/* Where a file's content is: one of the four. */
typedef struct {
  const char *text; /* entry->size bytes of it */
  int fd;           /* read from its beginning; -1 when it is not that */
  MemberReader *reader;
  Pack *pack; /* its member @index */
  guint index;
} FilesContent;

typedef struct {
  Store *store; /* for what was fetched; NULL: such sources are not walked */
  const Recipe *recipe;
  const FilesImage *image; /* NULL: owners are not looked up, everything is root's, and there are no symlinks */
  gint64 epoch;
  int folder; /* the recipe's, open */
  GCancellable *cancellable;
} FilesContext;

/* @entry is as it is to be in the image. */
typedef gboolean (*FilesVisit)(const Entry *entry, const FilesContent *content, gpointer data, GError **error);
/* Visits what @file makes. Errors that are the recipe's fault point at @file. */
gboolean files_source_visit(const FilesContext *context, const RecipeFile *file, FilesVisit visit, gpointer data,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* `from` relative to the recipe's folder, "." for that itself; the reader has made sure that it lies inside. */
const char *files_source_name(const Recipe *recipe, const char *from);
/* Opens the recipe's folder. */
int files_open_folder(const Recipe *recipe, GError **error);
/* Passes a file's content on, all of entry->size bytes. */
gboolean files_content_stream(const FilesContent *content, const Entry *entry, PackSink sink, gpointer user,
                              GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The path of the image where "/PATH" of the recipe lies: relative, below usr/ where /usr is merged, and where the symlinks of
 * its folder lead; of a folder (@is_folder) its own too. */
char *files_image_path(const FilesContext *context, const char *path, gboolean is_folder);
/* Makes an error found in a source one of the recipe's at @place, where it is no matter of the machine's. Returns FALSE. */
gboolean files_error_at(GError **error, const RecipePlace *place, GError *cause);

#endif
