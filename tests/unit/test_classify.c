/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Struct pages of every kind, in every layout, and what is made of them. */
#include "../../src/filter/filter.h"
#include "pages.h"

#define NR	2048u		/* struct pages at hand */
#define VADDR	0xffffea0000400000ull	/* of the first; 2 MiB aligned */
#define PFN	0x10000ull	/* of the first */
#define ANON_VMA	0xffff888003456781ull
#define ADDRESS_SPACE	0xffff888003456780ull

struct bench {
	const struct pages_kernel *k;
	struct page_layout l;
	uint8_t *pages;
	uint64_t run;
};

static void set(struct bench *b, unsigned i, unsigned at, uint64_t v)
{
	put_u64(b->pages + i * 64 + at, v, pages_big);
}

static uint64_t flags_at(struct bench *b, unsigned i)
{
	return get_u64(b->pages + i * 64 + PAGE_FLAGS, pages_big);
}

static void set_mapcount(struct bench *b, unsigned i, uint32_t v)
{
	put_u32(b->pages + i * 64 + PAGE_MAPCOUNT, v, pages_big);
}

static void clear(struct bench *b)
{
	memset(b->pages, 0, NR * 64);
	for (unsigned i = 0; i < NR; i++)
		set_mapcount(b, i, 0xffffffff);
}

static uint64_t bit(unsigned nr)
{
	return nr < 64 ? 1ull << nr : 0;
}

/* Page I with these flags, beside a zone number in the upper bits. */
static void set_flags(struct bench *b, unsigned i, uint64_t flags)
{
	set(b, i, PAGE_FLAGS, flags | 0x17ffffc000000000);
}

static void make_compound(struct bench *b, unsigned i, unsigned order,
			  bool mask)
{
	uint8_t *second = b->pages + (i + 1) * 64;
	uint64_t word = mask ? -(64ull << order) | 1 : (VADDR + i * 64) | 1;

	set(b, i, PAGE_FLAGS, flags_at(b, i) | b->l.head);
	for (unsigned j = 1; j < 1u << order && i + j < NR; j++)
		set(b, i + j, PAGE_COMPOUND, word);
	if (b->l.order_rule == ORDER_FIELD)
		second[17] = (uint8_t)order;
	else
		second[pages_big ? 7 : 0] = (uint8_t)order;
}

static enum page_class classify_n(struct bench *b, unsigned i, uint64_t nr)
{
	b->run = 0;
	return filter_classify(&b->l, b->pages + i * 64, PFN + i, nr, &b->run);
}

static enum page_class classify(struct bench *b, unsigned i)
{
	return classify_n(b, i, NR - i);
}

#define IS(b, i, c, r) (classify(b, i) == (c) && (b)->run == (r))

static void test_single(struct bench *b)
{
	const struct pages_kernel *k = b->k;
	uint64_t lru = bit(k->lru);

	clear(b);
	CHECK(IS(b, 0, CLASS_KERNEL, 1));
	set_flags(b, 0, lru);
	set(b, 0, PAGE_MAPPING, ADDRESS_SPACE);
	CHECK(IS(b, 0, CLASS_CACHE, 1));
	set_flags(b, 0, lru | bit(k->private));
	CHECK(IS(b, 0, CLASS_CACHE_PRIVATE, 1));
	/* not (yet) on a list: not cache */
	set_flags(b, 0, bit(k->private));
	CHECK(IS(b, 0, CLASS_KERNEL, 1));
	/* swap cache, which is that bit only together with swapbacked */
	set_flags(b, 0, bit(k->swapcache));
	CHECK(IS(b, 0, CLASS_KERNEL, 1));
	set_flags(b, 0, bit(k->swapcache) | bit(k->swapbacked));
	CHECK(IS(b, 0, CLASS_CACHE, 1));
	/* anonymous, on a list or not, in the swap cache or not; KSM */
	set(b, 0, PAGE_MAPPING, ANON_VMA);
	CHECK(IS(b, 0, CLASS_ANON, 1));
	set_flags(b, 0, lru | bit(k->private));
	set_mapcount(b, 0, 3);
	CHECK(IS(b, 0, CLASS_ANON, 1));
	set_flags(b, 0, 0);
	CHECK(IS(b, 0, CLASS_ANON, 1));
	set(b, 0, PAGE_MAPPING, ANON_VMA | 2);
	CHECK(IS(b, 0, CLASS_ANON, 1));
	/* movable, not anonymous */
	set(b, 0, PAGE_MAPPING, ADDRESS_SPACE | 2);
	CHECK(IS(b, 0, CLASS_KERNEL, 1));
	/* poison comes first */
	set_flags(b, 0, lru | bit(k->hwpoison));
	set(b, 0, PAGE_MAPPING, ANON_VMA);
	CHECK(IS(b, 0, CLASS_HWPOISON, 1));
	CHECK(filter_poisoned(&b->l, b->pages, 1));
	CHECK(!filter_poisoned(&b->l, b->pages + 64, 1));
}

