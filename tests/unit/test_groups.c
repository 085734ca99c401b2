/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 64 struct pages judged together are what each is by itself, in every layout;
 * and what a dump level drops. */
#include "../../src/filter/filter.h"
#include "pages.h"

#define VADDR	0xffffea0000400000ull	/* of the first; 2 MiB aligned */
#define PFN	0x10000ull		/* of the first */
#define ADDRESS	0xffff888003456780ull	/* of something, even */

/* The class of a page by its bits in a group. */
static enum page_class group_class(const struct page_group *g, unsigned i)
{
	CHECK((g->anon >> i & 1) + (g->cache >> i & 1) +
	      (g->cache_private >> i & 1) <= 1);
	return g->anon >> i & 1 ? CLASS_ANON :
	       g->cache >> i & 1 ? CLASS_CACHE :
	       g->cache_private >> i & 1 ? CLASS_CACHE_PRIVATE : CLASS_KERNEL;
}

/* 64 struct pages together, and each by itself. */
static void check_group(const struct page_layout *l, const uint8_t *pages,
			uint64_t *units, uint64_t classes[NR_CLASSES])
{
	uint64_t poisoned = filter_poisoned(l, pages, GROUP_PAGES);
	struct page_group group;

	filter_group(l, pages, &group);
	for (unsigned i = 0; i < GROUP_PAGES; i++) {
		const uint8_t *page = pages + i * l->size;
		uint64_t flags = get_u64(page + l->flags.offset, l->big_endian);
		uint64_t head, run;
		enum page_class class;

		CHECK((poisoned >> i & 1) == filter_poisoned(l, page, 1));
		if (group.unit >> i & 1) {
			(*units)++;
			continue;
		}
		CHECK(!filter_tail(l, page, VADDR + i * l->size, &head));
		class = filter_classify(l, page, PFN + i, 1, &run);
		CHECK(run == 1 && class == group_class(&group, i));
		CHECK((group.reserved >> i & 1) ==
		      (class == CLASS_KERNEL && (flags & l->reserved)));
		classes[class]++;
	}
}

/* FROM's struct pages as they stand in another LAYOUT of a larger struct. */
static void move_pages(const struct page_layout *layout, uint8_t *to,
		       const uint8_t *from)
{
	static const struct { unsigned at, size; } fields[] = {
		{ PAGE_FLAGS, 8 }, { PAGE_COMPOUND, 8 }, { PAGE_MAPPING, 8 },
		{ PAGE_PRIVATE, 8 }, { PAGE_MAPCOUNT, 4 },
	};

	for (unsigned i = 0; i < GROUP_PAGES; i++) {
		uint8_t *page = to + i * layout->size;

		for (unsigned k = 0; k < sizeof(fields) / sizeof(*fields); k++)
			if (fields[k].size == 8)
				put_u64(page + fields[k].at,
					get_u64(from + i * 64 + fields[k].at,
						false), layout->big_endian);
			else
				put_u32(page + fields[k].at,
					get_u32(from + i * 64 + fields[k].at,
						false), layout->big_endian);
	}
}

/* Struct pages with all that may be in one, one in ODD of them with what is
 * rare. */
static void make_pages(const struct page_layout *l, uint8_t *pages,
		       unsigned odd)
{
	uint64_t mask = l->lru | l->private_flag | l->swapcache |
			l->swapbacked | l->reserved;

	for (unsigned i = 0; i < GROUP_PAGES; i++) {
		uint8_t *page = pages + i * 64;
		uint64_t flags = (uint64_t)random() & mask;
		bool rare = random() % odd == 0;

		for (unsigned at = 0; at < 64; at++)
			page[at] = (uint8_t)random();
		if (rare)
			flags |= (uint64_t)random() & 0xffffff;
		put_u64(page + PAGE_FLAGS, flags | 0x17ffffc000000000, false);
		put_u64(page + PAGE_COMPOUND, rare ? (uint64_t)random() :
			ADDRESS, false);
		put_u64(page + PAGE_MAPPING, ADDRESS | (random() & 3), false);
		put_u32(page + PAGE_MAPCOUNT, rare ? (uint32_t)random() << 1 :
			0xffffffff, false);
		if (rare && random() % 4 == 0)
			memset(page, 0xff, 64);
	}
}

/*
 * Groups say what filter_classify() says: of 64 bytes of either byte order and
 * of a larger struct, with all that may be in a struct page more or less often.
 */
