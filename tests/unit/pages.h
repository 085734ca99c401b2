/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernels of 5.10 to 7.2 say of struct page in VMCOREINFO, and struct
 * pages made to match, for the tests of layout and classify. Numbers from real
 * notes (6.1, 6.12, 7.2) and from the sources of the others.
 */
#ifndef CAPDUMP_TESTS_PAGES_H
#define CAPDUMP_TESTS_PAGES_H

#include "../../src/base/bytes.h"
#include "../../src/image/vmcoreinfo.h"
#include "../../src/kernel/layout.h"
#include "unit.h"

#define PAGE_SIZE_STRUCT 64u

/* The byte order of the struct pages */
static bool pages_big;

/* Offsets in struct page, all kernels, 64-bit */
#define PAGE_FLAGS	0
#define PAGE_COMPOUND	8
#define PAGE_MAPPING	24
#define PAGE_PRIVATE	40
#define PAGE_MAPCOUNT	48
#define PAGE_REFCOUNT	52

#define PAGES_COMMON							\
	"SIZE(page)=64\nOFFSET(page.flags)=0\nOFFSET(page._refcount)=52\n" \
	"OFFSET(page.mapping)=24\nOFFSET(page.lru)=8\n"			\
	"OFFSET(page._mapcount)=48\nOFFSET(page.private)=40\n"		\
	"LENGTH(zone.free_area)=11\n"

#define PAGES_OLD							\
	PAGES_COMMON "OFFSET(page.compound_head)=8\nNUMBER(PG_lru)=4\n"	\
	"NUMBER(PG_private)=13\nNUMBER(PG_swapcache)=10\n"		\
	"NUMBER(PG_swapbacked)=19\nNUMBER(PG_slab)=9\n"			\
	"NUMBER(PG_hwpoison)=23\nNUMBER(PG_head_mask)=65536\n"		\
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n"			\
	"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"

#define PAGES_6_6							\
	PAGES_COMMON "OFFSET(page.compound_head)=8\nNUMBER(PG_lru)=5\n"	\
	"NUMBER(PG_private)=15\nNUMBER(PG_swapcache)=12\n"		\
	"NUMBER(PG_swapbacked)=19\nNUMBER(PG_slab)=11\n"		\
	"NUMBER(PG_hwpoison)=22\nNUMBER(PG_head_mask)=64\n"		\
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n"			\
	"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"

#define PAGES_NEW							\
	PAGES_COMMON "NUMBER(PG_lru)=5\nNUMBER(PG_private)=14\n"	\
	"NUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=17\n"		\
	"NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n"			\
	"NUMBER(PG_hwpoison)=21\nNUMBER(PG_head_mask)=64\n"		\
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n"		\
	"NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n"		\
	"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n"

enum pages_release { R5_10, R6_1, R6_3, R6_6, R6_9, R6_11, R6_12, R7_2,
		     NR_RELEASES };

struct pages_kernel {
	const char *name, *text;
	uint32_t buddy, offline, slab, hugetlb, unaccepted;	/* mapcounts;
				 * 0: no such type */
	uint32_t table, other;	/* types that are not exported */
	unsigned lru, private, swapcache, swapbacked, slab_bit, hwpoison, head;
	bool masks;		/* tails may hold masks */
};

static const struct pages_kernel pages_kernels[NR_RELEASES] = {
	[R5_10] = { "5.10", PAGES_OLD "OFFSET(page.compound_dtor)=16\n"
		    "OFFSET(page.compound_order)=17\n"
		    "NUMBER(HUGETLB_PAGE_DTOR)=2\n",
		    ~0x80u, ~0x100u, 0, 0, 0, ~0x400u, ~0x800u,
		    4, 13, 10, 19, 9, 23, 16, false },
	[R6_1] = { "6.1", PAGES_OLD "OFFSET(page.compound_dtor)=16\n"
		   "OFFSET(page.compound_order)=17\n"
		   "NUMBER(HUGETLB_PAGE_DTOR)=2\n",
		   ~0x80u, ~0x100u, 0, 0, 0, ~0x200u, ~0x400u,
		   4, 13, 10, 19, 9, 23, 16, false },
	[R6_3] = { "6.3", PAGES_OLD "OFFSET(folio._folio_dtor)=80\n"
		   "OFFSET(folio._folio_order)=81\n"
		   "NUMBER(HUGETLB_PAGE_DTOR)=2\n",
		   ~0x80u, ~0x100u, 0, 0, 0, ~0x200u, ~0x400u,
		   4, 13, 10, 19, 9, 23, 16, false },
	[R6_6] = { "6.6", PAGES_6_6 "NUMBER(PG_hugetlb)=8\n",
		   ~0x80u, ~0x100u, 0, 0, 0, ~0x200u, ~0x400u,
		   5, 15, 12, 19, 11, 22, 6, false },
	[R6_9] = { "6.9", PAGES_6_6
		   "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-2049\n",
		   ~0x80u, ~0x100u, 0, ~0x800u, 0, ~0x200u, ~0x400u,
		   5, 15, 12, 19, 11, 22, 6, false },
	/* types as bits of the top byte, cleared; the low 16 bits are the
	 * owner's (Linux 6.11 page-flags.h) */
	[R6_11] = { "6.11", PAGES_COMMON "OFFSET(page.compound_head)=8\n"
		    "NUMBER(PG_lru)=5\nNUMBER(PG_private)=14\n"
		    "NUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=17\n"
		    "NUMBER(PG_hwpoison)=21\nNUMBER(PG_head_mask)=64\n"
		    "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-33554433\n"
		    "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-1073741825\n"
		    "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-67108865\n"
		    "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-536870913\n",
		    ~0x40000000u, ~0x20000000u, ~0x02000000u, ~0x04000000u, 0,
		    ~0x10000000u, 0xfeff1234u,
		    5, 14, 10, 17, 64, 21, 6, false },
	[R6_12] = { "6.12", PAGES_NEW "OFFSET(page.compound_head)=8\n",
		    0xf0000000, 0xf1000000, 0xf5000000, 0xf4000000, 0,
		    0xf2000000, 0xf6001234, 5, 14, 10, 17, 64, 21, 6, false },
	[R7_2] = { "7.2", PAGES_NEW "OFFSET(page.compound_info)=8\n"
		   "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944\n",
		   0xf0000000, 0xf1000000, 0xf5000000, 0xf4000000, 0xf7000000,
		   0xf2000000, 0xf8001234, 5, 14, 10, 17, 64, 21, 6, true },
};

/* The layout that TEXT gives; an empty one if it gives none. */
static inline struct error *pages_layout(const char *text, struct log *log,
					 struct page_layout *layout)
{
	const struct target target = { 62, 8, pages_big, 12 };
	struct vmcoreinfo *v;
	struct error *err;

	if (vmcoreinfo_parse(text, strlen(text), &v))
		abort();
	err = layout_init(layout, &target, v, log);
	vmcoreinfo_destroy(v);
	return err;
}

/* A copy of TEXT without the line of KEY. Static storage. */
static inline const char *pages_without(const char *text, const char *key)
{
	static char copy[8192];
	char *at, *end;

	strcpy(copy, text);
	at = strstr(copy, key);
	if (!at)
		abort();
	end = strchr(at, '\n') + 1;
	memmove(at, end, strlen(end) + 1);
	return copy;
}

#endif
