/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a frame's struct page lies. Two models on the machines of today: flat,
 * one array from frame 0 on; and sparse, an array for each memory section
 * (128 MiB on x86_64), found through struct mem_section. With vmemmap the
 * sections' arrays are virtually one.
 *
 * Sources: Linux 5.10-7.2 include/linux/mmzone.h (struct mem_section,
 * section_mem_map and its flag bits, __nr_to_section()), mm/sparse.c
 * (sparse_encode_mem_map()).
 */
#include "mem_map.h"

#include "../base/bytes.h"

/* SECTION_HAS_MEM_MAP; it comes and goes with SECTION_MARKED_PRESENT, bit 0 */
#define HAS_MEM_MAP	2u
/* SECTION_IS_ONLINE, since 4.13 (2d070eab2e82) */
#define IS_ONLINE	4u
/*
 * SECTION_TAINT_ZONE_DEVICE, since 5.12 (1f90a3477df3): a device shares the
 * section with memory. Without CONFIG_ZONE_DEVICE the bit is
 * SECTION_IS_VMEMMAP_PREINIT (6.15+), set on sections of huge pages: what is
 * different for shared ones makes no difference to those.
 */
#define SHARED_WITH_DEVICE	16u
/* The sections of how much memory kernel_page_array() joins, bytes: a task of
 * the scan is half of that */
#define MERGE_MAX	(2ull << 30)
#define PIECE_LEN	4096u	/* of the array of roots, read at once */
/* How many empty section slots it passes in one call */
#define SKIP_MAX	65536u

struct section {
	uint64_t map;		/* vaddr of frame 0's struct page, if all of
				 * memory had an array like this section's */
	bool has_map;
	enum section_use use;
	bool unreadable;
	uint64_t skip;		/* sections (>= 1) that have no array, this
				 * included; if !has_map */
};

/* How many roots from ROOT on are not there, as far as the page of the array
 * goes on: a kernel with 52 bits of physical addresses has 262,144 of them. */
static struct error *absent_roots(const struct kernel *kernel,
				  struct view *view, uint64_t root,
				  uint64_t *ret)
{
	unsigned word = kernel->space.target.word_size;
	uint64_t at = kernel->mem_section + root * word;
	uint64_t len = min_u64(PIECE_LEN - at % PIECE_LEN,
			       (kernel->nr_roots - root) * word);
	enum page_state state;
	uint8_t buf[PIECE_LEN];

	*ret = 0;
	TRY(space_read(&kernel->space, view, at, buf, len, &state));
	while (state == PAGE_OK && (*ret + 1) * word <= len &&
	       !get_uint(buf + *ret * word, word,
			 kernel->space.target.big_endian))
		(*ret)++;
	return NULL;
}

/* One past the last section that there can be. */
static uint64_t nr_sections(const struct kernel *kernel)
{
	return kernel->nr_roots * kernel->sections_per_root;
}

static struct error *section_read(const struct kernel *kernel,
				  struct view *view, uint64_t nr,
				  struct section *ret)
{
	uint64_t root = nr / kernel->sections_per_root;
	uint64_t index = nr % kernel->sections_per_root;
	uint64_t at = kernel->mem_section, map, absent;
	enum page_state state;

	*ret = (struct section){ .skip = 1 };
	if (root >= kernel->nr_roots) {
		ret->skip = UINT64_MAX;
		return NULL;
	}
	if (kernel->model == MEMORY_SPARSE_EXTREME) {
		at += root * kernel->space.target.word_size;
		TRY(space_read_word(&kernel->space, view, at, &at, &state));
		if (state != PAGE_OK || !at) {
			ret->unreadable = state != PAGE_OK;
			ret->skip = kernel->sections_per_root - index;
			if (ret->unreadable)
				return NULL;
			TRY(absent_roots(kernel, view, root, &absent));
			ret->skip += (max_u64(absent, 1) - 1) *
				     kernel->sections_per_root;
			return NULL;
		}
	} else {
		index = nr;
	}
	at += index * kernel->section_size + kernel->section_map_offset;
	TRY(space_read_word(&kernel->space, view, at, &map, &state));
	ret->unreadable = state != PAGE_OK;
	if (ret->unreadable || !(map & HAS_MEM_MAP))
		return NULL;
	ret->map = map & kernel->section_map_mask;
	ret->use = !(map & IS_ONLINE) ? SECTION_OFFLINE :
		   map & SHARED_WITH_DEVICE ? SECTION_SHARED : SECTION_ONLINE;
	if (kernel->vmemmap && ret->map != kernel->vmemmap)
		ret->unreadable = true;
	else
		ret->has_map = true;
	return NULL;
}

static struct error *page_array_flat(const struct kernel *kernel, uint64_t pfn,
				     struct page_array *ret)
{
	*ret = (struct page_array){
		.vaddr = kernel->mem_map,
		.first_pfn = kernel->flat_first,
		.nr_pages = kernel->flat_pages,
	};
	if (pfn < ret->first_pfn)
		ret->nr_pages = 0;
	else if (pfn - ret->first_pfn >= ret->nr_pages)
		*ret = (struct page_array){ .first_pfn = UINT64_MAX };
	return NULL;
}

