/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arm64: pages of 4, 16 or 64 KiB, kernel addresses of 36 to 52 bits, tables of
 * 2 to 5 levels. A kernel that is built for 52 bits may run with 48 (16 KiB
 * pages: 47). The kernel image lies in the vmalloc area (moved by KASLR); the
 * linear map begins at the lowest address, for a physical address that KASLR
 * moves too, and that may be negative.
 *
 * Sources: Arm Architecture Reference Manual DDI 0487, chapter D8 (formats of
 * the descriptors); Linux 5.10-7.2 arch/arm64/include/asm/{memory.h,
 * pgtable-hwdef.h}, kernel/vmcore_info.c (was crash_core.c). Our level 1 is the
 * architecture's level 3, our level 5 its level -1.
 */
#include <elf.h>

#include "../base/bytes.h"
#include "table.h"

/* Linux arch/arm64/Kconfig: ARM64_VA_BITS */
#define VA_BITS_LEAST	36u
#define VA_BITS_MOST	52u
/* As large as no kernel image is: branches reach 128 MiB */
#define IMAGE_SPAN	(512ull << 20)
/* ibid. asm/boot.h: MIN_KIMG_ALIGN; _text is so much before _stext at most */
#define IMAGE_ALIGN	(2ull << 20)

#define TYPE		0x3ull		/* of a descriptor: */
#define TYPE_BLOCK	0x1ull		/* a leaf above the last level */
#define TYPE_TABLE	0x3ull		/* or a page, at the last level */

#define PHYS_BITS	52u

static const char *const freed[] = {
	/* Linux arch/arm64/mm/init.c: free_initmem() */
	"__init_begin", "__init_end",
	NULL
};

/* The bits [LOW, END) */
static uint64_t bits(unsigned low, unsigned end)
{
	return (1ull << end) - (1ull << low);
}

/* Whether the descriptors are those of FEAT_LPA2, with TCR_EL1.DS set. */
static bool is_lpa2(const struct space *space)
{
	return space->target.page_shift < 16 &&
	       space->phys_mask >> (PHYS_BITS - 1);
}

/*
 * The address in any descriptor. With pages of 64 KiB (FEAT_LPA) bits 15:12 are
 * address bits 51:48, and zero where the machine or the kernel has none; with
 * LPA2 bits 9:8 are 51:50, in tables as in leaves: without it they say how a
 * leaf is shared.
 */
static uint64_t address(const struct space *space, uint64_t entry)
{
	unsigned shift = space->target.page_shift;

	if (shift == 16)
		return (entry & bits(16, 48)) | (entry >> 12 & 0xf) << 48;
	if (is_lpa2(space))
		return (entry & bits(shift, 50)) | (entry >> 8 & 3) << 50;
	return entry & bits(shift, 48);
}

/* Whether a block may stand in a table of LEVEL: of up to 1 GiB, 32 and 512 MiB
 * by page size, and one level more with 52 bits of physical address. */
static bool block_allowed(const struct space *space, unsigned level)
{
	switch (space->target.page_shift) {
	case 12:
		return level <= (is_lpa2(space) ? 4 : 3);
	case 14:
		return level <= (is_lpa2(space) ? 3 : 2);
	default:
		return level <= 3;
	}
}

static enum entry_kind entry(const struct space *space, uint64_t entry,
			     unsigned level, uint64_t vaddr, uint64_t *paddr)
{
	(void)vaddr;
	*paddr = address(space, entry);
	if ((entry & TYPE) == TYPE_TABLE)
		return level > 1 ? ENTRY_TABLE : ENTRY_LEAF;
	if ((entry & TYPE) != TYPE_BLOCK || level == 1 ||
	    !block_allowed(space, level))
		return ENTRY_NONE;
	*paddr &= -(1ull << space->level[level].shift);
	return ENTRY_LEAF;
}

/*
 * For a kernel built for BUILT bits that runs with USED. If both take the same
 * number of levels, as with 64 KiB pages, the top table is the larger one, of
 * which the processor is given the end (Linux TTBR1_BADDR_4852_OFFSET); else
 * the upper level is left out.
 */
static void set_levels(struct space *space, unsigned built, unsigned used)
{
	unsigned shift = space->target.page_shift, each = shift - 3;
	unsigned levels = (used - 4) / each;
	unsigned top = shift + each * (levels - 1);

	table_levels(space, shift, each, levels,
		     ((built - 4) / each == levels ? built : used) - top);
	space->tables = (struct vrange){ -(1ull << used), 0 };
}

/*
 * Finds the kind of the tables: the one by which they map the image where it
 * is. VMCOREINFO does not say whether bits 9:8 are part of an address (its
 * MAX_PHYSMEM_BITS may be what the kernel was built for). More than 48 bits of
 * virtual address need that; Linux, up to 7.2, has it only then
 * (arch/arm64/Kconfig: ARM64_LPA2), but of that one may ask the tables too:
 * without LPA2 Linux sets both bits in each leaf of memory (PTE_MAYBE_SHARED),
 * so that by the rules of LPA2 it would be at 3 PiB and above.
 */