static void test_types(struct bench *b)
{
	const struct pages_kernel *k = b->k;
	const uint32_t kernels[] = { k->table, k->other, k->other ^ 0x4321 };

	/* types that nobody exports, whatever else the page says */
	for (unsigned i = 0; i < 3; i++) {
		clear(b);
		set_flags(b, 0, bit(k->lru));
		set(b, 0, PAGE_MAPPING, ANON_VMA);
		set_mapcount(b, 0, kernels[i]);
		CHECK(IS(b, 0, CLASS_KERNEL, 1));
	}
	clear(b);
	set_mapcount(b, 0, k->offline);
	CHECK(IS(b, 0, CLASS_OFFLINE, 1));
	set(b, 0, PAGE_MAPPING, ANON_VMA);
	CHECK(IS(b, 0, CLASS_OFFLINE, 1));

	/* a slab's own fields: an odd word where mapping is, since 6.2 */
	clear(b);
	set_flags(b, 0, bit(k->slab_bit));
	set(b, 0, PAGE_MAPPING, 3);
	set_mapcount(b, 0, k->slab ? k->slab : 0xffffffff);
	CHECK(IS(b, 0, CLASS_SLAB, 1));
	make_compound(b, 0, 3, false);
	CHECK(IS(b, 0, CLASS_SLAB, 8));
	/* before page types in that word, SLAB's count of objects: any number,
	 * even one that looks like a type */
	if (k->slab_bit < 64) {
		set_mapcount(b, 0, k->buddy);
		CHECK(IS(b, 0, CLASS_SLAB, 8));
		set_mapcount(b, 0, k->offline);
		CHECK(IS(b, 0, CLASS_SLAB, 8));
	}
	/* one bad page does not make the slab go */
	set(b, 0, PAGE_FLAGS, flags_at(b, 0) | bit(k->hwpoison));
	CHECK(IS(b, 0, CLASS_SLAB, 8));
	CHECK(filter_poisoned(&b->l, b->pages, 1));

	/* an underflow of the mapcount is none */
	clear(b);
	set_flags(b, 0, bit(k->lru));
	set_mapcount(b, 0, (uint32_t)-3);
	CHECK(IS(b, 0, CLASS_CACHE, 1));
}

static void test_buddy(struct bench *b)
{
	const struct pages_kernel *k = b->k;

	for (unsigned order = 0; order <= 10; order++) {
		clear(b);
		set_mapcount(b, 1024, k->buddy);
		set(b, 1024, PAGE_PRIVATE, order);
		CHECK(IS(b, 1024, CLASS_FREE, 1ull << order));
		/* even if its struct pages go on in the next array */
		CHECK(classify_n(b, 1024, 1) == CLASS_FREE &&
		      b->run == 1ull << order);
		/* poisoned: the others are free all the same */
		set_flags(b, 1024, bit(k->hwpoison));
		CHECK(IS(b, 1024, CLASS_FREE, 1ull << order));
		/* not aligned */
		set_mapcount(b, 1025, k->buddy);
		set(b, 1025, PAGE_PRIVATE, order);
		CHECK(order ? IS(b, 1025, CLASS_KERNEL, 1) :
		      IS(b, 1025, CLASS_FREE, 1));
	}
	set(b, 1024, PAGE_PRIVATE, 11);
	CHECK(IS(b, 1024, CLASS_KERNEL, 1));
	set(b, 1024, PAGE_PRIVATE, 1ull << 32);
	CHECK(IS(b, 1024, CLASS_KERNEL, 1));
	set(b, 1024, PAGE_PRIVATE, 64);
	CHECK(IS(b, 1024, CLASS_KERNEL, 1));
	set(b, 1024, PAGE_PRIVATE, UINT64_MAX);
	CHECK(IS(b, 1024, CLASS_KERNEL, 1));

	clear(b);
	if (k->unaccepted) {
		set_mapcount(b, 1024, k->unaccepted);
		CHECK(IS(b, 1024, CLASS_UNACCEPTED, 1024));
		set_mapcount(b, 512, k->unaccepted);
		CHECK(IS(b, 512, CLASS_KERNEL, 1));
	}
	/* its low bits are the owner's, since 6.12 */
	if (k->buddy == 0xf0000000) {
		set_mapcount(b, 1024, k->buddy | 0x123456);
		set(b, 1024, PAGE_PRIVATE, 5);
		CHECK(IS(b, 1024, CLASS_FREE, 32));
	}
}

