/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * riscv64: page tables of 3, 4 or 5 levels (Sv39, Sv48, Sv57), leaves at any
 * of them, the kernel image mapped apart from the linear map since Linux 5.13
 * and moved by KASLR since 6.6.
 *
 * What a kernel exports of its address space grew over time: nothing before
 * 6.2, then PAGE_OFFSET, VA_BITS, va_kernel_pa_offset and others, later satp.
 * What is missing is tried out: of the places where the image may be, the one
 * whose top page table maps itself to where it is; if there are two, neither.
 *
 * Sources: RISC-V privileged specification, chapters Sv39 to Sv57, Svnapot,
 * Svpbmt; Linux 6.12 Documentation/arch/riscv/vm-layout.rst,
 * arch/riscv/include/asm/pgtable.h, pgtable-64.h, arch/riscv/mm/init.c
 * (setup_vm(), setup_bootmem()), arch/riscv/kernel/vmcore_info.c.
 */
#include <elf.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "table.h"

#define VALID		0x1ull
#define LEAF		0xeull		/* readable, writable or executable */
#define NAPOT		(1ull << 63)	/* 16 such entries are one of 64 KiB */
/* bits 10 to 53 are the frame; above them memory types (Svpbmt, T-Head's own)
 * and what is reserved or software's */
#define ADDRESS		0x00fffffffffff000ull	/* of an entry shifted by 2 */

#define PMD_SIZE	(2ull << 20)	/* image and linear map are aligned to */
/* The last 2 GiB are for the image, modules just before it and BPF: Linux
 * arch/riscv/include/asm/pgtable.h: KERNEL_LINK_ADDR. Before 5.13 the image was
 * where the linear map has it. */
#define KERNEL_LINK_ADDR 0xffffffff80000000ull

#define CANDIDATES_MAX	65536u	/* places for the image that are tried */

static const char *const freed[] = {
	/* Linux arch/riscv/kernel/setup.c: free_initmem() */
	"__init_begin", "__init_end",
	NULL
};

static enum entry_kind entry(const struct space *space, uint64_t entry,
			     unsigned level, uint64_t vaddr, uint64_t *paddr)
{
	if (!(entry & VALID))
		return ENTRY_NONE;
	*paddr = entry << 2 & ADDRESS;
	if (!(entry & LEAF))
		return level > 1 ? ENTRY_TABLE : ENTRY_NONE;
	/* Of an entry with N, the low bits of the frame say how large it is:
	 * 64 KiB is the only size there is. T-Head's CPUs use the bit for
	 * devices. */
	if (level == 1 && entry & NAPOT && (*paddr & 0xf000) == 0x8000)
		*paddr = (*paddr & ~0xffffull) | (vaddr & 0xf000);
	*paddr &= -(1ull << space->level[level].shift);
	return ENTRY_LEAF;
}

/* How many levels the kernel says that it has; 0: it does not say. */
static unsigned levels_said(const struct vmcoreinfo *vmcoreinfo)
{
	uint64_t n;

	/* the register: Linux arch/riscv/kernel/vmcore_info.c,
	 * arch/riscv/include/asm/csr.h: SATP_MODE_39 is 8 */
	if (vmcoreinfo_number(vmcoreinfo, "NUMBER", "satp", &n) &&
	    n >> 60 >= 8 && n >> 60 <= 10)
		return (unsigned)(n >> 60) - 5;
	if (vmcoreinfo_number(vmcoreinfo, "NUMBER", "VA_BITS", &n) &&
	    (n == 39 || n == 48 || n == 57))
		return (unsigned)(n - 12) / 9;
	return 0;
}

static void set_levels(struct space *space, unsigned levels)
{
	table_levels(space, 12, 9, levels, 9);
	/* the upper half */
	space->tables.start = -(1ull << (space->level[levels].shift + 8));
	space->tables.end = 0;
}

/* The kernel's addresses that init() starts from. */
struct symbols {
	uint64_t root;	/* swapper_pg_dir */
	uint64_t start;	/* of the image: the text begins within 2 MiB of it */
};

/* Whether the image is at OFFSET from its physical place and the tables have
 * LEVELS: then they map themselves there, and the image's first page too. */
static struct error *fits(struct space *space, struct view *view,
			  const struct symbols *symbols, uint64_t offset,
			  unsigned levels, bool *ret)
{
	uint64_t paddr = symbols->root - offset;
	struct extent extent;

	*ret = false;
	if (paddr & ~ADDRESS || !image_has(view_image(view), paddr, 4096))
		return NULL;
	set_levels(space, levels);
	space->root = paddr;
	space->image_offset = offset;
	TRY(table_translate(space, view, symbols->root, &extent));
	if (!extent.len || extent.paddr != paddr)
		return NULL;
	TRY(table_translate(space, view, symbols->start, &extent));
	*ret = extent.len && extent.paddr == symbols->start - offset;
	return NULL;
}

/* The same, with all numbers of levels that the kernel does not rule out. */
static struct error *fits_any(struct space *space, struct view *view,
			      const struct symbols *symbols, uint64_t offset,
			      unsigned levels, bool *ret)
{
	unsigned first = levels ? levels : 3, last = levels ? levels : 5;

	*ret = false;
	for (unsigned i = first; i <= last && !*ret; i++)
		TRY(fits(space, view, symbols, offset, i, ret));
	return NULL;
}

/* The images that a search finds. */
struct found {
	uint64_t paddr;		/* of the one; if nr */
	unsigned levels, nr;
};

/* Whether the image is at AT: then there must be no other. A kernel that ran
 * before (kexec) leaves its own, page tables and all; it may be known by its
 * name. */