static struct error *find_tables(struct space *space, struct view *view,
				 unsigned built, unsigned used,
				 const struct vrange *within)
{
	unsigned shift = space->target.page_shift;
	struct error *err;

	set_levels(space, built, used);
	space->phys_mask = bits(shift, PHYS_BITS);
	err = table_find_image(space, view, within);
	if (!err || shift == 16 || used > 48)
		return err;
	error_destroy(err);
	space->phys_mask = bits(shift, 48);
	return table_find_image(space, view, within);
}

/* With how many bits of virtual address it runs. TCR_EL1_T1SZ is exported since
 * 5.9 (bbdbc11804ff); else the tables tell. */
static struct error *find_size(struct space *space, struct view *view,
			       const struct vmcoreinfo *vmcoreinfo,
			       unsigned built, const struct vrange *within)
{
	struct error *err;
	uint64_t t1sz;

	if (vmcoreinfo_number(vmcoreinfo, "NUMBER", "TCR_EL1_T1SZ", &t1sz)) {
		if (t1sz < 64 - built || t1sz > 64 - VA_BITS_LEAST)
			return error_create(ERROR_INVALID, "VMCOREINFO: "
					    "TCR_EL1_T1SZ is %llu, VA_BITS %u",
					    (unsigned long long)t1sz, built);
		return find_tables(space, view, built, (unsigned)(64 - t1sz),
				   within);
	}
	err = find_tables(space, view, built, built, within);
	if (!err || built <= 48)
		return err;
	error_destroy(err);
	/* Linux asm/memory.h: VA_BITS_MIN */
	return find_tables(space, view, built,
			   space->target.page_shift == 14 ? 47 : 48, within);
}

/*
 * The linear map: PHYS_OFFSET (memstart_addr) is what would be at PAGE_OFFSET,
 * the lowest address that the kernel is built for, even if it runs with fewer
 * bits (Linux mm/init.c: arm64_memblock_init()). Up to 5.10 it is then what is
 * at the lowest of 48 bits (ibid.: physvirt_offset).
 */
static struct error *find_linear(struct space *space, struct view *view,
				 const struct vmcoreinfo *vmcoreinfo,
				 unsigned built, struct log *log)
{
	const unsigned sizes[] = { built, 48 };
	uint64_t phys_offset;

	if (vmcoreinfo_number(vmcoreinfo, "NUMBER", "PHYS_OFFSET",
			      &phys_offset))
		for (unsigned i = 0; i < 2 && !space->has_linear; i++)
			TRY(table_try_linear(space, view, -(1ull << sizes[i]) -
					     phys_offset, 1ull <<
					     space->target.page_shift,
					     &space->tables));
	if (!space->has_linear)
		log_warn(log, "the linear map was not found");
	return NULL;
}

static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	uint64_t built, offset, root, text;
	struct vrange within;

	if (!vmcoreinfo_number(vmcoreinfo, "NUMBER", "VA_BITS", &built) ||
	    built < VA_BITS_LEAST || built > VA_BITS_MOST)
		return error_create(ERROR_INVALID, "VMCOREINFO has no usable "
				    "NUMBER(VA_BITS)");
	if (!vmcoreinfo_number(vmcoreinfo, "NUMBER", "kimage_voffset", &offset))
		return error_create(ERROR_INVALID, "VMCOREINFO lacks "
				    "NUMBER(kimage_voffset)");
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "swapper_pg_dir", &root))
		return error_create(ERROR_INVALID, "VMCOREINFO lacks "
				    "SYMBOL(swapper_pg_dir)");
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "_stext", &text) ||
	    text < -(1ull << built) || text > -2 * IMAGE_SPAN)
		return error_create(ERROR_INVALID, "VMCOREINFO has no usable "
				    "SYMBOL(_stext)");
	space->entry_len = 8;
	space->image_offset = offset;
	space->root = root - offset;
	if (space->root & ~bits(space->target.page_shift, PHYS_BITS))
		return error_create(ERROR_INVALID, "the top page table would "
				    "be at physical address %#llx",
				    (unsigned long long)space->root);
	within.start = align_down(text, IMAGE_ALIGN);
	within.end = within.start + IMAGE_SPAN;
	TRY(find_size(space, view, vmcoreinfo, (unsigned)built, &within));
	return find_linear(space, view, vmcoreinfo, (unsigned)built, log);
}

const struct arch_ops arch_arm64 = {
	.name = "aarch64",
	.elf_machine = EM_AARCH64,
	.byte_orders = ORDER_LITTLE,
	.page_shifts = 1u << 12 | 1u << 14 | 1u << 16,
	/* Linux arch/arm64/include/asm/sparsemem.h: MAX_PHYSMEM_BITS */
	.paddr_bits = PHYS_BITS,
	.paddr_bits_least = 48,
	.freed = freed,
	.init = init,
	.entry = entry,
};
