/* SPDX-License-Identifier: Apache-2.0
 *
 * A Debian package (deb(5)) -> a pack. Read as a stream: ar, then control.tar and data.tar (plain, gz, xz, zst, bz2, lzma),
 * memory bounded whatever the package's size.
 *
 * The members of the pack are those of data.tar in their order, normalised by these rules, and by no other:
 *   paths        canonical ("./usr//bin" is "usr/bin"); the root itself is left out (no package decides on its attributes)
 *   merged /usr  what lies below bin sbin lib lib32 lib64 libo32 libx32 at the top moves below usr/, hardlinks' targets too; the
 *                directory ./lib becomes usr/lib; a symlink that is itself the merged one (./bin -> usr/bin, as trixie's
 *                base-files has it) stays. A directory that comes a second time so (or for itself) is left out.
 *   times        whole seconds, none later than the epoch; directories have 0 (layers write 0 for them)
 *   owners       by number; the names that tar carries besides are dropped
 *   kept as is   mode with setuid, setgid and sticky; xattrs (file capabilities); device nodes; symlinks' targets
 *   refused      sparse files, ACLs, sockets, ".." in paths, anything twice
 * After them come, sorted, the files that dpkg would leave in var/lib/dpkg/info: NAME.list with the paths as shipped (not
 * moved), each control member but "control" as it is, and, where the package ships none, NAME.md5sums computed from what was
 * unpacked (as dpkg does since 1.16.3); scripts 0755, all else 0644; mtime the newest of the control archive. NAME is NAME:ARCH
 * where the package is Multi-Arch: same.
 *
 * Knowledge that travels in the pack (pack_meta):
 *   control                       the text of the control file
 *   name, version, architecture   out of it, checked
 *   conffiles                     a line "/PATH MD5" for each conffile that is a member, in the order of the list
 *   scripts                       JSON: each maintainer script (and config) -> "HEX", the SHA-256 of its bytes
 *   preinst, postinst, prerm, postrm, config, triggers     the texts of those that the package has
 */
#ifndef ASHLAR_ROOTFS_DEB_H
#define ASHLAR_ROOTFS_DEB_H

#include "rootfs/pack.h"

/* The pack that an earlier run made of the package with digest @deb; the package itself need not be in the store. */
gboolean deb_find_pack(Store *store, const Digest *deb, PackEncoding encoding, gint64 epoch, Digest *pack);
/* Under which whoever is about to make that pack claims it (see store_claim). */
void deb_pack_key(const Digest *deb, PackEncoding encoding, Digest *key);

/* The pack of the package that is blob @deb of @store, made if no earlier run made it. @label is for errors. @epoch is
 * G_MAXINT64 for none; where no member is later, packs of different epochs are the same blob. The package's digest is
 * checked on the way: a damaged blob is ASHLAR_ERROR_VERIFY, a malformed package ASHLAR_ERROR_INVALID. @watch (or NULL) hears
 * of the package's bytes as they are read, and of the compressing. */
gboolean deb_to_pack(Store *store, const Digest *deb, const char *label, PackEncoding encoding, gint64 epoch,
                     const Watch *watch, GCancellable *cancellable, Digest *pack, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same in two steps, for many packages at once: what keeps a processor busy, and what waits for the disk. */
typedef struct {
  PackEncoding encoding;
  gint64 epoch;
  const gint *spare;  /* see pack_writer_set_threads */
  const Watch *watch; /* hears of the work, or NULL */
} DebOptions;
typedef struct DebPacking DebPacking;
DebPacking *deb_packing_new(Store *store, const Digest *deb, const char *label, const DebOptions *options,
                            GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Only now is there a pack, and remembered. */
gboolean deb_packing_finish(DebPacking *packing, Digest *pack, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void deb_packing_free(DebPacking *packing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebPacking, deb_packing_free)

/* Where a path of a package lies once /usr is merged: usr/lib/x for lib/x (transfer full). */
char *deb_merged_path(const char *path);

#endif
