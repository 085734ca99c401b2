/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86_64: page tables of 4 or 5 levels, leaves of 4 KiB, 2 MiB and 1 GiB, the
 * kernel image mapped at a fixed place (moved by KASLR), the memory encryption
 * bit of AMD's SME in every entry.
 *
 * Sources: Intel SDM vol. 3 chapter 4 (formats of the entries);
 * Linux 6.12 Documentation/arch/x86/x86_64/mm.rst (what is where).
 */
#include <elf.h>

#include "../base/bytes.h"
#include "table.h"
#include "x86.h"

/* Linux arch/x86/include/asm/page_64_types.h: __START_KERNEL_map; the image
 * is at vaddr - KERNEL_MAP + phys_base (__phys_addr_symbol()). */
#define KERNEL_MAP	0xffffffff80000000ull
/* ibid. KERNEL_IMAGE_SIZE without KASLR; else in VMCOREINFO */
#define IMAGE_SIZE	(512ull << 20)

/* Linux arch/x86/mm/kaslr.c: the regions are moved by multiples of PUD_SIZE */
#define LINEAR_ALIGN	(1ull << 30)

static const char *const freed[] = {
	/* Linux arch/x86/mm/init_64.c: mark_rodata_ro() */
	"_etext", "__start_rodata",
	"__end_rodata", "_sdata",
	/* arch/x86/mm/init.c: free_initmem() */
	"__init_begin", "__init_end",
	/* arch/x86/kernel/alternative.c: alternative_instructions() */
	"__smp_locks", "__smp_locks_end",
	/* arch/x86/mm/mem_encrypt_amd.c: mem_encrypt_free_decrypted_mem() */
	"__start_bss_decrypted_unused", "__end_bss_decrypted",
	NULL
};

static enum entry_kind entry(const struct space *space, uint64_t entry,
			     unsigned level, uint64_t vaddr, uint64_t *paddr)
{
	(void)vaddr;
	return x86_entry(space, entry, level, 3, paddr);
}

static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	static const char *const names[] = {
		"init_top_pgt", "swapper_pg_dir", "init_level4_pgt",
	};
	uint64_t phys_base, root = 0, five = 0, size = IMAGE_SIZE;
	struct vrange map;

	if (!vmcoreinfo_number(vmcoreinfo, "NUMBER", "phys_base", &phys_base))
		return error_create(ERROR_INVALID,
				    "VMCOREINFO lacks NUMBER(phys_base)");
	for (size_t i = 0; !root && i < sizeof(names) / sizeof(*names); i++)
		vmcoreinfo_number(vmcoreinfo, "SYMBOL", names[i], &root);
	if (root < KERNEL_MAP)
		return error_create(ERROR_INVALID, "VMCOREINFO has no usable "
				    "SYMBOL(init_top_pgt)");
	vmcoreinfo_number(vmcoreinfo, "NUMBER", "pgtable_l5_enabled", &five);
	vmcoreinfo_number(vmcoreinfo, "NUMBER", "sme_mask",
			  &space->encryption_mask);
	vmcoreinfo_number(vmcoreinfo, "NUMBER", "KERNEL_IMAGE_SIZE", &size);
	table_levels(space, 12, 9, five ? 5 : 4, 9);
	space->entry_len = 8;
	/* the upper half */
	space->tables.start = -(1ull << (space->level[space->levels].shift + 8));
	space->phys_mask = X86_ADDRESS & ~space->encryption_mask;
	space->image_offset = KERNEL_MAP - phys_base;
	space->root = (root - space->image_offset) & ~space->encryption_mask;
	if (space->root & ~X86_ADDRESS)
		return error_create(ERROR_INVALID, "the top page table would "
				    "be at physical address %#llx",
				    (unsigned long long)space->root);
	/* nothing else is mapped there at the image's distance (Linux
	 * arch/x86/mm/init_64.c: cleanup_highmap()) */
	map = (struct vrange){
		KERNEL_MAP, KERNEL_MAP + min_u64(size, -KERNEL_MAP)
	};
	TRY(table_find_image(space, view, &map));
	map = (struct vrange){ space->tables.start, KERNEL_MAP };
	return table_find_linear(space, view, vmcoreinfo, LINEAR_ALIGN, &map,
				 log);
}

const struct arch_ops arch_x86_64 = {
	.name = "x86_64",
	.elf_machine = EM_X86_64,
	.byte_orders = ORDER_LITTLE,
	.page_shifts = 1u << 12,
	/* Linux arch/x86/include/asm/sparsemem.h: MAX_PHYSMEM_BITS */
	.paddr_bits = 52,
	.paddr_bits_least = 46,
	.freed = freed,
	.init = init,
	.entry = entry,
};
