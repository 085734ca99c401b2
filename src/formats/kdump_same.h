/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a section that have the same contents as one before them, to stand on
 * its block. A page is found by the hash of its contents and believed only when
 * both are at hand and equal: the earlier one is read from the image again.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_SAME_H
#define CAPDUMP_FORMATS_KDUMP_SAME_H

#include "kdump_table.h"
#include "writer.h"

struct kdump_same;

/*
 * Pages of LEN bytes. About 600 KiB; without memory for that the dump is made all
 * the same. *RET is NULL then, and where FACTS don't ask for it or nothing can be
 * compared: in memory that changes while it is read.
 */
struct error *kdump_same_create(const struct dump_facts *facts, uint32_t len,
				struct kdump_same **ret);
void kdump_same_destroy(struct kdump_same *same);	/* NULL is fine */

/* The next page begins a section. */
void kdump_same_restart(struct kdump_same *same);

/*
 * Looks for each page of BATCH that is BATCH_PACKED or BATCH_RAW. Returns a bit
 * for each (1 << I) that is equal to one before; DESCS[I] is that one's block.
 * BATCH begins a section if there is not room for all of it in the last.
 */
uint64_t kdump_same_find(struct kdump_same *same, const struct batch *batch,
			 struct kdump_desc *descs);

/* Remembers that page I of BATCH, which was not found, stands at DESC. */
void kdump_same_add(struct kdump_same *same, const struct batch *batch,
		    unsigned i, const struct kdump_desc *desc);

#endif
