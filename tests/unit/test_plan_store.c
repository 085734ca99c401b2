/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets that were packed come back as they were, or not at all. */
#include "../../src/capture/plan_store.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define NR_SETS 5
#define MAX_WORDS 300

struct bench {
	struct pageset sets[NR_SETS], back[NR_SETS];
	struct pageset *at[NR_SETS], *back_at[NR_SETS];
};

static void bench_init(struct bench *b, uint64_t first, uint64_t end)
{
	for (unsigned i = 0; i < NR_SETS; i++) {
		CHECK_OK(pageset_init(&b->sets[i], first, end));
		CHECK_OK(pageset_init(&b->back[i], first, end));
		b->at[i] = &b->sets[i];
		b->back_at[i] = &b->back[i];
	}
}

static void bench_deinit(struct bench *b)
{
	for (unsigned i = 0; i < NR_SETS; i++) {
		pageset_deinit(&b->sets[i]);
		pageset_deinit(&b->back[i]);
	}
}

static uint64_t words(const struct pageset *set)
{
	return (set->end - set->first + 63) / 64;
}

static uint64_t bits(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^
	       (uint64_t)random();
}

/* Words of all kinds: the emptier and the more alike, the higher KIND. */
static void fill(struct bench *b, unsigned kind)
{
	for (uint64_t i = 0; i < words(b->at[0]); i++) {
		uint64_t kept = random() % 4 ? UINT64_MAX : bits();

		if (random() % (kind + 1))
			kept = 0;
		b->sets[0].bits[i] = kept;
		for (unsigned k = 1; k < NR_SETS; k++)
			b->sets[k].bits[i] = random() % 3 == 0 ? kept :
				random() % (kind + 1) ? 0 : kept & bits();
	}
	/* no bits beyond the end */
	for (unsigned k = 0; k < NR_SETS; k++)
		if (b->sets[k].end % 64)
			b->sets[k].bits[words(b->at[0]) - 1] &=
				UINT64_MAX >> (64 - b->sets[k].end % 64);
}

static bool same(const struct bench *b)
{
	for (unsigned k = 0; k < NR_SETS; k++)
		if (memcmp(b->sets[k].bits, b->back[k].bits,
			   words(b->at[0]) * 8))
			return false;
	return true;
}

static void clear(struct bench *b)
{
	for (unsigned k = 0; k < NR_SETS; k++)
		pageset_clear(&b->back[k]);
}

static void test_round_trip(void)
{
	for (unsigned round = 0; round < 400; round++) {
		uint64_t first = (uint64_t)(random() % 9) * 64;
		uint64_t end = first + 1 + (uint64_t)random() %
			       (MAX_WORDS * 64);
		struct plan_store store;
		struct bench b;

		bench_init(&b, first, end);
		fill(&b, round % 40);
		CHECK_OK(plan_store_init(&store, 3, 1 << 20));
		CHECK(!plan_store_get(&store, 1, b.back_at, NR_SETS));
		plan_store_put(&store, 1, b.at, NR_SETS);
		CHECK(plan_store_get(&store, 1, b.back_at, NR_SETS));
		CHECK(same(&b));
		CHECK(!plan_store_get(&store, 0, b.back_at, NR_SETS));
		CHECK(!plan_store_get(&store, 2, b.back_at, NR_SETS));
		clear(&b);
		CHECK(plan_store_get(&store, 1, b.back_at, NR_SETS));
		CHECK(same(&b));
		plan_store_deinit(&store);
		bench_deinit(&b);
	}
}

/* What it takes is what it says, to the byte; nothing more is kept. */
static void test_room(void)
{
	struct plan_store store;
	struct bench b;

	bench_init(&b, 64, 64 + 4096 * 2);
	/* 2 blocks: the first has a full word of the first set, of which the
	 * second set is a part, and an odd one */
	b.sets[0].bits[3] = UINT64_MAX;
	b.sets[0].bits[9] = 5;
	b.sets[1].bits[3] = 8;
	b.sets[2].bits[9] = 5;
	CHECK_OK(plan_store_init(&store, 2, (3 + 3 + 2 + 1 + 1 + 1) * 8));
	plan_store_put(&store, 0, b.at, NR_SETS);
	CHECK(store.left == 0);
	plan_store_put(&store, 0, b.at, NR_SETS);
	plan_store_put(&store, 1, b.at, NR_SETS);
	CHECK(!plan_store_get(&store, 1, b.back_at, NR_SETS));
	CHECK(plan_store_get(&store, 0, b.back_at, NR_SETS) && same(&b));
	plan_store_deinit(&store);
	CHECK_OK(plan_store_init(&store, 2, (3 + 3 + 2 + 1 + 1 + 1) * 8 - 1));
	plan_store_put(&store, 0, b.at, NR_SETS);
	clear(&b);
	CHECK(!plan_store_get(&store, 0, b.back_at, NR_SETS));
	plan_store_deinit(&store);
	/* nothing kept: a word a block */
	for (unsigned k = 0; k < NR_SETS; k++)
		pageset_clear(&b.sets[k]);
	CHECK_OK(plan_store_init(&store, 2, 16));
	plan_store_put(&store, 1, b.at, NR_SETS);
	CHECK(store.left == 0);
	CHECK(plan_store_get(&store, 1, b.back_at, NR_SETS) && same(&b));
	plan_store_deinit(&store);
	bench_deinit(&b);
}

int main(void)
{
	srandom(1);
	test_round_trip();
	test_room();
	return unit_end();
}
