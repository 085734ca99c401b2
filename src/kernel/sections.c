/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the kernel image is still the kernel's: at the end of boot it frees
 * its init sections and what else it will not need again.
 */
#include "../arch/table.h"
#include "../base/bytes.h"
#include "../base/stop.h"
#include "kallsyms.h"

/* The first byte of the image and the first behind it; then the architecture's
 * pairs of what is freed. A pair that is missing was not freed. */
enum { IMAGE_START, IMAGE_END, FREED };

#define FREED_MAX 16	/* names in arch_ops.freed */

/* Tables in the image that describe it: no reader that has debug symbols needs
 * them to open a dump. */
static const char *const table_names[] = {
	/* Linux include/asm-generic/vmlinux.lds.h: BTF */
	"__start_BTF", "__stop_BTF",
	/* scripts/kallsyms.c: write_src(); all but the end of the last one */
	"kallsyms_num_syms", "kallsyms_seqs_of_names",
};

#define NR_TABLES (sizeof(table_names) / sizeof(*table_names))

/*
 * A kernel without CONFIG_KALLSYMS_ALL lists text, and of the rest what begins
 * with __start_ or __stop_ (Linux scripts/kallsyms.c: symbol_valid()). Where
 * that is enough to know all that was freed, the image's ends are those that
 * are known without the list.
 */
static void find_ends(const struct space *space, struct kallsyms_symbol *s,
		      size_t nr)
{
	bool known = nr > FREED;

	for (size_t i = FREED; i < nr; i++)
		known &= s[i].vaddr != 0;
	if (known && !s[IMAGE_START].vaddr)
		s[IMAGE_START].vaddr = space->image.start;
	if (known && !s[IMAGE_END].vaddr)
		s[IMAGE_END].vaddr = space->image.end;
}

/* Whether the NR symbols are in order. */
static bool in_order(const struct kallsyms_symbol *s, size_t nr)
{
	uint64_t at = s[IMAGE_START].vaddr;

	for (size_t i = FREED; i < nr; i += 2) {
		if (!s[i].vaddr || !s[i + 1].vaddr)
			continue;
		if (s[i].vaddr < at || s[i + 1].vaddr < s[i].vaddr)
			return false;
		at = s[i + 1].vaddr;
	}
	return at <= s[IMAGE_END].vaddr;
}

/* Whether [start, end) is mapped as the image is. */
static struct error *is_image(const struct kernel *kernel, struct view *view,
			      uint64_t start, uint64_t end, bool *ret)
{
	const struct space *space = &kernel->space;
	struct extent extent;

	*ret = false;
	if (start >= end)
		return NULL;
	if (start >= space->image.start && end - 1 <= space->image.end - 1) {
		*ret = true;
		return NULL;
	}
	/* part of a mapping that is known without tables */
	for (size_t i = 0; i < space->nr_fixed; i++)
		if (start >= space->fixed[i].range.start &&
		    end - 1 <= space->fixed[i].range.end - 1) {
			TRY(space_translate(space, view, start, &extent));
			*ret = start - extent.paddr == space->image_offset;
		}
	return NULL;
}

/* END may be 0, the top of all addresses; an image that is not known has START
 * 0 as well. */
static struct error *give(const struct space *space, uint64_t start,
			  uint64_t end, range_fn *fn, void *arg)
{
	if (start == end || start > end - 1)
		return NULL;
	return fn(arg, start - space->image_offset, end - start);
}

/*
 * All that is mapped of the image. With page table isolation the kernel unmaps
 * there what it frees (Linux arch/x86/mm/init.c: free_kernel_image_pages()), on
 * arm64 always (arch/arm64/mm/init.c: free_initmem()); nothing else does. What
 * can't be read of the tables counts as mapped, and so does all of an image
 * that they don't map.
 */
