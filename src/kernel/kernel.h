/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we know of the crashed kernel: VMCOREINFO, its address space, the
 * layout of its struct page as data, and where its struct pages lie.
 */
#ifndef CAPDUMP_KERNEL_KERNEL_H
#define CAPDUMP_KERNEL_KERNEL_H

#include "../arch/arch.h"
#include "layout.h"

enum memory_model { MEMORY_FLAT, MEMORY_SPARSE, MEMORY_SPARSE_EXTREME };

/* What a memory section's frames are, as pfn_to_online_page() has it (Linux
 * 5.12+ mm/memory_hotplug.c). Of a section that is not online, or not all, some
 * struct pages were never initialised: they hold whatever was there before. */
enum section_use {
	SECTION_ONLINE,		/* memory in use */
	SECTION_OFFLINE,	/* a device's (ZONE_DEVICE), or memory that was
				 * plugged in and is not in use */
	SECTION_SHARED,		/* memory in use and a device's */
};

/* Struct pages that follow each other in kernel virtual memory. nr_pages is 0
 * where there are none: then first_pfn is the next frame that may have one
 * (UINT64_MAX: none does). */
struct page_array {
	uint64_t vaddr, first_pfn, nr_pages;
	enum section_use use;	/* of all its sections */
};

/* Immutable after kernel_open(); any thread. */
struct kernel {
	const struct image *image;	/* borrowed */
	struct vmcoreinfo *vmcoreinfo;	/* owned; NULL if there is none */
	struct space space;	/* .target.page_shift is the kernel's, even if
				 * !has_space */
	bool has_space;		/* space is usable */
	bool has_pages;		/* layout and mem_map are usable; if not, no
				 * page may be dropped: why_not_pages says why */
	char *why_not_pages;	/* owned; NULL if has_pages */
	struct page_layout layout;
	enum memory_model model;
	uint64_t section_pages;	/* frames a memory section; 0 if flat */
	uint64_t mem_section;	/* vaddr of the array of sections, or (extreme)
				 * of pointers to roots, which are such arrays */
	uint64_t nr_roots;	/* elements of that array */
	uint64_t sections_per_root;	/* 1 if not extreme */
	uint64_t section_size;	/* SIZE(mem_section) */
	uint64_t section_map_offset; /* OFFSET(mem_section.section_mem_map) */
	uint64_t section_map_mask;	/* what of that word is no flags; sparse */
	uint64_t mem_map;	/* vaddr of the first struct page; flat */
	uint64_t flat_first;	/* the frame that is its; flat */
	uint64_t flat_pages;	/* frames with a struct page, from there; flat */
	uint64_t vmemmap;	/* vaddr of frame 0's struct page, where all
				 * sections' arrays are one and the kernel says
				 * so; else 0 */
	uint64_t end_pfn;	/* one past the last frame of the image at an
				 * address that this machine can have */
};

/*
 * Opens what can be opened. Errors only for memory, for a machine that is not
 * supported, and for an image without memory where this machine can have it;
 * what a kernel lacks makes has_space or has_pages false with
 * a warning. The page size is VMCOREINFO's PAGESIZE, else the image's.
 */
struct error *kernel_open(const struct image *image, struct view *view,
			  struct log *log, struct kernel **ret);

/* The same by what is known of the kernel from elsewhere (GIVEN, borrowed; NULL:
 * nothing): see locate.h. If the kernel is not found by it, that is an error. */
struct error *kernel_open_given(const struct image *image, struct view *view,
				const struct vmcoreinfo *given,
				struct log *log, struct kernel **ret);
void kernel_close(struct kernel *kernel);	/* NULL is fine */

/*
 * The array that holds PFN's struct page (see struct page_array), from the
 * start of PFN's section up to a few sections after it. Any thread with its
 * own view. A mem_section that can't be read or contradicts SYMBOL(vmemmap)
 * gives nr_pages 0 with *UNREADABLE set: the pages from PFN up to first_pfn
 * have to be kept. Needs has_pages.
 */
struct error *kernel_page_array(const struct kernel *kernel, struct view *view,
				uint64_t pfn, struct page_array *ret,
				bool *unreadable);

/* The same for frames at and beyond the image's end: a device's are not in it,
 * though the kernel has struct pages for them. */
struct error *kernel_page_array_beyond(const struct kernel *kernel,
				       struct view *view, uint64_t pfn,
				       struct page_array *ret,
				       bool *unreadable);

/* What PFN's section is; SECTION_ONLINE if it has no struct pages or can't be
 * read. */
struct error *kernel_section_use(const struct kernel *kernel,
				 struct view *view, uint64_t pfn,
				 enum section_use *ret);

/* The frame whose struct page is at VADDR, which a frame near NEAR_PFN points
 * to (at most one largest folio before it); false if no section says so. */
bool kernel_page_pfn(const struct kernel *kernel, struct view *view,
		     uint64_t vaddr, uint64_t near_pfn, uint64_t *ret);

/* NR_FREE_PAGES over all zones of all nodes, without what the CPUs have not
 * yet added to it; *found false if it can't be found. */
struct error *kernel_free_pages(const struct kernel *kernel, struct view *view,
				uint64_t *ret, bool *found);

/*
 * Physical ranges that VMCOREINFO names: the page of each SYMBOL(), the page
 * that the word there points to if it is a pointer, all nodes' pglist_data,
 * the whole kernel log, and the mem_section arrays up to the image's end.
 * Calls FN with page-aligned ranges, in any order, some more than once. What
 * can't be read or is nonsense is left out. Needs has_space.
 */
typedef struct error *range_fn(void *arg, uint64_t paddr, uint64_t len);
struct error *kernel_named_ranges(const struct kernel *kernel,
				  struct view *view, range_fn *fn, void *arg);

/*
 * Physical ranges of the kernel image that are the kernel's for good: with the
 * help of its own symbol table (VMCOREINFO names that since Linux 6.0) without
 * what it has freed at the end of boot, else all that is mapped of it.
 * TABLE_FN gets those of them that hold nothing but descriptions of the image
 * (BTF, kallsyms), where they are known. Needs has_space.
 */
struct error *kernel_image_ranges(const struct kernel *kernel,
				  struct view *view, range_fn *fn,
				  range_fn *table_fn, void *arg);

/* Memory that the kernel had set aside for its crash kernel; bytes, the end
 * exclusive. */
struct kernel_reservation {
	uint64_t paddr, end;
};

/*
 * The main and the low one, *NR of them, as the kernel's own symbol table leads
 * to them; 64-bit kernels. What can't be found or read is not told.
 */
struct error *kernel_reservations(const struct kernel *kernel,
				  struct view *view,
				  struct kernel_reservation ret[2],
				  size_t *nr);

#endif
