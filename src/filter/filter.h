/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter: one struct page in, its class and the length of the run that
 * shares it out. Pure: no I/O, no kernel version in sight.
 */
#ifndef CAPDUMP_FILTER_FILTER_H
#define CAPDUMP_FILTER_FILTER_H

#include "../kernel/layout.h"

enum page_class {
	CLASS_KERNEL,		/* whatever nobody may drop */
	CLASS_SLAB,
	/* the kernel's, too: known if it says which types these are */
	CLASS_TABLE,		/* page tables */
	CLASS_LARGE_KMALLOC,
	CLASS_ZSMALLOC,
	CLASS_GUARD,		/* debug_guardpage_minorder=: not in use */
	CLASS_CACHE,		/* page cache, not PG_private */
	CLASS_CACHE_PRIVATE,
	CLASS_ANON,
	CLASS_HUGETLB,
	CLASS_FREE,
	CLASS_UNACCEPTED,
	CLASS_OFFLINE,
	CLASS_HWPOISON,
	CLASS_DEVICE,		/* a device's: ZONE_DEVICE */
	CLASS_UNKNOWN,		/* its struct page can't be read or is none */
	CLASS_LOST,		/* lost to fadump: no struct page says so, but
				 * where it lies (src/capture/lost.h); in no
				 * segment */
	/* Of a dump that is captured again, those that it has not: left out
	 * when it was made, or missing in it. */
	CLASS_LEFT_OUT,
	CLASS_UNREACHED,
	NR_CLASSES
};

/* "free pages" ...: for summaries; and a JSON key: "free". */
const char *class_name(enum page_class class);
const char *class_key(enum page_class class);

/* The bits of a dump level: makedumpfile(8) -d. */
enum dump_level {
	LEVEL_ZERO = 1,
	LEVEL_CACHE = 2,
	LEVEL_CACHE_PRIVATE = 4,
	LEVEL_USER = 8,
	LEVEL_FREE = 16,
	LEVEL_MAX = 31,
};

/* Whether LEVEL leaves out pages of CLASS. Level 4 implies 2. */
bool level_drops(unsigned level, enum page_class class);

/*
 * Classifies the unit that starts at PFN: a buddy block, a compound page with
 * its tails, or one page. PAGE is PFN's struct page, followed by NR - 1 more
 * (NR >= 1) that belong to the frames after it. *RUN (>= 1, may exceed NR) is
 * the unit's number of frames. PAGE must not be a compound tail (see
 * filter_tail()).
 *
 * A unit of several pages whose extent can't be trusted (NR is 1, an order out
 * of range or not aligned, no tail after the head) runs 1 and is one that no
 * level drops.
 *
 * CLASS_HWPOISON comes only for a single page, and for a whole hugetlb page
 * (whose head is marked when any of it is bad: Linux mm/hugetlb.c,
 * folio_set_hugetlb_hwpoison()). In every other unit each page stands for
 * itself: if the unit is kept, ask filter_poisoned() for each of its pages.
 *
 * Any thread.
 */
enum page_class filter_classify(const struct page_layout *layout,
				const void *page, uint64_t pfn, uint64_t nr,
				uint64_t *run);

/*
 * Classifies one page of a section that is not online (SECTION_OFFLINE): a
 * device's, or memory that is not in use (CLASS_KERNEL). The kernel sets
 * PG_reserved on each page of a device; where that bit is not known, they are
 * CLASS_KERNEL. Nothing is believed that speaks of other pages: a struct page
 * there may never have been initialised. Any thread.
 */
enum page_class filter_classify_offline(const struct page_layout *layout,
					const void *page);

/*
 * Whether PAGE is a compound tail; then *HEAD_VADDR is the address of its
 * head's struct page (VADDR being PAGE's own), or 0 if what it says makes no
 * sense: such a page must be kept.
 */
bool filter_tail(const struct page_layout *layout, const void *page,
		 uint64_t vaddr, uint64_t *head_vaddr);

/* Bit I: PG_hwpoison is set on the I-th of NR struct pages, 1 to 64. */
uint64_t filter_poisoned(const struct page_layout *layout, const void *page,
			 unsigned nr);

#define GROUP_PAGES 64u

/* What GROUP_PAGES struct pages in a row say; bit I is the I-th one's. No bit is
 * in two of anon, cache and cache_private. */
struct page_group {
	uint64_t unit;		/* a tail, or for filter_classify() to judge:
				 * the other bits say nothing of it */
	uint64_t anon, cache, cache_private;	/* CLASS_...; in none of them:
				 * CLASS_KERNEL */
	uint64_t reserved;	/* PG_reserved is set, a kernel page */
};

/*
 * Judges many pages at once, without a branch for each, by the rules of
 * filter_classify(), which uses the same code. PAGE is the first of
 * GROUP_PAGES struct pages. Any thread.
 */
void filter_group(const struct page_layout *layout, const void *page,
		  struct page_group *ret);

#endif
