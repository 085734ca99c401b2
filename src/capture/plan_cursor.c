/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going through a plan: see plan_cursor.h. */
#include "plan_cursor.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

static struct error *copies_init(struct plan_cursor *cursor)
{
	uint64_t pages = cursor->plan->window_pages;

	cursor->copies = true;
	cursor->own_prefix = calloc(pages / PLAN_BLOCK + 2,
				    sizeof(*cursor->own_prefix));
	if (!cursor->own_prefix)
		return error_nomem();
	TRY(pageset_init(&cursor->own_kept, 0, pages));
	TRY(pageset_init(&cursor->ranked, 0, pages));
	cursor->kept = &cursor->own_kept;
	cursor->prefix = cursor->own_prefix;
	return NULL;
}

struct error *plan_cursor_init(struct plan_cursor *cursor, struct plan *plan,
			       uint64_t first, uint64_t end, bool shared)
{
	*cursor = (struct plan_cursor){
		.plan = plan,
		.first = first,
		.end = min_u64(end, plan->end_pfn),
		.window = (size_t)(first / plan->window_pages),
		.kept = &plan->sets.kept,
		.prefix = plan->prefix,
		.copied_window = SIZE_MAX,
	};
	return shared && plan->nr_windows > 1 ? copies_init(cursor) : NULL;
}

void plan_cursor_deinit(struct plan_cursor *cursor)
{
	pageset_deinit(&cursor->own_kept);
	pageset_deinit(&cursor->ranked);
	free(cursor->own_prefix);
}

/* The 64 frames from the I-th word of the loaded window on that are of the
 * cursor's rank. */
static uint64_t plan_word(const struct plan_cursor *cursor, uint64_t i)
{
	const struct plan *plan = cursor->plan;
	const struct scan_sets *sets = &plan->sets;

	if (!plan->by_value)
		return sets->kept.bits[i];
	switch (cursor->rank) {
	case RANK_FIRST:
		return plan->first->bits[i];
	case RANK_SLAB:
		return sets->slab.bits[i];
	case RANK_KERNEL:
		return sets->kept.bits[i] & ~plan->first->bits[i] &
		       ~sets->slab.bits[i] & ~sets->user.bits[i] &
		       ~plan->memmap->bits[i];
	case RANK_USER:
		return sets->user.bits[i];
	default:
		return plan->memmap->bits[i];
	}
}

static uint64_t nr_words(const struct pageset *set)
{
	return (set->end - set->first + 63) / 64;
}

/* Sees to it that the window's sets are at hand. */
static struct error *cursor_load(struct plan_cursor *cursor)
{
	const struct pageset *kept = &cursor->plan->sets.kept;
	uint64_t nr;

	if (cursor->copies && cursor->copied_window == cursor->window &&
	    cursor->copied_rank == cursor->rank)
		return NULL;
	TRY(plan_load(cursor->plan, cursor->window));
	if (!cursor->copies)
		return NULL;
	scan_set_move(&cursor->own_kept, kept->first, kept->end);
	scan_set_move(&cursor->ranked, kept->first, kept->end);
	nr = nr_words(kept);
	memcpy(cursor->own_kept.bits, kept->bits, nr * sizeof(*kept->bits));
	for (uint64_t i = 0; i < nr; i++)
		cursor->ranked.bits[i] = plan_word(cursor, i);
	nr = (kept->end - kept->first + PLAN_BLOCK - 1) / PLAN_BLOCK;
	memcpy(cursor->own_prefix, cursor->plan->prefix,
	       nr * sizeof(*cursor->own_prefix));
	cursor->copied_window = cursor->window;
	cursor->copied_rank = cursor->rank;
	return NULL;
}

static uint64_t rank_word(const struct plan_cursor *cursor, uint64_t i)
{
	return cursor->copies ? cursor->ranked.bits[i] : plan_word(cursor, i);
}

/* The first frame of this rank at or after PFN; the set's end if none. */
static uint64_t next_in_rank(const struct plan_cursor *cursor, uint64_t pfn)
{
	const struct pageset *kept = cursor->kept;
	uint64_t nr = nr_words(kept);
	uint64_t i = (pfn - kept->first) / 64, word;

	if (pfn >= kept->end)
		return kept->end;
	word = rank_word(cursor, i) & UINT64_MAX << (pfn % 64);
	while (!word) {
		if (++i >= nr)
			return kept->end;
		word = rank_word(cursor, i);
	}
	return kept->first + i * 64 + (unsigned)__builtin_ctzll(word);
}

/* The rank of PFN among all kept pages. */
static uint64_t index_of(const struct plan_cursor *cursor, uint64_t pfn)
{
	const struct pageset *kept = cursor->kept;
	uint64_t block = (pfn - kept->first) / PLAN_BLOCK;

	return cursor->plan->base[cursor->window] + cursor->prefix[block] +
	       pageset_count(kept, kept->first + block * PLAN_BLOCK, pfn);
}

static unsigned nr_ranks(const struct plan *plan)
{
	return plan->by_value ? NR_RANKS : 1;
}

/* Goes on to a window with pages of this rank, or of the next one that has
 * any. */
static void seek(struct plan_cursor *cursor)
{
	const struct plan *plan = cursor->plan;
	size_t first = (size_t)(cursor->first / plan->window_pages);

	for (; cursor->rank < nr_ranks(plan); cursor->rank++) {
		uint8_t wanted = plan->by_value ?
				 (uint8_t)(1u << cursor->rank) : PLAN_KEPT;

		for (; cursor->window * plan->window_pages < cursor->end;
		     cursor->window++)
			if (plan->holds[cursor->window] & wanted)
				return;
		cursor->window = first;
	}
}

struct error *plan_next(struct plan_cursor *cursor, uint64_t span, unsigned max,
			uint64_t *pfn, uint64_t *index, unsigned *nr,
			bool *end)
{
	struct plan *plan = cursor->plan;
	unsigned shift = plan->kernel->space.target.page_shift;
	uint64_t pages = span >> shift, stop, last;

	*nr = 0;
	if (!cursor->next)
		seek(cursor);
	*end = cursor->rank >= nr_ranks(plan);
	if (*end)
		return NULL;
	TRY(cursor_load(cursor));
	last = min_u64(cursor->kept->end, cursor->end);
	cursor->next = max_u64(cursor->next, max_u64(cursor->kept->first,
						     cursor->first));
	cursor->next = next_in_rank(cursor, cursor->next);
	if (cursor->next >= last) {
		cursor->next = 0;
		cursor->window++;
		return NULL;
	}
	stop = min_u64(align_down(cursor->next, pages) + pages, last);
	while (*nr < max && cursor->next < stop) {
		pfn[*nr] = cursor->next;
		index[*nr] = *nr && cursor->next == pfn[*nr - 1] + 1 ?
			     index[*nr - 1] + 1 :
			     index_of(cursor, cursor->next);
		(*nr)++;
		cursor->next = next_in_rank(cursor, cursor->next + 1);
	}
	return NULL;
}
