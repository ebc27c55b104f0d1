/* SPDX-License-Identifier: Apache-2.0
 *
 * What the long work of this wing tells to whoever watches: how far it came, and the stretches in which it compresses, hashes
 * and stores, each begun and ended in the thread that does it. A Watch is a value; NULL for one means that nobody watches.
 */
#ifndef ASHLAR_ROOTFS_WATCH_H
#define ASHLAR_ROOTFS_WATCH_H

#include <glib.h>

/* Stretches of fewer bytes are not worth telling. */
#define WATCH_BYTES_MIN (64 * 1024)

typedef enum {
  WATCH_COMPRESS, /* a frame; its bytes are those that went in */
  WATCH_HASH,     /* uncompressed bytes */
  WATCH_STORE,    /* compressed bytes, on their way into the store */
} WatchStep;

/* Where @begin is NULL, so is @end, and only @advance is called. */
typedef struct {
  void (*advance)(guint64 bytes, gpointer data);
  gpointer (*begin)(WatchStep step, gpointer data);
  void (*end)(gpointer begun, guint64 bytes);
  gpointer data;
} Watch;

static inline void
watch_advance(const Watch *watch, guint64 bytes)
{
  if (watch != NULL)
    watch->advance(bytes, watch->data);
}

static inline gpointer
watch_begin(const Watch *watch, WatchStep step, guint64 bytes)
{
  return watch != NULL && watch->begin != NULL && bytes >= WATCH_BYTES_MIN ? watch->begin(step, watch->data) : NULL;
}

/* @begun is what watch_begin gave. */
static inline void
watch_end(const Watch *watch, gpointer begun, guint64 bytes)
{
  if (begun != NULL)
    watch->end(begun, bytes);
}

#endif
