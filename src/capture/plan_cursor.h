/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A way through a plan's kept pages, or those of a range of frames, in the plan's
 * order. Several go through one plan at a time: the files of a split dump.
 */
#ifndef CAPDUMP_CAPTURE_PLAN_CURSOR_H
#define CAPDUMP_CAPTURE_PLAN_CURSOR_H

#include "plan.h"

struct plan_cursor {
	struct plan *plan;	/* borrowed */
	uint64_t first, end;	/* frames [first, end) */
	unsigned rank;
	size_t window;
	uint64_t next;		/* frame; 0: the window's first */

	/* Of the window: the plan's, or where several cursors share a plan of
	 * several windows, which it would load and load again, copies. */
	const struct pageset *kept;
	const uint64_t *prefix;
	bool copies;
	size_t copied_window;	/* SIZE_MAX: none */
	unsigned copied_rank;
	struct pageset own_kept, ranked;	/* ranked: of the rank */
	uint64_t *own_prefix;	/* owned */
};

/* SHARED: other cursors go through the plan meanwhile. Where it has several
 * windows, two of its sets are held then (1 MiB for windows of 16 GiB). */
struct error *plan_cursor_init(struct plan_cursor *cursor, struct plan *plan,
			       uint64_t first, uint64_t end, bool shared);
void plan_cursor_deinit(struct plan_cursor *cursor);	/* zeroed is fine */

/*
 * The next pages in order, at most MAX, that lie within one range of SPAN
 * bytes (a power of two) of memory. *NR 0: none are left in this window of
 * this rank, whose sets are in plan->sets until the next call, which goes on
 * with the next window; *END: none at all.
 */
struct error *plan_next(struct plan_cursor *cursor, uint64_t span, unsigned max,
			uint64_t *pfn, uint64_t *index, unsigned *nr,
			bool *end);

#endif
