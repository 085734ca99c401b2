/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scan: reads the struct pages of a range of frames on all workers and
 * sorts the frames into sets. A task is 1 GiB of memory; tasks share no word
 * of any set.
 */
#ifndef CAPDUMP_CAPTURE_SCAN_H
#define CAPDUMP_CAPTURE_SCAN_H

#include "../base/pageset.h"
#include "../base/progress.h"
#include "../base/sparseset.h"
#include "../filter/filter.h"
#include "../kernel/kernel.h"

#define SCAN_TASK_BYTES (1ull << 30)	/* of the crashed machine's memory */

/* Sets over the same frames; kept's members are also in at most one of slab,
 * user and reserved; poisoned ones are never kept. */
struct scan_sets {
	struct pageset present;	/* frames in a segment; set by the caller */
	struct pageset kept;	/* present, and the level does not drop it */
	struct pageset slab;	/* and page tables, large kmalloc pages */
	struct pageset user;	/* page cache, user, free, device pages */
	struct pageset reserved;	/* PG_reserved, as far as known */
	struct pageset poisoned;	/* and offline: never to be touched; not
					 * all of those that the level drops
					 * anyway */
};

#define SCAN_NR_SETS 6	/* in struct scan_sets */

/* Number I of the sets, for what is done to all. */
struct pageset *scan_set(struct scan_sets *sets, unsigned i);

/* Empties a set and moves it to [first, end), FIRST a multiple of 64; the set
 * was made for as many frames at least. */
void scan_set_move(struct pageset *set, uint64_t first, uint64_t end);

struct scan_counts {
	uint64_t present[NR_CLASSES], kept[NR_CLASSES];	/* pages */
	uint64_t free_found;	/* buddy + unaccepted, in segments or not; but
				 * not where a GiB has nothing in segments */
	uint64_t nr_unreadable;	/* struct pages that can't be read: kept */
	uint64_t nr_nonsense;	/* compound pages that make no sense: kept */
};

struct scan;

/*
 * NR_THREADS workers (0: the caller's thread). KERNEL and LEVEL are fixed. Of
 * pages that LEVEL drops together it is not asked which are poisoned, but for
 * those of NEVER_DROP (frames that the caller will keep all the same; NULL:
 * none).
 */
struct error *scan_create(const struct kernel *kernel, unsigned level,
			  const struct sparseset *never_drop,
			  unsigned nr_threads, struct scan **ret);
void scan_destroy(struct scan *scan);	/* NULL is fine */

/*
 * Scans the frames of SETS (64-aligned start), adds to COUNTS. PROGRESS may be
 * NULL; it is told DONE + frames so far. ERROR_STOPPED if a signal came.
 */
struct error *scan_run(struct scan *scan, struct scan_sets *sets,
		       struct scan_counts *counts, struct progress *progress,
		       uint64_t done);

/*
 * *END: the frames [PFN, *END) surely have no struct page, so that a scan would
 * make all that are present CLASS_UNKNOWN; PFN: it has one, or may have.
 */
struct error *scan_gap(struct scan *scan, uint64_t pfn, uint64_t *end);

#endif