static void make_hugetlb(struct bench *b, unsigned i)
{
	if (b->k->hugetlb)
		set_mapcount(b, i, b->k->hugetlb);
	else if (b->l.hugetlb_rule == HUGETLB_FLAG)
		set(b, i + 1, PAGE_FLAGS, flags_at(b, i + 1) |
				      b->l.hugetlb_value);
	else
		b->pages[(i + 1) * 64 + 16] = 2;
}

static void test_compound(struct bench *b, bool mask)
{
	const struct pages_kernel *k = b->k;

	for (unsigned order = 1; order <= 10; order++) {
		unsigned nr = 1u << order;

		clear(b);
		set_flags(b, 1024, bit(k->lru));
		set(b, 1024, PAGE_MAPPING, ADDRESS_SPACE);
		make_compound(b, 1024, order, mask);
		CHECK(IS(b, 1024, CLASS_CACHE, nr));
		set(b, 1024, PAGE_MAPPING, ANON_VMA);
		CHECK(IS(b, 1024, CLASS_ANON, nr));
		/* the last tail out of sight; only one tail in sight */
		CHECK(classify_n(b, 1024, nr - 1) ==
		      (order > 1 ? CLASS_ANON : CLASS_KERNEL));
		CHECK(classify_n(b, 1024, 2) == CLASS_ANON && b->run == nr);
		/* head alone in sight: no telling */
		CHECK(classify_n(b, 1024, 1) == CLASS_KERNEL && b->run == 1);
		/* poison of one of its pages is not the others' */
		set(b, 1024, PAGE_FLAGS, flags_at(b, 1024) |
		    bit(k->hwpoison));
		CHECK(IS(b, 1024, CLASS_ANON, nr));
	}
	/* a THP's last tail is some other's */
	clear(b);
	set_flags(b, 1024, bit(k->lru));
	set(b, 1024, PAGE_MAPPING, ANON_VMA);
	make_compound(b, 1024, 9, mask);
	set(b, 1024 + 511, PAGE_COMPOUND, 0);
	CHECK(IS(b, 1024, CLASS_KERNEL, 1));
	CHECK(classify_n(b, 1024, 512) == CLASS_KERNEL && b->run == 1);
	CHECK(classify_n(b, 1024, 511) == CLASS_ANON && b->run == 512);
	/* no tail is one */
	for (unsigned i = 1; i < 512; i++)
		set(b, 1024 + i, PAGE_COMPOUND, 0);
	CHECK(IS(b, 1024, CLASS_KERNEL, 1));
	make_compound(b, 1024, 9, mask);
	CHECK(IS(b, 1024, CLASS_ANON, 512));
	set(b, 1025, PAGE_COMPOUND, 0);
	CHECK(IS(b, 1024, CLASS_KERNEL, 1));
	/* not aligned; too large; order 0 */
	clear(b);
	set(b, 4, PAGE_MAPPING, ANON_VMA);
	make_compound(b, 4, 3, mask);
	CHECK(IS(b, 4, CLASS_KERNEL, 1));
	make_compound(b, 4, 2, mask);
	CHECK(IS(b, 4, CLASS_ANON, 4));
	b->pages[5 * 64 + b->l.order.offset] = 23;
	CHECK(IS(b, 4, CLASS_KERNEL, 1));
	b->pages[5 * 64 + b->l.order.offset] = 255;
	CHECK(IS(b, 4, CLASS_KERNEL, 1));
	b->pages[5 * 64 + b->l.order.offset] = 0;
	CHECK(IS(b, 4, CLASS_KERNEL, 1));
	/* the kernel's own */
	clear(b);
	make_compound(b, 8, 2, mask);
	CHECK(IS(b, 8, CLASS_KERNEL, 4));
	if (k->slab_bit == 64) {
		set_mapcount(b, 8, k->other);
		set(b, 8, PAGE_MAPPING, ANON_VMA);
		CHECK(IS(b, 8, CLASS_KERNEL, 4));
	}
}

