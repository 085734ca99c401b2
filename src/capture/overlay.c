/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages known by where they are mapped: see overlay.h. */
#include "overlay.h"

#include <stdlib.h>

#include "../arch/table.h"
#include "../base/bytes.h"
#include "../base/stop.h"

/* Translations of memmap that we follow at most: 2 MiB each describe 128 MiB of
 * memory, so this is enough for 128 TiB. */
#define MAX_MEMMAP_EXTENTS (1u << 20)

/* Arrays looked at beyond the image's end, 2 GiB of memory each: 256 TiB. */
#define MAX_BEYOND (1u << 17)

#define MAX_SKIPPED 64	/* vranges of memmap left out of the walk */

/* Blocks of 4 KiB for each set. Page tables and mem_section can lead anywhere.
 * One block is good for 128 MiB of memory with anything in it: a machine of 1
 * TiB with some of its vmalloc area in each piece of it takes 8,192. */
#define MAX_NEVER_DROP 2048u
#define MAX_FIRST 8192u
#define MAX_LATE 256u
#define MAX_MEMMAP 2048u

struct builder {
	const struct kernel *kernel;
	struct view *view;
	struct overlay *overlay;
	unsigned page_shift;
	struct vrange skip[MAX_SKIPPED + 1];	/* sorted, disjoint */
	size_t nr_skip;
};

static struct error *add(struct builder *b, struct sparseset *set,
			 uint64_t paddr, uint64_t len)
{
	uint64_t end;

	if (!len || add_overflows(paddr, len - 1, &end))
		return NULL;
	return sparseset_add_range(set, paddr >> b->page_shift,
				   (end >> b->page_shift) + 1);
}

/* Kernel image, or named by VMCOREINFO. */
static struct error *add_named(void *arg, uint64_t paddr, uint64_t len)
{
	struct builder *b = arg;

	TRY(add(b, &b->overlay->never_drop, paddr, len));
	return add(b, &b->overlay->first, paddr, len);
}

static struct error *add_late(void *arg, uint64_t paddr, uint64_t len)
{
	struct builder *b = arg;

	return add(b, &b->overlay->late, paddr, len);
}

static struct error *add_leaf(void *arg, const struct leaf *leaf)
{
	struct builder *b = arg;
	const struct space *space = &b->kernel->space;

	TRY(stop_check());
	/* part of the linear map: not all of that can be skipped */
	if (!leaf->table && space->has_linear &&
	    leaf->vaddr - leaf->paddr == space->linear_start)
		return NULL;
	return add(b, &b->overlay->first, leaf->paddr, leaf->len);
}

/* Remembers that [start, end) of kernel addresses is memmap. */
static void skip_memmap(struct builder *b, uint64_t start, uint64_t end)
{
	struct vrange *last = b->nr_skip ? &b->skip[b->nr_skip - 1] : NULL;

	if (last && start >= last->start && start <= last->end + (1ull << 30))
		last->end = max_u64(last->end, end);
	else if (b->nr_skip < MAX_SKIPPED)
		b->skip[b->nr_skip++] = (struct vrange){ start, end };
}

/* Struct pages that lie on a device are kept whatever is said of them: what was
 * not initialised there is not known to say nothing. */
static struct error *add_struct_pages(struct builder *b, uint64_t paddr,
				      uint64_t len)
{
	enum section_use use;

	TRY(add(b, &b->overlay->memmap, paddr, len));
	TRY(kernel_section_use(b->kernel, b->view, paddr >> b->page_shift,
			       &use));
	return use == SECTION_OFFLINE ?
	       add(b, &b->overlay->never_drop, paddr, len) : NULL;
}

/* The physical pages of one array of struct page. */
static struct error *add_array(struct builder *b, const struct page_array *a,
			       unsigned *budget)
{
	uint64_t vaddr = a->vaddr, len, end;

	if (mul_overflows(a->nr_pages, b->kernel->layout.size, &len) ||
	    add_overflows(vaddr, len, &end))
		return NULL;
	skip_memmap(b, vaddr, end);
	while (vaddr < end && *budget) {
		struct extent extent;

		(*budget)--;
		TRY(space_translate(&b->kernel->space, b->view, vaddr,
				    &extent));
		if (extent.len)
			TRY(add_struct_pages(b, extent.paddr, min_u64(
						extent.len, end - vaddr)));
		else
			extent.len = max_u64(extent.hole, 1ull <<
					     b->page_shift);
		if (add_overflows(vaddr, extent.len, &vaddr))
			break;
	}
	return NULL;
}

/* Of frames beyond the image's end: those of devices, whose struct pages may be
 * in it. */
static struct error *add_beyond(struct builder *b, unsigned *budget)
{
	uint64_t pfn = b->kernel->end_pfn;

	for (unsigned i = 0; i < MAX_BEYOND && pfn != UINT64_MAX; i++) {
		struct page_array array;
		bool unreadable;

		TRY(stop_check());
		TRY(kernel_page_array_beyond(b->kernel, b->view, pfn, &array,
					     &unreadable));
		if (array.nr_pages && array.use != SECTION_ONLINE)
			TRY(add_array(b, &array, budget));
		pfn = max_u64(pfn + 1, array.first_pfn + array.nr_pages);
	}
	return NULL;
}

