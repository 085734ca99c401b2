/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout of struct page, from what kernels say of it. */
#include "../../src/base/log.h"
#include "pages.h"

static bool same_test(const struct test *test, uint32_t value, bool top_byte)
{
	return value ? test->value == value &&
		       test->mask == (top_byte ? 0xff000000 : 0xffffffff) :
	       !test->mask;
}

static void test_release(const struct pages_kernel *k)
{
	struct page_layout l;
	struct log log;
	bool top = k->buddy == 0xf0000000;

	log_init(&log, stderr, 0);
	if (!CHECK_OK(pages_layout(k->text, &log, &l)))
		return;
	CHECK(!log.nr_warnings);
	log_deinit(&log);
	CHECK(l.size == 64 && l.flags.offset == 0 && l.flags.size == 8);
	CHECK(l.mapping.offset == 24 && l.mapcount.offset == 48);
	CHECK(l.mapcount.size == 4 && l.private.offset == 40);
	CHECK(l.compound.offset == 8 && 
	      l.tail_rule == (k->masks ? TAIL_EITHER : TAIL_POINTER));
	CHECK(l.lru == 1ull << k->lru && l.head == 1ull << k->head);
	CHECK(l.private_flag == 1ull << k->private);
	CHECK(l.swapcache == 1ull << k->swapcache);
	CHECK(l.swapbacked == 1ull << k->swapbacked);
	CHECK(l.hwpoison == 1ull << k->hwpoison);
	CHECK(l.slab_flag == (k->slab_bit < 64 ? 1ull << k->slab_bit : 0));
	CHECK(same_test(&l.buddy, k->buddy, top));
	CHECK(same_test(&l.offline, k->offline, top));
	CHECK(same_test(&l.slab_type, k->slab, top));
	CHECK(same_test(&l.hugetlb_type, k->hugetlb, top));
	CHECK(same_test(&l.unaccepted, k->unaccepted, top));
	CHECK((int32_t)k->table < l.typed_below);
	CHECK((int32_t)k->other < l.typed_below);
	CHECK(l.typed_below < -1 && l.typed_below > -129);
	CHECK(l.max_order == 10 && l.max_folio_order == 22);
	CHECK(!l.reserved && !l.big_endian);
}

static void test_rules(void)
{
	static const struct {
		enum order_rule order;
		enum hugetlb_rule hugetlb;
		unsigned order_offset, dtor_offset;
		uint64_t value;
	} rules[NR_RELEASES] = {
		[R5_10] = { ORDER_FIELD, HUGETLB_DTOR, 17, 16, 2 },
		[R6_1] = { ORDER_FIELD, HUGETLB_DTOR, 17, 16, 2 },
		[R6_3] = { ORDER_FIELD, HUGETLB_DTOR, 17, 16, 2 },
		[R6_6] = { ORDER_FLAGS_BYTE, HUGETLB_FLAG, 0, 0, 1 << 8 },
		[R6_9] = { ORDER_FLAGS_BYTE, HUGETLB_TYPE, 0, 0, 0 },
		[R6_11] = { ORDER_FLAGS_BYTE, HUGETLB_TYPE, 0, 0, 0 },
		[R6_12] = { ORDER_FLAGS_BYTE, HUGETLB_TYPE, 0, 0, 0 },
		[R7_2] = { ORDER_FLAGS_BYTE, HUGETLB_TYPE, 0, 0, 0 },
	};

	for (unsigned i = 0; i < NR_RELEASES; i++) {
		struct page_layout l;

		if (!CHECK_OK(pages_layout(pages_kernels[i].text, NULL, &l)))
			continue;
		CHECK(l.order_rule == rules[i].order);
		CHECK(l.hugetlb_rule == rules[i].hugetlb);
		CHECK(l.order.offset == rules[i].order_offset);
		CHECK(l.dtor.offset == rules[i].dtor_offset);
		CHECK(l.hugetlb_value == rules[i].value);
	}
}

