/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The linear map of machines of 32 bits: the first memory, up to some 900 MiB
 * of it, lies one after the other from PAGE_OFFSET on, the kernel image and its
 * page tables in it. PAGE_OFFSET is exported nowhere.
 */
#ifndef CAPDUMP_ARCH_LOWMEM_H
#define CAPDUMP_ARCH_LOWMEM_H

#include "arch.h"

#define LOWMEM_TOP	(1ull << 32)	/* the end of addresses */

/* What VMCOREINFO has: addresses of the top page table and of the image; how many
 * bytes right below PAGE_OFFSET are the kernel's too; and what was found. */
struct lowmem {
	uint64_t root, text, below;
	uint64_t page_offset, phys_start;	/* the pair that fits */
	bool found;
};

/* SYMBOL(swapper_pg_dir) and SYMBOL(_stext); `below` is 0. ERROR_INVALID if there
 * is none, or none below LOWMEM_TOP. */
struct error *lowmem_find(const struct vmcoreinfo *vmcoreinfo,
			  struct lowmem *ret);

/*
 * Whether the tables that would be the kernel's if it maps memory from
 * PHYS_START on at PAGE_OFFSET map themselves and the image so, and it is not
 * known for another kernel: then LOWMEM has it. ERROR_INVALID if it has a pair
 * already. Needs what space->ops->entry does, the levels and entry_len.
 */
struct error *lowmem_try(struct space *space, struct view *view,
			 const struct vmcoreinfo *vmcoreinfo,
			 struct lowmem *lowmem, uint64_t page_offset,
			 uint64_t phys_start);

/* Gives the space the tables that were found and the linear map, which
 * translations use before any table. ERROR_INVALID if none were. */
struct error *lowmem_take(struct space *space, struct view *view,
			  const struct lowmem *lowmem);

#endif
