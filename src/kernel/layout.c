/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of struct page, settled from VMCOREINFO. What is here per kernel
 * version was read in Linux 5.10, 6.1, 6.6, 6.9, 6.12 and 7.2:
 * include/linux/{page-flags,mm_types}.h and kernel/{crash_core,vmcore_info}.c.
 */
#include "layout.h"

#include "../base/bytes.h"

/* Page types are the mapcounts below this. Linux 5.10 page-flags.h:
 * PAGE_MAPCOUNT_RESERVE. Since 6.12 (enum pagetype) they are those with a top
 * byte of 0xf0 to 0xfe, which lie below it too; what lies between is never a
 * sound mapcount. Where the kernel says itself where types end that counts. */
#define MAPCOUNT_RESERVE	(-128)
/* Since 6.12 a type is the top byte */
#define TYPE_SHIFT		24u

/* Linux 7.2 include/linux/mmzone.h: MAX_FOLIO_ORDER, 16 GiB at the most */
#define MAX_FOLIO_SHIFT		34

/* A buddy order above this is nonsense (Linux 7.2: NR_PAGE_ORDERS is 11,
 * CONFIG_ARCH_FORCE_MAX_ORDER at most 13 anywhere) */
#define MAX_ORDER_SANE		20

struct source {
	struct page_layout *layout;
	const struct vmcoreinfo *vmcoreinfo;
	struct log *log;
	unsigned type_shift;	/* of page types; see get_type() */
};

/* A field of struct page at OFFSET(NAME) + DELTA, if it is there and fits. */
static bool get_field(struct source *s, const char *name, uint8_t size,
		      uint64_t delta, struct field *ret)
{
	uint64_t offset;

	if (!vmcoreinfo_number(s->vmcoreinfo, "OFFSET", name, &offset))
		return false;
	offset += delta;
	if (offset > s->layout->size || size > s->layout->size - offset) {
		log_warn(s->log, "VMCOREINFO: OFFSET(%s) is beyond the struct, "
			 "ignored", name);
		return false;
	}
	*ret = (struct field){ .offset = (uint16_t)offset, .size = size };
	return true;
}

/* The mask of flag number NUMBER(NAME), 0 if it is not known. */
static uint64_t get_flag(struct source *s, const char *name)
{
	uint64_t bit;

	if (!vmcoreinfo_number(s->vmcoreinfo, "NUMBER", name, &bit))
		return 0;
	if (bit >= 8u * s->layout->word) {
		log_warn(s->log, "VMCOREINFO: NUMBER(%s) is no bit number, "
			 "ignored", name);
		return 0;
	}
	return 1ull << bit;
}

/*
 * The test for a page type by its exported mapcount value. Since Linux 6.12
 * (4ffca5a96678) the type is the top byte and the rest is the owner's; before,
 * a type is a bit cleared in ~0, and all of the value is the type's. A value
 * that has bits of an owner's speaks against PAGE_TYPE_SHIFT.
 */
static bool get_type(struct source *s, const char *name, struct test *ret)
{
	uint64_t value;

	*ret = (struct test){ 0 };
	if (!vmcoreinfo_number(s->vmcoreinfo, "NUMBER", name, &value))
		return false;
	value &= UINT32_MAX;
	if ((int32_t)value >= s->layout->typed_below) {
		log_warn(s->log, "VMCOREINFO: NUMBER(%s) is no page type, "
			 "ignored", name);
		return false;
	}
	ret->mask = UINT32_MAX << s->type_shift;
	if (value & ~ret->mask)
		ret->mask = UINT32_MAX;
	ret->value = value;
	return true;
}

/*
 * How page types lie in a mapcount, as far as the kernel says so (the patches in
 * kernel-patches/d-vmcoreinfo): PAGE_TYPE_SHIFT, and the first type that is a
 * mapcount again, to be compared as Linux 7.2 page_type_has_type() does.
 */
static void get_type_bounds(struct source *s)
{
	uint64_t shift, end;
	bool has_shift = vmcoreinfo_number(s->vmcoreinfo, "NUMBER",
					   "PAGE_TYPE_SHIFT", &shift);

	s->type_shift = TYPE_SHIFT;
	s->layout->typed_below = MAPCOUNT_RESERVE;
	if (!has_shift)
		return;
	if (!shift || shift > 31) {
		log_warn(s->log, "VMCOREINFO: NUMBER(PAGE_TYPE_SHIFT) is no "
			 "shift, ignored");
		return;
	}
	s->type_shift = (unsigned)shift;
	if (!vmcoreinfo_number(s->vmcoreinfo, "NUMBER",
			       "PGTY_mapcount_underflow", &end))
		return;
	end <<= shift;
	if (end <= INT32_MAX || end > UINT32_MAX)
		log_warn(s->log, "VMCOREINFO: NUMBER(PGTY_mapcount_underflow) "
			 "is no page type, ignored");
	else
		s->layout->typed_below = (int32_t)end;
}

