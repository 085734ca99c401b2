/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arm64 address spaces: every page size, number of address bits and kind of
 * descriptor; what is found where VMCOREINFO does not tell; what is refused.
 */
#include "arm64_machine.h"

/* An address for leaves of LEVEL, with nothing else near. */
static uint64_t place(const struct arm *m, unsigned level)
{
	uint64_t span = span_of(&m->p, level);

	return align_up(m->image_vaddr + (1ull << 30), 4 * span) + 4 * span;
}

static uint64_t target(const struct paging *p)
{
	return p->wide ? HIGH | 5ull << 44 : 5ull << 44;
}

static bool fits(const struct arm *m, unsigned level)
{
	return level <= levels_of(&m->p, m->p.used) &&
	       place(m, level) < -(4 * span_of(&m->p, level)) &&
	       place(m, level) > m->image_vaddr;
}

/* Two leaves that continue each other, and one that does not. */
static uint64_t map_leaves(struct arm *m)
{
	uint64_t len = 0;

	for (unsigned level = 1; level <= block_level(&m->p); level++) {
		uint64_t span = span_of(&m->p, level), at = place(m, level);

		if (!fits(m, level))
			continue;
		map(m, at, target(&m->p), level);
		map(m, at + span, target(&m->p) + span, level);
		map(m, at + 3 * span, target(&m->p), level);
		len += 3 * span;
	}
	return len;
}

static void check_leaves(struct arm *m, struct space *space)
{
	for (unsigned level = 1; level <= block_level(&m->p); level++) {
		uint64_t span = span_of(&m->p, level), at = place(m, level);
		uint64_t paddr = target(&m->p);
		struct extent e;

		if (!fits(m, level))
			continue;
		e = translate(m, space, at + 0x123);
		CHECK(e.paddr == paddr + 0x123 && e.len == 2 * span - 0x123);
		e = translate(m, space, at + span + 8);
		CHECK(e.paddr == paddr + span + 8 && e.len == span - 8);
		e = translate(m, space, at + 2 * span);
		CHECK(!e.len && e.hole == span);
		e = translate(m, space, at + 3 * span);
		CHECK(e.paddr == paddr && e.len == span);
	}
}

/* What is no leaf: a page that says block, a block where none may be, and what
 * is not valid. */
static void map_nonsense(struct arm *m)
{
	unsigned level = block_level(&m->p) + 1;
	uint64_t at = place(m, 1) + (8ull << m->p.page_shift);

	put_u64(entry_of(m, at, 1), m->p.base | LEAF_BITS | 1, false);
	put_u64(entry_of(m, at + span_of(&m->p, 1), 1), m->p.base | LEAF_BITS |
		2, false);
	if (fits(m, level))
		put_u64(entry_of(m, place(m, level), level), LEAF_BITS | 1,
			false);
}

static void check_nonsense(struct arm *m, struct space *space)
{
	unsigned level = block_level(&m->p) + 1;
	uint64_t at = place(m, 1) + (8ull << m->p.page_shift);
	struct extent e = translate(m, space, at);

	CHECK(!e.len && e.hole >= 2 * span_of(&m->p, 1));
	e = translate(m, space, place(m, level));
	CHECK(!fits(m, level) || (!e.len && e.hole >= span_of(&m->p, level)));
}

struct walked {
	uint64_t nr_tables, len;
};

static struct error *on_leaf(void *arg, const struct leaf *leaf)
{
	struct walked *w = arg;

	w->nr_tables += leaf->table;
	w->len += leaf->table ? 0 : leaf->len;
	return NULL;
}

static void check_walk(struct arm *m, struct space *space, uint64_t len)
{
	struct vrange linear = { space->linear_start + m->p.base,
				 space->linear_start + m->p.base + SIZE };
	struct walked w = { 0 };

	CHECK_OK(table_walk(space, m->view, NULL, 0, on_leaf, &w));
	CHECK(w.nr_tables == m->nr_tables);
	CHECK(w.len == len + SIZE + IMAGE_LEN - TEXT - (GAP_END - GAP));
	w = (struct walked){ 0 };
	CHECK_OK(table_walk(space, m->view, &linear, 1, on_leaf, &w));
	CHECK(w.nr_tables == m->nr_tables);
	CHECK(w.len == len + IMAGE_LEN - TEXT - (GAP_END - GAP));
}

