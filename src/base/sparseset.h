/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of page frames of which few are set, or in long runs, of a number that
 * cannot be trusted. Memory is allocated for what is set, in blocks of 4 KiB:
 * one for every 32,768 frames (128 MiB of 4 KiB pages) of which any is, and one
 * for every 512 of these; and 8 bytes for each of those that may be.
 */
#ifndef CAPDUMP_BASE_SPARSESET_H
#define CAPDUMP_BASE_SPARSESET_H

#include "pageset.h"

struct sparseset {
	uint64_t end;		/* frames [0, end) */
	uint64_t ***tables;	/* of chunks; NULL: nothing set there; owned */
	uint32_t left;		/* blocks that may still be allocated */
	bool full;		/* frames were left out for want of them */
};

/* MAX: blocks of 4 KiB to allocate at most. */
struct error *sparseset_init(struct sparseset *set, uint64_t end,
			     uint32_t max);
void sparseset_deinit(struct sparseset *set);

/* What lies beyond the set's end is ignored; what the set has no room for is
 * left out and makes it full. Fails without memory only. */
struct error *sparseset_add_range(struct sparseset *set, uint64_t first,
				  uint64_t end);

bool sparseset_test(const struct sparseset *set, uint64_t pfn);

/* The 64 frames from PFN on (a multiple of 64) as a word of bits. */
uint64_t sparseset_word(const struct sparseset *set, uint64_t pfn);

/* False if no frame of [first, end) is set; true if one may be. */
bool sparseset_may_have(const struct sparseset *set, uint64_t first,
			uint64_t end);

#endif