/* Without these nothing can be judged; each is named. */
static void test_required(void)
{
	static const char *const keys[] = {
		"SIZE(page)", "OFFSET(page.flags)", "OFFSET(page.mapping)",
		"OFFSET(page._mapcount)", "NUMBER(PG_lru)",
		"NUMBER(PG_head_mask)",
	};
	struct page_layout l;
	char text[4096];

	for (unsigned r = 0; r < NR_RELEASES; r++)
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			CHECK_ERROR(pages_layout(pages_without(
					pages_kernels[r].text, keys[i]), NULL,
					&l), keys[i]);
	CHECK_ERROR(pages_layout(pages_without(pages_kernels[R6_1].text,
					       "OFFSET(page.compound_head)"),
				 NULL, &l), "OFFSET(page.compound_head)");
	CHECK_ERROR(pages_layout(pages_without(pages_kernels[R7_2].text,
					       "OFFSET(page.compound_info)"),
				 NULL, &l), "OFFSET(page.compound_head)");
	CHECK_ERROR(pages_layout(pages_without(pages_kernels[R6_1].text,
					       "NUMBER(PG_slab)"), NULL, &l),
		    "NUMBER(PG_slab)");
	snprintf(text, sizeof(text), "%sSIZE(page)=8\n",
		 pages_kernels[R6_1].text);
	CHECK_ERROR(pages_layout(text, NULL, &l), "SIZE(page) is 8");
	snprintf(text, sizeof(text), "%sSIZE(page)=18446744073709551608\n",
		 pages_kernels[R6_1].text);
	CHECK_ERROR(pages_layout(text, NULL, &l), "SIZE(page)");
	snprintf(text, sizeof(text), "%sOFFSET(page.flags)=57\n",
		 pages_kernels[R6_1].text);
	CHECK_ERROR(pages_layout(text, NULL, &l), "OFFSET(page.flags)");
	snprintf(text, sizeof(text), "%sNUMBER(PG_lru)=64\n",
		 pages_kernels[R6_1].text);
	CHECK_ERROR(pages_layout(text, NULL, &l), "NUMBER(PG_lru)");
}

