/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of page frames of which few are set, or in long runs: memory is
 * allocated for the 32,768-frame chunks that have any. 8 bytes a chunk
 * otherwise (64 KiB for 1 TiB of 4 KiB pages).
 */
#ifndef CAPDUMP_BASE_SPARSESET_H
#define CAPDUMP_BASE_SPARSESET_H

#include "pageset.h"

struct sparseset {
	uint64_t end;		/* frames [0, end) */
	uint64_t **chunks;	/* NULL: nothing set there; owned */
};

struct error *sparseset_init(struct sparseset *set, uint64_t end);
void sparseset_deinit(struct sparseset *set);

/* What lies beyond the set's end is ignored. Fails without memory only. */
struct error *sparseset_add_range(struct sparseset *set, uint64_t first,
				  uint64_t end);

bool sparseset_test(const struct sparseset *set, uint64_t pfn);

/* The 64 frames from PFN on (a multiple of 64) as a word of bits. */
uint64_t sparseset_word(const struct sparseset *set, uint64_t pfn);

#endif
