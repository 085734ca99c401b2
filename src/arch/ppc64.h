/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ppc64.c and ppc64_vmemmap.c share. */
#ifndef CAPDUMP_ARCH_PPC64_H
#define CAPDUMP_ARCH_PPC64_H

#include "arch.h"

/* Linux arch/powerpc/Kconfig: PAGE_OFFSET, where physical 0 is mapped; of
 * physical memory there are at most 2^51 bytes (MAX_PHYSMEM_BITS) */
#define PPC64_LINEAR	0xc000000000000000ull
#define PPC64_PADDR_END	(1ull << 51)

/*
 * Adds the pieces of the memmap that the hash MMU's kernel has on its list, as
 * fixed mappings. Those that can't lie in AREAS, and what follows a piece that
 * can't be read, are left out with a warning: their struct pages can't be read.
 * A kernel without CONFIG_SPARSEMEM_VMEMMAP has no such list; its struct pages
 * are in the linear map. For the time of init: the linear map is space->fixed
 * already, or there is no memory.
 */
struct error *ppc64_add_vmemmap(struct space *space, struct view *view,
				const struct vmcoreinfo *vmcoreinfo,
				const struct vrange *areas, struct log *log);

#endif