/* Types that have no PAGE_..._MAPCOUNT_VALUE: as PAGE_TYPE_SHIFT. */
static void get_more_types(struct source *s)
{
	struct page_layout *l = s->layout;
	const struct {
		const char *name;
		struct test *test;
	} types[] = {
		{ "PGTY_table", &l->table },
		{ "PGTY_large_kmalloc", &l->large_kmalloc },
		{ "PGTY_zsmalloc", &l->zsmalloc },
		{ "PGTY_guard", &l->guard },
	};
	uint64_t value;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (!vmcoreinfo_number(s->vmcoreinfo, "NUMBER", types[i].name,
				       &value))
			continue;
		if (value > UINT32_MAX >> s->type_shift ||
		    (int32_t)(value << s->type_shift) >= l->typed_below)
			log_warn(s->log, "VMCOREINFO: NUMBER(%s) is no page "
				 "type, ignored", types[i].name);
		else
			*types[i].test = (struct test){
				(uint32_t)(UINT32_MAX << s->type_shift),
				value << s->type_shift
			};
	}
}

static struct error *missing(const char *key)
{
	return error_create(ERROR_INVALID, "VMCOREINFO lacks %s", key);
}

/* COMPOUND_INFO_HAS_MASK: as PAGE_TYPE_SHIFT. */
static enum tail_rule get_tail_rule(struct source *s)
{
	uint64_t mask;

	if (!vmcoreinfo_number(s->vmcoreinfo, "NUMBER",
			       "COMPOUND_INFO_HAS_MASK", &mask))
		return TAIL_EITHER;
	return mask ? TAIL_MASK : TAIL_POINTER;
}

static struct error *get_fields(struct source *s)
{
	struct page_layout *l = s->layout;
	uint64_t size;

	if (!vmcoreinfo_number(s->vmcoreinfo, "SIZE", "page", &size))
		return missing("SIZE(page)");
	if (size < 32 || size > 4096 || size % l->word)
		return error_create(ERROR_INVALID,
				    "VMCOREINFO: SIZE(page) is %llu",
				    (unsigned long long)size);
	l->size = (uint32_t)size;
	if (!get_field(s, "page.flags", l->word, 0, &l->flags))
		return missing("OFFSET(page.flags)");
	if (!get_field(s, "page.mapping", l->word, 0, &l->mapping))
		return missing("OFFSET(page.mapping)");
	if (!get_field(s, "page._mapcount", 4, 0, &l->mapcount))
		return missing("OFFSET(page._mapcount)");
	/* renamed in 7.1, when it became able to hold a mask */
	if (get_field(s, "page.compound_info", l->word, 0, &l->compound))
		l->tail_rule = get_tail_rule(s);
	else if (!get_field(s, "page.compound_head", l->word, 0,
			    &l->compound))
		return missing("OFFSET(page.compound_head)");
	get_field(s, "page._refcount", 4, 0, &l->refcount);
	get_field(s, "page.private", l->word, 0, &l->private);
	return NULL;
}

static struct error *get_flags(struct source *s)
{
	struct page_layout *l = s->layout;

	l->lru = get_flag(s, "PG_lru");
	if (!l->lru)
		return missing("NUMBER(PG_lru)");
	if (!vmcoreinfo_number(s->vmcoreinfo, "NUMBER", "PG_head_mask",
			       &l->head) || !l->head)
		return missing("NUMBER(PG_head_mask)");
	l->private_flag = get_flag(s, "PG_private");
	if (!l->private_flag)
		log_warn(s->log, "VMCOREINFO lacks NUMBER(PG_private): all "
			 "page cache is taken for private");
	/* PG_swapcache shares its bit with others; it means that only together
	 * with PG_swapbacked (Linux 4.10 page-flags.h: PageSwapCache()) */
	l->swapbacked = get_flag(s, "PG_swapbacked");
	l->swapcache = l->swapbacked ? get_flag(s, "PG_swapcache") : 0;
	l->hwpoison = get_flag(s, "PG_hwpoison");
	/* until 6.9; a type since */
	l->slab_flag = get_flag(s, "PG_slab");
	return NULL;
}

