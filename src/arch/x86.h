/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What page tables of i386 and x86_64 have in common: their entries. */
#ifndef CAPDUMP_ARCH_X86_H
#define CAPDUMP_ARCH_X86_H

#include "arch.h"

#define X86_PRESENT	0x1ull
#define X86_LARGE	0x80ull		/* a leaf above the last level */
#define X86_ADDRESS	0x000ffffffffff000ull

/* For arch_ops.entry(), with leaves up to LEAF_LEVEL. Intel SDM vol. 3 chapter
 * 4. A large leaf has its PAT bit among the address bits, below its size. */
static inline enum entry_kind x86_entry(const struct space *space,
					uint64_t entry, unsigned level,
					unsigned leaf_level, uint64_t *paddr)
{
	if (!(entry & X86_PRESENT))
		return ENTRY_NONE;
	*paddr = entry & space->phys_mask;
	if (level > 1 && (level > leaf_level || !(entry & X86_LARGE)))
		return ENTRY_TABLE;
	*paddr &= -(1ull << space->level[level].shift);
	return ENTRY_LEAF;
}

#endif
