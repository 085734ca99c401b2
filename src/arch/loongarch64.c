/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loongarch64: windows of the address space that are memory itself, the kernel
 * image in one of them; and page tables of 2 to 4 levels for what lies at the
 * top (modules, vmalloc, vmemmap).
 *
 * VMCOREINFO has nothing that only this machine exports. How many levels there
 * are is seen in the tables: entries above the last level are addresses of
 * tables, none is ever empty (what maps nothing points to tables of nothing),
 * and an entry of the last level never looks like one.
 *
 * Sources: Linux 6.12 arch/loongarch/include/asm/{pgtable,pgtable-bits,
 * addrspace,loongarch}.h, arch/loongarch/mm/init.c, arch/loongarch/Kconfig
 * (4KB_3LEVEL and so on); LoongArch Reference Manual vol. 1, 5.2, 5.4.
 */
#include <elf.h>

#include "../base/bytes.h"
#include "table.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH	258	/* glibc has it since 2.36 */
#endif

/* Windows of 2^48 bytes (addrspace.h: DMW_PABITS): uncached; cached, the linear
 * map and the kernel image; weakly ordered */
#define WINDOW_LEN	(1ull << 48)
#define UNCACHED	0x8000000000000000ull
#define CACHED		0x9000000000000000ull
#define WEAK		0xa000000000000000ull
#define MAPPED		0xc000000000000000ull	/* XKVRANGE, up to the top */

#define VALID		0x01ull
#define HUGE		0x40ull		/* of tables' entries; of the last
					 * level's: global */
#define PRESENT		0x80ull
#define ADDRESS		0x0000fffffffff000ull

#define VA_BITS_MAX	57
#define IMAGE_MAX	(1ull << 30)	/* larger than any */

static const char *const freed[] = {
	/* Linux arch/loongarch/mm/init.c: free_initmem(), which lies there from
	 * __init_begin to __init_end (kernel/vmlinux.lds.S); a symbol table
	 * without data has these names */
	"_etext", "__start_rodata",
	NULL
};

static bool in_window(uint64_t vaddr)
{
	return vaddr - CACHED < WINDOW_LEN;
}

static bool is_pointer(const struct space *space, uint64_t entry)
{
	return in_window(entry) && !(entry &
				     ((1ull << space->target.page_shift) - 1));
}

static enum entry_kind entry(const struct space *space, uint64_t entry,
			     unsigned level, uint64_t vaddr, uint64_t *paddr)
{
	(void)vaddr;
	/* the lowest address bit of a huge leaf is its global bit (HGLOBAL) */
	*paddr = entry & ADDRESS & -(1ull << space->level[level].shift);
	if (level == 1)
		return entry & (VALID | PRESENT) ? ENTRY_LEAF : ENTRY_NONE;
	if (entry & HUGE)
		return entry & (VALID | PRESENT) ? ENTRY_LEAF : ENTRY_NONE;
	*paddr = entry & ADDRESS;
	return is_pointer(space, entry) ? ENTRY_TABLE : ENTRY_NONE;
}

/* The first entry of TABLE that is a pointer; 0: none is. */
static uint64_t first_pointer(const struct space *space, struct view *view,
			      uint64_t table)
{
	unsigned nr = 1u << (space->target.page_shift - 3);

	for (unsigned i = 0; i < nr; i++) {
		uint8_t raw[8];

		if (view_read(view, table + 8ull * i, raw, 8) == PAGE_OK &&
		    is_pointer(space, get_u64(raw, false)))
			return get_u64(raw, false);
	}
	return 0;
}

/* How many levels of tables are below the root, by way of its entry INDEX. */
static unsigned depth(const struct space *space, struct view *view,
		      unsigned index)
{
	unsigned levels = 0;
	uint8_t raw[8];
	uint64_t at;

	if (view_read(view, space->root + 8ull * index, raw, 8) != PAGE_OK)
		return 0;
	at = get_u64(raw, false);
	if (!is_pointer(space, at))
		return 0;
	for (; at && levels <= TABLE_LEVELS_MAX; levels++)
		at = first_pointer(space, view, at & ADDRESS);
	return levels;
}

/* By a few of the root's entries: tables of nothing but huge leaves, or some
 * that can't be read, may hide what is below. */
static struct error *find_levels(struct space *space, struct view *view)
{
	unsigned shift = space->target.page_shift, bits = shift - 3;
	unsigned nr = 1u << bits, levels = 0;
	const unsigned probes[] = { 0, nr / 4, nr / 2, nr - 1 };

