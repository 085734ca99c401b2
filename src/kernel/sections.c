/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the kernel image is still the kernel's: at the end of boot it frees
 * its init sections and what else it will not need again.
 */
#include "../base/bytes.h"
#include "kallsyms.h"

/* The first and the last byte of the image but one; then what is freed of it,
 * in pairs, in ascending order. A pair that is missing was not freed. */
enum { IMAGE_START, IMAGE_END, FREED };
static const char *const section_names[] = {
	"_text", "__bss_stop",
	/* Linux arch/x86/mm/init_64.c: mark_rodata_ro() */
	"_etext", "__start_rodata",
	"__end_rodata", "_sdata",
	/* arch/x86/mm/init.c: free_initmem() */
	"__init_begin", "__init_end",
	/* arch/x86/kernel/alternative.c: alternative_instructions() */
	"__smp_locks", "__smp_locks_end",
	/* arch/x86/mm/mem_encrypt_amd.c: mem_encrypt_free_decrypted_mem() */
	"__start_bss_decrypted_unused", "__end_bss_decrypted",
};

#define NR_SECTIONS (sizeof(section_names) / sizeof(*section_names))

/* Tables in the image that describe it: no reader that has debug symbols needs
 * them to open a dump. */
static const char *const table_names[] = {
	/* Linux include/asm-generic/vmlinux.lds.h: BTF */
	"__start_BTF", "__stop_BTF",
	/* scripts/kallsyms.c: write_src(); all but the end of the last one */
	"kallsyms_num_syms", "kallsyms_seqs_of_names",
};

#define NR_TABLES (sizeof(table_names) / sizeof(*table_names))

/* Whether the symbols are in order and within the image. */
static bool make_sense(const struct kallsyms_symbol *s, uint64_t start,
		       uint64_t end)
{
	uint64_t at = s[IMAGE_START].vaddr;

	if (at < start || s[IMAGE_END].vaddr > end)
		return false;
	for (size_t i = FREED; i < NR_SECTIONS; i += 2) {
		if (!s[i].vaddr || !s[i + 1].vaddr)
			continue;
		if (s[i].vaddr < at || s[i + 1].vaddr < s[i].vaddr)
			return false;
		at = s[i + 1].vaddr;
	}
	return at <= s[IMAGE_END].vaddr;
}

static struct error *give(const struct space *space, uint64_t start,
			  uint64_t end, range_fn *fn, void *arg)
{
	if (start >= end)
		return NULL;
	return fn(arg, start - space->image_offset, end - start);
}

/*
 * All that is mapped of the image. With page table isolation the kernel unmaps
 * there what it frees (Linux arch/x86/mm/init.c: free_kernel_image_pages());
 * nothing else does. What can't be read of the tables counts as mapped.
 */
static struct error *give_mapped(const struct kernel *kernel,
				 struct view *view, range_fn *fn, void *arg)
{
	const struct space *space = &kernel->space;
	uint64_t page = 1ull << space->target.page_shift;
	uint64_t at = space->image.start, end = space->image.end, len;
	uint64_t first = at;

	for (; at < end; at += len) {
		struct extent extent;

		TRY(space->ops->translate(space, view, at, &extent));
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
		    s[i + 1].vaddr <= space->image.end)
			TRY(give(space, start, end, fn, arg));
	}
	return NULL;
}

struct error *kernel_image_ranges(const struct kernel *kernel,
				  struct view *view, range_fn *fn,
				  range_fn *table_fn, void *arg)
{
	const struct space *space = &kernel->space;
	uint64_t page = 1ull << space->target.page_shift, at;
	struct kallsyms_symbol symbols[NR_SECTIONS + NR_TABLES];
	bool found;

	for (size_t i = 0; i < NR_SECTIONS; i++)
		symbols[i] = (struct kallsyms_symbol){ section_names[i], 0 };
	for (size_t i = 0; i < NR_TABLES; i++)
		symbols[NR_SECTIONS + i] =
			(struct kallsyms_symbol){ table_names[i], 0 };
	TRY(kallsyms_find(kernel, view, symbols, NR_SECTIONS + NR_TABLES,
			  &found));
	if (found)
		TRY(give_tables(kernel, symbols + NR_SECTIONS, table_fn, arg));
	if (!found || !make_sense(symbols, space->image.start,
				  space->image.end))
		return give_mapped(kernel, view, fn, arg);
	at = align_down(symbols[IMAGE_START].vaddr, page);
	for (size_t i = FREED; i < NR_SECTIONS; i += 2) {
		/* whole pages only (arch/x86/mm/init.c: free_init_pages()) */
		uint64_t start = align_up(symbols[i].vaddr, page);
		uint64_t end = align_down(symbols[i + 1].vaddr, page);

		if (!symbols[i].vaddr || !symbols[i + 1].vaddr || start >= end)
			continue;
		TRY(give(space, at, start, fn, arg));
		at = end;
	}
	return give(space, at, align_up(symbols[IMAGE_END].vaddr, page), fn,
		    arg);
}
