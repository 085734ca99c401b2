/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of page frames: see pageset.h. */
#include "pageset.h"

#include <assert.h>
#include <stdlib.h>

#include "bytes.h"

static size_t nr_words(const struct pageset *set)
{
	return (size_t)((set->end - set->first + 63) / 64);
}

struct error *pageset_init(struct pageset *set, uint64_t first, uint64_t end)
{
	assert(first <= end);
	set->first = align_down(first, 64);
	set->end = end;
	set->bits = calloc(nr_words(set) ? nr_words(set) : 1,
			   sizeof(*set->bits));
	return set->bits ? NULL : error_nomem();
}

void pageset_deinit(struct pageset *set)
{
	free(set->bits);
	set->bits = NULL;
}

/* The bits of word I that lie in [first, end), set-relative. */
static uint64_t word_mask(uint64_t i, uint64_t first, uint64_t end)
{
	uint64_t mask = UINT64_MAX;

	if (first > i * 64)
		mask &= UINT64_MAX << (first - i * 64);
	if (end < (i + 1) * 64)
		mask &= UINT64_MAX >> ((i + 1) * 64 - end);
	return mask;
}

void pageset_add(struct pageset *set, uint64_t pfn)
{
	uint64_t i = pfn - set->first;

	assert(pfn >= set->first && pfn < set->end);
	set->bits[i / 64] |= (uint64_t)1 << (i % 64);
}

void pageset_add_range(struct pageset *set, uint64_t first, uint64_t end)
{
	if (first >= end)
		return;
	assert(first >= set->first && end <= set->end);
	first -= set->first;
	end -= set->first;
	for (uint64_t i = first / 64; i <= (end - 1) / 64; i++)
		set->bits[i] |= word_mask(i, first, end);
}

void pageset_remove_range(struct pageset *set, uint64_t first, uint64_t end)
{
	if (first >= end)
		return;
	assert(first >= set->first && end <= set->end);
	first -= set->first;
	end -= set->first;
	for (uint64_t i = first / 64; i <= (end - 1) / 64; i++)
		set->bits[i] &= ~word_mask(i, first, end);
}

void pageset_add_masked(struct pageset *set, const struct pageset *mask,
			uint64_t first, uint64_t end)
{
	if (first >= end)
		return;
	assert(set->first == mask->first);
	assert(first >= set->first && end <= set->end && end <= mask->end);
	first -= set->first;
	end -= set->first;
	for (uint64_t i = first / 64; i <= (end - 1) / 64; i++)
		set->bits[i] |= mask->bits[i] & word_mask(i, first, end);
}

void pageset_clear(struct pageset *set)
{
	memset(set->bits, 0, nr_words(set) * sizeof(*set->bits));
}

uint64_t pageset_count(const struct pageset *set, uint64_t first,
		       uint64_t end)
{
	uint64_t n = 0, i, last;

	first = max_u64(first, set->first);
	end = min_u64(end, set->end);
	if (first >= end)
		return 0;
	first -= set->first;
	end -= set->first;
	i = first / 64;
	last = (end - 1) / 64;
	if (i == last)
		return count_bits(set->bits[i] & word_mask(i, first, end));
	n = count_bits(set->bits[i] & word_mask(i, first, end)) +
	    count_bits(set->bits[last] & word_mask(last, first, end));
	while (++i < last)
		if (set->bits[i])	/* most sets are sparse */
			n += count_bits(set->bits[i]);
	return n;
}

/* The first frame at or after PFN whose bit is not that of FLIP's words. */
static uint64_t next(const struct pageset *set, uint64_t pfn, uint64_t flip)
{
	uint64_t i, word;

	if (pfn < set->first)
		pfn = set->first;
	if (pfn >= set->end)
		return set->end;
	i = (pfn - set->first) / 64;
	word = (set->bits[i] ^ flip) & UINT64_MAX << ((pfn - set->first) % 64);
	while (!word) {
		if (++i >= nr_words(set))
			return set->end;
		word = set->bits[i] ^ flip;
	}
	return min_u64(set->first + i * 64 + (unsigned)__builtin_ctzll(word),
		       set->end);
}

uint64_t pageset_next(const struct pageset *set, uint64_t pfn)
{
	return next(set, pfn, 0);
}

uint64_t pageset_next_absent(const struct pageset *set, uint64_t pfn)
{
	return next(set, pfn, UINT64_MAX);
}

void pageset_export(const struct pageset *set, uint64_t first, void *buf,
		    size_t len)
{
	uint8_t *out = buf;

	assert(first % 64 == 0 && len % 8 == 0);
	for (size_t o = 0; o < len; o += 8) {
		uint64_t pfn = first + (uint64_t)o * 8, word = 0;

		if (pfn >= set->first && pfn < set->end)
			word = set->bits[(pfn - set->first) / 64] &
			       word_mask((pfn - set->first) / 64, 0,
					 set->end - set->first);
		put_u64(out + o, word, false);
	}
}