/* Without these some pages are kept, with a warning that says which. */
static void test_optional(void)
{
	static const struct {
		const char *key, *warning;
	} cases[] = {
		{ "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", "free pages" },
		{ "LENGTH(zone.free_area)", "free pages" },
		{ "OFFSET(page.private)", "free pages" },
		{ "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)", "offline pages" },
		{ "NUMBER(PG_private)", "NUMBER(PG_private)" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct page_layout l;
		struct log log;

		log_init(&log, stderr, 0);
		CHECK_OK(pages_layout(pages_without(pages_kernels[R7_2].text,
						    cases[i].key), &log, &l));
		CHECK(log.nr_warnings == 1 &&
		      strstr(log.warnings[0], cases[i].warning));
		CHECK(i > 2 || (!l.buddy.mask && !l.unaccepted.mask));
		log_deinit(&log);
	}
}

/* Nonsense where something can be lived without: not used. */
static void test_nonsense(void)
{
	static const char *const lines[] = {
		"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=5\n",
		"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-1\n",
		"LENGTH(zone.free_area)=0\n",
		"LENGTH(zone.free_area)=64\n",
		"OFFSET(page.private)=60\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct page_layout l;
		struct log log;
		char text[4096];

		log_init(&log, stderr, 0);
		snprintf(text, sizeof(text), "%s%s", pages_kernels[R7_2].text,
			 lines[i]);
		CHECK_OK(pages_layout(text, &log, &l));
		CHECK(!l.buddy.mask && log.nr_warnings);
		log_deinit(&log);
	}
}

static void test_folio_order_before_page(void)
{
	struct page_layout l;
	char text[4096];

	/* an offset from page[0] that does not reach page[1] is none */
	snprintf(text, sizeof(text), "%sOFFSET(folio._folio_order)=17\n"
		 "OFFSET(folio._folio_dtor)=16\n", pages_kernels[R6_3].text);
	CHECK_OK(pages_layout(text, NULL, &l));
	CHECK(l.order_rule == ORDER_FLAGS_BYTE);
	CHECK(l.hugetlb_rule == HUGETLB_UNKNOWN);
}

/* A kernel that says more of its page types and tails: kernel-patches/. */
static void test_told(void)
{
	static const struct {
		const char *lines;
		int32_t typed_below;
		uint32_t mask;
		enum tail_rule tail;
		unsigned warnings;
		uint32_t table;		/* type; 0: not known */
	} cases[] = {
		{ "NUMBER(PAGE_TYPE_SHIFT)=24\n"
		  "NUMBER(PGTY_mapcount_underflow)=255\n"
		  "NUMBER(PGTY_table)=242\nNUMBER(PGTY_guard)=243\n"
		  "NUMBER(PGTY_zsmalloc)=246\nNUMBER(PGTY_large_kmalloc)=248\n"
		  "NUMBER(COMPOUND_INFO_HAS_MASK)=1\n",
		  -16777216, 0xff000000, TAIL_MASK, 0, 0xf2000000 },
		/* no types: a count of mappings, more than the word has */
		{ "NUMBER(PGTY_table)=127\n",
		  -128, 0xff000000, TAIL_EITHER, 1, 0 },
		{ "NUMBER(PGTY_table)=498\n",
		  -128, 0xff000000, TAIL_EITHER, 1, 0 },
		{ "NUMBER(COMPOUND_INFO_HAS_MASK)=0\n",
		  -128, 0xff000000, TAIL_POINTER, 0, 0 },
		/* fewer bits to owners; types that end elsewhere */
		{ "NUMBER(PAGE_TYPE_SHIFT)=20\n"
		  "NUMBER(PGTY_table)=4092\n"
		  "NUMBER(PGTY_mapcount_underflow)=4094\n",
		  -2097152, 0xfff00000, TAIL_EITHER, 0, 0xffc00000 },
		{ "NUMBER(PAGE_TYPE_SHIFT)=24\n",
		  -128, 0xff000000, TAIL_EITHER, 0, 0 },
		/* nonsense */
		{ "NUMBER(PAGE_TYPE_SHIFT)=0\n",
		  -128, 0xff000000, TAIL_EITHER, 1, 0 },
		{ "NUMBER(PAGE_TYPE_SHIFT)=32\n"
		  "NUMBER(PGTY_mapcount_underflow)=255\n",
		  -128, 0xff000000, TAIL_EITHER, 1, 0 },
		{ "NUMBER(PAGE_TYPE_SHIFT)=24\n"
		  "NUMBER(PGTY_mapcount_underflow)=127\n",
		  -128, 0xff000000, TAIL_EITHER, 1, 0 },
		{ "NUMBER(PAGE_TYPE_SHIFT)=24\n"
		  "NUMBER(PGTY_mapcount_underflow)=511\n",
		  -128, 0xff000000, TAIL_EITHER, 1, 0 },
		/* a type that has bits of the owner's is compared as a whole */
		{ "NUMBER(PAGE_TYPE_SHIFT)=30\n",
		  -128, 0xffffffff, TAIL_EITHER, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct page_layout l;
		struct log log;
		char text[4096];

		log_init(&log, stderr, 0);
		snprintf(text, sizeof(text), "%s%s", pages_kernels[R7_2].text,
			 cases[i].lines);
		CHECK_OK(pages_layout(text, &log, &l));
		CHECK(l.typed_below == cases[i].typed_below);
		CHECK(l.buddy.mask == cases[i].mask &&
		      l.buddy.value == 0xf0000000);
		CHECK(l.tail_rule == cases[i].tail);
		CHECK(cases[i].table ? l.table.value == cases[i].table &&
		      l.table.mask == cases[i].mask : !l.table.mask);
		CHECK(l.guard.value == (i ? 0 : 0xf3000000));
		CHECK(l.zsmalloc.value == (i ? 0 : 0xf6000000));
		CHECK(l.large_kmalloc.value == (i ? 0 : 0xf8000000));
		CHECK(log.nr_warnings == cases[i].warnings);
		log_deinit(&log);
	}
}

int main(void)
{
	for (unsigned i = 0; i < NR_RELEASES; i++)
		test_release(&pages_kernels[i]);
	test_rules();
	test_required();
	test_optional();
	test_nonsense();
	test_folio_order_before_page();
	test_told();
	return unit_end();
}