static void test_hugetlb(struct bench *b, bool mask)
{
	clear(b);
	make_compound(b, 512, 9, mask);
	make_hugetlb(b, 512);
	CHECK(IS(b, 512, CLASS_HUGETLB, 512));
	set(b, 512, PAGE_MAPPING, ANON_VMA);
	CHECK(IS(b, 512, CLASS_HUGETLB, 512));
	CHECK(classify_n(b, 512, 1) == CLASS_KERNEL && b->run == 1);
	/* 1 GiB, of which only the start is in sight */
	make_compound(b, 0, 18, mask);
	make_hugetlb(b, 0);
	b->run = 0;
	CHECK(filter_classify(&b->l, b->pages, 1 << 18, NR, &b->run) ==
	      CLASS_HUGETLB && b->run == 1 << 18);
	/* some page of it is bad: the head says so, for all */
	set(b, 512, PAGE_FLAGS, flags_at(b, 512) |
	    b->l.hwpoison);
	clear(b);
	make_compound(b, 512, 9, mask);
	make_hugetlb(b, 512);
	set(b, 512, PAGE_FLAGS, flags_at(b, 512) |
	    b->l.hwpoison);
	CHECK(IS(b, 512, CLASS_HWPOISON, 512));
	/* a head in the middle: the memmap of hugetlb pages is folded, and
	 * shows the head again, before 7.1 */
	clear(b);
	set_flags(b, 64, 0);
	make_compound(b, 64, 9, mask);
	make_hugetlb(b, 64);
	CHECK(IS(b, 64, CLASS_KERNEL, 1));
}

static void test_tails(struct bench *b)
{
	const struct page_layout *l = &b->l;
	uint64_t head = 1;

	clear(b);
	make_compound(b, 0, 9, false);
	CHECK(!filter_tail(l, b->pages, VADDR, &head));
	for (unsigned i = 1; i < 512; i++)
		CHECK(filter_tail(l, b->pages + i * 64, VADDR + i * 64,
				  &head) && head == VADDR);
	/* pointers that can't be */
	set(b, 600, PAGE_COMPOUND, (VADDR + 601 * 64) | 1);
	CHECK(filter_tail(l, b->pages + 600 * 64, VADDR + 600 * 64, &head) &&
	      !head);
	set(b, 600, PAGE_COMPOUND, (VADDR + 8) | 1);
	CHECK(filter_tail(l, b->pages + 600 * 64, VADDR + 600 * 64, &head) &&
	      !head);
	set(b, 600, PAGE_COMPOUND, 1);
	CHECK(filter_tail(l, b->pages + 600 * 64, VADDR + 600 * 64, &head) &&
	      !head);
	/* a struct page as it was before its birth */
	memset(b->pages, 0xff, 64);
	CHECK(filter_tail(l, b->pages, VADDR, &head) && !head);
	CHECK(IS(b, 0, CLASS_KERNEL, 1) && !filter_poisoned(l, b->pages, 1));

	/* masks: only where the kernel has them */
	for (unsigned order = 1; order <= 9; order++) {
		clear(b);
		make_compound(b, 512, order, true);
		for (unsigned i = 1; i < 1u << order; i++) {
			CHECK(filter_tail(l, b->pages + (512 + i) * 64,
					  VADDR + (512 + i) * 64, &head));
			CHECK(head == (b->k->masks ? VADDR + 512 * 64 : 0));
		}
	}
	/* an aligned page can't be a tail by mask */
	CHECK(filter_tail(l, b->pages + 513 * 64, VADDR + 1024 * 64, &head) &&
	      !head);
	/* what is no mask: ones with a hole; too long */
	set(b, 600, PAGE_COMPOUND, -(64ull << 23) | 1);
	CHECK(filter_tail(l, b->pages + 600 * 64, VADDR + 600 * 64, &head) &&
	      !head);
	set(b, 600, PAGE_COMPOUND, 0xffffffffff7fff01);
	CHECK(filter_tail(l, b->pages + 600 * 64, VADDR + 600 * 64, &head) &&
	      !head);
	set(b, 600, PAGE_COMPOUND, 0xff00000000000001);
	CHECK(filter_tail(l, b->pages + 600 * 64, VADDR + 600 * 64, &head) &&
	      !head);
}

