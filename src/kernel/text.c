/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of the kernel image. What Linux frees of it after boot (init
 * code and data, gaps between sections: arch/x86/mm/init.c,
 * free_kernel_image_pages()) stays mapped there but is any page's by then.
 */
#include "../base/bytes.h"
#include "kernel.h"

/* So many frames in a row without PG_reserved are freed memory: init sections
 * have 500 and more. Fewer could be struct pages gone bad. */
#define FREED_MIN	64u

struct scan {
	const struct kernel *kernel;
	struct view *view;
	range_fn *fn;
	void *arg;
	struct page_array array;
};

/* Whether PFN's struct page can be read and lacks PG_reserved. */
static struct error *is_freed(struct scan *s, uint64_t pfn, bool *ret)
{
	const struct kernel *k = s->kernel;
	const struct page_layout *l = &k->layout;
	enum page_state state;
	bool unreadable;
	uint8_t flags[8];

	*ret = false;
	if (!k->has_pages || !l->reserved)
		return NULL;
	if (pfn - s->array.first_pfn >= s->array.nr_pages)
		TRY(kernel_page_array(k, s->view, pfn, &s->array,
				      &unreadable));
	if (pfn - s->array.first_pfn >= s->array.nr_pages)
		return NULL;
	TRY(space_read(&k->space, s->view, s->array.vaddr +
		       (pfn - s->array.first_pfn) * l->size + l->flags.offset,
		       flags, 8, &state));
	*ret = state == PAGE_OK &&
	       !(get_u64(flags, l->big_endian) & l->reserved);
	return NULL;
}

/* Reports [first, end) but for what was freed. */
static struct error *scan_range(struct scan *s, uint64_t first, uint64_t end)
{
	unsigned shift = s->kernel->space.target.page_shift;
	uint64_t from = first, freed = first;	/* freed: first of a run */

	for (uint64_t pfn = first; pfn <= end; pfn++) {
		bool is = false;

		if (pfn < end)
			TRY(is_freed(s, pfn, &is));
		if (is)
			continue;
		if (pfn - freed >= FREED_MIN) {
			if (freed > from)
				TRY(s->fn(s->arg, from << shift,
					  (freed - from) << shift));
			from = pfn;
		}
		freed = pfn + 1;
	}
	return from < end ? s->fn(s->arg, from << shift, (end - from) << shift) :
	       NULL;
}

struct error *kernel_image_ranges(const struct kernel *kernel,
				  struct view *view, range_fn *fn, void *arg)
{
	const struct space *space = &kernel->space;
	struct scan s = { .kernel = kernel, .view = view, .fn = fn,
			  .arg = arg };
	unsigned shift = space->target.page_shift;
	uint64_t vaddr = space->image.start;

	if (!kernel->has_space)
		return NULL;
	while (vaddr - space->image.start <
	       space->image.end - space->image.start) {
		struct extent extent;
		uint64_t len = 1ull << shift;

		TRY(space->ops->translate(space, view, vaddr, &extent));
		if (extent.len) {
			len = min_u64(extent.len, space->image.end - vaddr);
			TRY(scan_range(&s, extent.paddr >> shift,
				       (extent.paddr + len) >> shift));
		} else if (extent.hole) {
			len = extent.hole;
		}
		vaddr += len;
	}
	return NULL;
}
