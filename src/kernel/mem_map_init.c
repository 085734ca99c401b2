/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which memory model a kernel has, and the numbers of it, from VMCOREINFO
 * (Linux 5.10-7.2 kernel/vmcore_info.c, include/linux/mmzone.h).
 */
#include "mem_map.h"

#include "../base/bytes.h"

static struct error *read_word(const struct kernel *kernel, struct view *view,
			       uint64_t vaddr, uint64_t *ret, bool *ok)
{
	enum page_state state;

	TRY(space_read_word(&kernel->space, view, vaddr, ret, &state));
	*ok = state == PAGE_OK;
	return NULL;
}

static bool number(const struct kernel *kernel, const char *kind,
		   const char *name, uint64_t *ret)
{
	return vmcoreinfo_number(kernel->vmcoreinfo, kind, name, ret);
}

/* One past the last frame of the one node, if the kernel says so. */
static struct error *flat_end(const struct kernel *kernel, struct view *view,
			      uint64_t *ret)
{
	uint64_t node, start_offset, span_offset, start, span;
	bool ok;

	*ret = kernel->end_pfn;
	if (!number(kernel, "SYMBOL", "contig_page_data", &node) ||
	    !number(kernel, "OFFSET", "pglist_data.node_start_pfn",
		    &start_offset) ||
	    !number(kernel, "OFFSET", "pglist_data.node_spanned_pages",
		    &span_offset))
		return NULL;
	TRY(read_word(kernel, view, node + start_offset, &start, &ok));
	if (ok)
		TRY(read_word(kernel, view, node + span_offset, &span, &ok));
	if (ok && !add_overflows(start, span, &span))
		*ret = min_u64(*ret, span);
	return NULL;
}

/* SYMBOL(mem_map) is the address of the pointer (VMCOREINFO_SYMBOL()). */
static struct error *flat_init(struct kernel *kernel, struct view *view)
{
	uint64_t symbol, end;
	bool ok;

	if (!number(kernel, "SYMBOL", "mem_map", &symbol))
		return error_create(ERROR_INVALID, "VMCOREINFO has neither "
				    "SYMBOL(mem_section) nor SYMBOL(mem_map)");
	kernel->model = MEMORY_FLAT;
	TRY(read_word(kernel, view, symbol, &kernel->mem_map, &ok));
	if (!ok || !kernel->mem_map)
		return error_create(ERROR_INVALID, "mem_map can't be read at "
				    "virtual address %#llx",
				    (unsigned long long)symbol);
	/* Linux include/asm-generic/memory_model.h: ARCH_PFN_OFFSET */
	kernel->flat_first = kernel->space.phys_start >>
			     kernel->space.target.page_shift;
	TRY(flat_end(kernel, view, &end));
	kernel->flat_pages = end - min_u64(end, kernel->flat_first);
	return NULL;
}

/*
 * SECTION_SIZE_BITS is exported since 5.13 and 5.10.46 (4f5aecdff25f). Before,
 * it follows from the number of roots, pages of sections each, and only with
 * those: LENGTH(mem_section) is NR_SECTION_ROOTS. A static array of sections
 * would give less than a section has to hold, the largest buddy block (Linux
 * 5.10 include/linux/mmzone.h: "Allocator MAX_ORDER exceeds SECTION_SIZE").
 */
static bool section_bits(const struct kernel *kernel, uint64_t max_bits,
			 uint64_t *ret)
{
	uint64_t page_shift = kernel->space.target.page_shift, roots, nr;
	unsigned shift;

	if (vmcoreinfo_get(kernel->vmcoreinfo, "NUMBER(SECTION_SIZE_BITS)"))
		return number(kernel, "NUMBER", "SECTION_SIZE_BITS", ret);
	if (!kernel->section_size ||
	    !number(kernel, "LENGTH", "mem_section", &roots) ||
	    mul_overflows(roots, (1ull << page_shift) / kernel->section_size,
			  &nr) || !nr || nr & (nr - 1))
		return false;
	shift = (unsigned)__builtin_ctzll(nr);
	if (max_bits < shift + page_shift + kernel->layout.max_order)
		return false;
	*ret = max_bits - shift;
	return true;
}

static struct error *sparse_numbers(struct kernel *kernel)
{
	uint64_t bits, max_bits, page_shift = kernel->space.target.page_shift;
	unsigned word = kernel->space.target.word_size;

	if (!number(kernel, "SIZE", "mem_section", &kernel->section_size) ||
	    !number(kernel, "OFFSET", "mem_section.section_mem_map",
		    &kernel->section_map_offset) ||
	    !number(kernel, "NUMBER", "MAX_PHYSMEM_BITS", &max_bits) ||
	    !section_bits(kernel, max_bits, &bits))
		return error_create(ERROR_INVALID, "VMCOREINFO lacks "
				    "SIZE(mem_section), its section_mem_map, "
				    "SECTION_SIZE_BITS or MAX_PHYSMEM_BITS");
	if (kernel->section_size < word || kernel->section_size > 4096 ||
	    kernel->section_map_offset > kernel->section_size - word ||
	    bits <= page_shift || bits > 40 || max_bits < bits ||
	    max_bits > 62)
		return error_create(ERROR_INVALID, "VMCOREINFO describes no "
				    "possible mem_section (%llu bytes, %llu "
				    "of %llu bits)",
				    (unsigned long long)kernel->section_size,
				    (unsigned long long)bits,
				    (unsigned long long)max_bits);
	kernel->section_pages = 1ull << (bits - page_shift);
	kernel->nr_roots = 1ull << (max_bits - bits);
	kernel->sections_per_root = 1;
	return NULL;
}

