/* SPDX-License-Identifier: Apache-2.0
 *
 * A build in figures, in Prometheus' text format, for node_exporter's textfile collector. A listener to the stream of events.
 * All are gauges: they tell of the last run, and each run starts anew. The label recipe is the recipe's name as it was given.
 *
 *   ashlar_build_info{version}                            1
 *   ashlar_build_success{recipe}                          1, or 0: failed or interrupted
 *   ashlar_build_unchanged{recipe}                        1: there was nothing to do
 *   ashlar_build_start_timestamp_seconds{recipe}          since 1970
 *   ashlar_build_duration_seconds{recipe}
 *   ashlar_build_phase_duration_seconds{recipe,phase}     during which something of the phase was under way; phases overlap
 *   ashlar_build_phase_bytes{recipe,phase}                worked on
 *   ashlar_build_fetched_bytes{recipe}
 *   ashlar_build_new_bytes, ashlar_build_reused_bytes     of layers that the store did not have, and that it had
 *   ashlar_build_written_bytes{recipe}                    of output files
 *   ashlar_build_layers{recipe,state="new"|"reused"}
 *   ashlar_build_packages{recipe}
 *   ashlar_build_cache_hits{recipe,cache}                 cache: pack, step, stage, layer, image, output
 *   ashlar_build_cache_misses{recipe,cache}
 *
 * Bytes and numbers that only a finished build knows are left out for one that failed. The file appears whole.
 */
#ifndef ASHLAR_PROGRESS_METRICS_H
#define ASHLAR_PROGRESS_METRICS_H

#include "builder/progress/progress.h"

typedef struct Metrics Metrics;
/* Listens to @progress (borrowed; it must outlive the metrics). Whether @path can be written is known from here on. */
Metrics *metrics_new(Progress *progress, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes what was heard; once. */
gboolean metrics_save(Metrics *metrics, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void metrics_free(Metrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metrics, metrics_free)

#endif
