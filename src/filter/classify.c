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

#define ALWAYS_INLINE __attribute__((always_inline))

#define MAPPING_ANON 1u		/* Linux page-flags.h: PAGE_MAPPING_ANON */

/*
 * The struct pages may be mapped, and the memory change under our hands. What
 * was loaded is what is judged: the empty asm keeps the compiler from loading
 * it again.
 */
static inline uint64_t load_u64(const uint8_t *p, bool big_endian)
{
	uint64_t v = get_u64(p, big_endian);

	__asm__("" : "+r"(v));
	return v;
}

static inline uint32_t load_u32(const uint8_t *p, bool big_endian)
{
	uint32_t v = get_u32(p, big_endian);

	__asm__("" : "+r"(v));
	return v;
}

/* A word of the kernel's own length. */
static inline ALWAYS_INLINE uint64_t load_word(const uint8_t *p, unsigned word,
					       bool big_endian)
{
	return word == 8 ? load_u64(p, big_endian) : load_u32(p, big_endian);
}

static bool holds(const struct test *test, uint32_t word)
{
	return test->mask && (word & test->mask) == test->value;
}

static uint64_t word_of(const struct page_layout *l, const uint8_t *page,
			const struct field *field)
{
	return load_word(page + field->offset, l->word, l->big_endian);
}

static uint64_t flags_of(const struct page_layout *l, const uint8_t *page)
{
	return word_of(l, page, &l->flags);
}

/*
 * A struct page is all ones before mm/mm_init.c has been at it, and after hot
 * removal: Linux include/linux/mm.h: PAGE_POISON_PATTERN, page_init_poison().
 */
static bool is_unmade(const struct page_layout *l, uint64_t flags)
{
	return flags == UINT64_MAX >> (64 - 8 * l->word);
}

/* The number of pages of the compound page with this head; 0 if unsure. */
static uint64_t compound_run(const struct page_layout *l, const uint8_t *page,
			     uint64_t pfn, uint64_t nr)
{
	const uint8_t *second = page + l->size;
	uint64_t tail, run;
	uint32_t order;

	if (nr < 2)
		return 0;
	order = second[l->order.offset];
	__asm__("" : "+r"(order));
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

/* The flags of what filter_group() leaves to filter_classify(). */
static inline uint64_t unit_flags(const struct page_layout *l)
{
	return l->slab_flag | l->head | l->hwpoison;
}

/* Adds the next struct page's bit at the top; after 64 of them the first one's
 * is at the bottom. Two instructions: an or and a rotation. */
static inline uint64_t push(uint64_t bits, bool bit)
{
	bits |= bit;
	return bits >> 1 | bits << 63;
}

/* Bit I: the I-th of NR struct pages has all of FLAGS. */
static inline ALWAYS_INLINE uint64_t
group_flags(const struct page_layout *l, const uint8_t *page, unsigned nr,
	    uint32_t size, unsigned word, bool big_endian, uint64_t flags)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < nr; i++, page += size) {
		uint64_t has = load_word(page + l->flags.offset, word,
					 big_endian);

		/* too many instructions here for the CPU to run ahead to the
		 * next struct pages but one or two by itself */
		__builtin_prefetch(page + (size_t)GROUP_PAGES * size);
		bits = push(bits, (has & flags) == flags);
	}
	return bits >> (64 - nr);
}

/*
 * See filter_group(). NR is 1 to 64; SIZE, WORD and BIG_ENDIAN are the layout's,
 * for the compiler to know them. What is rare is looked for again, and only where
 * any of the flags has it: then a page stays what it was, or it becomes what it
 * has turned into meanwhile.
 */
static inline ALWAYS_INLINE void
group_judge(const struct page_layout *l, const uint8_t *page, unsigned nr,
	    uint32_t size, unsigned word, bool big_endian,
	    struct page_group *ret)
{
	const uint64_t single = unit_flags(l), lru_flag = l->lru;
	const uint64_t swap = l->swapcache | l->swapbacked;
	const uint8_t *flags_at = page + l->flags.offset;
	const uint8_t *mapcount_at = page + l->mapcount.offset;
	const uint8_t *mapping_at = page + l->mapping.offset;
	const uint8_t *compound_at = page + l->compound.offset;
	const int32_t typed_below = l->typed_below;
	uint64_t unit = 0, anon = 0, cache = 0, any = 0, private = UINT64_MAX;

	for (size_t at = 0; at < (size_t)nr * size; at += size) {
		uint64_t flags = load_word(flags_at + at, word, big_endian);
		int32_t mapcount = (int32_t)load_u32(mapcount_at + at,
						     big_endian);
		uint64_t compound = load_word(compound_at + at, word,
					      big_endian);
		uint64_t mapping = load_word(mapping_at + at, word,
					     big_endian);

		if (nr > 1)	/* as above */
			__builtin_prefetch(flags_at + at + (size_t)nr * size);
		any |= flags;
		unit = push(unit, (compound & 1) | !!(flags & single) |
				  (mapcount < typed_below));
		anon = push(anon, mapping & MAPPING_ANON);
		cache = push(cache, flags & lru_flag);
	}
	unit >>= 64 - nr;
	anon >>= 64 - nr;
	cache >>= 64 - nr;
	if (l->swapcache && (any & swap) == swap)
		cache |= group_flags(l, page, nr, size, word, big_endian,
				     swap);
	cache &= ~anon;
	if (cache && l->private_flag)
		private = any & l->private_flag ?
			  group_flags(l, page, nr, size, word, big_endian,
				      l->private_flag) : 0;
	ret->unit = unit;
	ret->anon = anon;
	ret->cache = cache & ~private;
	ret->cache_private = cache & private;
	ret->reserved = any & l->reserved ?
			group_flags(l, page, nr, size, word, big_endian,
				    l->reserved) & ~(anon | cache) : 0;
}