static struct error *add_memmap(struct builder *b, struct log *log)
{
	unsigned budget = MAX_MEMMAP_EXTENTS;
	uint64_t pfn = 0;

	while (pfn < b->kernel->end_pfn && budget) {
		struct page_array array;
		bool unreadable;

		TRY(stop_check());
		TRY(kernel_page_array(b->kernel, b->view, pfn, &array,
				      &unreadable));
		if (!array.nr_pages) {
			pfn = max_u64(pfn + 1, array.first_pfn);
			continue;
		}
		TRY(add_array(b, &array, &budget));
		pfn = max_u64(pfn + 1, array.first_pfn + array.nr_pages);
	}
	TRY(add_beyond(b, &budget));
	if (!budget)
		log_warn(log, "the memmap is in more than %u pieces: not all of it is sorted to the end of the dump",
			 MAX_MEMMAP_EXTENTS);
	return NULL;
}

static int by_start(const void *a, const void *b)
{
	const struct vrange *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static uint64_t first_paddr(const struct image *image)
{
	return image->nr_segments ? image->segments[0].paddr : 0;
}

static struct error *build(struct builder *b, struct log *log)
{
	const struct kernel *kernel = b->kernel;
	const struct space *space = &kernel->space;

	if (kernel->has_pages)
		TRY(add_memmap(b, log));
	TRY(kernel_image_ranges(kernel, b->view, add_named, add_late, b));
	TRY(kernel_named_ranges(kernel, b->view, add_named, b));
	if (!space->has_linear) {
		log_warn(log, "the kernel's linear mapping was not found: only its image is known by where it is mapped");
		b->skip[0] = (struct vrange){ 0, space->image.start };
		b->skip[1] = (struct vrange){ space->image.end, 0 };
		return table_walk(space, b->view, b->skip,
					space->image.end ? 2 : 1, add_leaf, b);
	}
	/*
	 * Not from physical 0 on: where memory begins at 2 GiB, as on riscv64,
	 * the vmalloc area ends there, with the CPUs' own areas in it. With
	 * words of 4 bytes the vmalloc area lies where memory would go on.
	 */
	if (space->target.word_size == 8)
		b->skip[b->nr_skip++] = (struct vrange){
			space->linear_start + first_paddr(kernel->image),
			space->linear_start +
			align_up(kernel->end_pfn << b->page_shift, 1ull << 30),
		};
	qsort(b->skip, b->nr_skip, sizeof(*b->skip), by_start);
	return table_walk(space, b->view, b->skip, b->nr_skip, add_leaf,
				b);
}

/* The sets; what they have no room for loses its rank. */
static struct error *sets_init(struct overlay *overlay, uint64_t end_pfn)
{
	TRY(sparseset_init(&overlay->never_drop, end_pfn, MAX_NEVER_DROP));
	TRY(sparseset_init(&overlay->first, end_pfn, MAX_FIRST));
	TRY(sparseset_init(&overlay->late, end_pfn, MAX_LATE));
	return sparseset_init(&overlay->memmap, end_pfn, MAX_MEMMAP);
}

static void warn_full(const struct overlay *overlay, struct log *log)
{
	if (overlay->never_drop.full)
		log_warn(log, "VMCOREINFO names more memory than can be remembered: not all of it is kept whatever its struct page says");
	if (overlay->first.full || overlay->memmap.full)
		log_warn(log, "what the kernel maps is too scattered to be remembered: not all of it is sorted by its value");
}

struct error *overlay_create(const struct kernel *kernel, struct view *view,
			     struct log *log, struct overlay **ret)
{
	struct overlay *overlay = calloc(1, sizeof(*overlay));
	struct builder b = {
		.kernel = kernel,
		.view = view,
		.overlay = overlay,
		.page_shift = kernel->space.target.page_shift,
	};
	struct error *err;

	if (!overlay)
		return error_nomem();
	err = sets_init(overlay, kernel->end_pfn);
	if (!err && kernel->has_space)
		err = build(&b, log);
	if (err) {
		overlay_destroy(overlay);
		return err;
	}
	warn_full(overlay, log);
	*ret = overlay;
	return NULL;
}

void overlay_destroy(struct overlay *overlay)
{
	if (!overlay)
		return;
	sparseset_deinit(&overlay->never_drop);
	sparseset_deinit(&overlay->first);
	sparseset_deinit(&overlay->late);
	sparseset_deinit(&overlay->memmap);
	free(overlay);
}

bool overlay_may_have(const struct overlay *overlay, uint64_t first,
		      uint64_t end)
{
	/* .late is part of .first */
	return sparseset_may_have(&overlay->never_drop, first, end) ||
	       sparseset_may_have(&overlay->first, first, end) ||
	       sparseset_may_have(&overlay->memmap, first, end);
}
