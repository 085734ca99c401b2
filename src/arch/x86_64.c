/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86_64: page tables of 4 or 5 levels, leaves of 4 KiB, 2 MiB and 1 GiB, the
 * kernel image mapped at a fixed place (moved by KASLR), the memory encryption
 * bit of AMD's SME in every entry.
 *
 * Sources: Intel SDM vol. 3 chapter 4 (formats of the entries);
 * Linux 6.12 Documentation/arch/x86/x86_64/mm.rst (what is where).
 */
#include "arch.h"

#include <elf.h>
#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "seen.h"

/* Linux arch/x86/include/asm/page_64_types.h: __START_KERNEL_map; the image
 * is at vaddr - KERNEL_MAP + phys_base (__phys_addr_symbol()). */
#define KERNEL_MAP	0xffffffff80000000ull
/* ibid. KERNEL_IMAGE_SIZE without KASLR; else in VMCOREINFO */
#define IMAGE_SIZE	(512ull << 20)

#define PRESENT		0x1ull
#define LARGE		0x80ull		/* a leaf above the last level */
#define ADDRESS		0x000ffffffffff000ull
#define TABLE_LEN	4096u
#define ENTRIES		512u
/* Linux arch/x86/mm/kaslr.c: the regions are moved by multiples of PUD_SIZE */
#define LINEAR_ALIGN	(1ull << 30)

static unsigned level_shift(unsigned level)	/* level 1 holds 4 KiB pages */
{
	return 12 + 9 * (level - 1);
}

/* The first address of the upper, the kernel's, half. */
static uint64_t kernel_half(const struct space *space)
{
	return -(1ull << (level_shift(space->levels) + 8));
}

static bool is_leaf(uint64_t entry, unsigned level)
{
	return level == 1 || (level <= 3 && (entry & LARGE));
}

/* A large leaf has its PAT bit among the address bits, below its size. */
static uint64_t leaf_paddr(const struct space *space, uint64_t entry,
			   unsigned level)
{
	return entry & space->phys_mask & -(1ull << level_shift(level));
}

/* How many of the NR entries at ENTRIES (the first is what counts) continue
 * it: leaves one after the other, or holes. */
static unsigned entries_run(const struct space *space, const uint8_t *entries,
			    unsigned nr, unsigned level)
{
	uint64_t size = 1ull << level_shift(level);
	uint64_t first = get_u64(entries, false), paddr;
	unsigned n = 1;

	if (!(first & PRESENT)) {
		while (n < nr && !(get_u64(entries + 8 * n, false) & PRESENT))
			n++;
		return n;
	}
	paddr = leaf_paddr(space, first, level);
	while (n < nr) {
		uint64_t next = get_u64(entries + 8 * n, false);

		if (!(next & PRESENT) || !is_leaf(next, level) ||
		    leaf_paddr(space, next, level) != paddr + n * size)
			break;
		n++;
	}
	return n;
}

static struct error *translate(const struct space *space, struct view *view,
			       uint64_t vaddr, struct extent *ret)
{
	uint64_t half = kernel_half(space), table = space->root;

	*ret = (struct extent){ 0 };
	if (vaddr < half) {
		ret->hole = half - vaddr;
		return NULL;
	}
	for (unsigned level = space->levels; level; level--) {
		uint64_t size = 1ull << level_shift(level), entry;
		unsigned index = vaddr / size % ENTRIES, nr;
		uint8_t buf[TABLE_LEN];

		if (view_read(view, table + 8 * index, buf, 8) != PAGE_OK)
			return NULL;
		entry = get_u64(buf, false);
		if ((entry & PRESENT) && !is_leaf(entry, level)) {
			table = entry & space->phys_mask;
			continue;
		}
		nr = ENTRIES - index;
		if (view_read(view, table + 8 * index, buf, 8 * nr) != PAGE_OK)
			return NULL;
		nr = entries_run(space, buf, nr, level);
		if (entry & PRESENT) {
			ret->paddr = leaf_paddr(space, entry, level) +
				     vaddr % size;
			ret->len = nr * size - vaddr % size;
		} else {
			ret->hole = nr * size - vaddr % size;
		}
		return NULL;
	}
	return NULL;
}