/* TOLD: VMCOREINFO has the number of bits it runs with. */
static void test_paging(const struct paging *p, bool told)
{
	uint64_t len;
	struct arm m;
	struct space space;
	struct extent e;

	arm_init(&m, p);
	len = map_leaves(&m);
	map_nonsense(&m);
	if (told)
		say(&m, "NUMBER(TCR_EL1_T1SZ)=0x%x\n", 64 - p->used);
	if (!CHECK_OK(arm_open(&m, &space)))
		return;
	CHECK(space.levels == levels_of(p, p->used));
	CHECK(space.root == p->base + IMAGE + ROOT);
	CHECK(!told || space.tables.start == -(1ull << p->used));
	CHECK(space.image.start == m.image_vaddr + TEXT &&
	      space.image.end == m.image_vaddr + IMAGE_LEN);
	CHECK(space.has_linear && space.linear_start == m.linear);
	e = translate(&m, &space, m.image_vaddr + TEXT + 5);
	CHECK(e.paddr == p->base + IMAGE + TEXT + 5);
	e = translate(&m, &space, m.linear + p->base + 0x5432);
	CHECK(e.paddr == p->base + 0x5432 && e.len >= 0x1000 - 0x432);
	CHECK_OK(table_translate(&space, m.view, m.image_vaddr + GAP, &e));
	CHECK(!e.len && e.hole == GAP_END - GAP);
	e = translate(&m, &space, 0x1000);	/* a user's */
	CHECK(!e.len && e.hole);
	check_leaves(&m, &space);
	check_nonsense(&m, &space);
	check_walk(&m, &space, len);
	arm_close(&m, &space);
}

static void test_pagings(void)
{
	static const struct paging pagings[] = {
		{ 12, 39, 39, false, LOW, false },
		{ 12, 48, 48, false, LOW, false },
		{ 12, 48, 48, false, 0x8000000000, false },
		/* as no Linux yet: 52 bits of physical address only */
		{ 12, 48, 48, true, HIGH, false },
		{ 12, 52, 52, true, LOW, false },
		{ 12, 52, 52, true, HIGH, false },
		{ 12, 52, 48, false, LOW, false },
		{ 14, 36, 36, false, LOW, false },
		{ 14, 47, 47, false, LOW, false },
		{ 14, 48, 48, false, LOW, false },
		{ 14, 48, 48, true, HIGH, false },
		{ 14, 52, 52, true, LOW, false },
		{ 14, 52, 52, true, HIGH, false },
		{ 14, 52, 47, false, LOW, false },
		{ 16, 42, 42, false, LOW, false },
		{ 16, 42, 42, true, HIGH, false },
		{ 16, 48, 48, false, LOW, false },
		{ 16, 48, 48, true, HIGH, false },
		{ 16, 52, 52, true, HIGH, false },
		{ 16, 52, 52, false, LOW, false },
		{ 16, 52, 48, true, HIGH, false },
		{ 16, 52, 48, false, LOW, false },
		{ 16, 52, 48, false, LOW, true },
	};

	for (size_t i = 0; i < sizeof(pagings) / sizeof(*pagings); i++)
		for (int told = 0; told < 2; told++) {
			unsigned failed = unit_failed;

			test_paging(&pagings[i], told);
			if (unit_failed > failed)
				fprintf(stderr, "paging %zu, told %d\n", i,
					told);
		}
}

static const struct paging usual = { 12, 48, 48, false, LOW, false };

/* VMCOREINFO without the line that has KEY, or with VALUE there. */
static void refuse(const char *key, const char *value, const char *text)
{
	struct arm m;
	char *at, *end;

	arm_init(&m, &usual);
	at = strstr(m.text, key);
	if (at) {
		end = strchr(at, '\n') + 1;
		memmove(at, end, strlen(end) + 1);
		m.text_len -= (size_t)(end - at);
	}
	if (value)
		say(&m, "%s=%s\n", key, value);
	arm_refused(&m, text);
}

