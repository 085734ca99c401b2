/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * s390x: up to five levels of tables (region first, second and third, segment,
 * page), leaves of 4 KiB, 1 MiB and 2 GiB. All numbers are big-endian. Physical
 * memory is mapped at IDENTITYBASE (0 unless that is randomised); the kernel
 * image is apart from it since Linux 6.10, and before a part of it.
 *
 * Sources: z/Architecture Principles of Operation, chapter 3, dynamic address
 * translation (formats of the entries); Linux 7.2
 * arch/s390/include/asm/{pgtable,page}.h, boot/{startup,vmem}.c,
 * kernel/vmcore_info.c.
 */
#include <elf.h>
#include <stdlib.h>

#include "../base/bytes.h"
#include "table.h"

/* Linux arch/s390/include/asm/pgtable.h. An entry of a region or segment table
 * says of what type its table is, an invalid one too: crst_table_init(). */
#define PAGE_INVALID	0x400u
#define INVALID		0x20u
#define TYPE(entry)	((unsigned)(entry) >> 2 & 3)	/* 0: of a segment table */
#define LARGE		0x400u		/* region third, segment: a leaf */
#define OFFSET(entry)	((unsigned)(entry) >> 6 & 3)	/* of a region table's */
#define LENGTH(entry)	((unsigned)(entry) & 3)	/* entries, quarters */
#define REGION_ORIGIN	(~0xfffull)
#define SEGMENT_ORIGIN	(~0x7ffull)	/* page tables have 2 KiB */

enum { LEVEL_PAGE = 1, LEVEL_SEGMENT, LEVEL_REGION3, LEVEL_REGION2,
       LEVEL_REGION1 };

/* ibid. boot/startup.c: KERNEL_IMAGE_SIZE bounds what follows KERNELOFFSET */
#define IMAGE_MAX	(512ull << 20)

static const char *const freed[] = {
	/* Linux mm/page_alloc.c: free_initmem_default() */
	"__init_begin", "__init_end",
	NULL
};

/*
 * A table may be shorter than its 2,048 entries (OFFSET and LENGTH of the entry
 * that leads to it); Linux makes full ones only. What would have no entry at all
 * is none.
 */
static enum entry_kind entry(const struct space *space, uint64_t entry,
			     unsigned level, uint64_t vaddr, uint64_t *paddr)
{
	(void)space;
	(void)vaddr;
	if (level == LEVEL_PAGE) {
		*paddr = entry & REGION_ORIGIN;
		return entry & PAGE_INVALID ? ENTRY_NONE : ENTRY_LEAF;
	}
	if (entry & INVALID || TYPE(entry) != level - LEVEL_SEGMENT)
		return ENTRY_NONE;
	if (level <= LEVEL_REGION3 && entry & LARGE) {
		*paddr = entry & -(1ull << space->level[level].shift);
		return ENTRY_LEAF;
	}
	if (level == LEVEL_SEGMENT) {
		*paddr = entry & SEGMENT_ORIGIN;
		return ENTRY_TABLE;
	}
	*paddr = entry & REGION_ORIGIN;
	return OFFSET(entry) > LENGTH(entry) ? ENTRY_NONE : ENTRY_TABLE;
}

/* KEY=value, hexadecimal without 0x. */
static bool get_hex(const struct vmcoreinfo *vmcoreinfo, const char *key,
		    uint64_t *ret)
{
	const char *text = vmcoreinfo_get(vmcoreinfo, key);
	char *end;

	if (!text || !*text)
		return false;
	*ret = strtoull(text, &end, 16);
	return !*end;
}

/* How many levels there are: the entries of the top table say of what type it
 * is. What the kernel's control register 1 says is in no dump's VMCOREINFO. */
static struct error *find_levels(struct space *space, struct view *view)
{
	uint8_t raw[8];