/*
 * Without SECTION_MAP_MASK (kernel-patches/d-vmcoreinfo) what can be no flag is
 * taken: the arrays are page-aligned, and what is encoded is less by a whole
 * number of sections' arrays, which are smaller than a page on ppc64 with pages
 * of 64 KiB (sections of 16 MiB). Whatever flag bits a kernel has (6 in 7.2),
 * they are below.
 */
static uint64_t section_map_mask(const struct kernel *kernel, struct log *log)
{
	uint64_t size = kernel->layout.size, mask, flags;
	uint64_t align = min_u64(1ull << kernel->space.target.page_shift,
				 kernel->section_pages * (size & -size));

	if (!number(kernel, "NUMBER", "SECTION_MAP_MASK", &mask))
		return -align;
	flags = space_wrap(&kernel->space, ~mask);
	if ((flags & 7) != 7 || flags >= align) {
		log_warn(log, "VMCOREINFO: NUMBER(SECTION_MAP_MASK) can't be "
			 "right, ignored");
		return -align;
	}
	return mask;
}

/* Whether any section has an array, with mem_section where it is now. */
static struct error *any_section(const struct kernel *kernel, struct view *view,
				 bool *ret)
{
	struct page_array array = { 0 };

	*ret = false;
	for (unsigned i = 0; i < 64 && !*ret; i++) {
		bool unreadable;

		if (array.first_pfn == UINT64_MAX)
			break;
		TRY(kernel_page_array(kernel, view, array.first_pfn, &array,
				      &unreadable));
		*ret = array.nr_pages;
	}
	return NULL;
}

/* Why nothing was found. riscv64's kexec-tools (2.0.32) leaves "Reserved"
 * children of System RAM out of the ELF header, with mem_section among them. */
static struct error *no_section(const struct kernel *kernel, struct view *view)
{
	struct extent extent;

	TRY(space_translate(&kernel->space, view, kernel->mem_section,
			    &extent));
	if (extent.len && !image_has(kernel->image, extent.paddr, 8))
		return error_create(ERROR_INVALID,
				    "mem_section, at physical address %#llx, is in no segment: what made the ELF header left out memory that the kernel uses",
				    (unsigned long long)extent.paddr);
	return error_create(ERROR_INVALID,
			    "no memory section has struct pages, by mem_section at virtual address %#llx",
			    (unsigned long long)kernel->mem_section);
}

/*
 * SYMBOL(mem_section) is where the array of pointers to roots is (extreme:
 * the value of the kernel's pointer, VMCOREINFO_SYMBOL_ARRAY(), Linux
 * kernel/vmcore_info.c), or the array of sections. A VMCOREINFO made from
 * debugging symbols has the address of the kernel's pointer instead.
 */
static struct error *sparse_init(struct kernel *kernel, struct view *view,
				 struct log *log)
{
	uint64_t length, nr_sections, per_root, pointer;
	bool found, ok;

	TRY(sparse_numbers(kernel));
	kernel->section_map_mask = section_map_mask(kernel, log);
	nr_sections = kernel->nr_roots;
	per_root = (1ull << kernel->space.target.page_shift) /
		   kernel->section_size;
	kernel->model = MEMORY_SPARSE;
	if (!number(kernel, "LENGTH", "mem_section", &length) ||
	    length == (nr_sections + per_root - 1) / per_root) {
		kernel->model = MEMORY_SPARSE_EXTREME;
		kernel->sections_per_root = per_root;
		kernel->nr_roots = (nr_sections + per_root - 1) / per_root;
	} else if (length != nr_sections) {
		return error_create(ERROR_INVALID, "VMCOREINFO: "
				    "LENGTH(mem_section) is %llu for %llu "
				    "sections", (unsigned long long)length,
				    (unsigned long long)nr_sections);
	}
	number(kernel, "SYMBOL", "vmemmap", &kernel->vmemmap);
	TRY(any_section(kernel, view, &found));
	if (!found && kernel->model == MEMORY_SPARSE_EXTREME) {
		TRY(read_word(kernel, view, kernel->mem_section, &pointer, &ok));
		if (ok && pointer) {
			kernel->mem_section = pointer;
			TRY(any_section(kernel, view, &found));
		}
	}
	return found ? NULL : no_section(kernel, view);
}

/* Without NUMA, SYMBOL(mem_map) is there with sparse memory as well. */
struct error *mem_map_init(struct kernel *kernel, struct view *view,
			   struct log *log)
{
	if (number(kernel, "SYMBOL", "mem_section", &kernel->mem_section))
		return sparse_init(kernel, view, log);
	return flat_init(kernel, view);
}
