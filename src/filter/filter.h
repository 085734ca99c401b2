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
	CLASS_CACHE,		/* page cache, not PG_private */
	CLASS_CACHE_PRIVATE,
	CLASS_ANON,
	CLASS_HUGETLB,
	CLASS_FREE,
	CLASS_UNACCEPTED,
	CLASS_OFFLINE,
	CLASS_HWPOISON,
	CLASS_UNKNOWN,		/* its struct page can't be read or is none */
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
 * Classifies the page PFN, whose struct page PAGE is followed by NR - 1 more
 * (NR >= 1) that belong to the frames after it. *RUN (>= 1, may exceed NR) is
 * the number of frames from PFN on that share the class: a buddy block, a
 * compound page with its tails. PAGE must not be a compound tail (see
 * filter_tail()). A head whose order can't be known from NR pages (NR == 1) or
 * is nonsense (not aligned, over MAX_FOLIO_ORDER) runs 1 and is
 * CLASS_KERNEL unless its class needs no order. Any thread.
 */
enum page_class filter_classify(const struct page_layout *layout,
				const void *page, uint64_t pfn, uint64_t nr,
				uint64_t *run);

/*
 * Whether PAGE is a compound tail; then *HEAD_VADDR is the address of its
 * head's struct page (VADDR being PAGE's own).
 */
bool filter_tail(const struct page_layout *layout, const void *page,
		 uint64_t vaddr, uint64_t *head_vaddr);

/* Whether PG_hwpoison is set on this struct page. */
bool filter_poisoned(const struct page_layout *layout, const void *page);

#endif
