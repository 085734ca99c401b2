/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a crashed kernel: what it says of itself, then what follows from it. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "locate.h"
#include "mem_map.h"

/* How much of the kernel's text find_reserved() looks at, bytes: less than any
 * kernel has */
#define TEXT_LEN	(1u << 20)

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	vmcoreinfo_destroy(kernel->vmcoreinfo);
	space_deinit(&kernel->space);
	free(kernel->why_not_pages);
	free(kernel);
}

/* Notes why pages can't be judged; consumes ERR. Only out of memory and a signal
 * fail. */
static struct error *without_pages(struct kernel *kernel, struct log *log,
				   struct error *err)
{
	if (error_kind(err) == ERROR_STOPPED)
		return err;
	kernel->why_not_pages = strdup(error_message(err));
	if (error_kind(err) == ERROR_NOMEM || !kernel->why_not_pages) {
		error_destroy(err);
		return error_nomem();
	}
	log_warn(log, "%s: no page is left out", error_message(err));
	error_destroy(err);
	return NULL;
}

/* The page size from VMCOREINFO: 4 KiB to 64 KiB. */
static struct error *page_shift_init(struct kernel *kernel)
{
	const char *text = vmcoreinfo_get(kernel->vmcoreinfo, "PAGESIZE");
	uint64_t size = text ? strtoull(text, NULL, 10) :
			1ull << kernel->space.target.page_shift;

	for (unsigned shift = 12; shift <= 16; shift++)
		if (size == 1ull << shift) {
			kernel->space.target.page_shift = shift;
			return NULL;
		}
	return error_create(ERROR_INVALID, "VMCOREINFO: PAGESIZE is %s", text);
}

static uint64_t known_flags(const struct page_layout *l)
{
	return l->lru | l->private_flag | l->swapcache | l->swapbacked |
	       l->hwpoison | l->head | l->slab_flag;
}

/*
 * PG_reserved is not exported. The kernel's text is reserved memory: the flag
 * is the one bit, among those that no other meaning is known of, that all its
 * struct pages have. (Flags are the low bits of the word, 21 to 26 of them;
 * node and zone are at its upper end: Linux include/linux/page-flags.h.)
 */
static struct error *find_reserved(struct kernel *kernel, struct view *view)
{
	unsigned page_shift = kernel->space.target.page_shift;
	/* with words of 4 bytes, the section, node and zone reach further down */
	uint64_t shared = kernel->layout.word == 4 ? 0xff00 : 0x1ffff00;
	uint64_t symbol;
	struct page_layout *l = &kernel->layout;
	struct page_array array = { 0 };

	if (!vmcoreinfo_number(kernel->vmcoreinfo, "SYMBOL", "_stext", &symbol))
		return NULL;
	shared &= ~known_flags(l);
	for (unsigned i = 0; i < TEXT_LEN >> page_shift; i++) {
		struct extent extent;
		bool unreadable;
		enum page_state state;
		uint64_t pfn, flags;

		TRY(space_translate(&kernel->space, view, symbol +
				    ((uint64_t)i << page_shift), &extent));
		if (!extent.len)
			return NULL;
		pfn = extent.paddr >> page_shift;
		if (pfn - array.first_pfn >= array.nr_pages)
			TRY(kernel_page_array(kernel, view, pfn, &array,
					      &unreadable));
		if (pfn - array.first_pfn >= array.nr_pages)
			return NULL;
		TRY(space_read_word(&kernel->space, view, array.vaddr +
				    (pfn - array.first_pfn) * l->size +
				    l->flags.offset, &flags, &state));
		if (state != PAGE_OK)
			return NULL;
		shared &= flags;
	}
	if (shared && !(shared & (shared - 1)))
		l->reserved = shared;
	return NULL;
}

static struct error *pages_init(struct kernel *kernel, struct view *view,
				struct log *log)
{
	TRY(layout_init(&kernel->layout, &kernel->space.target,
			kernel->vmcoreinfo, log));
	TRY(mem_map_init(kernel, view, log));
	return find_reserved(kernel, view);
}

/* Bits of a physical address on this machine, as far as this kernel uses them.
 * VMCOREINFO tells since Linux 5.8; what no such machine has is not believed. */
static unsigned paddr_bits(const struct kernel *kernel)
{
	const struct arch_ops *ops = arch_find(kernel->image->target.
					       elf_machine);
	uint64_t bits;

	if (kernel->vmcoreinfo &&
	    vmcoreinfo_number(kernel->vmcoreinfo, "NUMBER", "MAX_PHYSMEM_BITS",
			      &bits) &&
	    bits >= ops->paddr_bits_least && bits <= ops->paddr_bits)
		return (unsigned)bits;
	return ops->paddr_bits;
}

