/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks by words beside marks by frames. */
#include "../../src/capture/scan_mark.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/base/bytes.h"
#include "unit.h"

#define FIRST	640u
#define END	(FIRST + 5000)

struct bench {
	struct scan_sets sets;
	struct marks marks;
	uint8_t class[END];	/* NR_CLASSES: not marked */
	bool reserved[END];
	uint64_t first, end;	/* of the task */
};

static void bench_init(struct bench *b, unsigned level)
{
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		CHECK_OK(pageset_init(scan_set(&b->sets, i), FIRST, END));
	for (uint64_t pfn = FIRST; pfn < END; pfn++)
		if (random() % 3 || pfn / 256 % 2)
			pageset_add(&b->sets.present, pfn);
	memset(b->class, NR_CLASSES, sizeof(b->class));
	memset(b->reserved, 0, sizeof(b->reserved));
	b->first = FIRST + (uint64_t)random() % 10 * 64;
	b->end = END - (uint64_t)random() % 300;
	marks_init(&b->marks, &b->sets, level, b->first, b->end);
}

static void bench_deinit(struct bench *b)
{
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		pageset_deinit(scan_set(&b->sets, i));
}

static uint64_t bits(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^
	       (uint64_t)random();
}

/* Frames of a group but for some; the model's classes of them. */
static void add_group(struct bench *b, uint64_t first)
{
	uint64_t mask = random() % 4 ? bits() : UINT64_MAX;
	struct page_group group = { .unit = ~mask, .anon = bits() & bits() };

	group.cache = bits() & ~group.anon;
	group.cache_private = bits() & ~group.anon & ~group.cache;
	group.reserved = bits();
	marks_add_group(&b->marks, &group, mask, first);
	for (unsigned i = 0; i < 64; i++) {
		if (!(mask >> i & 1))
			continue;
		b->class[first + i] = group.anon >> i & 1 ? CLASS_ANON :
			group.cache >> i & 1 ? CLASS_CACHE :
			group.cache_private >> i & 1 ? CLASS_CACHE_PRIVATE :
			CLASS_KERNEL;
		b->reserved[first + i] = group.reserved >> i & 1 &&
			b->class[first + i] == CLASS_KERNEL;
	}
}

/* Marks from PFN on, up to what is returned. */
static uint64_t add_some(struct bench *b, uint64_t pfn)
{
	enum page_class class = (enum page_class)(random() % NR_CLASSES);
	uint64_t stop = pfn + (uint64_t)random() % (random() % 2 ? 400 : 40);

	if (pfn % 64 == 0 && pfn + 64 <= b->end && random() % 2) {
		add_group(b, pfn);
		return pfn + 64;
	}
	if (class == CLASS_KERNEL && stop > pfn) {
		marks_add_reserved(&b->marks, pfn);
		b->reserved[pfn] = true;
	}
	/* what lies beyond the task is not marked */
	marks_add(&b->marks, class, pfn, stop);
	for (; pfn < stop && pfn < b->end; pfn++)
		b->class[pfn] = (uint8_t)class;
	return pfn;
}

static void check_frame(const struct bench *b, uint64_t pfn, unsigned level)
{
	const struct scan_sets *sets = &b->sets;
	enum page_class class = b->class[pfn];
	bool in = pageset_test(&sets->present, pfn) && class != NR_CLASSES;
	bool kept = in && !level_drops(level, class);
	bool slab = class == CLASS_SLAB || class == CLASS_TABLE ||
		    class == CLASS_LARGE_KMALLOC;
	bool user = !slab && class != CLASS_KERNEL && class != CLASS_UNKNOWN &&
		    class != CLASS_HWPOISON && class != CLASS_ZSMALLOC &&
		    class != CLASS_GUARD;
	bool touchy = class == CLASS_HWPOISON || class == CLASS_OFFLINE;

	CHECK(pageset_test(&sets->kept, pfn) == kept);
	CHECK(pageset_test(&sets->slab, pfn) == (kept && slab));
	CHECK(pageset_test(&sets->user, pfn) == (kept && user));
	CHECK(pageset_test(&sets->poisoned, pfn) == (in && touchy));
	CHECK(pageset_test(&sets->reserved, pfn) == (in && b->reserved[pfn]));
}

static void check(const struct bench *b, unsigned level)
{
	struct scan_counts want = { .free_found = 0 };

	for (uint64_t pfn = FIRST; pfn < END; pfn++) {
		enum page_class class = b->class[pfn];

		check_frame(b, pfn, level);
		if (class == NR_CLASSES)
			continue;
		want.free_found += class == CLASS_FREE ||
				   class == CLASS_UNACCEPTED;
		if (!pageset_test(&b->sets.present, pfn))
			continue;
		want.present[class]++;
		want.kept[class] += !level_drops(level, class);
	}
	CHECK(!memcmp(&want, &b->marks.counts, sizeof(want)));
}

static void test_marks(unsigned level)
{
	struct marks before;
	struct bench b;
	uint64_t pfn, back;

	bench_init(&b, level);
	/* some way, then back to a point on it, and on from there */
	for (pfn = b.first; pfn < b.first + 1500;)
		pfn = add_some(&b, pfn);
	before = b.marks;
	back = pfn;
	while (pfn < b.end && random() % 20)
		pfn = add_some(&b, pfn);
	b.marks = before;
	marks_rewind(&b.marks);
	for (uint64_t i = back; i < END; i++) {
		b.class[i] = NR_CLASSES;
		b.reserved[i] = false;
	}
	for (pfn = back; pfn < b.end;)
		pfn = add_some(&b, pfn) + (uint64_t)random() % 3;
	marks_finish(&b.marks);
	check(&b, level);
	bench_deinit(&b);
}

int main(void)
{
	srandom(1);
	for (unsigned i = 0; i < 320; i++)
		test_marks(i % 32);
	return unit_end();
}
