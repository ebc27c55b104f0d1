/* SPDX-License-Identifier: Apache-2.0
 *
 * In which order apt meets names while it reads the indexes: its last resort between providers of equal rank. A name is met in
 * its own stanza or in a field of an earlier one; the archive's indexes are sorted by source package, then by name, and are
 * read suite after suite.
 */
#ifndef ASHLAR_DEBIAN_SOLVE_ORDER_H
#define ASHLAR_DEBIAN_SOLVE_ORDER_H

#include "builder/sources/debian/index.h"

typedef struct SolveOrder SolveOrder;

SolveOrder *solve_order_new(const DebianIndex *index);
void solve_order_free(SolveOrder *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SolveOrder, solve_order_free)

/* Whether the name of package @one is met after that of @other. Slow (a few milliseconds: reads the whole index) where their
 * own stanzas do not decide it; remembered. */
gboolean solve_order_met_later(SolveOrder *order, guint one, guint other);

#endif