struct walk {
	const struct space *space;
	struct view *view;
	const struct vrange *skip;
	size_t nr_skip;
	leaf_fn *fn;
	void *arg;
	struct seen seen;
	unsigned nr_tables;
	uint8_t (*tables)[TABLE_LEN];	/* one a level */
};

/* Whether [vaddr, vaddr + len) is all in one of the ranges to skip. */
static bool skips(const struct walk *w, uint64_t vaddr, uint64_t len)
{
	for (size_t i = 0; i < w->nr_skip; i++)
		if (vaddr >= w->skip[i].start &&
		    vaddr + (len - 1) <= w->skip[i].end - 1)
			return true;
	return false;
}

/*
 * Whether to visit the table at PADDR: once at each level, lest a stray pointer
 * to it from another level hides what is below. When the memory of tables seen
 * is full, those of the last level, which have nothing below, are visited
 * without being remembered, others not at all.
 */
static bool table_enter(struct walk *w, uint64_t paddr, unsigned level)
{
	bool full;

	if (w->nr_tables == WALK_MAX ||
	    !image_has(view_image(w->view), paddr, TABLE_LEN) ||
	    !seen_add(&w->seen, paddr | level, &full) || (full && level > 1))
		return false;
	w->nr_tables++;
	return true;
}

static struct error *walk_leaves(struct walk *w, const uint8_t *entries,
				 unsigned nr, unsigned level, uint64_t vaddr,
				 unsigned *ret)
{
	uint64_t size = 1ull << level_shift(level);
	unsigned run = entries_run(w->space, entries, nr, level);
	struct leaf leaf = {
		.vaddr = vaddr,
		.paddr = leaf_paddr(w->space, get_u64(entries, false), level),
	};

	*ret = 1;
	if (skips(w, vaddr, 1))
		return NULL;
	while (*ret < run && !skips(w, vaddr + *ret * size, 1))
		(*ret)++;
	leaf.len = *ret * size;
	return w->fn(w->arg, &leaf);
}

static struct error *walk_table(struct walk *w, uint64_t paddr, unsigned level,
				uint64_t vaddr)
{
	uint64_t size = 1ull << level_shift(level);
	uint8_t *buf = w->tables[level - 1];
	struct leaf self = { .vaddr = vaddr, .paddr = paddr, .len = TABLE_LEN,
			     .table = true };
	unsigned first = level == w->space->levels ? ENTRIES / 2 : 0, n;

	if (level == 1 && skips(w, vaddr, ENTRIES * size))
		return w->fn(w->arg, &self);
	if (view_read(w->view, paddr, buf, TABLE_LEN) != PAGE_OK)
		return NULL;
	TRY(w->fn(w->arg, &self));
	for (unsigned i = first; i < ENTRIES; i += n) {
		uint64_t entry = get_u64(buf + 8 * i, false);
		uint64_t at = vaddr + (i - first) * size;
		uint64_t child = entry & w->space->phys_mask;

		n = 1;
		if (!(entry & PRESENT))
			continue;
		if (is_leaf(entry, level)) {
			TRY(walk_leaves(w, buf + 8 * i, ENTRIES - i, level, at,
					&n));
			continue;
		}
		if (table_enter(w, child, level - 1))
			TRY(walk_table(w, child, level - 1, at));
	}
	return NULL;
}

static struct error *walk(const struct space *space, struct view *view,
			  const struct vrange *skip, size_t nr_skip,
			  leaf_fn *fn, void *arg)
{
	struct walk w = { .space = space, .view = view, .skip = skip,
			  .nr_skip = nr_skip, .fn = fn, .arg = arg };
	struct error *err;

	w.tables = malloc(space->levels * sizeof(*w.tables));
	err = w.tables ? seen_init(&w.seen, WALK_MAX / 4) : error_nomem();
	if (!err && table_enter(&w, space->root, space->levels))
		err = walk_table(&w, space->root, space->levels,
				 kernel_half(space));
	seen_deinit(&w.seen);
	free(w.tables);
	return err;
}

