/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marking frames by class, in ascending order: 64 of them are put together
 * before they go into the sets and are counted. Private to the scan.
 */
#ifndef CAPDUMP_CAPTURE_SCAN_MARK_H
#define CAPDUMP_CAPTURE_SCAN_MARK_H

#include "scan.h"

struct marks {
	struct scan_sets *sets;		/* borrowed */
	uint64_t end;			/* frame; nothing is marked beyond */
	uint64_t *kept[NR_CLASSES], *rank[NR_CLASSES];	/* where a class is
				 * marked: words of the sets, or NULL */
	struct scan_counts counts;
	uint64_t first;			/* of the frames under way, of 64 */
	uint64_t bits[NR_CLASSES];	/* theirs, whether present or not */
	uint32_t used;			/* bit CLASS: there may be some */
	uint64_t reserved;
};

void marks_init(struct marks *marks, struct scan_sets *sets, unsigned level,
		uint64_t first, uint64_t end);

/* [first, end) is of one class; FIRST is not below what was marked before. */
void marks_add(struct marks *marks, enum page_class class, uint64_t first,
	       uint64_t end);

/* Those of the 64 frames from FIRST on (a multiple of 64) that are in MASK, as
 * GROUP says. MASK has none of its units. */
void marks_add_group(struct marks *marks, const struct page_group *group,
		     uint64_t mask, uint64_t first);

/* A kernel page that is marked next is PG_reserved. */
void marks_add_reserved(struct marks *marks, uint64_t pfn);

/* MARKS is a copy made earlier: takes out of the sets what was marked since. */
void marks_rewind(struct marks *marks);

/* The sets and the counts are whole after it. */
void marks_finish(struct marks *marks);

#endif
