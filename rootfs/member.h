/* SPDX-License-Identifier: Apache-2.0
 *
 * The members of a foreign archive, one by one and as a stream: the one place where libarchive is spoken to. Every member is
 * checked before it is handed out: its path (see entry_canonical_path), its type, the range of its numbers, its access control
 * lists (see acl.h, in whose form they come out); sparse files and sockets are refused. What more has to be checked (duplicates,
 * sums of sizes) is the caller's.
 *
 *   g_autoptr(MemberReader) reader = member_reader_new(MEMBER_TAR, "data.tar.xz", source, data, error);
 *   while (member_reader_next(reader, &entry, error) && entry != NULL)
 *     while (member_reader_data(reader, &piece, &size, error) && size > 0)
 *       ...
 * Content that is not read is skipped. Errors are ASHLAR_ERROR_INVALID with libarchive's words, or the source's own.
 */
#ifndef ASHLAR_ROOTFS_MEMBER_H
#define ASHLAR_ROOTFS_MEMBER_H

#include "rootfs/entry.h"

typedef enum {
  MEMBER_AR,
  MEMBER_TAR, /* compressed as the name's ending says: none, .gz, .xz, .zst, .bz2, .lzma, and in no other way */
  MEMBER_ANY, /* tar, cpio and zip, in any compression that can be known by its bytes */
  /* Tar in any such compression, for who only looks: sparse files read as what they stand for, access control lists that make no
   * sense are told as they stand, and what libarchive only warns of (a name that is no UTF-8, say) is no error. */
  MEMBER_LOOK,
  /* The same for who builds on it: an access control list that would be lost is an error. */
  MEMBER_LAYER,
} MemberFormat;

/* Gives the next piece (valid until the next call) and returns its size: 0 at the end, -1 with @error set. */
typedef gssize (*MemberSource)(const void **piece, gpointer data, GError **error);

typedef struct MemberReader MemberReader;
/* @name is told in errors, and its ending matters to MEMBER_TAR. */
MemberReader *member_reader_new(MemberFormat format, const char *name, MemberSource source, gpointer data,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads @fd (borrowed; seekable, so that zip's directory at the end is used). */
MemberReader *member_reader_new_fd(MemberFormat format, const char *name, int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void member_reader_free(MemberReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MemberReader, member_reader_free)

/* The next member, NULL at the end; valid until the next call. Its path is canonical, a hardlink's target too; mtime is whole
 * seconds. */
gboolean member_reader_next(MemberReader *reader, const Entry **entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The next piece of the current file's content, @size 0 at its end: all in all exactly entry->size bytes. */
gboolean member_reader_data(MemberReader *reader, const void **piece, gsize *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How much of the archive has been read, uncompressed. */
guint64 member_reader_position(const MemberReader *reader);
/* All of it, at most @max bytes (more is an error), NUL-terminated beyond its end. */
GBytes *member_reader_content(MemberReader *reader, gsize max, GError **error);

#endif
