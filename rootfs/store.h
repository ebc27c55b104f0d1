/* SPDX-License-Identifier: Apache-2.0
 *
 * The store: content-addressed blobs on disk, and the memory of actions that made them.
 *
 *   DIR/oci-layout, DIR/index.json     so that OCI tools can read the folder as an image layout
 *   DIR/blobs/sha256/HEX               a blob, named by the SHA-256 of its bytes, mode 0444
 *   DIR/actions/HEX                    JSON: what the action with that key put out
 *   DIR/partial/HEX                    a download that was cut short, to be resumed
 *   DIR/tmp/                           files being written (unnamed where the file system can)
 *   DIR/lock                           shared while a program uses the store, exclusive for gc
 *
 * Safe for any number of processes at once: blobs appear by link or rename when they are whole and synced, and are never
 * changed. A crash leaves nothing half-visible. A Store may be used from many threads.
 *
 * What is synced, and why:
 *   a blob             its bytes, before it has a name, for readers of packs trust a blob's size and its own checksums: a name never
 *                      lies. Not the folder: a name that a power cut takes costs making the blob again.
 *   a download         the same, when its digest was checked.
 *   an action          nothing: a torn record is no JSON, one that names a blob that is gone is none; the action is done again.
 *   images, locks, keys (outside the store)   bytes and folder: they are what the user was promised.
 * A sync waits for the disk, not for a core: whoever makes many blobs lets the disk begin (store_writer_begin) and syncs beside.
 */
#ifndef ASHLAR_ROOTFS_STORE_H
#define ASHLAR_ROOTFS_STORE_H

#include "signing/digest.h"
#include <gio/gio.h>
#include <jansson.h>

typedef struct Store Store;

/* $ASHLAR_STORE, else $XDG_CACHE_HOME/ashlar, else ~/.cache/ashlar (transfer full). */
char *store_default_path(void);

/* Opens, and makes where there is none, the store at @path (NULL: the default), and holds its lock shared until
 * store_unref. A store that cannot be written is still opened for reading; the first write says why it cannot. */
Store *store_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same, where a gc that holds the store is waited for until @cancellable (may be NULL) is cancelled. */
Store *store_open_waiting(const char *path, GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
Store *store_ref(Store *store);
void store_unref(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_unref)
const char *store_path(const Store *store);

/* ---- blobs ---- */

gboolean store_has(Store *store, const Digest *digest);
/* The size in bytes of a blob that is there, else -1. */
gint64 store_blob_size(Store *store, const Digest *digest);
/* A read-only descriptor (caller closes), its size in @size (may be NULL); -1 and ASHLAR_ERROR_NOT_FOUND without it.
 * Bytes are not checked here: see store_check_blob. Marks the blob as used now, for gc. */
int store_open_blob(Store *store, const Digest *digest, guint64 *size, GError **error);
/* The blob in memory (mapped), its digest checked: a damaged one is ASHLAR_ERROR_VERIFY that names it. */
GBytes *store_read_blob(Store *store, const Digest *digest, GError **error);
/* Reads and hashes; a mismatch is ASHLAR_ERROR_VERIFY that names the blob and file. */
gboolean store_check_blob(Store *store, const Digest *digest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes a blob (a damaged one, so that it is made again). */
gboolean store_remove_blob(Store *store, const Digest *digest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Bytes in memory become a blob; nothing is written where it is there already, and whole. */
gboolean store_put(Store *store, const void *data, gsize size, Digest *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Streaming in. Freed without finish: nothing stays. */
typedef struct StoreWriter StoreWriter;
StoreWriter *store_writer_new(Store *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean store_writer_write(StoreWriter *writer, const void *data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint64 store_writer_size(const StoreWriter *writer);
/* All is written: the disk begins with it, so that less is left for store_writer_finish to wait for. */
void store_writer_begin(StoreWriter *writer);
/* Syncs and links the blob in. @expected (or NULL): any other digest is ASHLAR_ERROR_VERIFY and nothing is kept. */
gboolean store_writer_finish(StoreWriter *writer, const Digest *expected, Digest *out,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void store_writer_free(StoreWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreWriter, store_writer_free)

/* ---- resumable downloads ---- */

/* Opens (read and write) the partial file of a blob that is being fetched and locks it against other processes; waits for
 * another process that fetches the same one, and then the blob may be there: look again with store_has. */
int store_partial_open(Store *store, const Digest *digest, GCancellable *cancellable, GError **error);
/* The partial file at @fd is whole and its digest was checked by the caller: syncs it, makes it a blob, closes @fd. */
gboolean store_partial_commit(Store *store, const Digest *digest, int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The partial file is worthless (wrong digest): removes it, closes @fd. */
void store_partial_discard(Store *store, const Digest *digest, int fd);

/* ---- scratch ---- */

/* A new, empty folder in the store's own, which gc removes should its maker have died (transfer full). */
char *store_scratch_new(Store *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes the folder and all in it. */
gboolean store_scratch_remove(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The blob of @from becomes one of @store too, linked where that can be; nothing is done where @from has it not. Its bytes are
 * as good as they are in @from. */
gboolean store_take_blob(Store *store, Store *from, const Digest *digest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- actions ---- */

/* An action's key is the digest of the compact, key-sorted JSON of @description (its name, version of format, inputs). */
void store_action_key(json_t *description, Digest *key);
/* What the action put out (a JSON object; new reference), or NULL when it is not known. Every string in it that is a digest
 * ("sha256:...") names a blob, and a record with a blob that is gone counts as not known. Marks it as used now, for gc. */
json_t *store_action_get(Store *store, const Digest *key);
/* Remembers @outputs (borrowed). */
gboolean store_action_put(Store *store, const Digest *key, json_t *outputs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- once, though many threads want it ---- */

/* Before an action is done that others may be about to do in this moment: TRUE, and @key is the caller's until store_release; it
 * looks whether the action's outcome is known by now, and else makes it. FALSE: another thread has it. Other processes know
 * nothing of it: what two of them make at once is the same, and made twice. */
gboolean store_claim(Store *store, const Digest *key) G_GNUC_WARN_UNUSED_RESULT;
/* Waits until nobody has @key. FALSE when @cancellable (may be NULL) was cancelled: ASHLAR_ERROR_CANCELLED. */
gboolean store_await(Store *store, const Digest *key, GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Both: when this returns TRUE, @key is the caller's. A thread may wait while it has other keys only where all take them in one
 * order. */
gboolean store_claim_waiting(Store *store, const Digest *key, GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void store_release(Store *store, const Digest *key);

/* ---- upkeep ---- */

typedef struct {
  guint64 blobs, bytes; /* all blobs */
  guint64 actions;      /* remembered actions */
  guint64 partials, partial_bytes;
} StoreInfo;
gboolean store_info(Store *store, StoreInfo *info, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Hashes every blob (all cores) and reads every action; each fault is passed to @fault as one line. With @repair, damaged
 * blobs and the actions that name blobs that are gone are removed. TRUE when the check could be made; faults are counted. */
typedef void (*StoreFault)(const char *message, gpointer data);
gboolean store_verify(Store *store, gboolean repair, StoreFault fault, gpointer data, guint64 *checked, guint64 *faults,
                      GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Forgets what was used longest ago until blobs take at most @max_bytes: actions first, then blobs that no action names.
 * Takes the store's lock exclusively: with @wait waits for the builds that run, else fails saying that they do. */
typedef struct {
  guint64 removed_blobs, removed_bytes, removed_actions, kept_bytes;
} StoreGc;
gboolean store_gc(Store *store, guint64 max_bytes, gboolean wait, StoreGc *result, GCancellable *cancellable,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
