/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own page types, of a kernel that says which they are
 * (kernel-patches/d-vmcoreinfo). */
#include "../../src/filter/filter.h"
#include "pages.h"

#define NR	16u
#define ANON_VMA	0xffff888003456781ull

/* On the LRU and anonymous, were it not for its type; the rest of that word is the
 * owner's. */
static void make_pages(uint8_t *pages, const struct page_layout *l,
		       uint32_t type, bool compound)
{
	memset(pages, 0, NR * 64);
	put_u64(pages + PAGE_FLAGS, l->lru | (compound ? l->head : 0), false);
	put_u64(pages + PAGE_MAPPING, ANON_VMA, false);
	put_u32(pages + PAGE_MAPCOUNT, type << 24 | 0x123456, false);
	for (unsigned i = 1; i < NR; i++) {
		put_u32(pages + i * 64 + PAGE_MAPCOUNT, UINT32_MAX, false);
		put_u64(pages + i * 64 + PAGE_COMPOUND,
			compound ? -(64ull * NR) | 1 : 0, false);
	}
	pages[64 + l->order.offset] = compound ? 4 : 0;
}

static void test_types(const struct page_layout *l, bool told)
{
	static const struct {
		uint32_t type;
		enum page_class class;
	} types[] = {
		{ 0xf2, CLASS_TABLE }, { 0xf3, CLASS_GUARD },
		{ 0xf6, CLASS_ZSMALLOC }, { 0xf8, CLASS_LARGE_KMALLOC },
		{ 0xf9, CLASS_KERNEL },
	};
	static uint8_t pages[NR * 64];
	uint64_t run;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		enum page_class want = told ? types[i].class : CLASS_KERNEL;

		make_pages(pages, l, types[i].type, false);
		CHECK(filter_classify(l, pages, 0x100, NR, &run) == want);
		CHECK(run == 1);
		make_pages(pages, l, types[i].type, true);
		CHECK(filter_classify(l, pages, 0x100, NR, &run) == want);
		CHECK(run == NR);
		CHECK(!level_drops(31, want));
	}
}

int main(void)
{
	struct page_layout l;
	char text[4096];

	CHECK_OK(pages_layout(pages_kernels[R7_2].text, NULL, &l));
	test_types(&l, false);
	snprintf(text, sizeof(text), "%sNUMBER(PAGE_TYPE_SHIFT)=24\n"
		 "NUMBER(PGTY_table)=242\nNUMBER(PGTY_guard)=243\n"
		 "NUMBER(PGTY_zsmalloc)=246\nNUMBER(PGTY_large_kmalloc)=248\n",
		 pages_kernels[R7_2].text);
	CHECK_OK(pages_layout(text, NULL, &l));
	test_types(&l, true);
	return unit_end();
}
