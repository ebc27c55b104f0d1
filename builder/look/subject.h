/* SPDX-License-Identifier: Apache-2.0
 *
 * What is looked at, whatever it is: an image (tarball, layout folder, or a manifest or index that lies in the store), one
 * blob of the store (a layer, a pack, a package), a plain tar, a .deb, or a folder of the host. It is read once, its layers
 * in parallel, and nothing is unpacked to disk: what stays in memory is one record a file and the names.
 *
 *   g_autoptr(Subject) subject = subject_open("web-1.0.oci.tar", &options, error);
 *   subject->files ... subject->packages ... subject->layers
 *
 * How a subject is spelled:
 *   oci-archive:FILE[:TAG], oci:DIR[:TAG]   an image
 *   store:sha256:HEX, store:HEX             a blob of the store; HEX may be cut short while it is the only one
 *   PATH                                    looked at to know which: an image, a tar in any usual compression, a .deb, a folder
 */
#ifndef ASHLAR_LOOK_SUBJECT_H
#define ASHLAR_LOOK_SUBJECT_H

#include "builder/oci/open.h"
#include "rootfs/tree.h"

typedef enum {
  SUBJECT_IMAGE,
  SUBJECT_LAYER,
  SUBJECT_PACK,
  SUBJECT_PACKAGE, /* a .deb */
  SUBJECT_TAR,
  SUBJECT_FOLDER,
  SUBJECT_TREE, /* in memory */
} SubjectKind;

/* "image", "layer", "pack", "package", "tar", "folder", "tree". */
const char *subject_kind_name(SubjectKind kind);

#define SUBJECT_NONE G_MAXUINT
/* A directory, or a link in the place of one, that several packages ship: nobody's alone. */
#define SUBJECT_SHARED (G_MAXUINT - 1)

typedef struct {
  Entry entry; /* paths and xattrs live as long as the subject; a hardlink has the size, attributes and digest of the file it
                          leads to, which comes under its own path too */
  gboolean has_digest; /* the content was hashed */
  guint layer;         /* its number (0 in what has no layers) */
  guint package;       /* index into packages, or SUBJECT_NONE, SUBJECT_SHARED */
} SubjectFile;

typedef struct {
  char *name, *version, *architecture;
  char *source;         /* the source package's name */
  guint64 files, bytes; /* files and links (no directories) that are its own; their content, each once */
} SubjectPackage;

typedef struct {
  Digest digest, diff_id;
  gboolean has_digest, has_diff_id; /* a tar, a package and a folder have none */
  guint64 size;                     /* compressed */
  guint64 tar_size;                 /* of the tar that it unpacks to */
  const char *media_type;           /* or NULL */
  const char *created_by;           /* what the history says, or NULL */
  guint64 files, bytes;             /* members, whiteouts among them; content of its files */
} SubjectLayer;

typedef struct {
  SubjectKind kind;
  char *label;                /* as it was spelled */
  const char *name, *version; /* of the image or package, or NULL */
  OciImage *image;            /* these two NULL unless an image */
  OciManifest *manifest;
  json_t *config;      /* the image's configuration (borrowed), or NULL */
  GPtrArray *files;    /* SubjectFile*, in the order of entry_path_compare, layers laid over each other, whiteouts applied */
  GPtrArray *packages; /* SubjectPackage*, by name, then architecture */
  GArray *layers;      /* SubjectLayer; one for whatever is no image */
  GPtrArray *readings; /* what the above lies in */
  gboolean owns_image;
} Subject;

typedef struct {
  const char *arch;   /* of an image for several: Debian's name or GOARCH; NULL: this machine's, else the first */
  gboolean one_layer; /* only layer number @layer, as it stands: whiteouts are shown as the files they are */
  guint layer;
  gboolean hash;           /* the contents too: fills in entry.digest (a pack has them anyway) */
  gboolean without_layers; /* of an image: they are not read, and it has no files and no packages */
  const char *store_path;  /* NULL: the default */
  GCancellable *cancellable;
} SubjectOptions;

Subject *subject_open(const char *spelling, const SubjectOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One manifest of an image that is open already (borrowed, as is @manifest). */
Subject *subject_of_manifest(OciImage *image, OciManifest *manifest, const SubjectOptions *options,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An image that was assembled in memory (borrowed until this returns), as one layer. */
Subject *subject_of_tree(const Tree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void subject_free(Subject *subject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Subject, subject_free)

/* The file at exactly @path, or NULL. */
const SubjectFile *subject_find(const Subject *subject, const char *path);
/* The first of @path and all below it, and how many there are ("" for everything; 0: there is nothing). */
guint subject_below(const Subject *subject, const char *path, guint *first);
/* NULL where @file is nobody's, or several packages'. */
const SubjectPackage *subject_package_of(const Subject *subject, const SubjectFile *file);

#endif
