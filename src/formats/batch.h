/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch: some pages on their way from a worker to the writer. One owner at a
 * time (pool.h).
 */
#ifndef CAPDUMP_FORMATS_BATCH_H
#define CAPDUMP_FORMATS_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

#define BATCH_BYTES (256u * 1024)	/* of page contents */
#define BATCH_PAGES 64			/* at most: BATCH_BYTES of 4 KiB pages */

/* Pages, in the order in which they are written: what equal pages share a block
 * lie in one such section. No batch lies in two. */
#define SECTION_PAGES 16384u

enum batch_kind {
	BATCH_PACKED,		/* compressed; size bytes of data */
	BATCH_RAW,		/* a whole page of data */
	BATCH_FILL,		/* one 64-bit word repeated; no data */
	BATCH_UNREADABLE,	/* could not be read; no data */
	BATCH_SAME,		/* equal to an earlier page of the batch, which
				 * is packed or raw; no data */
};

struct batch {
	unsigned nr;			/* pages */
	uint64_t pfn[BATCH_PAGES];
	uint64_t index[BATCH_PAGES];	/* the page's rank among kept pages =
					 * its place in the descriptor table */
	uint32_t size[BATCH_PAGES];	/* bytes of data; 0 if none */
	uint8_t kind[BATCH_PAGES];	/* enum batch_kind */
	uint64_t word[BATCH_PAGES];	/* BATCH_FILL: the page's first 8 bytes
					 * as a little-endian number;
					 * BATCH_SAME: which page of the batch;
					 * else, where equal pages are looked
					 * for: a hash of the contents */
	uint8_t *data;			/* of all pages, one after another */
	size_t len;			/* bytes of data used */
	unsigned nr_mispacked;		/* BATCH_RAW because they did not unpack
					 * to what was packed (--paranoid) */
	struct error *err;		/* the worker's; NULL */
};

#endif
