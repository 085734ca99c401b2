/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 64-bit POWER (book3s), either byte order: a linear map at a fixed address,
 * which holds the kernel image as well, and above it what the kernel's page
 * tables map, whose entries are big-endian whatever the kernel is. With the
 * radix MMU these are the CPU's tables, of everything; with the hash MMU they
 * are Linux's own, of the vmalloc and I/O areas only: the memmap is known by a
 * list then (ppc64_vmemmap.c).
 *
 * Sources: Linux 7.2 arch/powerpc/include/asm/book3s/64/{hash,radix}-{4k,64k}.h
 * (sizes of the tables), {hash,radix,pgtable}.h (entries, areas: the same since
 * 5.8), kexec/vmcore_info.c; Power ISA 3.1 book III, 6.7.10 (radix trees).
 */
#include "ppc64.h"

#include <elf.h>

#include "../base/bytes.h"
#include "table.h"

/* asm/book3s/64/pgtable.h: _PAGE_PRESENT, _PAGE_PTE, PTE_RPN_MASK,
 * P4D_MASKED_BITS */
#define PRESENT		0x8000000000000000ull
#define LEAF		0x4000000000000000ull
#define RPN		0x001ffffffffff000ull
#define TABLE		0x3fffffffffffff00ull
/* of an entry that leads to a table: how many bits of the address index that
 * (radix: RADIX_PGD_VAL_BITS; hash: 0, HASH_PGD_VAL_BITS) */
#define TABLE_BITS	0x1full

#define LEVELS		4u

/* No kernel image is larger. */
#define IMAGE_MAX	(1ull << 30)

static const char *const freed[] = {
	/* Linux arch/powerpc/mm/mem.c: free_initmem() */
	"__init_begin", "__init_end",
	NULL
};

struct mmu {
	unsigned page_shift;
	bool radix;
	uint64_t areas;		/* vaddr where the linear map's room ends, and
				 * vmalloc's begins: *_KERN_VIRT_START */
	uint64_t end;		/* vaddr: what the tables can map */
	struct table_level level[LEVELS + 1];
};

static const struct mmu mmus[] = {
	{ 12, true, 0xc008000000000000, 0xc010000000000000,
	  { { 0 }, { 12, 9 }, { 21, 9 }, { 30, 9 }, { 39, 13 } } },
	{ 16, true, 0xc008000000000000, 0xc010000000000000,
	  { { 0 }, { 16, 5 }, { 21, 9 }, { 30, 9 }, { 39, 13 } } },
	{ 12, false, 0xc0003d0000000000, 0xc000400000000000,
	  { { 0 }, { 12, 9 }, { 21, 7 }, { 28, 9 }, { 37, 9 } } },
	{ 16, false, 0xc008000000000000, 0xc010000000000000,
	  { { 0 }, { 16, 8 }, { 24, 10 }, { 34, 10 }, { 44, 8 } } },
};

static enum entry_kind entry(const struct space *space, uint64_t entry,
			     unsigned level, uint64_t vaddr, uint64_t *paddr)
{
	(void)vaddr;
	if (!(entry & PRESENT))
		return ENTRY_NONE;
	if (level > 1 && !(entry & LEAF)) {
		*paddr = entry & TABLE;
		return ENTRY_TABLE;
	}
	/* no leaf of Linux is that large; and the tables of other families of
	 * 64-bit PowerPC have kernel addresses here, which look like it */
	if (level == LEVELS)
		return ENTRY_NONE;
	*paddr = entry & space->phys_mask &
		 -(1ull << space->level[level].shift);
	return ENTRY_LEAF;
}

/*
 * Whether the kernel runs with the radix MMU. It says so since Linux 6.7;
 * before, its top table does: with the hash MMU the linear map is not in there,
 * and no entry tells the size of the next table.
 */
