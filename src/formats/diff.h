/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two images of one memory, page by page: which pages one has and the other has
 * not, and which have other contents. Vmcores and dumps of any format.
 */
#ifndef CAPDUMP_FORMATS_DIFF_H
#define CAPDUMP_FORMATS_DIFF_H

#include "../base/progress.h"
#include "../image/image.h"

enum diff_kind {
	DIFF_SAME,
	DIFF_OTHER,		/* in both, with other contents */
	DIFF_UNREADABLE,	/* in both, and at least one can't be read */
	DIFF_ONLY_A,
	DIFF_ONLY_B,
	NR_DIFF_KINDS
};

/* Pages in a row of one kind, DIFF_SAME never: bytes [paddr, end) of memory. */
typedef void diff_run_fn(void *arg, enum diff_kind kind, uint64_t paddr,
			 uint64_t end);

struct diff_counts {
	unsigned page_size;		/* of the image with the larger pages */
	uint64_t nr[NR_DIFF_KINDS];	/* pages */
};

/*
 * Calls FN for each such run, ascending. What an incomplete dump has not come to
 * it does not have. Two pages and 2 MiB of sets are held. ERROR_STOPPED if a
 * signal came.
 */
struct error *diff_images(const struct image *a, const struct image *b,
			  struct progress *progress, diff_run_fn *fn,
			  void *arg, struct diff_counts *ret);

#endif
