/* SPDX-License-Identifier: Apache-2.0
 *
 * Compresses frames and hands them on in the order they came. While other cores have nothing better to do a few threads help,
 * and at most a few frames are in memory at a time: pushing waits for the oldest one. Without help a frame is compressed where
 * it is pushed, in the same memory as the one before it. A single frame needs no thread, and none is started for it.
 */
#ifndef ASHLAR_ROOTFS_FRAME_QUEUE_H
#define ASHLAR_ROOTFS_FRAME_QUEUE_H

#include "rootfs/pack.h"
#include "rootfs/watch.h"

/* Called on the thread that pushes, in order. @frame is valid during the call, @tar is given back. */
typedef void (*FrameDone)(const guint8 *frame, gsize size, GByteArray *tar, gpointer data);

typedef struct FrameQueue FrameQueue;
typedef struct {
  guint threads;      /* 0 for one a processor, four at most; 1 for no help */
  const gint *spare;  /* help is taken while this number, which other threads change atomically, is above 0; NULL: always */
  const Watch *watch; /* hears of the compressing, or NULL; borrowed */
} FrameQueueOptions;
FrameQueue *frame_queue_new(PackEncoding encoding, const FrameQueueOptions *options, FrameDone done, gpointer data);
/* Takes @tar over. */
void frame_queue_push(FrameQueue *queue, GByteArray *tar);
/* Waits until all that was pushed is handed on. */
void frame_queue_drain(FrameQueue *queue);
void frame_queue_free(FrameQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FrameQueue, frame_queue_free)

#endif
