/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sparse sets of page frames: see sparseset.h. */
#include "sparseset.h"

#include <stdlib.h>

#include "bytes.h"

#define BLOCK		4096u
#define CHUNK		(BLOCK * 8u)	/* frames */
#define TABLE		(BLOCK / 8u)	/* chunks */
#define TABLE_FRAMES	((uint64_t)CHUNK * TABLE)

_Static_assert(sizeof(uint64_t *) <= 8, "a table is a block");

static uint64_t nr_tables(const struct sparseset *set)
{
	return set->end / TABLE_FRAMES + 1;
}

struct error *sparseset_init(struct sparseset *set, uint64_t end, uint32_t max)
{
	*set = (struct sparseset){ .end = end, .left = max };
	set->tables = calloc(nr_tables(set), sizeof(*set->tables));
	return set->tables ? NULL : error_nomem();
}

void sparseset_deinit(struct sparseset *set)
{
	for (uint64_t i = 0; set->tables && i < nr_tables(set); i++) {
		for (unsigned k = 0; set->tables[i] && k < TABLE; k++)
			free(set->tables[i][k]);
		free(set->tables[i]);
	}
	free(set->tables);
	set->tables = NULL;
}

/* Where FRAME's bits are; NULL: none are set near it. */
static uint64_t *chunk_of(const struct sparseset *set, uint64_t pfn)
{
	uint64_t **table = set->tables[pfn / TABLE_FRAMES];

	return table ? table[pfn / CHUNK % TABLE] : NULL;
}

/* Allocates it. *RET NULL: the set is full. */
static struct error *chunk_add(struct sparseset *set, uint64_t pfn,
			       uint64_t **ret)
{
	uint64_t ***table = &set->tables[pfn / TABLE_FRAMES], **chunk;

	*ret = NULL;
	if (set->left < 2) {
		set->full = true;
		return NULL;
	}
	if (!*table) {
		*table = calloc(1, BLOCK);
		if (!*table)
			return error_nomem();
		set->left--;
	}
	chunk = &(*table)[pfn / CHUNK % TABLE];
	*chunk = calloc(1, BLOCK);
	if (!*chunk)
		return error_nomem();
	set->left--;
	*ret = *chunk;
	return NULL;
}

struct error *sparseset_add_range(struct sparseset *set, uint64_t first,
				  uint64_t end)
{
	end = min_u64(end, set->end);
	while (first < end) {
		uint64_t stop = min_u64(align_down(first, CHUNK) + CHUNK, end);
		struct pageset part = { align_down(first, CHUNK), stop,
					chunk_of(set, first) };

		if (!part.bits)
			TRY(chunk_add(set, first, &part.bits));
		if (!part.bits)
			return NULL;
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
	chunk = chunk_of(set, pfn);
	return chunk ? chunk[pfn % CHUNK / 64] : 0;
}

bool sparseset_test(const struct sparseset *set, uint64_t pfn)
{
	return sparseset_word(set, align_down(pfn, 64)) >> (pfn % 64) & 1;
}

bool sparseset_may_have(const struct sparseset *set, uint64_t first,
			uint64_t end)
{
	end = min_u64(end, set->end);
	while (first < end) {
		if (!set->tables[first / TABLE_FRAMES]) {
			first = align_down(first, TABLE_FRAMES) + TABLE_FRAMES;
			continue;
		}
		if (chunk_of(set, first))
			return true;
		first = align_down(first, CHUNK) + CHUNK;
	}
	return false;
}