static struct error *try_image(struct space *space, struct view *view,
			       const struct vmcoreinfo *vmcoreinfo,
			       const struct symbols *symbols, uint64_t at,
			       struct found *found)
{
	bool foreign, fit;

	TRY(fits_any(space, view, symbols, symbols->start - at,
		     levels_said(vmcoreinfo), &fit));
	if (!fit)
		return NULL;
	TRY(space_is_foreign(space, view, vmcoreinfo, &foreign));
	if (foreign)
		return NULL;
	if (found->nr++)
		return error_create(ERROR_INVALID,
				    "two kernel images fit VMCOREINFO, at physical addresses %#llx and %#llx: one ran before the other, and which is not known",
				    (unsigned long long)found->paddr,
				    (unsigned long long)at);
	found->paddr = at;
	found->levels = space->levels;
	return NULL;
}

/* Tries the image at each multiple of 2 MiB that memory has: boot loaders put
 * it near the start of memory. */
static struct error *search(struct space *space, struct view *view,
			    const struct vmcoreinfo *vmcoreinfo,
			    const struct symbols *symbols, bool *ret)
{
	const struct image *image = view_image(view);
	struct found found = { 0 };
	unsigned nr = 0;

	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *s = &image->segments[i];
		uint64_t at = align_up(s->paddr, PMD_SIZE);

		for (; at >= s->paddr && at - s->paddr < s->memsz &&
		     nr < CANDIDATES_MAX; at += PMD_SIZE, nr++) {
			TRY(stop_check());
			TRY(try_image(space, view, vmcoreinfo, symbols, at,
				      &found));
		}
	}
	*ret = found.nr;
	if (!found.nr)
		return NULL;
	return fits(space, view, symbols, symbols->start - found.paddr,
		    found.levels, ret);
}

/* Where the image is, hence the root; and the levels. */
static struct error *find_root(struct space *space, struct view *view,
			       const struct vmcoreinfo *vmcoreinfo,
			       const struct symbols *symbols)
{
	uint64_t offset;
	bool found;

	if (vmcoreinfo_number(vmcoreinfo, "NUMBER", "va_kernel_pa_offset",
			      &offset)) {
		TRY(fits_any(space, view, symbols, offset,
			     levels_said(vmcoreinfo), &found));
		if (found)
			return NULL;
		return error_create(ERROR_INVALID,
				    "the page tables at physical address %#llx do not map the kernel image, or can't be read",
				    (unsigned long long)(symbols->root -
							 offset));
	}
	TRY(search(space, view, vmcoreinfo, symbols, &found));
	if (found)
		return NULL;
	return error_create(ERROR_INVALID,
			    "VMCOREINFO lacks NUMBER(va_kernel_pa_offset), and no kernel image was found that its page tables map");
}

static struct error *find_image(struct space *space, struct view *view,
				const struct symbols *symbols)
{
	struct vrange within = { symbols->start, 0 };

	if (symbols->start >= KERNEL_LINK_ADDR)
		return table_find_image(space, view, &within);
	/* in the linear map all is at the image's distance: what surely is
	 * part of it */
	space->image = (struct vrange){
		symbols->start, symbols->root + 4096
	};
	return NULL;
}

/*
 * By the kernel's own keys, else as on other machines. The linear map begins
 * with the start of memory, rounded down to 2 MiB (setup_bootmem()), so that
 * vmalloc addresses lie where physical 0 would be.
 */
static struct error *find_linear(struct space *space, struct view *view,
				 const struct vmcoreinfo *vmcoreinfo,
				 struct log *log)
{
	struct vrange within = { space->tables.start, 0 };
	uint64_t page_offset, ram;

	if (space->image.start >= KERNEL_LINK_ADDR)
		within.end = KERNEL_LINK_ADDR;
	if (vmcoreinfo_number(vmcoreinfo, "NUMBER", "PAGE_OFFSET",
			      &page_offset) &&
	    vmcoreinfo_number(vmcoreinfo, "NUMBER", "phys_ram_base", &ram))
		TRY(table_try_linear(space, view, page_offset - ram, PMD_SIZE,
				     &within));
	if (space->has_linear)
		return NULL;
	return table_find_linear(space, view, vmcoreinfo, PMD_SIZE, &within,
				 log);
}

static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	struct symbols symbols;
	uint64_t stext;

	if (space->target.word_size != 8)
		return error_create(ERROR_UNSUPPORTED,
				    "riscv of 32 bits is not supported");
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "swapper_pg_dir",
			       &symbols.root) ||
	    !vmcoreinfo_number(vmcoreinfo, "SYMBOL", "_stext", &stext))
		return error_create(ERROR_INVALID, "VMCOREINFO lacks "
				    "SYMBOL(swapper_pg_dir) or SYMBOL(_stext)");
	symbols.start = align_down(stext, PMD_SIZE);
	if (stext < -(1ull << 56) || symbols.root % 4096 ||
	    symbols.root - stext >= -KERNEL_LINK_ADDR)
		return error_create(ERROR_INVALID, "VMCOREINFO has no usable "
				    "SYMBOL(swapper_pg_dir), %#llx",
				    (unsigned long long)symbols.root);
	space->entry_len = 8;
	TRY(find_root(space, view, vmcoreinfo, &symbols));
	TRY(find_image(space, view, &symbols));
	return find_linear(space, view, vmcoreinfo, log);
}

const struct arch_ops arch_riscv64 = {
	.name = "riscv64",
	.elf_machine = EM_RISCV,
	.byte_orders = ORDER_LITTLE,
	.page_shifts = 1u << 12,
	/* Linux arch/riscv/include/asm/sparsemem.h: MAX_PHYSMEM_BITS */
	.paddr_bits = 56,
	.paddr_bits_least = 56,
	.freed = freed,
	.init = init,
	.entry = entry,
};
