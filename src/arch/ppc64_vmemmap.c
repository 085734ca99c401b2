/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memmap of a kernel with the hash MMU: no page table tells where it lies,
 * but a linked list, one element for each page (4 KiB to 16 MiB) of it, the
 * last added first.
 *
 * Source: Linux 5.10-7.2 arch/powerpc/mm/init_64.c (vmemmap_list_populate()),
 * asm/pgalloc.h (struct vmemmap_backing), kexec/vmcore_info.c.
 */
#include "ppc64.h"

#include "../base/bytes.h"
#include "../base/stop.h"

/* MMU_PAGE_COUNT, arch/powerpc/include/asm/mmu.h */
#define NR_SIZES	16u
/* Sizes a memmap may be mapped in: 4 KiB to 1 GiB */
#define SHIFT_MIN	12u
#define SHIFT_MAX	30u
/* Elements that are followed: 4 TiB of memory in the smallest pages. */
#define ELEMENTS_MAX	(1u << 24)

struct list {
	struct space *space;
	struct view *view;
	const struct vrange *areas;
	uint64_t next_offset, phys_offset, vaddr_offset;	/* of fields */
	uint64_t page;		/* bytes that an element maps */
	size_t first;		/* of space->fixed: ours begin there */
	uint64_t nr_bad;	/* elements that map nothing */
	bool full;		/* no more mappings can be remembered */
};

/* A number of LEN bytes at VADDR in the linear map, in the kernel's order. */
static bool get_number(const struct list *l, uint64_t vaddr, unsigned len,
		       uint64_t *ret)
{
	uint8_t buf[8];

	if (vaddr - PPC64_LINEAR >= PPC64_PADDR_END ||
	    view_read_whole(l->view, vaddr - PPC64_LINEAR, buf, len) != PAGE_OK)
		return false;
	*ret = get_uint(buf, len, l->space->target.big_endian);
	return true;
}

/* False if this kernel has no such list. */
static bool get_offsets(struct list *l, const struct vmcoreinfo *v,
			uint64_t *head)
{
	return vmcoreinfo_number(v, "SYMBOL", "vmemmap_list", head) &&
	       vmcoreinfo_number(v, "OFFSET", "vmemmap_backing.list",
				 &l->next_offset) &&
	       vmcoreinfo_number(v, "OFFSET", "vmemmap_backing.phys",
				 &l->phys_offset) &&
	       vmcoreinfo_number(v, "OFFSET", "vmemmap_backing.virt_addr",
				 &l->vaddr_offset);
}

/* mmu_psize_defs[mmu_vmemmap_psize].shift */
static bool get_page(struct list *l, const struct vmcoreinfo *v)
{
	uint64_t which, sizes, size, offset, nr, shift;

	if (!vmcoreinfo_number(v, "SYMBOL", "mmu_vmemmap_psize", &which) ||
	    !vmcoreinfo_number(v, "SYMBOL", "mmu_psize_defs", &sizes) ||
	    !vmcoreinfo_number(v, "SIZE", "mmu_psize_def", &size) ||
	    !vmcoreinfo_number(v, "OFFSET", "mmu_psize_def.shift", &offset) ||
	    !get_number(l, which, 4, &nr) || nr >= NR_SIZES ||
	    !get_number(l, sizes + nr * size + offset, 4, &shift) ||
	    shift < SHIFT_MIN || shift > SHIFT_MAX)
		return false;
	l->page = 1ull << shift;
	return true;
}

/* Adds an element to the mapping that it continues, or as a new one. */
static struct error *add(struct list *l, uint64_t vaddr, uint64_t phys)
{
	struct space *space = l->space;

	if (vaddr % l->page || phys % l->page || vaddr < l->areas->start ||
	    vaddr > l->areas->end - l->page || phys >= PPC64_PADDR_END) {
		l->nr_bad++;
		return NULL;
	}
	if (space->nr_fixed > l->first) {
		struct mapping *last = &space->fixed[space->nr_fixed - 1];

		if (vaddr + l->page == last->range.start &&
		    phys + l->page == last->paddr) {
			last->range.start = vaddr;
			last->paddr = phys;
			return NULL;
		}
		if (vaddr == last->range.end &&
		    vaddr - last->range.start == phys - last->paddr) {
			last->range.end += l->page;
			return NULL;
		}
	}
	l->full = space->nr_fixed == SPACE_FIXED_MAX;
	if (l->full)
		return NULL;
	return space_add_fixed(space, vaddr, phys, l->page);
}

/* *WHOLE: whether the list ended where a list ends. */
static struct error *follow(struct list *l, uint64_t element, bool *whole)
{
	/* Brent's way to see that a list is cyclic: a mark that is moved ever
	 * farther */
	uint64_t mark = 0, moved = 1;

	*whole = false;
	for (uint64_t i = 1; element && i <= ELEMENTS_MAX; i++) {
		uint64_t next, phys, vaddr;

		TRY(stop_check());
		if (element == mark || l->full ||
		    !get_number(l, element + l->next_offset, 8, &next) ||
		    !get_number(l, element + l->phys_offset, 8, &phys) ||
		    !get_number(l, element + l->vaddr_offset, 8, &vaddr))
			return NULL;
		TRY(add(l, vaddr, phys));
		if (i == moved) {
			mark = element;
			moved *= 2;
		}
		element = next;
	}
	*whole = !element && !l->full;
	return NULL;
}

/* Joins what continues or repeats something: the elements of a cyclic list have
 * been met more than once. What contradicts stays, for space_init(). */
static void join(struct list *l)
{
	struct mapping *m = l->space->fixed + l->first;
	size_t nr = l->space->nr_fixed - l->first, last = 0;

	if (!nr)
		return;
	mappings_sort(m, nr);
	for (size_t i = 1; i < nr; i++) {
		uint64_t offset = m[i].range.start - m[last].range.start;

		if (m[i].range.start <= m[last].range.end &&
		    m[i].paddr - m[last].paddr == offset)
			m[last].range.end = max_u64(m[last].range.end,
						    m[i].range.end);
		else
			m[++last] = m[i];
	}
	l->space->nr_fixed = l->first + last + 1;
}

struct error *ppc64_add_vmemmap(struct space *space, struct view *view,
				const struct vmcoreinfo *vmcoreinfo,
				const struct vrange *areas, struct log *log)
{
	struct list l = { .space = space, .view = view, .areas = areas,
			  .first = space->nr_fixed };
	uint64_t head, element;
	bool whole = false;

	if (!get_offsets(&l, vmcoreinfo, &head))
		return NULL;
	if (!get_page(&l, vmcoreinfo) || !get_number(&l, head, 8, &element)) {
		log_warn(log, "the list of the memmap's pages can't be read: no struct page is found");
		return NULL;
	}
	TRY(follow(&l, element, &whole));
	if (!whole)
		log_warn(log, "the list of the memmap's pages does not end, or not soon enough: what was found so far is used");
	if (l.nr_bad)
		log_warn(log, "the list of the memmap's pages has %llu impossible elements, ignored",
			 (unsigned long long)l.nr_bad);
	join(&l);
	return NULL;
}
