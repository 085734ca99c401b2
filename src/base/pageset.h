/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of page frame numbers: one bit for each of [first, end).
 * Not locked: two threads may write to it only where their ranges share no
 * 64-bit word.
 */
#ifndef CAPDUMP_BASE_PAGESET_H
#define CAPDUMP_BASE_PAGESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct pageset {
	uint64_t first;		/* a multiple of 64 */
	uint64_t end;		/* exclusive */
	uint64_t *bits;		/* bit (pfn - first), host words; owned */
};

/* An empty set over [align_down(first, 64), end). */
struct error *pageset_init(struct pageset *set, uint64_t first, uint64_t end);
void pageset_deinit(struct pageset *set);

static inline bool pageset_test(const struct pageset *set, uint64_t pfn)
{
	uint64_t i = pfn - set->first;

	return pfn >= set->first && pfn < set->end &&
	       (set->bits[i / 64] >> (i % 64) & 1);
}

/* PFN and ranges must lie within the set; an empty range does nothing. */
void pageset_add(struct pageset *set, uint64_t pfn);
void pageset_add_range(struct pageset *set, uint64_t first, uint64_t end);
void pageset_remove_range(struct pageset *set, uint64_t first, uint64_t end);
/* Adds those of [first, end) that are members of MASK, a set that begins at the
 * same frame. */
void pageset_add_masked(struct pageset *set, const struct pageset *mask,
			uint64_t first, uint64_t end);
void pageset_clear(struct pageset *set);

/* Number of members in [first, end), which is clipped to the set. */
uint64_t pageset_count(const struct pageset *set, uint64_t first,
		       uint64_t end);

/* The first member at or after PFN; set->end if there is none. */
uint64_t pageset_next(const struct pageset *set, uint64_t pfn);

/* The first non-member at or after PFN; set->end if there is none. */
uint64_t pageset_next_absent(const struct pageset *set, uint64_t pfn);

/*
 * Writes the bits of [first, first + 8 * len) to BUF as a dump's bitmap has
 * them: bit (pfn % 8) of byte (pfn / 8) (makedumpfile.h: set_bitmap). FIRST is
 * a multiple of 64, LEN of 8; what lies outside the set is 0.
 */
void pageset_export(const struct pageset *set, uint64_t first, void *buf,
		    size_t len);

#endif