static struct error *is_radix(const struct space *space, struct view *view,
			      const struct vmcoreinfo *vmcoreinfo, bool *ret)
{
	uint64_t number, first;
	uint8_t raw[8];

	if (vmcoreinfo_number(vmcoreinfo, "NUMBER", "RADIX_MMU", &number)) {
		*ret = number != 0;
		return NULL;
	}
	TRY(view_read_exact(view, space->root, raw, sizeof(raw),
			    "the top page table"));
	first = get_u64(raw, true);
	*ret = first & PRESENT && first & TABLE_BITS;
	return NULL;
}

static struct error *mmu_find(const struct space *space, struct view *view,
			      const struct vmcoreinfo *vmcoreinfo,
			      const struct mmu **ret)
{
	bool radix;

	TRY(is_radix(space, view, vmcoreinfo, &radix));
	for (size_t i = 0; i < sizeof(mmus) / sizeof(*mmus); i++)
		if (mmus[i].page_shift == space->target.page_shift &&
		    mmus[i].radix == radix) {
			*ret = &mmus[i];
			return NULL;
		}
	return error_create(ERROR_INVALID, "no ppc64 has pages of %llu bytes",
			    1ull << space->target.page_shift);
}

/*
 * The image as far as VMCOREINFO names things in it: some are in .bss, its last
 * part. It may have been moved (a capture kernel that crashed), but only within
 * the linear map.
 */
static void find_image(struct space *space, const struct vmcoreinfo *vmcoreinfo)
{
	static const char *const names[] = {
		"swapper_pg_dir", "init_uts_ns", "node_online_map",
		"contig_page_data", "node_data", "vmemmap_list",
		"mmu_vmemmap_psize", "mmu_psize_defs", "prb", "clear_seq",
		"log_buf_len",
	};
	uint64_t page = 1ull << space->target.page_shift, start, symbol;

	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "_stext", &start) ||
	    start < PPC64_LINEAR)
		return;
	space->image.start = space->image.end = align_down(start, page);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (vmcoreinfo_number(vmcoreinfo, "SYMBOL", names[i],
				      &symbol) && symbol >= start &&
		    symbol - start < IMAGE_MAX)
			space->image.end = max_u64(space->image.end,
						   align_down(symbol, page) +
						   page);
}

static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	uint64_t page = 1ull << space->target.page_shift, root, end;
	const struct mmu *mmu = NULL;

	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "swapper_pg_dir", &root) ||
	    root - PPC64_LINEAR >= PPC64_PADDR_END || root % page)
		return error_create(ERROR_INVALID, "VMCOREINFO has no usable "
				    "SYMBOL(swapper_pg_dir)");
	space->root = root - PPC64_LINEAR;
	TRY(mmu_find(space, view, vmcoreinfo, &mmu));
	space->levels = LEVELS;
	for (unsigned i = 1; i <= LEVELS; i++)
		space->level[i] = mmu->level[i];
	space->entry_len = 8;
	space->table_big_endian = true;
	space->tables = (struct vrange){ PPC64_LINEAR, mmu->end };
	space->phys_mask = RPN;
	space->image_offset = PPC64_LINEAR;
	space->has_linear = true;
	space->linear_start = PPC64_LINEAR;
	end = min_u64(image_end_paddr(view_image(view)),
		      mmu->areas - PPC64_LINEAR);
	if (end)
		TRY(space_add_fixed(space, PPC64_LINEAR, 0, end));
	find_image(space, vmcoreinfo);
	if (mmu->radix)
		return NULL;
	return ppc64_add_vmemmap(space, view, vmcoreinfo,
				 &(struct vrange){ mmu->areas, mmu->end }, log);
}

const struct arch_ops arch_ppc64 = {
	.name = "ppc64",
	.name_little = "ppc64le",
	.elf_machine = EM_PPC64,
	.byte_orders = ORDER_LITTLE | ORDER_BIG,
	.page_shifts = 1u << 12 | 1u << 16,
	/* Linux asm/book3s/64/{hash,radix}*.h: [HR]_MAX_PHYSMEM_BITS */
	.paddr_bits = 51,
	.paddr_bits_least = 46,
	.freed = freed,
	.init = init,
	.entry = entry,
};
