/* SPDX-License-Identifier: Apache-2.0
 *
 * Events as JSON, one object each, as `--progress json` writes them, a line each. Members of all: "event" (its kind) and
 * "time" (seconds since the stream began, with microseconds).
 *
 *   begin     recipe
 *   start     phase, subject, total (bytes; 0: not known)
 *   finish    phase, subject, total, bytes (done), done and of (how many of how many tasks of the phase), seconds, outcome
 *             ("made", "resumed", "reused", "failed")
 *   note      message
 *   warning   message
 *   end       recipe, success, unchanged, seconds, fetchedBytes, newBytes, reusedBytes, writtenBytes, newLayers, reusedLayers,
 *             packages, outputs (their number), path and image (digest) of the first output; what is not known is left out
 *
 * Phases are "resolve", "fetch", "unpack", "merge", "lay", "run", "test", "splice", "sign" and "write". Members may be added, none is taken away. Steps
 * within tasks and looks into the store's memory are not told here, but in traces and metrics.
 */
#ifndef ASHLAR_PROGRESS_EVENT_JSON_H
#define ASHLAR_PROGRESS_EVENT_JSON_H

#include "builder/progress/events.h"
#include <jansson.h>

/* The object (new reference), or NULL for what is not told. @zero is the time that counts as 0. */
json_t *event_json(const Event *event, gint64 zero);
const char *event_outcome_name(ProgressOutcome outcome);

#endif
