/* SPDX-License-Identifier: Apache-2.0
 *
 * Compresses frames on a few threads and hands them on in the order they came. At most a few frames are in memory at a time:
 * pushing waits for the oldest one. A single frame needs no thread, and none is started for it.
 */
#ifndef ASHLAR_ROOTFS_FRAME_QUEUE_H
#define ASHLAR_ROOTFS_FRAME_QUEUE_H

#include "rootfs/pack.h"
#include "rootfs/watch.h"

/* Called on the thread that pushes, in order. @frame is valid during the call. */
typedef void (*FrameDone)(const guint8 *frame, gsize size, guint tar_size, gpointer data);

typedef struct FrameQueue FrameQueue;
/* @threads: 0 for one a processor, four at most. @watch (borrowed, or NULL) hears of the compressing. */
FrameQueue *frame_queue_new(PackEncoding encoding, guint threads, const Watch *watch, FrameDone done, gpointer data);
/* Takes @tar over. */
void frame_queue_push(FrameQueue *queue, GByteArray *tar);
/* Waits until all that was pushed is handed on. */
void frame_queue_drain(FrameQueue *queue);
void frame_queue_free(FrameQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FrameQueue, frame_queue_free)

#endif