/* The next frame from section NR on, up to section END, that may have a struct
 * page. */
static struct error *skip_holes(const struct kernel *kernel, struct view *view,
				uint64_t nr, uint64_t skip, uint64_t end,
				uint64_t *ret)
{
	for (unsigned i = 0; i < SKIP_MAX; i++) {
		struct section section;

		if (skip >= end - nr) {
			*ret = UINT64_MAX;
			return NULL;
		}
		nr += skip;
		TRY(section_read(kernel, view, nr, &section));
		if (section.has_map || section.unreadable)
			break;
		skip = section.skip;
	}
	*ret = nr * kernel->section_pages;
	return NULL;
}

/* Of sparse memory, for sections below END. */
static struct error *page_array_sparse(const struct kernel *kernel,
				       struct view *view, uint64_t pfn,
				       uint64_t end, struct page_array *ret,
				       bool *unreadable)
{
	uint64_t nr = pfn / kernel->section_pages, count = 1, max;
	struct section section;

	*ret = (struct page_array){ .first_pfn = UINT64_MAX };
	TRY(section_read(kernel, view, nr, &section));
	if (section.unreadable) {
		*unreadable = true;
		ret->first_pfn = (nr + section.skip) * kernel->section_pages;
		return NULL;
	}
	if (!section.has_map)
		return skip_holes(kernel, view, nr, section.skip, end,
				  &ret->first_pfn);
	max = (MERGE_MAX >> kernel->space.target.page_shift) /
	      kernel->section_pages;
	while (count < max && nr + count < end) {
		struct section next;

		TRY(section_read(kernel, view, nr + count, &next));
		if (!next.has_map || next.map != section.map ||
		    next.use != section.use)
			break;
		count++;
	}
	ret->first_pfn = nr * kernel->section_pages;
	ret->nr_pages = count * kernel->section_pages;
	ret->use = section.use;
	ret->vaddr = space_wrap(&kernel->space, section.map +
				ret->first_pfn * kernel->layout.size);
	return NULL;
}

struct error *kernel_page_array(const struct kernel *kernel, struct view *view,
				uint64_t pfn, struct page_array *ret,
				bool *unreadable)
{
	*unreadable = false;
	if (kernel->model == MEMORY_FLAT)
		return page_array_flat(kernel, pfn, ret);
	*ret = (struct page_array){ .first_pfn = UINT64_MAX };
	if (pfn >= kernel->end_pfn)
		return NULL;
	return page_array_sparse(kernel, view, pfn, (kernel->end_pfn - 1) /
				 kernel->section_pages + 1, ret, unreadable);
}

struct error *kernel_page_array_beyond(const struct kernel *kernel,
				       struct view *view, uint64_t pfn,
				       struct page_array *ret,
				       bool *unreadable)
{
	*unreadable = false;
	*ret = (struct page_array){ .first_pfn = UINT64_MAX };
	if (kernel->model == MEMORY_FLAT ||
	    pfn / kernel->section_pages >= nr_sections(kernel))
		return NULL;
	return page_array_sparse(kernel, view, pfn, nr_sections(kernel), ret,
				 unreadable);
}

struct error *kernel_section_use(const struct kernel *kernel,
				 struct view *view, uint64_t pfn,
				 enum section_use *ret)
{
	struct section section;

	*ret = SECTION_ONLINE;
	if (kernel->model == MEMORY_FLAT)
		return NULL;
	TRY(section_read(kernel, view, pfn / kernel->section_pages, &section));
	if (section.has_map)
		*ret = section.use;
	return NULL;
}

/* Whether VADDR is in section NR's array; then the frame. */
static bool section_pfn(const struct kernel *kernel, struct view *view,
			uint64_t nr, uint64_t vaddr, uint64_t *ret)
{
	struct section section;
	struct error *err = section_read(kernel, view, nr, &section);
	uint64_t offset;

	if (err || !section.has_map) {
		error_destroy(err);
		return false;
	}
	offset = space_wrap(&kernel->space, vaddr - section.map);
	*ret = offset / kernel->layout.size;
	return offset % kernel->layout.size == 0 &&
	       *ret / kernel->section_pages == nr;
}

bool kernel_page_pfn(const struct kernel *kernel, struct view *view,
		     uint64_t vaddr, uint64_t near_pfn, uint64_t *ret)
{
	uint64_t nr, last, offset;

	if (kernel->model == MEMORY_FLAT) {
		offset = vaddr - kernel->mem_map;
		nr = offset / kernel->layout.size;
		*ret = kernel->flat_first + nr;
		return offset % kernel->layout.size == 0 &&
		       nr < kernel->flat_pages;
	}
	nr = near_pfn / kernel->section_pages;
	last = (1ull << kernel->layout.max_folio_order) / kernel->section_pages;
	last = nr > last + 1 ? nr - last - 1 : 0;
	if (kernel->vmemmap) {	/* no other section's array can have it */
		offset = (vaddr - kernel->vmemmap) / kernel->layout.size;
		nr = max_u64(min_u64(nr, offset / kernel->section_pages), last);
		last = nr;
	}
	for (;; nr--) {
		if (section_pfn(kernel, view, nr, vaddr, ret))
			return true;
		if (nr == last)
			return false;
	}
}
