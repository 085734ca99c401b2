/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arm: page tables of 3 levels (LPAE: entries of 8 bytes, leaves of 4 KiB, 2 MiB
 * and 1 GiB) or of 2 (short descriptors of 4 bytes: leaves of 4 KiB, 64 KiB, 1
 * MiB and 16 MiB, those of 64 KiB and 16 MiB by 16 equal entries). The tables are
 * as the CPU has them; Linux's own entries, beside those of a short table, are
 * not looked at.
 *
 * Sources: ARM DDI 0406C (ARMv7-A) B3.5 and B3.6;
 * Linux 6.12 arch/arm/include/asm/pgtable-2level.h, pgtable-3level.h;
 * arch/arm/kernel/vmcore_info.c: arch_crash_save_vmcoreinfo().
 */
#include <elf.h>
#include <string.h>

#include "../base/bytes.h"
#include "lowmem.h"
#include "table.h"

#define KIND		3ull	/* bits of an entry that tell what it is */
#define LONG_ADDRESS	0x000000fffffff000ull

/* Linux arch/arm/kernel/head.S: the distance between physical and virtual
 * addresses is a multiple of 2 MiB (16 MiB before 5.11) */
#define PHYS_ALIGN	(2ull << 20)
/* where RAM may begin, below the first that is in the image: 128 MiB, which the
 * decompressor too takes it to be aligned to (arch/arm/boot/compressed/head.S) */
/* swapper_pg_dir is just before the image, which begins less than this above
 * PAGE_OFFSET (Linux arch/arm/kernel/head.S; arch/arm/Makefile: TEXT_OFFSET) */
#define ROOT_SPAN	(128ull << 20)
#define RAM_ALIGN	(128ull << 20)
/* arch/arm/include/asm/memory.h: MODULES_VADDR */
#define MODULES		(16ull << 20)
#define MAX_TRIES	16384u

static const char *const freed[] = {
	/* Linux arch/arm/mm/init.c: free_initmem() */
	"__init_begin", "__init_end",
	NULL
};

static enum entry_kind entry_long(uint64_t entry, unsigned level,
				  uint64_t span, uint64_t *paddr)
{
	*paddr = entry & LONG_ADDRESS;
	if (level > 1 && (entry & KIND) == 3)
		return ENTRY_TABLE;
	if ((entry & KIND) != (level > 1 ? 1 : 3))
		return ENTRY_NONE;
	*paddr &= -span;
	return ENTRY_LEAF;
}

static enum entry_kind entry_short(uint64_t entry, unsigned level,
				   uint64_t vaddr, uint64_t *paddr)
{
	if (!(entry & KIND))
		return ENTRY_NONE;
	if (level == 1) {
		*paddr = (entry & KIND) > 1 ? entry & 0xfffff000 :
			 (entry & 0xffff0000) | (vaddr & 0xf000);
		return ENTRY_LEAF;
	}
	if ((entry & KIND) == 1) {
		*paddr = entry & 0xfffffc00;
		return ENTRY_TABLE;
	}
	*paddr = entry & 0xfff00000;
	if (entry & 1 << 18)	/* a supersection; bits 39 to 32 elsewhere */
		*paddr = (entry & 0xff000000) | (vaddr & 0xf00000) |
			 (entry >> 20 & 0xf) << 32 | (entry >> 5 & 0xf) << 36;
	return ENTRY_LEAF;
}

static enum entry_kind entry(const struct space *space, uint64_t entry,
			     unsigned level, uint64_t vaddr, uint64_t *paddr)
{
	return space->entry_len == 8 ?
	       entry_long(entry, level, 1ull << space->level[level].shift,
			  paddr) :
	       entry_short(entry, level, vaddr, paddr);
}

/*
 * The start of RAM is exported as little as PAGE_OFFSET, and the tables only
 * tell how far the one is from the other: of pairs that differ by the same, it
 * is the one with the root at its place. All are tried: the first that fits may
 * be a kernel that ran before.
 */
static struct error *find_tables(struct space *space, struct view *view,
				 const struct vmcoreinfo *vmcoreinfo,
				 struct lowmem *lowmem)
{
	/* Linux arch/arm/Kconfig: PAGE_OFFSET */
	static const uint32_t offsets[] = {
		0xc0000000, 0xb0000000, 0x80000000, 0x40000000,
	};
	const struct image *image = view_image(view);
	uint64_t end = image_end_paddr(image);
	uint64_t start = image->nr_segments ?
			 align_down(image->segments[0].paddr, RAM_ALIGN) : end;

	for (unsigned i = 0; start < end && i < MAX_TRIES; i++) {
		for (size_t k = 0; k < sizeof(offsets) / sizeof(*offsets); k++) {
			if (lowmem->root - offsets[k] >= ROOT_SPAN)
				continue;
			TRY(lowmem_try(space, view, vmcoreinfo, lowmem,
				       offsets[k], start));
		}
		start += PHYS_ALIGN;
	}
	return NULL;
}

static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	const char *lpae = vmcoreinfo_get(vmcoreinfo, "CONFIG_ARM_LPAE");
	struct lowmem lowmem;

	(void)log;
	TRY(lowmem_find(vmcoreinfo, &lowmem));
	lowmem.below = MODULES;
	if (lpae && !strcmp(lpae, "y")) {
		space->entry_len = 8;
		table_levels(space, 12, 9, 3, 2);
	} else {
		space->entry_len = 4;
		table_levels(space, 12, 8, 2, 12);
	}
	TRY(find_tables(space, view, vmcoreinfo, &lowmem));
	return lowmem_take(space, view, &lowmem);
}

const struct arch_ops arch_arm = {
	.name = "armv7l",
	.elf_machine = EM_ARM,
	.byte_orders = ORDER_LITTLE,
	.page_shifts = 1u << 12,
	/* LPAE; Linux arch/arm/include/asm/sparsemem.h: MAX_PHYSMEM_BITS */
	.paddr_bits = 40,
	.paddr_bits_least = 32,
	.freed = freed,
	.init = init,
	.entry = entry,
};
