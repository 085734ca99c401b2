/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a struct page says its page is. The meaning of each class and the
 * order of the tests are makedumpfile's (makedumpfile.c,
 * __exclude_unnecessary_pages(), 1.7.9), except where that can only lose
 * what is the kernel's: a page type of any kind comes before everything that
 * it overlaps (mapping, flags).
 */
#include "filter.h"

#include "../base/bytes.h"

#define MAPPING_ANON 1u		/* Linux page-flags.h: PAGE_MAPPING_ANON */

/* As it is before mm/mm_init.c has been at it, and after hot removal: Linux
 * include/linux/mm.h: PAGE_POISON_PATTERN, page_init_poison(). */
#define STRUCT_POISONED UINT64_MAX

static bool holds(const struct test *test, uint32_t word)
{
	return test->mask && (word & test->mask) == test->value;
}

static uint64_t word_of(const struct page_layout *l, const uint8_t *page,
			const struct field *field)
{
	return get_u64(page + field->offset, l->big_endian);
}

static uint64_t flags_of(const struct page_layout *l, const uint8_t *page)
{
	return word_of(l, page, &l->flags);
}

/* The number of pages of the compound page with this head; 0 if unsure. */
static uint64_t compound_run(const struct page_layout *l, const uint8_t *page,
			     uint64_t pfn, uint64_t nr)
{
	const uint8_t *second = page + l->size;
	uint64_t tail, run;
	unsigned order;

	if (nr < 2)
		return 0;
	order = second[l->order.offset];
	if (!order || order > l->max_folio_order || pfn & ((1ull << order) - 1))
		return 0;
	run = 1ull << order;
	tail = word_of(l, second, &l->compound);
	if (!(tail & 1))
		return 0;
	/* all tails say the same, pointer or mask */
	if (run <= nr &&
	    word_of(l, page + (run - 1) * l->size, &l->compound) != tail)
		return 0;
	return run;
}

static bool is_hugetlb(const struct page_layout *l, const uint8_t *page)
{
	const uint8_t *second = page + l->size;

	switch (l->hugetlb_rule) {
	case HUGETLB_DTOR:
		return get_uint(second + l->dtor.offset, l->dtor.size,
				l->big_endian) == l->hugetlb_value;
	case HUGETLB_FLAG:
		return flags_of(l, second) & l->hugetlb_value;
	default:
		return false;	/* HUGETLB_TYPE: see classify_typed() */
	}
}

/* Page cache, anonymous or neither, of a head or a single page. */
static enum page_class classify_mapped(const struct page_layout *l,
				       const uint8_t *page, uint64_t flags)
{
	uint64_t swap = l->swapcache | l->swapbacked;

	if (word_of(l, page, &l->mapping) & MAPPING_ANON)
		return CLASS_ANON;
	if (!(flags & l->lru) && !(l->swapcache && (flags & swap) == swap))
		return CLASS_KERNEL;
	if (!l->private_flag || (flags & l->private_flag))
		return CLASS_CACHE_PRIVATE;
	return CLASS_CACHE;
}

/* A block of 2^ORDER pages, which the struct page says is CLASS. */
static enum page_class classify_block(const struct page_layout *l,
				      enum page_class class, uint64_t order,
				      uint64_t pfn, uint64_t *run)
{
	if (order > l->max_order || pfn & ((1ull << order) - 1))
		return CLASS_KERNEL;
	*run = 1ull << order;
	return class;
}

/* A page that has a type; RUN_COMPOUND as of compound_run(). */
static enum page_class classify_typed(const struct page_layout *l,
				      const uint8_t *page, uint64_t pfn,
				      uint64_t flags, uint32_t mapcount,
				      uint64_t run_compound, uint64_t *run)
{
	bool compound = flags & l->head;
	bool sure = !compound || run_compound;

	if (holds(&l->buddy, mapcount))
		return classify_block(l, CLASS_FREE,
				      word_of(l, page, &l->private), pfn, run);
	if (holds(&l->unaccepted, mapcount))
		return classify_block(l, CLASS_UNACCEPTED, l->max_order, pfn,
				      run);
	*run = run_compound ? run_compound : 1;
	if (holds(&l->slab_type, mapcount))
		return CLASS_SLAB;
	if (holds(&l->offline, mapcount))
		return sure ? CLASS_OFFLINE : CLASS_KERNEL;
	if (holds(&l->hugetlb_type, mapcount) && run_compound)
		return flags & l->hwpoison ? CLASS_HWPOISON : CLASS_HUGETLB;
	return CLASS_KERNEL;
}

/* A compound page without type. */
static enum page_class classify_compound(const struct page_layout *l,
					 const uint8_t *page, uint64_t flags,
					 uint64_t run_compound, uint64_t *run)
{
	if (!run_compound)
		return CLASS_KERNEL;
	*run = run_compound;
	if (is_hugetlb(l, page))
		return flags & l->hwpoison ? CLASS_HWPOISON : CLASS_HUGETLB;
	return classify_mapped(l, page, flags);
}

enum page_class filter_classify(const struct page_layout *l, const void *page,
				uint64_t pfn, uint64_t nr, uint64_t *run)
{
	uint64_t flags = flags_of(l, page), run_compound;
	uint32_t mapcount = get_u32((const uint8_t *)page + l->mapcount.offset,
				    l->big_endian);
	bool slab = flags & l->slab_flag;
	bool typed = (int32_t)mapcount < l->typed_below;

	*run = 1;
	if (!typed && !slab && !(flags & l->head))
		return flags & l->hwpoison ? CLASS_HWPOISON :
		       classify_mapped(l, page, flags);
	if (flags == STRUCT_POISONED)
		return CLASS_KERNEL;
	run_compound = flags & l->head ? compound_run(l, page, pfn, nr) : 0;
	if (slab) {	/* mapcount is the slab's own then */
		*run = run_compound ? run_compound : 1;
		return CLASS_SLAB;
	}
	if (typed)
		return classify_typed(l, page, pfn, flags, mapcount,
				      run_compound, run);
	return classify_compound(l, page, flags, run_compound, run);
}

bool filter_tail(const struct page_layout *l, const void *page, uint64_t vaddr,
		 uint64_t *head_vaddr)
{
	uint64_t word = word_of(l, page, &l->compound);
	uint64_t value = word & ~1ull, span = -value;

	if (!(word & 1))
		return false;
	*head_vaddr = 0;
	/*
	 * A mask is all ones above the size of the unit's struct pages: that
	 * is, minus a power of two. No struct page lies so near to the top of
	 * the address space. Linux 7.1 page-flags.h: compound_info_has_mask().
	 */
	if (l->tail_mask && !(span & (span - 1)) && span >= 2 * l->size &&
	    span <= (uint64_t)l->size << l->max_folio_order)
		value &= vaddr;
	if (value < vaddr && (vaddr - value) % l->size == 0 &&
	    (vaddr - value) / l->size < 1ull << l->max_folio_order)
		*head_vaddr = value;
	return true;
}

bool filter_poisoned(const struct page_layout *l, const void *page)
{
	return flags_of(l, page) & l->hwpoison &&
	       flags_of(l, page) != STRUCT_POISONED;
}
