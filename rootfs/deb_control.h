/* SPDX-License-Identifier: Apache-2.0
 *
 * The control archive of a package (deb-control(5)), held in memory, and what dpkg makes of it in var/lib/dpkg/info. A part
 * of deb.c's work: see deb.h.
 */
#ifndef ASHLAR_ROOTFS_DEB_CONTROL_H
#define ASHLAR_ROOTFS_DEB_CONTROL_H

#include "rootfs/member.h"
#include "rootfs/pack.h"

typedef struct {
  char *name;
  GBytes *content;
} DebControlMember;

typedef struct {
  GPtrArray *members;                     /* DebControlMember*, sorted by name */
  char *package, *version, *architecture; /* checked: fit to be parts of paths */
  gboolean multi_arch_same;
  gint64 newest;    /* mtime of its members */
  char **conffiles; /* absolute paths, without those that are to be removed on upgrade */
} DebControl;

DebControl *deb_control_read(MemberReader *reader, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void deb_control_free(DebControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebControl, deb_control_free)

/* NULL when the package has none of that name (borrowed). */
GBytes *deb_control_member(const DebControl *control, const char *name);
/* Keeps another file for info/ ("list", "md5sums"); takes @text. */
void deb_control_add(DebControl *control, const char *name, GString *text);

/* Adds the files of info/ to @writer (all members but "control", sorted; no mtime after @epoch), and sets the pack's "control",
 * "name", "version", "architecture", "scripts" and the texts of the scripts and of "triggers". */
gboolean deb_control_write(const DebControl *control, gint64 epoch, PackWriter *writer,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