static struct error *get_types(struct source *s)
{
	struct page_layout *l = s->layout;
	uint64_t nr;

	get_type_bounds(s);
	get_more_types(s);
	get_type(s, "PAGE_SLAB_MAPCOUNT_VALUE", &l->slab_type);
	/* a slab that looks like anything else must not be dropped: since 6.2
	 * its fields overlap the bit of `mapping` that says anonymous */
	if (!l->slab_flag && !l->slab_type.mask)
		return missing("NUMBER(PG_slab)");
	if (!get_type(s, "PAGE_OFFLINE_MAPCOUNT_VALUE", &l->offline))
		log_warn(s->log, "this kernel does not say how offline pages "
			 "are marked: they are kept");
	if (!get_type(s, "PAGE_BUDDY_MAPCOUNT_VALUE", &l->buddy) ||
	    !l->private.size ||
	    !vmcoreinfo_number(s->vmcoreinfo, "LENGTH", "zone.free_area",
			       &nr) || !nr || nr > MAX_ORDER_SANE + 1) {
		log_warn(s->log, "this kernel does not say how free pages are "
			 "marked: they are kept");
		l->buddy = (struct test){ 0 };
		return NULL;
	}
	l->max_order = (unsigned)nr - 1;
	/* Linux 6.16+, CONFIG_UNACCEPTED_MEMORY; always of the highest order:
	 * Linux 7.2 mm/page_alloc.c: __free_unaccepted() */
	get_type(s, "PAGE_UNACCEPTED_MAPCOUNT_VALUE", &l->unaccepted);
	return NULL;
}

/*
 * Where a compound page's order stands, always in page[1]:
 *   5.10-6.2  page.compound_order
 *   6.3-6.5   folio._folio_order, an offset from page[0]
 *   6.6+      the low byte of page[1].flags (ebc1baf5c9b4), not exported: to
 *             be known by neither of the others being there
 */
static void get_order(struct source *s)
{
	struct page_layout *l = s->layout;

	l->order_rule = ORDER_FIELD;
	if (get_field(s, "page.compound_order", 1, 0, &l->order) ||
	    get_field(s, "folio._folio_order", 1, -(uint64_t)l->size,
		      &l->order))
		return;
	l->order_rule = ORDER_FLAGS_BYTE;
	l->order.offset = l->flags.offset + (l->big_endian ? l->word - 1u : 0);
	l->order.size = 1;
}

/*
 * How a hugetlb page is known:
 *   6.9+      its type (d99e3140a4d3)
 *   6.6-6.8   PG_hugetlb in page[1].flags
 *   5.10-6.5  a destructor number in page[1]
 * A kernel without CONFIG_HUGETLB_PAGE has none of these before 6.9.
 */
static void get_hugetlb(struct source *s)
{
	struct page_layout *l = s->layout;

	if (get_type(s, "PAGE_HUGETLB_MAPCOUNT_VALUE", &l->hugetlb_type)) {
		l->hugetlb_rule = HUGETLB_TYPE;
		return;
	}
	l->hugetlb_value = get_flag(s, "PG_hugetlb");
	if (l->hugetlb_value) {
		l->hugetlb_rule = HUGETLB_FLAG;
		return;
	}
	if (!vmcoreinfo_number(s->vmcoreinfo, "NUMBER", "HUGETLB_PAGE_DTOR",
			       &l->hugetlb_value) || !l->hugetlb_value)
		return;
	if (get_field(s, "page.compound_dtor", 1, 0, &l->dtor) ||
	    get_field(s, "folio._folio_dtor", 1, -(uint64_t)l->size, &l->dtor))
		l->hugetlb_rule = HUGETLB_DTOR;
	else
		log_warn(s->log, "this kernel does not say how hugetlb pages "
			 "are marked: they are kept");
}

struct error *layout_init(struct page_layout *layout,
			  const struct target *target,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	struct source s = { .layout = layout, .vmcoreinfo = vmcoreinfo,
			    .log = log };

	*layout = (struct page_layout){
		.word = target->word_size,
		.big_endian = target->big_endian,
	};
	layout->max_folio_order = MAX_FOLIO_SHIFT - target->page_shift;
	TRY(get_fields(&s));
	TRY(get_flags(&s));
	TRY(get_types(&s));
	get_order(&s);
	get_hugetlb(&s);
	return NULL;
}