	if (view_read(view, space->root, raw, 8) != PAGE_OK)
		return error_create(ERROR_INVALID, "the top page table at "
				    "physical address %#llx can't be read",
				    (unsigned long long)space->root);
	space->levels = LEVEL_SEGMENT + TYPE(get_u64(raw, true));
	for (unsigned i = LEVEL_SEGMENT; i <= space->levels; i++)
		space->level[i] = (struct table_level){
			.shift = (uint8_t)(20 + 11 * (i - LEVEL_SEGMENT)),
			.bits = 11,
		};
	space->level[LEVEL_PAGE] = (struct table_level){ 12, 8 };
	space->entry_len = 8;
	space->table_big_endian = true;
	/* all of the addresses: the kernel has its own space. The five levels'
	 * end is 2^64, the top. */
	space->tables.end = space->levels == LEVEL_REGION1 ? 0 :
			    1ull << (space->level[space->levels].shift + 11);
	return NULL;
}

/*
 * The image of a kernel before 6.10, which runs where it lies: from its first
 * byte to the last that VMCOREINFO names. Its symbol table (6.0+) tells the rest.
 */
static void guess_image(struct space *space,
			const struct vmcoreinfo *vmcoreinfo, uint64_t stext)
{
	static const char *const names[] = {
		"swapper_pg_dir", "init_uts_ns", "node_online_map",
		"contig_page_data", "node_data", "prb", "lowcore_ptr",
		"high_memory",
	};
	uint64_t vaddr, more;

	space->image = (struct vrange){ align_down(stext, 1u << 20), stext };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (vmcoreinfo_number(vmcoreinfo, "SYMBOL", names[i], &vaddr) &&
		    vaddr - stext < IMAGE_MAX)
			space->image.end = max_u64(space->image.end, vaddr + 8);
	more = vmcoreinfo_get(vmcoreinfo, "SYMBOL(kallsyms_names)") ? 16 : 0;
	space->image.end = align_up(space->image.end, 4096) + (more << 20);
}

static struct error *find_image(struct space *space, struct view *view,
				const struct vmcoreinfo *vmcoreinfo,
				uint64_t start, bool apart)
{
	struct vrange map = { start, start + IMAGE_MAX };
	uint64_t stext;

	if (apart) {
		if (map.end - 1 > space->tables.end - 1)
			map.end = space->tables.end;
		return table_find_image(space, view, &map);
	}
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "_stext", &stext))
		return error_create(ERROR_INVALID,
				    "VMCOREINFO lacks SYMBOL(_stext)");
	guess_image(space, vmcoreinfo, stext);
	return NULL;
}

/* Linux arch/s390/include/asm/page.h: __pa_nodebug(). */
static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	uint64_t root, base = 0, start = 0, start_phys = 0;
	bool apart = get_hex(vmcoreinfo, "KERNELOFFPHYS", &start_phys) &&
		     get_hex(vmcoreinfo, "KERNELOFFSET", &start);

	(void)log;
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "swapper_pg_dir", &root))
		return error_create(ERROR_INVALID,
				    "VMCOREINFO lacks SYMBOL(swapper_pg_dir)");
	get_hex(vmcoreinfo, "IDENTITYBASE", &base);
	space->has_linear = true;
	space->linear_start = base;
	space->image_offset = apart ? start - start_phys : base;
	space->root = root - space->image_offset;
	if (space->root & 0xfff || (apart && root < start))
		return error_create(ERROR_INVALID, "VMCOREINFO has no usable "
				    "SYMBOL(swapper_pg_dir): the top page table would be at physical address %#llx",
				    (unsigned long long)space->root);
	TRY(find_levels(space, view));
	return find_image(space, view, vmcoreinfo, start, apart);
}

const struct arch_ops arch_s390x = {
	.name = "s390x",
	.elf_machine = EM_S390,
	.byte_orders = ORDER_BIG,
	.page_shifts = 1u << 12,
	/* Linux 7.2 arch/s390/Kconfig: MAX_PHYSMEM_BITS */
	.paddr_bits = 53,
	.paddr_bits_least = 42,
	.freed = freed,
	.init = init,
	.entry = entry,
};
