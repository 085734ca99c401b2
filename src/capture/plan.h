/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: which pages, in which order. One scan of all memory makes the
 * totals and the bitmaps before the first byte of data. The sets of one window
 * of memory are held at a time; those of the others are packed meanwhile, and
 * where there is no memory for that, they are made again by scanning.
 *
 * Value order: by rank, each rank by frame, so that a dump that is cut short
 * holds what an analyst needs first.
 */
#ifndef CAPDUMP_CAPTURE_PLAN_H
#define CAPDUMP_CAPTURE_PLAN_H

#include "memory.h"
#include "overlay.h"
#include "plan_store.h"
#include "scan.h"

enum plan_rank {
	RANK_FIRST,	/* without these no reader opens the dump */
	RANK_SLAB,	/* and page tables and large kmalloc pages, where known */
	RANK_KERNEL,	/* every other kernel page */
	RANK_USER,	/* page cache, user and free pages the level keeps */
	RANK_MEMMAP,
	NR_RANKS
};

struct plan {
	const struct kernel *kernel;	/* borrowed */
	const struct overlay *overlay;	/* borrowed */
	struct scan *scan;		/* owned; NULL: never needed again */
	struct plan_store store;	/* windows that were scanned */
	bool by_value;
	bool first_only;		/* keep rank 0 only: nothing else fits */
	bool keep_all;			/* whatever a dump holds */
	uint64_t end_pfn;
	uint64_t window_pages;		/* a multiple of 64 */
	size_t nr_windows;
	uint64_t *base;			/* kept pages before each window */
	uint8_t *holds;			/* of each window: bit RANK for pages of
					 * that rank, and PLAN_ bits */
	uint64_t nr_present, nr_kept, nr_forced;
	uint64_t ranks[NR_RANKS];	/* kept pages of each */
	struct scan_counts counts;

	size_t loaded;			/* the window whose sets these are;
					 * SIZE_MAX: none */
	struct scan_sets sets;		/* but for two of them: */
	struct pageset *first, *memmap;	/* ranks that the scan can't tell, in
					 * the place of sets.reserved and
					 * sets.poisoned */
	uint64_t *prefix;		/* kept pages of the window before each
					 * PLAN_BLOCK frames */
};

#define PLAN_BLOCK 4096u		/* frames */

#define PLAN_PRESENT 0x40u	/* frames in a segment */
#define PLAN_KEPT 0x80u		/* pages for the dump */

struct error *plan_create(const struct kernel *kernel,
			  const struct overlay *overlay, unsigned level,
			  bool by_value, const struct memory_budget *budget,
			  struct plan **ret);
void plan_destroy(struct plan *plan);	/* NULL is fine */

/* Bytes that a plan of so many frames a window (0: all) holds, without what it
 * remembers of the others. */
uint64_t plan_memory(uint64_t window_pages, uint64_t end_pfn);

/* Scans everything: fills base, holds and totals. PROGRESS may be NULL. Memory
 * without struct pages is only counted. */
struct error *plan_scan(struct plan *plan, struct progress *progress);

/* Makes the sets of a window: sets.present and sets.kept then are its own. */
struct error *plan_load(struct plan *plan, size_t window);

/* Kept pages below frame PFN, at most end_pfn; and the frame of kept page number
 * INDEX, end_pfn if there are no more than that. Both may load another window. */
struct error *plan_index(struct plan *plan, uint64_t pfn, uint64_t *ret);
struct error *plan_find(struct plan *plan, uint64_t index, uint64_t *ret);

#endif
