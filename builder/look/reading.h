/* SPDX-License-Identifier: Apache-2.0
 *
 * The members of one layer (or folder, pack, tar) as they are read: a part of subject.h's work. One thread fills a reading;
 * the limits are shared by all readings of a subject. Members stand in the order they came in, whiteouts apart.
 */
#ifndef ASHLAR_LOOK_READING_H
#define ASHLAR_LOOK_READING_H

#include "builder/look/subject.h"

/* What all readings of one subject may hold together; counted by many threads. */
typedef struct {
  gint files;
  gsize names, database;
} ReadingLimits;

typedef enum {
  READING_FILE,
  READING_WHITEOUT, /* hides @path and all below it in lower layers */
  READING_OPAQUE,   /* hides all below @path in lower layers */
} ReadingKind;

typedef struct {
  const char *path;
  SubjectFile *file; /* NULL of a whiteout */
  guint layer;
  ReadingKind kind;
} ReadingItem;

/* A hardlink and the file of the same layer that it leads to. */
typedef struct {
  SubjectFile *link;
  const SubjectFile *target; /* NULL: it is in no lower place of this layer */
} ReadingLink;

typedef struct {
  guint layer;
  gboolean as_it_stands; /* whiteouts are files like others */
  gboolean hash;
  gboolean has_links;
  GCancellable *cancellable;
  ReadingLimits *limits;
  GArray *items;          /* ReadingItem */
  guint64 members, bytes; /* all members; content of the files */
  guint64 tar_size;
  GPtrArray *blocks; /* SubjectFile[] */
  guint used;        /* of the last block */
  GStringChunk *strings;
  GPtrArray *xattrs; /* Xattr[] */
  GHashTable *kept;  /* SubjectFile* -> GBytes*: dpkg's files; only ever looked up */
  GArray *links;     /* ReadingLink */
} Reading;

Reading *reading_new(guint layer, ReadingLimits *limits);
void reading_free(Reading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reading, reading_free)

/* Adds a copy of @entry, strings and xattrs included; @file (may be NULL) becomes it, or NULL for a whiteout. */
gboolean reading_add(Reading *reading, const Entry *entry, SubjectFile **file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether the content of @entry is wanted in memory: it is of dpkg's database. */
gboolean reading_wants(const Entry *entry);
/* Keeps it (takes @content). */
gboolean reading_keep(Reading *reading, SubjectFile *file, GBytes *content, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* When all is added: hardlinks are led to their files. */
void reading_finish(Reading *reading);

/* All is laid over each other: drops what only that needed. */
void reading_settle(Reading *reading);
/* Gives @link what the file @target has. */
void reading_link(SubjectFile *link, const SubjectFile *target);

#endif
