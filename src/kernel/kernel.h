/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we know of the crashed kernel: VMCOREINFO, its address space, the
 * layout of its struct page as data, and where its struct pages lie.
 */
#ifndef CAPDUMP_KERNEL_KERNEL_H
#define CAPDUMP_KERNEL_KERNEL_H

#include "../arch/arch.h"
#include "layout.h"

enum memory_model { MEMORY_FLAT, MEMORY_SPARSE, MEMORY_SPARSE_EXTREME,
		    MEMORY_VMEMMAP };

/* Struct pages that follow each other in kernel virtual memory. nr_pages is 0
 * where there are none: then first_pfn is the next frame that may have one
 * (UINT64_MAX: none does). */
struct page_array {
	uint64_t vaddr, first_pfn, nr_pages;
};

struct kernel {
	const struct image *image;	/* borrowed */
	struct vmcoreinfo *vmcoreinfo;	/* owned */
	struct space space;
	bool has_space;		/* space is usable */
	bool has_pages;		/* layout and mem_map are usable; if not, no
				 * page may be dropped: why_not_pages says why */
	char *why_not_pages;	/* owned; NULL if has_pages */
	struct page_layout layout;
	enum memory_model model;
	uint64_t section_pages;	/* frames a memory section; 0 if flat */
	uint64_t mem_section;	/* vaddr of the (root) array; sparse */
	uint64_t nr_roots, sections_per_root;
	uint64_t section_size;	/* SIZE(mem_section) */
	uint64_t section_map_offset;	/* OFFSET(mem_section.section_mem_map) */
	uint64_t mem_map;	/* vaddr; flat */
	uint64_t vmemmap;	/* vaddr of page 0's struct page; 0: use sections */
	uint64_t end_pfn;	/* one past the last frame of the image */
};

/*
 * Opens what can be opened. Errors only for memory and for a machine that is
 * not supported; what a kernel lacks makes has_space or has_pages false with
 * a warning.
 */
struct error *kernel_open(const struct image *image, struct view *view,
			  struct log *log, struct kernel **ret);
void kernel_close(struct kernel *kernel);

/* The array that holds PFN's struct page (see struct page_array). Any thread
 * with its own view. An unreadable mem_section reads as nr_pages 0 with
 * *unreadable set: those pages are kept. */
struct error *kernel_page_array(const struct kernel *kernel, struct view *view,
				uint64_t pfn, struct page_array *ret,
				bool *unreadable);

/* The frame whose struct page is at VADDR; false if no section says so. */
bool kernel_page_pfn(const struct kernel *kernel, struct view *view,
		     uint64_t vaddr, uint64_t near_pfn, uint64_t *ret);

/* NR_FREE_PAGES over all zones of all nodes; *found false if it can't be
 * found (zone.vm_stat not exported). */
struct error *kernel_free_pages(const struct kernel *kernel, struct view *view,
				uint64_t *ret, bool *found);

/* Physical ranges that VMCOREINFO names: the page of each SYMBOL() and of
 * what the pointers among them point to. Calls FN with page-aligned ranges. */
typedef struct error *range_fn(void *arg, uint64_t paddr, uint64_t len);
struct error *kernel_named_ranges(const struct kernel *kernel,
				  struct view *view, range_fn *fn, void *arg);

#endif