static void test_groups(void)
{
	uint64_t units = 0, classes[NR_CLASSES] = { 0 };
	uint8_t pages[GROUP_PAGES * 64], moved[GROUP_PAGES * 80];

	for (unsigned i = 0; i < NR_RELEASES * 400; i++) {
		const struct pages_kernel *k = &pages_kernels[i % NR_RELEASES];
		struct page_layout l, other;
		struct page_group one, two;

		CHECK_OK(pages_layout(k->text, NULL, &l));
		if (i & 8)
			l.reserved = 1ull << 12;
		if (i % 5 == 0)
			l.private_flag = 0;
		if (i % 7 == 0)
			l.swapcache = 0;
		make_pages(&l, pages, 1u << (random() % 10));
		check_group(&l, pages, &units, classes);
		filter_group(&l, pages, &one);
		for (unsigned kind = 0; kind < 3; kind++) {
			other = l;
			other.big_endian = kind != 1;
			other.size = kind ? 80 : 64;
			memset(moved, 0x5a, sizeof(moved));
			move_pages(&other, moved, pages);
			check_group(&other, moved, &units, classes);
			filter_group(&other, moved, &two);
			CHECK(!memcmp(&one, &two, sizeof(one)));
		}
	}
	CHECK(units > 10000 && classes[CLASS_KERNEL] > 10000 &&
	      classes[CLASS_ANON] > 10000 && classes[CLASS_CACHE] > 10000 &&
	      classes[CLASS_CACHE_PRIVATE] > 10000);
}

/* A page of a section that is not online: only its own flags count. */
static void test_offline(void)
{
	static const struct { uint64_t flags; enum page_class class; } cases[] = {
		{ 0, CLASS_KERNEL }, { 0x200000000, CLASS_KERNEL },
		{ 0x1000, CLASS_DEVICE }, { 0x20000000001000, CLASS_DEVICE },
		{ 0x201000, CLASS_HWPOISON }, { 0x200000, CLASS_HWPOISON },
		/* what was never initialised may say anything */
		{ 0xa5a5a5a5a5a5a5a5, CLASS_HWPOISON },
		{ 0xa5a5a5a5a585b5a5, CLASS_DEVICE },
		{ UINT64_MAX, CLASS_KERNEL },
	};
	struct page_layout l;
	uint8_t page[64];

	CHECK_OK(pages_layout(pages_kernels[R6_12].text, NULL, &l));
	l.hwpoison = 0x200000;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		enum page_class want = cases[i / 2].class;

		l.reserved = i % 2 ? 0x1000 : 0;
		if (want == CLASS_DEVICE && !l.reserved)
			want = CLASS_KERNEL;
		memset(page, i % 4 < 2 ? 0xa5 : 0xff, sizeof(page));
		put_u64(page + PAGE_FLAGS, cases[i / 2].flags, false);
		CHECK(filter_classify_offline(&l, page) == want);
	}
}

static void test_levels(void)
{
	static const struct {
		enum page_class class;
		uint32_t levels;	/* bit n: level n drops it */
	} cases[] = {
		{ CLASS_KERNEL, 0 }, { CLASS_SLAB, 0 }, { CLASS_UNKNOWN, 0 },
		{ CLASS_DEVICE, 0 }, { CLASS_TABLE, 0 }, { CLASS_GUARD, 0 },
		{ CLASS_ZSMALLOC, 0 }, { CLASS_LARGE_KMALLOC, 0 },
		{ CLASS_LOST, 0xffffffff }, { CLASS_LEFT_OUT, 0xffffffff },
		{ CLASS_UNREACHED, 0xffffffff },
		{ CLASS_OFFLINE, 0xffffffff }, { CLASS_HWPOISON, 0xffffffff },
		{ CLASS_FREE, 0xffff0000 }, { CLASS_UNACCEPTED, 0xffff0000 },
		{ CLASS_ANON, 0xff00ff00 }, { CLASS_HUGETLB, 0xff00ff00 },
		{ CLASS_CACHE_PRIVATE, 0xf0f0f0f0 },
		{ CLASS_CACHE, 0xfcfcfcfc },
	};

	CHECK(sizeof(cases) / sizeof(*cases) == NR_CLASSES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (unsigned level = 0; level < 32; level++)
			CHECK(level_drops(level, cases[i].class) ==
			      (cases[i].levels >> level & 1));
		CHECK(class_name(cases[i].class) && class_key(cases[i].class));
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(class_key(cases[i].class),
				     class_key(cases[j].class)));
	}
}

int main(void)
{
	srandom(1);
	test_groups();
	test_offline();
	test_levels();
	return unit_end();
}
