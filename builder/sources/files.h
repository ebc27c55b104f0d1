/* SPDX-License-Identifier: Apache-2.0
 *
 * What a recipe adds itself, `files` and `links`, as one pack: files and folders of the recipe's folder, inline content, what
 * is fetched by URL and digest, and archives that are unpacked. Everything gets the epoch as its time (checkouts have
 * arbitrary ones). A later entry overrides an earlier one at the same path; a folder over a folder merges. Parents that no
 * entry names are left to the tree.
 *
 * Modes and owners are the recipe's alone (see RecipeFile); of a source only its owner's executable bit counts, an archive's
 * too, but what comes out of a stage has the modes that it has there. Extended attributes are dropped, devices and pipes refused. Where the recipe has Debian packages, /usr is merged:
 * /bin/x goes to usr/bin/x (see deb.h); what lies below a symlinked folder of the image goes to where that leads. A numeric owner's own group is the one of the same number.
 *
 * Nothing outside the recipe's folder is read, whatever symlinks lie in it (openat2 with RESOLVE_BENEATH). Symlinks in a
 * folder are taken as symlinks. Errors point at the entry in the recipe (recipe_error_at).
 */
#ifndef ASHLAR_SOURCES_FILES_H
#define ASHLAR_SOURCES_FILES_H

#include "builder/recipe/recipe.h"
#include "builder/sources/fetch.h"
#include "rootfs/pack.h"

/* What is asked of the image that the files go into. */
typedef struct {
  /* The numbers of a user (its own group too) or a group by name; FALSE when there is none. Names that are decimal numbers are
   * never asked for. */
  gboolean (*user)(const char *name, guint32 *uid, guint32 *gid, gpointer data);
  gboolean (*group)(const char *name, guint32 *gid, gpointer data);
  /* Where the folder at @path (as Entry.path) lies once symlinks are followed (transfer full): /var/run/app is run/app where
   * var/run leads to /run. What is not there lies where its name says. May be NULL: there are no symlinks. */
  char *(*folder)(const char *path, gpointer data);
  /* What @file takes out of its stage: a pack (transfer full) of that and all below it, and in @base (transfer full) where it lies
   * there, as Entry.path. May be NULL where no file has a stage. */
  Pack *(*stage)(const RecipeFile *file, char **base, gpointer data, GError **error);
  gpointer data;
} FilesImage;

/* The pack of all files and links of @recipe; an empty pack where there are none. @epoch is the time of every member. */
gboolean files_pack(Store *store, const Recipe *recipe, const FilesImage *image, gint64 epoch, PackEncoding encoding,
                    const FetchOptions *fetch, Digest *pack, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What lies in the recipe's folder and goes into the image. */
typedef struct {
  char *path; /* as it is seen from that folder */
  EntryType type;
  guint32 mode; /* that it will have */
  guint64 size;
  Digest digest; /* of a file's content, a symlink's target */
} FilesInput;

/* More of them are not listed one by one. */
#define FILES_INPUTS_LISTED 20000
/* An array of FilesInput. */
GArray *files_input_list_new(void);

/* A digest of all that files_pack, and files_bind_pack for each step, would read locally (names, executable bits, link targets,
 * contents), for @recipe and its stages,
 * and of the entries themselves: a part of a build's action key. Each thing that was read is appended to @list (may be NULL). Makes no blobs. */
gboolean files_inputs(const Recipe *recipe, GArray *list, Digest *out, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