	for (unsigned i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		unsigned below = depth(space, view, probes[i]);

		levels = below > levels ? below : levels;
	}
	if (!levels || levels >= TABLE_LEVELS_MAX ||
	    shift + (levels + 1) * bits > VA_BITS_MAX)
		return error_create(ERROR_INVALID,
				    "at physical address %#llx are no page tables of loongarch64, or they can't be read",
				    (unsigned long long)space->root);
	table_levels(space, shift, bits, levels + 1, bits);
	return NULL;
}

/* The word at VADDR in the cached window; 0 if it is not there. */
static uint64_t read_window(struct view *view, uint64_t vaddr)
{
	uint8_t raw[8];

	if (!in_window(vaddr) ||
	    view_read_whole(view, vaddr - CACHED, raw, 8) != PAGE_OK)
		return 0;
	return get_u64(raw, false);
}

/*
 * An address that the tables map, or 0. The kernel's part of addresses begins
 * where the CPU has it begin, 40 to 48 bits below the top (cpu-probe.c:
 * vm_map_base), and is no larger than what the tables map. VMALLOC_START is
 * exported since 6.9; before, the list of what is mapped from there on.
 */
static uint64_t mapped_address(struct view *view,
			       const struct vmcoreinfo *vmcoreinfo)
{
	uint64_t at, list_offset, start_offset;

	if (vmcoreinfo_number(vmcoreinfo, "NUMBER", "VMALLOC_START", &at))
		return at;
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "vmap_area_list", &at) ||
	    !vmcoreinfo_number(vmcoreinfo, "OFFSET", "vmap_area.list",
			       &list_offset) ||
	    !vmcoreinfo_number(vmcoreinfo, "OFFSET", "vmap_area.va_start",
			       &start_offset))
		return 0;
	at = read_window(view, at);
	return at ? read_window(view, at - list_offset + start_offset) : 0;
}

/* The index of an entry is the low bits of the address: what is above them
 * has to be known to say what an entry maps. */
static void find_tables(struct space *space, struct view *view,
			const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	const struct table_level *root = &space->level[space->levels];
	uint64_t size = 1ull << (root->shift + root->bits);
	uint64_t at = mapped_address(view, vmcoreinfo);

	if (at < MAPPED) {
		at = -(1ull << 48);
		log_warn(log, "VMCOREINFO does not say where vmalloc addresses begin: taken to be at %#llx",
			 (unsigned long long)at);
	}
	space->tables.start = align_down(at, size);
	space->tables.end = space->tables.start + size;
}

static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	uint64_t page = 1ull << space->target.page_shift, root, stext;

	if (space->target.word_size != 8)
		return error_create(ERROR_UNSUPPORTED,
				    "loongarch of 32 bits is not supported");
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "swapper_pg_dir", &root) ||
	    !vmcoreinfo_number(vmcoreinfo, "SYMBOL", "_stext", &stext))
		return error_create(ERROR_INVALID, "VMCOREINFO lacks "
				    "SYMBOL(swapper_pg_dir) or SYMBOL(_stext)");
	if (!in_window(root) || root % page || !in_window(stext))
		return error_create(ERROR_INVALID, "VMCOREINFO has no usable "
				    "SYMBOL(swapper_pg_dir), %#llx",
				    (unsigned long long)root);
	space->entry_len = 8;
	space->root = root - CACHED;
	TRY(find_levels(space, view));
	find_tables(space, view, vmcoreinfo, log);
	TRY(space_add_fixed(space, UNCACHED, 0, WINDOW_LEN));
	TRY(space_add_fixed(space, CACHED, 0, WINDOW_LEN));
	TRY(space_add_fixed(space, WEAK, 0, WINDOW_LEN));
	space->linear_start = CACHED;
	space->has_linear = true;
	/* at least: the top table lies among the last of it */
	space->image_offset = CACHED;
	if (root - stext < IMAGE_MAX)
		space->image = (struct vrange){
			align_down(stext, page), root + page
		};
	return NULL;
}

const struct arch_ops arch_loongarch64 = {
	.name = "loongarch64",
	.elf_machine = EM_LOONGARCH,
	.byte_orders = ORDER_LITTLE,
	.page_shifts = 1u << 12 | 1u << 14 | 1u << 16,
	/* Linux arch/loongarch/include/asm/sparsemem.h: MAX_PHYSMEM_BITS */
	.paddr_bits = 48,
	.paddr_bits_least = 48,
	.freed = freed,
	.init = init,
	.entry = entry,
};
