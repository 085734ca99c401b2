/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The linear map of machines of 32 bits: see lowmem.h. */
#include "lowmem.h"

#include "../base/bytes.h"
#include "../base/stop.h"
#include "table.h"

struct error *lowmem_find(const struct vmcoreinfo *vmcoreinfo,
			  struct lowmem *ret)
{
	*ret = (struct lowmem){ 0 };
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "swapper_pg_dir",
			       &ret->root))
		return error_create(ERROR_INVALID,
				    "VMCOREINFO lacks SYMBOL(swapper_pg_dir)");
	if (!vmcoreinfo_number(vmcoreinfo, "SYMBOL", "_stext", &ret->text))
		return error_create(ERROR_INVALID,
				    "VMCOREINFO lacks SYMBOL(_stext)");
	if (ret->root >= LOWMEM_TOP || ret->text >= LOWMEM_TOP)
		return error_create(ERROR_INVALID,
				    "VMCOREINFO: SYMBOL(swapper_pg_dir) is %#llx, SYMBOL(_stext) %#llx: no addresses of 32 bits",
				    (unsigned long long)ret->root,
				    (unsigned long long)ret->text);
	return NULL;
}

/* Whether the tables map VADDR as the linear map does; *LEN, up to where they
 * go on like that, or like the opposite. */
static struct error *is_linear(const struct space *space, struct view *view,
			       uint64_t vaddr, uint64_t *len, bool *ret)
{
	struct extent extent;

	TRY(table_translate(space, view, vaddr, &extent));
	*ret = extent.len && extent.paddr == vaddr - space->linear_start;
	*len = extent.len ? extent.len : extent.hole;
	if (!*len)	/* a table that can't be read */
		*len = 1ull << space->level[1].shift;
	return NULL;
}

/* The piece of the linear map that the kernel's image is in. Others, behind
 * holes, the tables tell. */
static struct error *find_piece(struct space *space, struct view *view,
				uint64_t text)
{
	uint64_t at = space->tables.start, start = LOWMEM_TOP, len;
	bool linear = false;

	for (; at < LOWMEM_TOP; at += len) {
		TRY(stop_check());
		TRY(is_linear(space, view, at, &len, &linear));
		if (linear)
			start = min_u64(start, at);
		else if (at > text)
			break;
		else
			start = LOWMEM_TOP;
	}
	at = min_u64(at, LOWMEM_TOP);
	return space_add_fixed(space, start, start - space->linear_start,
			       at - start);
}

/* The space with the tables where they are then. */
static void set_place(struct space *space, const struct lowmem *lowmem,
		      uint64_t page_offset, uint64_t phys_start)
{
	space->linear_start = page_offset - phys_start;
	space->root = lowmem->root - space->linear_start;
	/* what the entries for addresses below have is no kernel's */
	space->tables = (struct vrange){
		align_down(page_offset - lowmem->below,
			   1ull << space->level[space->levels].shift),
		LOWMEM_TOP
	};
}

struct error *lowmem_try(struct space *space, struct view *view,
			 const struct vmcoreinfo *vmcoreinfo,
			 struct lowmem *lowmem, uint64_t page_offset,
			 uint64_t phys_start)
{
	bool linear, foreign;
	uint64_t len;

	TRY(stop_check());
	if (lowmem->root < page_offset || lowmem->text < page_offset)
		return NULL;
	set_place(space, lowmem, page_offset, phys_start);
	TRY(is_linear(space, view, lowmem->root, &len, &linear));
	if (linear)
		TRY(is_linear(space, view, lowmem->text, &len, &linear));
	if (!linear)
		return NULL;
	TRY(space_is_foreign(space, view, vmcoreinfo, &foreign));
	if (foreign)
		return NULL;
	if (lowmem->found)
		return error_create(ERROR_INVALID,
				    "two kernels fit VMCOREINFO, with their page tables at physical addresses %#llx and %#llx: one ran before the other, and which is not known",
				    (unsigned long long)(lowmem->root -
							 lowmem->page_offset +
							 lowmem->phys_start),
				    (unsigned long long)space->root);
	lowmem->found = true;
	lowmem->page_offset = page_offset;
	lowmem->phys_start = phys_start;
	return NULL;
}

struct error *lowmem_take(struct space *space, struct view *view,
			  const struct lowmem *lowmem)
{
	if (!lowmem->found)
		return error_create(ERROR_INVALID,
				    "no page tables at virtual address %#llx map themselves and the kernel image, wherever memory begins, or they can't be read",
				    (unsigned long long)lowmem->root);
	set_place(space, lowmem, lowmem->page_offset, lowmem->phys_start);
	space->has_linear = true;
	space->phys_start = lowmem->phys_start;
	space->image_offset = space->linear_start;
	return find_piece(space, view, lowmem->text);
}