static struct error *give_mapped(const struct kernel *kernel,
				 struct view *view, range_fn *fn, void *arg)
{
	const struct space *space = &kernel->space;
	uint64_t page = 1ull << space->target.page_shift;
	uint64_t at = space->image.start, end = space->image.end, len;
	uint64_t first = at;
	struct extent extent;

	TRY(table_translate(space, view, at, &extent));
	if (!extent.len || extent.paddr != at - space->image_offset)
		return give(space, at, end, fn, arg);
	for (; at != end; at += len) {
		TRY(stop_check());
		TRY(table_translate(space, view, at, &extent));
		len = extent.len ? extent.len : max_u64(extent.hole, page);
		len = min_u64(len, end - at);
		if (extent.len || !extent.hole)
			continue;
		TRY(give(space, first, at, fn, arg));
		first = at + len;
	}
	return give(space, first, end, fn, arg);
}

/* Whole pages of the tables within the image. */
static struct error *give_tables(const struct kernel *kernel,
				 const struct kallsyms_symbol *s, range_fn *fn,
				 void *arg)
{
	const struct space *space = &kernel->space;
	uint64_t page = 1ull << space->target.page_shift;

	for (size_t i = 0; i < NR_TABLES; i += 2) {
		uint64_t start = align_up(s[i].vaddr, page);
		uint64_t end = align_down(s[i + 1].vaddr, page);

		if (s[i].vaddr >= space->image.start &&
		    s[i + 1].vaddr - 1 <= space->image.end - 1)
			TRY(give(space, start, end, fn, arg));
	}
	return NULL;
}

/* Without what was freed. S is in order. */
static struct error *give_used(const struct space *space,
			       const struct kallsyms_symbol *s, size_t nr,
			       range_fn *fn, void *arg)
{
	uint64_t page = 1ull << space->target.page_shift;
	uint64_t at = align_down(s[IMAGE_START].vaddr, page);

	for (size_t i = FREED; i < nr; i += 2) {
		/* whole pages only (Linux arch/x86/mm/init.c:
		 * free_init_pages(); mm/page_alloc.c: free_reserved_area()) */
		uint64_t start = align_up(s[i].vaddr, page);
		uint64_t end = align_down(s[i + 1].vaddr, page);

		if (!s[i].vaddr || !s[i + 1].vaddr || start >= end)
			continue;
		TRY(give(space, at, start, fn, arg));
		at = end;
	}
	return give(space, at, align_up(s[IMAGE_END].vaddr, page), fn, arg);
}

struct error *kernel_image_ranges(const struct kernel *kernel,
				  struct view *view, range_fn *fn,
				  range_fn *table_fn, void *arg)
{
	const struct space *space = &kernel->space;
	struct kallsyms_symbol symbols[NR_TABLES + FREED + FREED_MAX];
	struct kallsyms_symbol *used = symbols + NR_TABLES;
	const char *const *freed = space->ops->freed;
	size_t nr = FREED;
	bool found, image = false;

	for (size_t i = 0; i < NR_TABLES; i++)
		symbols[i] = (struct kallsyms_symbol){ table_names[i], 0 };
	used[IMAGE_START] = (struct kallsyms_symbol){ "_text", 0 };
	used[IMAGE_END] = (struct kallsyms_symbol){ "__bss_stop", 0 };
	for (; freed && *freed && nr < FREED + FREED_MAX; freed++)
		used[nr++] = (struct kallsyms_symbol){ *freed, 0 };
	TRY(kallsyms_find(kernel, view, symbols, NR_TABLES + nr, &found));
	if (found) {
		TRY(give_tables(kernel, symbols, table_fn, arg));
		find_ends(space, used, nr);
		TRY(is_image(kernel, view, used[IMAGE_START].vaddr,
			     used[IMAGE_END].vaddr, &image));
	}
	if (!image || !in_order(used, nr))
		return give_mapped(kernel, view, fn, arg);
	return give_used(space, used, nr, fn, arg);
}