/* Narrows the image down to what the page tables map of it: nothing else is
 * mapped there (Linux arch/x86/mm/init_64.c: cleanup_highmap()). */
static struct error *find_image(struct space *space, struct view *view,
				uint64_t size)
{
	struct vrange image = { 0 };
	uint64_t at = KERNEL_MAP;

	while (at - KERNEL_MAP < size) {
		struct extent extent;
		uint64_t len;

		TRY(translate(space, view, at, &extent));
		if (extent.len && extent.paddr == at - space->image_offset) {
			image.start = image.start ? image.start : at;
			image.end = at + extent.len;
		}
		len = extent.len ? extent.len : extent.hole;
		at += len ? len : 1ull << level_shift(2);
	}
	if (!image.start)
		return error_create(ERROR_INVALID, "the page tables at "
				    "physical address %#llx do not map the "
				    "kernel image, or can't be read",
				    (unsigned long long)space->root);
	space->image = image;
	return NULL;
}

/* Whether LINEAR + paddr is where the tables map paddr, the top table's. */
static bool linear_fits(const struct space *space, struct view *view,
			uint64_t linear)
{
	struct extent extent;
	struct error *err;
	bool fits;

	if (linear % LINEAR_ALIGN || linear < kernel_half(space) ||
	    linear >= KERNEL_MAP - space->root)
		return false;
	err = translate(space, view, linear + space->root, &extent);
	fits = !err && extent.len && extent.paddr == space->root;
	error_destroy(err);
	return fits;
}

/*
 * The linear map: from the address of something that lives in it (what Linux
 * allocates early: the array of memory sections, a node's pglist_data), less
 * where that is. Program headers are not trusted: see linear_fits().
 */
static struct error *find_linear(struct space *space, struct view *view,
				 const struct vmcoreinfo *vmcoreinfo)
{
	uint64_t candidates[3] = { 0 }, node_data;

	vmcoreinfo_number(vmcoreinfo, "SYMBOL", "mem_section", &candidates[0]);
	if (vmcoreinfo_number(vmcoreinfo, "SYMBOL", "node_data", &node_data)) {
		enum page_state state;
		uint8_t buf[8];

		TRY(space_read(space, view, node_data, buf, 8, &state));
		if (state == PAGE_OK)
			candidates[1] = get_u64(buf, false);
	}
	for (unsigned i = 0; i < 2 && !space->linear_start; i++) {
		struct extent extent;

		TRY(translate(space, view, candidates[i], &extent));
		if (extent.len && linear_fits(space, view, candidates[i] -
					      extent.paddr))
			space->linear_start = candidates[i] - extent.paddr;
	}
	candidates[2] = view_image(view)->page_offset;
	if (!space->linear_start && linear_fits(space, view, candidates[2]))
		space->linear_start = candidates[2];
	return NULL;
}

static struct error *init(struct space *space, struct view *view,
			  const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	static const char *const names[] = {
		"init_top_pgt", "swapper_pg_dir", "init_level4_pgt",
	};
	uint64_t phys_base, root = 0, five = 0, size = IMAGE_SIZE;

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
	space->levels = five ? 5 : 4;
	space->phys_mask = ADDRESS & ~space->encryption_mask;
	space->image_offset = KERNEL_MAP - phys_base;
	space->root = (root - space->image_offset) & ~space->encryption_mask;
	if (space->root & ~ADDRESS)
		return error_create(ERROR_INVALID, "the top page table would "
				    "be at physical address %#llx",
				    (unsigned long long)space->root);
	TRY(find_image(space, view, min_u64(size, -KERNEL_MAP)));
	TRY(find_linear(space, view, vmcoreinfo));
	if (!space->linear_start)
		log_warn(log, "the linear map was not found");
	return NULL;
}

const struct arch_ops arch_x86_64 = {
	.name = "x86_64",
	.elf_machine = EM_X86_64,
	.page_shifts = 1u << 12,
	/* Linux arch/x86/include/asm/sparsemem.h: MAX_PHYSMEM_BITS */
	.paddr_bits = 52,
	.paddr_bits_least = 46,
	.init = init,
	.translate = translate,
	.walk = walk,
};
