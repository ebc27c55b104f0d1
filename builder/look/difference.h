/* SPDX-License-Identifier: Apache-2.0
 *
 * What is different between two subjects: packages, files, configuration, layers, and what a client that has the one must
 * pull for the other. Both were read with their contents hashed (SubjectOptions.hash). Everything is in order: packages by
 * name, files by path.
 *
 * Files are compared as a client would see them: a hardlink is a file; a directory that one side only implies (its tar holds
 * things below it, but not it) is no difference; times count only where they are asked for.
 */
#ifndef ASHLAR_LOOK_DIFFERENCE_H
#define ASHLAR_LOOK_DIFFERENCE_H

#include "builder/look/subject.h"

typedef enum {
  DIFFERENCE_TYPE = 1 << 0, /* then nothing of what follows but mode and owner is looked at */
  DIFFERENCE_CONTENT = 1 << 1,
  DIFFERENCE_SIZE = 1 << 2,
  DIFFERENCE_MODE = 1 << 3,
  DIFFERENCE_OWNER = 1 << 4,
  DIFFERENCE_TARGET = 1 << 5, /* of a symlink */
  DIFFERENCE_DEVICE = 1 << 6,
  DIFFERENCE_XATTRS = 1 << 7,
  DIFFERENCE_TIME = 1 << 8,
} DifferenceFlags;

/* How many, of files, packages ... */
typedef struct {
  guint added, removed, changed;
} DifferenceCount;

typedef struct {
  const SubjectPackage *before, *after; /* NULL: it is added, or removed */
  gboolean changed;                     /* another version or architecture; FALSE of one that is the same */
  int order;                            /* of a changed one: <0 a downgrade, >0 an upgrade, 0 another architecture only */
  DifferenceCount files;                /* of its files, those of dpkg's database among them */
  gint64 bytes;                         /* by which their contents grew */
  GPtrArray *list;                      /* those files (DifferenceFile*), by path */
} DifferencePackage;

typedef struct {
  const SubjectFile *before, *after; /* NULL: it is added, or removed */
  DifferenceFlags what;              /* of one that both have */
  const DifferencePackage *package;  /* that it belongs to, or NULL */
} DifferenceFile;

/* One member of the configuration or annotation: "Env.PATH", "Labels.org.example.team", "User". */
typedef struct {
  char *member;
  char *before, *after; /* a string as it is, all else as JSON; NULL: not there */
} DifferenceMember;

/* What a client must pull that has the layers, configuration and manifest of the first. */
typedef struct {
  guint layers;           /* that it lacks */
  guint64 layer_bytes;    /* compressed */
  guint64 metadata_bytes; /* manifest, index and configuration */
  gboolean has_chunks;    /* some of the layers it lacks are zstd:chunked: a client that fetches single files pulls ... */
  guint64 chunk_bytes;    /* ... this instead of layer_bytes, their tables of contents among it */
} DifferencePull;

typedef struct {
  const Subject *before, *after; /* borrowed */
  GPtrArray *packages;           /* DifferencePackage*, those that are the same among them */
  GPtrArray *files;              /* DifferenceFile* */
  GPtrArray *members;            /* DifferenceMember* */
  DifferenceCount package_count, file_count;
  guint explained;      /* files that belong to packages that were added, removed or changed */
  gint64 bytes;         /* by which the contents of all files grew */
  gboolean are_images;  /* both; else what follows is empty */
  guint shared_layers;  /* of the second that the first has too */
  guint removed_layers; /* of the first that the second lacks */
  DifferencePull pull;
} Difference;

/* @times: mtimes count. Both subjects must outlive the difference. */
Difference *difference_new(const Subject *before, const Subject *after, gboolean times);
void difference_free(Difference *difference);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Difference, difference_free)

/* Whether there is any; what is packed in other bytes only, so that a client must pull it, counts. */
gboolean difference_is_any(const Difference *difference);
/* Whether @package (NULL: no) was added, removed or changed; its files are told by its line then. */
gboolean difference_is_told(const DifferencePackage *package);
/* @package as it is after, or, where it was removed, as it was before. */
const SubjectPackage *difference_latest(const DifferencePackage *package);
/* Whether @subject has layer @digest. */
gboolean difference_has_layer(const Subject *subject, const Digest *digest);

#endif
