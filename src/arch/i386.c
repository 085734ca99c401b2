/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i386: page tables of 3 levels (PAE: entries of 8 bytes, leaves of 4 KiB and
 * 2 MiB) or of 2 (entries of 4 bytes, leaves of 4 KiB and 4 MiB). The kernel
 * image lies in the linear map, which maps physical 0 at PAGE_OFFSET: both move
 * together (Linux arch/x86/include/asm/page_32.h: __phys_addr_nodebug()).
 *
 * Sources: Intel SDM vol. 3 chapter 4 (32-bit and PAE paging);
 * Linux 6.1 arch/x86/kernel/machine_kexec_32.c: arch_crash_save_vmcoreinfo().
 */
#include <elf.h>
#include <string.h>

#include "lowmem.h"
#include "table.h"
#include "x86.h"

static const char *const freed[] = {
	/* Linux arch/x86/mm/init.c: free_initmem() */
	"__init_begin", "__init_end",
	/* arch/x86/kernel/alternative.c: alternative_instructions() */
	"__smp_locks", "__smp_locks_end",
	NULL
};

static enum entry_kind entry(const struct space *space, uint64_t entry,
			     unsigned level, uint64_t vaddr, uint64_t *paddr)
{
	(void)vaddr;
	return x86_entry(space, entry, level, 2, paddr);
}

static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	/* Linux arch/x86/Kconfig: PAGE_OFFSET */
	static const uint32_t offsets[] = {
		0xc0000000, 0xb0000000, 0x80000000, 0x78000000, 0x40000000,
	};
	const char *pae = vmcoreinfo_get(vmcoreinfo, "CONFIG_X86_PAE");
	struct lowmem lowmem;

	(void)log;
	TRY(lowmem_find(vmcoreinfo, &lowmem));
	if (pae && !strcmp(pae, "y")) {
		space->entry_len = 8;
		space->phys_mask = X86_ADDRESS;
		table_levels(space, 12, 9, 3, 2);
	} else {
		space->entry_len = 4;
		space->phys_mask = (uint32_t)X86_ADDRESS;
		table_levels(space, 12, 10, 2, 10);
	}
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		TRY(lowmem_try(space, view, vmcoreinfo, &lowmem, offsets[i],
			       0));
	return lowmem_take(space, view, &lowmem);
}

const struct arch_ops arch_i386 = {
	.name = "i686",
	.elf_machine = EM_386,
	.byte_orders = ORDER_LITTLE,
	.page_shifts = 1u << 12,
	/* Linux arch/x86/include/asm/sparsemem.h: MAX_PHYSMEM_BITS */
	.paddr_bits = 36,
	.paddr_bits_least = 32,
	.freed = freed,
	.init = init,
	.entry = entry,
};
