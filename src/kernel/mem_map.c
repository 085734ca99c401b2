/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a frame's struct page lies. Two models on the machines of today: flat,
 * one array from frame 0 on; and sparse, an array for each memory section
 * (128 MiB on x86_64), found through struct mem_section. With vmemmap the
 * sections' arrays are virtually one.
 *
 * Sources: Linux 5.10-7.2 include/linux/mmzone.h (struct mem_section,
 * section_mem_map and its flag bits, __nr_to_section()), mm/sparse.c
 * (sparse_encode_mem_map()), kernel/vmcore_info.c.
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

static struct error *read_word(const struct kernel *kernel, struct view *view,
			       uint64_t vaddr, uint64_t *ret, bool *ok)
{
	enum page_state state;

	TRY(space_read_word(&kernel->space, view, vaddr, ret, &state));
	*ok = state == PAGE_OK;
	return NULL;
}

/*
 * The arrays are page-aligned, and what is encoded is less by a whole number of
 * sections' arrays, which are smaller than a page on ppc64 with pages of 64 KiB
 * (sections of 16 MiB): whatever flag bits this kernel has (6 in 7.2), they are
 * below.
 */
static uint64_t map_align(const struct kernel *kernel)
{
	uint64_t size = kernel->layout.size;

	return min_u64(1ull << kernel->space.target.page_shift,
		       kernel->section_pages * (size & -size));
}

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
	bool ok;

	*ret = (struct section){ .skip = 1 };
	if (root >= kernel->nr_roots) {
		ret->skip = UINT64_MAX;
		return NULL;
	}
	if (kernel->model == MEMORY_SPARSE_EXTREME) {
		TRY(read_word(kernel, view, at +
			      root * kernel->space.target.word_size, &at,
			      &ok));
		if (!ok || !at) {
			ret->unreadable = !ok;
			ret->skip = kernel->sections_per_root - index;
			if (!ok)
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
	TRY(read_word(kernel, view, at, &map, &ok));
	ret->unreadable = !ok;
	if (!ok || !(map & HAS_MEM_MAP))
		return NULL;
	ret->map = map & -map_align(kernel);
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
static struct error *sparse_init(struct kernel *kernel, struct view *view)
{
	uint64_t length, nr_sections, per_root, pointer;
	bool found, ok;

	TRY(sparse_numbers(kernel));
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
struct error *mem_map_init(struct kernel *kernel, struct view *view)
{
	if (number(kernel, "SYMBOL", "mem_section", &kernel->mem_section))
		return sparse_init(kernel, view);
	return flat_init(kernel, view);
}