/* The layout that has code of its own. */
static inline bool is_usual(const struct page_layout *l)
{
	return l->size == 64 && l->word == 8 &&
	       l->big_endian == BYTES_HOST_BIG;
}

void filter_group(const struct page_layout *l, const void *page,
		  struct page_group *ret)
{
	if (is_usual(l))
		group_judge(l, page, GROUP_PAGES, 64, 8, BYTES_HOST_BIG, ret);
	else if (l->word == 8)
		group_judge(l, page, GROUP_PAGES, l->size, 8, l->big_endian,
			    ret);
	else
		group_judge(l, page, GROUP_PAGES, l->size, 4, l->big_endian,
			    ret);
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
				       const uint8_t *page)
{
	struct page_group group;

	group_judge(l, page, 1, l->size, l->word, l->big_endian, &group);
	return group.anon ? CLASS_ANON :
	       group.cache ? CLASS_CACHE :
	       group.cache_private ? CLASS_CACHE_PRIVATE : CLASS_KERNEL;
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

/* A page of a type that nothing drops. */
static enum page_class classify_own(const struct page_layout *l,
				    uint32_t mapcount)
{
	return holds(&l->table, mapcount) ? CLASS_TABLE :
	       holds(&l->large_kmalloc, mapcount) ? CLASS_LARGE_KMALLOC :
	       holds(&l->zsmalloc, mapcount) ? CLASS_ZSMALLOC :
	       holds(&l->guard, mapcount) ? CLASS_GUARD : CLASS_KERNEL;
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
	return classify_own(l, mapcount);
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
	return classify_mapped(l, page);
}

enum page_class filter_classify(const struct page_layout *l, const void *page,
				uint64_t pfn, uint64_t nr, uint64_t *run)
{
	uint64_t flags = flags_of(l, page), run_compound;
	uint32_t mapcount = load_u32((const uint8_t *)page + l->mapcount.offset,
				     l->big_endian);
	bool slab = flags & l->slab_flag;
	bool typed = (int32_t)mapcount < l->typed_below;

	*run = 1;
	if (!typed && !slab && !(flags & l->head))
		return flags & l->hwpoison ? CLASS_HWPOISON :
		       classify_mapped(l, page);
	if (is_unmade(l, flags))
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

/* Linux 7.2 mm/mm_init.c: __init_zone_device_page(), and memmap_init_range() for
 * the pages that hold the struct pages themselves; 5.10 the same. */
enum page_class filter_classify_offline(const struct page_layout *l,
					const void *page)
{
	uint64_t flags = flags_of(l, page);

	if (is_unmade(l, flags))
		return CLASS_KERNEL;
	return flags & l->hwpoison ? CLASS_HWPOISON :
	       flags & l->reserved ? CLASS_DEVICE : CLASS_KERNEL;
}

bool filter_tail(const struct page_layout *l, const void *page, uint64_t vaddr,
		 uint64_t *head_vaddr)
{
	uint64_t word = word_of(l, page, &l->compound);
	uint64_t value = word & ~1ull, span;

	/* a mask has all of its upper bits set, whatever the word */
	span = l->word == 8 ? -value : (uint32_t)-(uint32_t)value;
	if (!(word & 1))
		return false;
	*head_vaddr = 0;
	/*
	 * A mask is all ones above the size of the unit's struct pages: that
	 * is, minus a power of two. No struct page lies so near to the top of
	 * the address space. Linux 7.1 page-flags.h: compound_info_has_mask().
	 */
	if (l->tail_rule != TAIL_POINTER && !(span & (span - 1)) &&
	    span >= 2 * l->size &&
	    span <= (uint64_t)l->size << l->max_folio_order)
		value &= vaddr;
	else if (l->tail_rule == TAIL_MASK)
		return true;
	if (value < vaddr && (vaddr - value) % l->size == 0 &&
	    (vaddr - value) / l->size < 1ull << l->max_folio_order)
		*head_vaddr = value;
	return true;
}

uint64_t filter_poisoned(const struct page_layout *l, const void *page,
			 unsigned nr)
{
	uint64_t bits, found = 0;

	if (!l->hwpoison)
		return 0;
	bits = is_usual(l) ?
	       group_flags(l, page, nr, 64, 8, BYTES_HOST_BIG, l->hwpoison) :
	       group_flags(l, page, nr, l->size, l->word, l->big_endian,
			   l->hwpoison);
	while (bits) {
		unsigned i = (unsigned)__builtin_ctzll(bits);
		uint64_t flags = flags_of(l, (const uint8_t *)page +
					     (size_t)i * l->size);

		bits &= bits - 1;
		if (!is_unmade(l, flags))
			found |= 1ull << i;
	}
	return found;
}