/* What a tail says is taken for what the kernel says it is. */
static void test_tail_rules(struct bench *b)
{
	const uint64_t head_at = VADDR + 512 * 64;
	struct page_layout l = b->l;
	uint64_t head;

	for (unsigned i = 0; i < 20; i++)
		for (l.tail_rule = 0; l.tail_rule <= TAIL_EITHER; l.tail_rule++) {
			bool wrong = l.tail_rule == (i % 2 ? TAIL_POINTER :
						     TAIL_MASK);

			set(b, 513, PAGE_COMPOUND, i % 2 ? -(64ull << i / 2) | 1
					     : head_at | 1);
			CHECK(filter_tail(&l, b->pages + 513 * 64,
					  head_at + 64, &head));
			CHECK(head == (wrong || i == 1 ? 0 : head_at));
		}
}

/* A kernel that lacks something never loses a page by it. */
static void test_lacking(void)
{
	static const char *const keys[] = {
		"NUMBER(PG_swapcache)", "NUMBER(PG_swapbacked)",
		"NUMBER(PG_private)", "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)",
		"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)",
		"NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)",
		"NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)",
		"NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)",
		"OFFSET(page.private)", "LENGTH(zone.free_area)",
		"NUMBER(PG_hwpoison)",
	};
	struct bench full = { .k = &pages_kernels[R7_2] };
	unsigned differ = 0;

	full.pages = malloc(NR * 64);
	CHECK_OK(pages_layout(full.k->text, NULL, &full.l));
	srandom(1);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct bench b = full;

		if (strstr(keys[i], "SLAB"))
			continue;	/* an error: see test_layout */
		CHECK_OK(pages_layout(pages_without(full.k->text, keys[i]),
				      NULL, &b.l));
		for (unsigned j = 0; j < unit_rounds(20000); j++) {
			enum page_class was, is;

			clear(&full);
			set_flags(&full, 0, (uint64_t)random() & 0x3fffff &
				  ~b.l.head);
			set(&full, 0, PAGE_MAPPING, (uint64_t)random() & 3);
			if (random() & 1)
				set_mapcount(&full, 0, 0xf0000000 +
					     ((uint32_t)random() << 24));
			was = classify(&full, 0);
			is = classify(&b, 0);
			differ += was != is;
			for (unsigned level = 0; level < 32; level++)
				CHECK(!level_drops(level, is) ||
				      level_drops(level, was) ||
				      was == CLASS_HWPOISON);
		}
	}
	CHECK(differ);
	free(full.pages);
}

/* Any bytes at all: no run past an alignment, nothing read beyond NR. */
static void test_noise(void)
{
	for (unsigned r = 0; r < NR_RELEASES; r++) {
		struct bench b = { .k = &pages_kernels[r] };
		uint8_t *two = malloc(2 * 64);

		CHECK_OK(pages_layout(b.k->text, NULL, &b.l));
		for (unsigned i = unit_rounds(100000); i; i--) {
			uint64_t pfn = (uint64_t)random() << 3, run;
			uint64_t nr = 1 + (random() & 1);
			enum page_class class;

			for (unsigned j = 0; j < 2 * 64; j++)
				two[j] = (uint8_t)random();
			if (random() & 1)
				two[64 + b.l.order.offset] &= 31;
			if (random() & 1)
				put_u64(two + PAGE_PRIVATE, random() & 15,
					pages_big);
			class = filter_classify(&b.l, two, pfn, nr, &run);
			CHECK(class < NR_CLASSES && run && run <= 1 << 22 &&
			      !(run & (run - 1)) && pfn % run == 0);
		}
		free(two);
	}
}

static void test_all(bool big_endian)
{
	pages_big = big_endian;
	for (unsigned i = 0; i < NR_RELEASES; i++) {
		struct bench b = { .k = &pages_kernels[i] };

		b.pages = malloc(NR * 64);
		if (!CHECK_OK(pages_layout(b.k->text, NULL, &b.l)))
			continue;
		test_single(&b);
		test_types(&b);
		test_buddy(&b);
		for (int mask = 0; mask <= b.k->masks; mask++) {
			test_compound(&b, mask);
			test_hugetlb(&b, mask);
		}
		test_tails(&b);
		test_tail_rules(&b);
		free(b.pages);
	}
	test_lacking();
	test_noise();
}

int main(void)
{
	test_all(false);
	test_all(true);
	return unit_end();
}