static void test_refused(void)
{
	struct arm m;

	refuse("NUMBER(VA_BITS)", NULL, "NUMBER(VA_BITS)");
	refuse("NUMBER(VA_BITS)", "35", "NUMBER(VA_BITS)");
	refuse("NUMBER(VA_BITS)", "64", "NUMBER(VA_BITS)");
	refuse("NUMBER(kimage_voffset)", NULL, "NUMBER(kimage_voffset)");
	refuse("NUMBER(kimage_voffset)", "0x123", "top page table would be");
	refuse("SYMBOL(swapper_pg_dir)", NULL, "SYMBOL(swapper_pg_dir)");
	refuse("SYMBOL(_stext)", NULL, "SYMBOL(_stext)");
	refuse("SYMBOL(_stext)", "ffff000000000000", "do not map the kernel");
	refuse("SYMBOL(_stext)", "8000", "SYMBOL(_stext)");
	refuse("SYMBOL(_stext)", "fffffffff0000000", "SYMBOL(_stext)");
	refuse("NUMBER(TCR_EL1_T1SZ)", "0xf", "TCR_EL1_T1SZ is 15, VA_BITS 48");
	refuse("NUMBER(TCR_EL1_T1SZ)", "0x1d", "TCR_EL1_T1SZ is 29");
	refuse("NUMBER(TCR_EL1_T1SZ)", "0x19", "do not map the kernel image");

	arm_init(&m, &usual);
	memset(m.mem + IMAGE + ROOT, 0, 4096);
	arm_refused(&m, "do not map the kernel image");
	/* a root that is in no segment */
	arm_init(&m, &usual);
	m.p.base += SIZE;
	arm_refused(&m, "can't be read");
}

/* Without a linear map that the tables know, the rest works. */
static void test_linear(void)
{
	struct arm m;
	struct space space;
	char *at;

	arm_init(&m, &usual);
	at = strstr(m.text, "NUMBER(PHYS_OFFSET)=0x");
	at[22] = at[22] == 'f' ? 'e' : 'f';
	if (CHECK_OK(arm_open(&m, &space)))
		CHECK(!space.has_linear && space.image.start);
	arm_close(&m, &space);

	arm_init(&m, &usual);
	at = strstr(m.text, "NUMBER(PHYS_OFFSET)");
	memcpy(at, "NUMBER(PHYS_OFFXXX)", 19);
	if (CHECK_OK(arm_open(&m, &space)))
		CHECK(!space.has_linear);
	arm_close(&m, &space);
}

/* Tables full of what could be anything: the walk ends. */
static void test_walk_nonsense(const struct paging *p)
{
	struct arm m;
	struct space space;
	struct walked w = { 0 };
	uint64_t x = 88172645463325252ull;

	arm_init(&m, p);
	if (!CHECK_OK(arm_open(&m, &space)))
		return;
	view_destroy(m.view);
	CHECK_OK(view_create(&m.image, VIEW_RANDOM, &m.view));
	for (uint64_t at = 0; at < SIZE; at += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		put_u64(m.mem + at, pack_address(p, p->base + x % SIZE /
			4096 * 4096) | (x >> 60 & 3), false);
	}
	CHECK_OK(table_walk(&space, m.view, NULL, 0, on_leaf, &w));
	CHECK(w.nr_tables <= 5 * (SIZE >> p->page_shift));
	CHECK(w.nr_tables > SIZE >> p->page_shift >> 1);
	arm_close(&m, &space);
}

int main(void)
{
	static const struct paging nonsense[] = {
		{ 12, 52, 52, true, HIGH, false },
		{ 14, 48, 48, false, LOW, false },
		{ 16, 52, 48, true, HIGH, false },
	};

	test_pagings();
	test_refused();
	test_linear();
	for (size_t i = 0; i < 3; i++)
		test_walk_nonsense(&nonsense[i]);
	CHECK(arch_find(EM_AARCH64) == &arch_arm64);
	return unit_end();
}
