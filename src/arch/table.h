/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables of any machine: trees of tables of entries, as struct space
 * describes them and ops->entry() reads them.
 */
#ifndef CAPDUMP_ARCH_TABLE_H
#define CAPDUMP_ARCH_TABLE_H

#include "arch.h"

/* Page tables a walk visits: those of 16 TiB of 2 MiB mappings, and more than
 * any vmalloc area seen. Of these it remembers a quarter (4 MiB). */
#define WALK_MAX (1u << 20)

/* Leaves of one page table that continue each other, virtually and physically,
 * or a page table itself. Straight from the crashed kernel's tables: paddr may
 * lie in no segment. The callback returns NULL to go on. */
struct leaf {
	uint64_t vaddr;		/* sign-extended; of a table: where what it
				 * maps starts */
	uint64_t paddr, len;	/* bytes; of a table: its own place and size */
	bool table;		/* a page table itself */
};
typedef struct error *leaf_fn(void *arg, const struct leaf *leaf);

/* The levels' shifts and numbers of entries from the page size up: level 1
 * has 2^BITS entries of a page each, and so has each other level, but the root,
 * which has 2^ROOT_BITS. Sets `levels` and `level`. LEVELS is at most
 * TABLE_LEVELS_MAX. */
void table_levels(struct space *space, unsigned page_shift, unsigned bits,
		  unsigned levels, unsigned root_bits);

/* What the tables say of VADDR, whatever else maps it. A table that can't be
 * read: ret->len and ret->hole are 0, no error. Any thread with its own view. */
struct error *table_translate(const struct space *space, struct view *view,
			      uint64_t vaddr, struct extent *ret);

/*
 * Calls FN for every readable page table that maps addresses of space->tables,
 * and for the present leaves whose address is in none of the NR_SKIP ranges
 * (in the skipped ranges, tables of leaves only are not even read). Each table
 * is visited once at each level it is used at, whatever points to it, and at
 * most WALK_MAX of them: it ends, in bounded memory, on nonsense too.
 */
struct error *table_walk(const struct space *space, struct view *view,
			 const struct vrange *skip, size_t nr_skip,
			 leaf_fn *fn, void *arg);

/*
 * Sets space->image to what the tables map within WITHIN at the distance of
 * space->image_offset: from the first such byte to the last. ERROR_INVALID if
 * there is none: the root is not the kernel's, or can't be read.
 */
struct error *table_find_image(struct space *space, struct view *view,
			       const struct vrange *within);

/*
 * The linear map, whose first address is a multiple of ALIGN and which lies
 * WITHIN: from the address of something that lives in it (what Linux allocates
 * early: the array of memory sections, a node's pglist_data), less where that
 * is; else from the program headers. Not believed before the tables map the
 * root at its place in it. Sets linear_start and has_linear, or warns.
 */
struct error *table_find_linear(struct space *space, struct view *view,
				const struct vmcoreinfo *vmcoreinfo,
				uint64_t align, const struct vrange *within,
				struct log *log);

/* Whether the tables map the root at LINEAR + its physical address, if LINEAR
 * is a multiple of ALIGN and that WITHIN; then sets linear_start and
 * has_linear. */
struct error *table_try_linear(struct space *space, struct view *view,
			       uint64_t linear, uint64_t align,
			       const struct vrange *within);

#endif
