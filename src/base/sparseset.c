/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sparse sets of page frames: see sparseset.h. */
#include "sparseset.h"

#include <stdlib.h>

#include "bytes.h"

#define CHUNK 32768u	/* frames; 4 KiB of bits */

static uint64_t nr_chunks(const struct sparseset *set)
{
	return set->end / CHUNK + 1;
}

struct error *sparseset_init(struct sparseset *set, uint64_t end)
{
	set->end = end;
	set->chunks = calloc(nr_chunks(set), sizeof(*set->chunks));
	return set->chunks ? NULL : error_nomem();
}

void sparseset_deinit(struct sparseset *set)
{
	for (uint64_t i = 0; set->chunks && i < nr_chunks(set); i++)
		free(set->chunks[i]);
	free(set->chunks);
	set->chunks = NULL;
}

struct error *sparseset_add_range(struct sparseset *set, uint64_t first,
				  uint64_t end)
{
	end = min_u64(end, set->end);
	while (first < end) {
		uint64_t stop = min_u64(align_down(first, CHUNK) + CHUNK, end);
		struct pageset part = { align_down(first, CHUNK), stop, NULL };
		uint64_t **chunk = &set->chunks[first / CHUNK];

		if (!*chunk)
			*chunk = calloc(CHUNK / 64, sizeof(**chunk));
		if (!*chunk)
			return error_nomem();
		part.bits = *chunk;
		pageset_add_range(&part, first, stop);
		first = stop;
	}
	return NULL;
}

uint64_t sparseset_word(const struct sparseset *set, uint64_t pfn)
{
	const uint64_t *chunk;

	if (pfn >= set->end)
		return 0;
	chunk = set->chunks[pfn / CHUNK];
	return chunk ? chunk[pfn % CHUNK / 64] : 0;
}

bool sparseset_test(const struct sparseset *set, uint64_t pfn)
{
	return sparseset_word(set, align_down(pfn, 64)) >> (pfn % 64) & 1;
}