/* The end of memory, in frames of the page size that is known so far. */
static void set_end(struct kernel *kernel)
{
	unsigned shift = kernel->space.target.page_shift;
	const struct image *image = kernel->image;
	uint64_t limit = 1ull << paddr_bits(kernel), end = 0;

	for (size_t i = 0; i < image->nr_segments; i++)
		if (image->segments[i].paddr < limit)
			end = min_u64(image->segments[i].paddr +
				      image->segments[i].memsz, limit);
	kernel->end_pfn = (end + (1ull << shift) - 1) >> shift;
}

/* Memory that this machine can't have is no memory: what is below it may be
 * good. */
static struct error *check_end(const struct kernel *kernel, struct log *log)
{
	const struct image *image = kernel->image;
	unsigned bits = paddr_bits(kernel);
	uint64_t end = image_end_paddr(image);

	if (image->nr_segments && image->segments[0].paddr >> bits)
		return error_create(ERROR_INVALID,
				    "%s: all its memory is at %#llx or above: this machine has %u bits of physical addresses",
				    image->path, (unsigned long long)
				    image->segments[0].paddr, bits);
	if (end > 1ull << bits)
		log_warn(log,
			 "%s: claims memory up to %#llx: what is above %#llx is left out, this machine has %u bits of physical addresses",
			 image->path, (unsigned long long)end,
			 1ull << bits, bits);
	return NULL;
}

/* From VMCOREINFO on: an error says why pages can't be judged. */
static struct error *open_parts(struct kernel *kernel, struct view *view,
				struct log *log)
{
	struct target target;

	if (!kernel->vmcoreinfo)
		return error_create(ERROR_INVALID, "%s has no VMCOREINFO",
				    kernel->image->path);
	TRY(page_shift_init(kernel));
	target = kernel->space.target;
	set_end(kernel);
	TRY(space_init(&kernel->space, &target, view, kernel->vmcoreinfo, log));
	kernel->has_space = true;
	TRY(pages_init(kernel, view, log));
	kernel->has_pages = true;
	return NULL;
}

/* What no dump can be made of, not even one of all pages. */
static struct error *machine_check(const struct kernel *kernel)
{
	const struct target *target = &kernel->image->target;
	const struct arch_ops *ops = arch_find(target->elf_machine);
	const char *text = kernel->vmcoreinfo ?
			   vmcoreinfo_get(kernel->vmcoreinfo, "PAGESIZE") : NULL;
	uint64_t size = text ? strtoull(text, NULL, 10) : 0;

	if (!ops || !(ops->byte_orders &
		      (target->big_endian ? ORDER_BIG : ORDER_LITTLE)))
		return error_create(ERROR_UNSUPPORTED,
				    "%s: ELF machine %u is not supported%s",
				    kernel->image->path, target->elf_machine,
				    target->big_endian ? ", big-endian" : "");
	for (unsigned shift = 12; shift <= 16; shift++)
		if (size == 1ull << shift && !(ops->page_shifts >> shift & 1))
			return error_create(ERROR_UNSUPPORTED,
					    "%s: %s has no pages of %llu bytes (VMCOREINFO: PAGESIZE)",
					    kernel->image->path, ops->name,
					    (unsigned long long)size);
	return NULL;
}

struct error *kernel_open(const struct image *image, struct view *view,
			  struct log *log, struct kernel **ret)
{
	return kernel_open_given(image, view, NULL, log, ret);
}

struct error *kernel_open_given(const struct image *image, struct view *view,
				const struct vmcoreinfo *given,
				struct log *log, struct kernel **ret)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	struct error *err;

	if (!kernel)
		return error_nomem();
	kernel->image = image;
	kernel->space.target = image->target;
	if (given)
		err = locate_kernel(image, view, given, log,
				    &kernel->vmcoreinfo);
	else
		err = vmcoreinfo_read(image, log, &kernel->vmcoreinfo);
	if (!err)
		err = machine_check(kernel);
	if (!err)
		err = check_end(kernel, log);
	if (!err) {
		set_end(kernel);
		err = open_parts(kernel, view, log);
		if (err)
			err = without_pages(kernel, log, err);
	}
	if (err) {
		kernel_close(kernel);
		return err;
	}
	*ret = kernel;
	return NULL;
}
