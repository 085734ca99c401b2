/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marking frames by class: see scan_mark.h. */
#include "scan_mark.h"

#include <assert.h>

#include "../base/bytes.h"

/* The set that remembers a class, NULL for none. */
static struct pageset *rank_set(struct scan_sets *sets, enum page_class class)
{
	switch (class) {
	case CLASS_SLAB:
	case CLASS_TABLE:
	case CLASS_LARGE_KMALLOC:
		return &sets->slab;
	case CLASS_HWPOISON:
	case CLASS_OFFLINE:
		return &sets->poisoned;
	case CLASS_KERNEL:
	case CLASS_ZSMALLOC:
	case CLASS_GUARD:
	case CLASS_UNKNOWN:
		return NULL;
	default:
		return &sets->user;
	}
}

void marks_init(struct marks *marks, struct scan_sets *sets, unsigned level,
		uint64_t first, uint64_t end)
{
	*marks = (struct marks){
		.sets = sets,
		.end = end,
		.first = align_down(first, 64),
	};
	for (enum page_class class = 0; class < NR_CLASSES; class++) {
		bool kept = !level_drops(level, class);
		struct pageset *rank = rank_set(sets, class);

		if (kept)
			marks->kept[class] = sets->kept.bits;
		if (rank && (kept || rank == &sets->poisoned))
			marks->rank[class] = rank->bits;
	}
}

/* Moves the 64 frames under way into the sets. */
static void flush(struct marks *marks)
{
	uint64_t i = (marks->first - marks->sets->present.first) / 64;
	const uint64_t *present = &marks->sets->present.bits[i];

	/* after a fill() up to the sets' end there is no such word */
	for (; marks->used; marks->used &= marks->used - 1) {
		enum page_class class = (unsigned)__builtin_ctz(marks->used);
		uint64_t bits = marks->bits[class];

		if (!bits)
			continue;
		marks->bits[class] = 0;
		if (class == CLASS_FREE || class == CLASS_UNACCEPTED)
			marks->counts.free_found += count_bits(bits);
		bits &= *present;
		marks->counts.present[class] += count_bits(bits);
		if (marks->kept[class])
			marks->kept[class][i] |= bits;
		if (marks->rank[class])
			marks->rank[class][i] |= bits;
	}
	if (marks->reserved)
		marks->sets->reserved.bits[i] |= marks->reserved & *present;
	marks->reserved = 0;
}

static void move_to(struct marks *marks, uint64_t first)
{
	assert(first >= marks->first);
	if (first == marks->first)
		return;
	flush(marks);
	marks->first = first;
}

/* The same for many whole words at once. */
static void fill(struct marks *marks, enum page_class class, uint64_t first,
		 uint64_t end)
{
	const struct pageset *present = &marks->sets->present;
	uint64_t i = (first - present->first) / 64, nr = 0;
	uint64_t *kept = marks->kept[class], *rank = marks->rank[class];

	move_to(marks, first);
	flush(marks);	/* the first frame may have been said to be reserved */
	if (class == CLASS_FREE || class == CLASS_UNACCEPTED)
		marks->counts.free_found += end - first;
	for (uint64_t left = (end - first) / 64; left; left--, i++) {
		uint64_t bits = present->bits[i];

		nr += bits == UINT64_MAX ? 64 : count_bits(bits);
		if (kept)
			kept[i] |= bits;
		if (rank)
			rank[i] |= bits;
	}
	marks->counts.present[class] += nr;
	marks->first = end;	/* what is in the sets is not under way */
}

void marks_add(struct marks *marks, enum page_class class, uint64_t first,
	       uint64_t end)
{
	end = min_u64(end, marks->end);
	while (first < end) {
		uint64_t word = align_down(first, 64), stop = align_down(end, 64);
		uint64_t mask = UINT64_MAX << (first - word);

		if (first == word && stop > first) {
			fill(marks, class, first, stop);
			first = stop;
			continue;
		}
		if (end - word < 64)
			mask &= UINT64_MAX >> (64 - (end - word));
		move_to(marks, word);
		marks->bits[class] |= mask;
		marks->used |= 1u << class;
		first = word + 64;
	}
}

void marks_add_group(struct marks *marks, const struct page_group *group,
		     uint64_t mask, uint64_t first)
{
	uint64_t kernel = mask & ~(group->anon | group->cache |
				   group->cache_private);

	move_to(marks, first);
	marks->bits[CLASS_ANON] |= group->anon & mask;
	marks->bits[CLASS_CACHE] |= group->cache & mask;
	marks->bits[CLASS_CACHE_PRIVATE] |= group->cache_private & mask;
	marks->bits[CLASS_KERNEL] |= kernel;
	marks->used |= 1u << CLASS_ANON | 1u << CLASS_CACHE |
		       1u << CLASS_CACHE_PRIVATE | 1u << CLASS_KERNEL;
	marks->reserved |= group->reserved & kernel;
}

void marks_add_reserved(struct marks *marks, uint64_t pfn)
{
	move_to(marks, align_down(pfn, 64));
	marks->reserved |= 1ull << (pfn - marks->first);
}

void marks_rewind(struct marks *marks)
{
	for (unsigned i = 0; i < SCAN_NR_SETS; i++) {
		struct pageset *set = scan_set(marks->sets, i);

		if (set != &marks->sets->present)
			pageset_remove_range(set, marks->first, marks->end);
	}
}

void marks_finish(struct marks *marks)
{
	flush(marks);
	for (enum page_class class = 0; class < NR_CLASSES; class++)
		if (marks->kept[class])
			marks->counts.kept[class] =
				marks->counts.present[class];
}
