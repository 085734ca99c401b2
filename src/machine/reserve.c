/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where kernels put their reservation: see reserve.h. Sources: Linux 7.2
 * kernel/crash_reserve.c: reserve_crashkernel_generic(), and of each
 * architecture its arch_reserve_crashkernel(), before 6.7 reserve_crashkernel():
 * see reserve_rules.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "reserve_impl.h"

#define SLAB 2048ull		/* IO_TLB_SIZE, include/linux/swiotlb.h */
#define SEGMENT 128ull		/* IO_TLB_SEGSIZE */
#define SWIOTLB_DEFAULT (64 * MIB)	/* IO_TLB_DEFAULT_SIZE */
#define PPC64_BASE (512 * MIB)	/* at most, in a partition */
#define PPC64_PAGE 0x10000ull

void reserve_note(struct reserve_plan *plan, bool caution, const char *fmt, ...)
{
	struct reserve_note *note = &plan->notes[plan->nr_notes];
	va_list args;

	if (plan->nr_notes == RESERVE_MAX_NOTES)
		return;
	note->caution = caution;
	va_start(args, fmt);
	vsnprintf(note->text, sizeof(note->text), fmt, args);
	va_end(args);
	plan->nr_notes++;
}

/* Linux 7.2 kernel/dma/swiotlb.c: setup_io_tlb_npages(), and for guests
 * arch/x86/mm/mem_encrypt.c: mem_encrypt_setup_arch(). */
uint64_t reserve_swiotlb(const struct reserve_machine *machine, uint64_t ram)
{
	uint64_t slabs = SWIOTLB_DEFAULT / SLAB, size;

	for (const char *p = machine->cmdline; (p = strstr(p, "swiotlb=")); p++) {
		const char *value = p + strlen("swiotlb=");

		if ((p > machine->cmdline && p[-1] != ' ') ||
		    *value < '0' || *value > '9')
			continue;
		slabs = align_up(strtoul(value, NULL, 0), SEGMENT);
	}
	/* 5.10 does not, 6.1 does */
	if (machine->encryption != RESERVE_GUEST ||
	    (machine->kernel && machine->kernel < RESERVE_LINUX(5, 11)) ||
	    slabs != SWIOTLB_DEFAULT / SLAB)
		return slabs * SLAB;
	size = min_u64(max_u64(ram / 100 * 6 + ram % 100 * 6 / 100,
			       SWIOTLB_DEFAULT), GIB);
	return align_up(align_up(size, SLAB) / SLAB, SEGMENT) * SLAB;
}

uint64_t reserve_default_low(const struct reserve_machine *machine,
			     uint64_t ram)
{
	const struct reserve_arch *arch = machine->arch;

	if (!(arch->quirks & RESERVE_LOW_BY_SWIOTLB))
		return arch->default_low;
	/* Linux 7.2 arch/x86/include/asm/crash_reserve.h */
	return max_u64(arch->default_low,
		       reserve_swiotlb(machine, ram) + 8 * MIB);
}

/* Linux 7.2 arch/arm64/mm/init.c: dma_limits_init(), arch/riscv/mm/init.c. */
static uint64_t find_low_limit(const struct reserve_machine *machine)
{
	uint64_t end = iomem_ram_end(machine->iomem);

	switch (machine->arch->low_limit) {
	case RESERVE_LOW_4G:
		break;
	case RESERVE_LOW_DMA:
		if (iomem_ram_start(machine->iomem) >= 4 * GIB - 1)
			return end;
		return min_u64(4 * GIB, end);
	case RESERVE_LOW_4G_OR_END:
		return min_u64(4 * GIB, end);
	}
	return 4 * GIB;
}

static uint64_t find_high_end(const struct reserve_machine *machine)
{
	return machine->arch->high_end ? machine->arch->high_end :
	       iomem_ram_end(machine->iomem);
}

uint64_t reserve_align(const struct reserve_machine *machine,
		       const struct place *place)
{
	const struct reserve_arch *arch = machine->arch;

	return place->base && arch->fixed_align ? arch->fixed_align :
	       arch->align;
}

static bool find(const struct reserve_machine *machine,
		 uint64_t start, uint64_t end, struct place *place)
{
	if (end > start)
		place->paddr = iomem_find_free(machine->iomem, place->size,
					       reserve_align(machine, place),
					       start, end, place->taken);
	return place->paddr;
}

static bool find_fixed(const struct reserve_machine *machine,
		       struct place *place)
{
	uint64_t end;

	return !add_overflows(place->base, place->size, &end) &&
	       find(machine, place->base, end, place);
}

/*
 * Where ,high finds no room above, low memory is tried; if RAM ends where low
 * memory does (HIGH_END is not a constant of the kernel's then), 6.12 and later
 * no longer do (6.8 does, 6.12 does not). Kernels with the generic code before
 * take that failure for the one above once more, and go on doing so; without
 * ,high they still do in 7.3.
 */
static bool find_high(const struct reserve_machine *machine,
		      uint64_t limit, struct place *place)
{
	uint64_t high_end = find_high_end(machine);
	bool same = limit == high_end, anywhere = machine->arch->quirks &
						  RESERVE_ANYWHERE;

	if (find(machine, anywhere ? 0 : limit, high_end, place))
		return true;
	if (!(machine->arch->quirks & RESERVE_FALLS_DOWN) ||
	    (same && machine->kernel >= RESERVE_LINUX(6, 12)))
		return false;
	place->fell_back = true;
	if (find(machine, 0, limit, place))
		return true;
	if (same && machine->kernel >= RESERVE_LINUX(6, 7))
		place->result = PLACE_HANGS;
	return false;
}

static bool find_low(const struct reserve_machine *machine,
		     uint64_t limit, struct place *place)
{
	uint64_t high_end = find_high_end(machine);
	unsigned quirks = machine->arch->quirks;

	if (find(machine, 0, limit, place))
		return true;
	if (!(quirks & RESERVE_FALLS_UP))
		return false;
	place->fell_back = true;
	if (limit == high_end && machine->kernel >= RESERVE_LINUX(6, 7))
		place->result = PLACE_HANGS;
	return find(machine, quirks & RESERVE_ANYWHERE ? 0 : limit,
		    high_end, place);
}

/* What low part the main one, at a place that was found, is to have. */
static uint64_t wanted_low(const struct reserve_machine *machine,
			   const struct reserve_plan *plan,
			   const struct place *place)
{
	const struct crashkernel *asked = &plan->asked;
	unsigned quirks = machine->arch->quirks;
	uint64_t size = reserve_default_low(machine, plan->ram), near;

	if (asked->low_given)
		size = asked->low_size;
	else if (!asked->high && !place->fell_back &&
		 !(quirks & RESERVE_LOW_ALWAYS))
		return 0;
	if (place->paddr >= plan->low_limit)
		return size;
	if (!(quirks & RESERVE_LOW_NEAR) || !size || size > plan->low_limit)
		return 0;
	near = plan->low_limit - size;
	/* 6.2 has ">" where the patches have ">=" */
	return place->paddr > near || (place->paddr == near &&
				       machine->kernel == RESERVE_SERIES) ?
	       size : 0;
}

static void place_generic(const struct reserve_machine *machine,
			  const struct reserve_plan *plan, struct place *place)
{
	uint64_t limit = plan->low_limit;
	bool found;

	if (place->base)
		found = find_fixed(machine, place);
	else if (plan->asked.high)
		found = find_high(machine, limit, place);
	else
		found = find_low(machine, limit, place);
	if (!found) {
		if (place->result == PLACE_OK)
			place->result = PLACE_NOWHERE;
		return;
	}
	place->low_size = wanted_low(machine, plan, place);
	if (!place->low_size)
		return;
	place->low_paddr = iomem_find_free(machine->iomem, place->low_size,
					   machine->arch->align, 0, limit,
					   place->taken);
	if (!place->low_paddr)
		place->result = PLACE_NO_LOW;
}

/* Linux 7.2 arch/s390/kernel/setup.c: reserve_crashkernel(). */
static void place_s390x(const struct reserve_machine *machine,
			const struct reserve_plan *plan, struct place *place)
{
	const struct iomem_range *first = &machine->iomem->ranges[0];

	place->base = align_up(plan->asked.base, machine->arch->align);
	if (first->end - first->paddr < place->size) {
		place->result = PLACE_FIRST_CHUNK;
	} else if (place->base && place->base < place->size) {
		place->result = PLACE_BELOW_SIZE;
	} else if (!place->base) {
		if (!find(machine, place->size, UINT64_MAX, place))
			place->result = PLACE_NOWHERE;
	} else if (!find_fixed(machine, place)) {
		place->result = PLACE_NOWHERE;
	}
}

/* Linux 7.2 arch/powerpc/kexec/core.c: get_crash_base(). */
static void place_ppc64(const struct reserve_machine *machine,
			const struct reserve_plan *plan, struct place *place)
{
	const struct iomem_range *first = &machine->iomem->ranges[0];
	struct iomem_range kernel;
	uint64_t end;

	place->base = plan->asked.base;
	if (!place->base)
		place->base = first->end / 2;
	if (!plan->asked.base &&
	    (machine->arch->quirks & RESERVE_BASE_CAPPED))
		place->base = min_u64(place->base, PPC64_BASE);
	place->base = align_up(place->base, PPC64_PAGE);
	if (add_overflows(place->base, place->size, &end)) {
		place->result = PLACE_NOWHERE;
		return;
	}
	if (iomem_overlaps(machine->iomem, IOMEM_KERNEL, place->base, end,
			   &kernel))
		place->result = PLACE_OVER_KERNEL;
	else if (!find(machine, place->base, end, place))
		place->result = PLACE_NOWHERE;
}

static struct place place_all(const struct reserve_machine *machine,
			      const struct reserve_plan *plan,
			      enum iomem_taken taken)
{
	struct place place = { .size = plan->asked.size,
			       .base = plan->asked.base, .taken = taken };

	/* what is larger than memory is found nowhere, and may not be rounded */
	if (machine->arch->size_align && place.size <= plan->ram)
		place.size = align_up(place.size, machine->arch->size_align);
	if (machine->arch->quirks & RESERVE_FIRST &&
	    taken == IOMEM_TAKEN_RESERVED)
		place.taken = IOMEM_TAKEN_KERNEL;
	switch (machine->arch->style) {
	case RESERVE_NONE:
		place.result = PLACE_NOWHERE;
		break;
	case RESERVE_FIXED:
		if (!place.base)
			place.result = PLACE_NO_BASE;
		else if (!find_fixed(machine, &place))
			place.result = PLACE_NOWHERE;
		break;
	case RESERVE_S390X:
		place_s390x(machine, plan, &place);
		break;
	case RESERVE_PPC64:
		place_ppc64(machine, plan, &place);
		break;
	case RESERVE_GENERIC:
		place_generic(machine, plan, &place);
		break;
	}
	return place;
}

static void add_region(struct reserve_plan *plan, enum reserve_part part,
		       uint64_t paddr, uint64_t size, uint64_t start,
		       bool exact)
{
	plan->regions[plan->nr_regions++] = (struct reserve_region){
		.part = part, .size = size, .exact = exact,
		.high = paddr >= plan->low_limit,
		.start = start, .end = paddr + size };
}

/* What was found with less in the way, if it is on the same side of the limit. */
static const struct place *higher(const struct reserve_plan *plan,
				  const struct place *place,
				  const struct place *other)
{
	bool same = other->result == PLACE_OK &&
		    (place->paddr >= plan->low_limit) ==
		    (other->paddr >= plan->low_limit);

	return same ? other : place;
}

static void add_regions(const struct reserve_machine *machine,
			struct reserve_plan *plan, const struct place *place,
			const struct place *top)
{
	uint64_t start = place->base ? place->base :
			 machine->arch->style == RESERVE_S390X ? place->size : 0;

	if (machine->arch->style == RESERVE_GENERIC && !place->base &&
	    place->paddr >= plan->low_limit)
		start = plan->low_limit;
	start = max_u64(start, iomem_ram_start(machine->iomem));
	add_region(plan, RESERVE_MAIN, top->paddr, place->size, start,
		   place->base);
	if (place->low_size)
		add_region(plan, RESERVE_LOW_PART, top->low_paddr ?
			   top->low_paddr : place->low_paddr, place->low_size,
			   iomem_ram_start(machine->iomem), false);
}

/* Linux 7.2: x86 reserves it although the rest may have failed; powerpc even
 * if it could make nothing of the rest. */
static void add_cma(const struct reserve_machine *machine,
		    struct reserve_plan *plan)
{
	bool ppc64 = machine->arch->style == RESERVE_PPC64;
	uint64_t end = iomem_ram_end(machine->iomem);

	if (!plan->asked.cma_size || plan->asked.cma_size >= plan->ram ||
	    (plan->asked.verdict != CRASHKERNEL_OK && !ppc64))
		return;
	plan->regions[plan->nr_regions++] = (struct reserve_region){
		.part = RESERVE_CMA, .size = align_up(plan->asked.cma_size, 4096),
		.start = iomem_ram_start(machine->iomem), .end = end };
}

/* What the parser is to do: by the rules, and by the kernel's version. */
static unsigned parser_takes(const struct reserve_machine *machine)
{
	/* the patches are older than what they are called after */
	unsigned kernel = machine->kernel == RESERVE_SERIES ?
			  RESERVE_LINUX(5, 19) : machine->kernel;

	return machine->arch->takes |
	       (kernel < RESERVE_LINUX(6, 17) ? CRASHKERNEL_NO_CMA : 0) |
	       (kernel < RESERVE_LINUX(6, 12) ? CRASHKERNEL_ANY_SIZE : 0) |
	       (kernel < RESERVE_LINUX(6, 0) ? CRASHKERNEL_NO_ROUND : 0);
}

static void plan_known(const struct reserve_machine *machine,
		       struct reserve_plan *ret)
{
	struct place place = { .result = PLACE_NOWHERE }, highest, moved;

	*ret = (struct reserve_plan){ .certain = true };
	ret->ram = iomem_ram_size(machine->iomem);
	ret->low_limit = machine->arch->style == RESERVE_S390X ||
			 machine->arch->style == RESERVE_PPC64 ?
			 UINT64_MAX : find_low_limit(machine);
	crashkernel_parse(machine->cmdline, ret->ram, parser_takes(machine),
			  &ret->asked);
	if (machine->arch->style == RESERVE_NONE) {
		ret->asked.verdict = CRASHKERNEL_NONE;
		reserve_note(ret, false, "a kernel of this version for %s knows no crashkernel=",
			     machine->arch->name);
		return;
	}
	reserve_notes_words(machine, ret);
	if (ret->asked.verdict == CRASHKERNEL_OK) {
		place = place_all(machine, ret, IOMEM_TAKEN_RESERVED);
		highest = place_all(machine, ret, IOMEM_TAKEN_KERNEL);
		/* KASLR puts the image elsewhere at the next boot */
		moved = place_all(machine, ret, IOMEM_TAKEN_NOTHING);
		ret->certain = place.result == highest.result &&
			       place.fell_back == highest.fell_back &&
			       place.low_size == highest.low_size;
		if (place.result == PLACE_OK)
			add_regions(machine, ret, &place,
				    higher(ret, higher(ret, &place, &highest),
					   &moved));
		reserve_notes_place(machine, ret, &place);
	}
	add_cma(machine, ret);
	reserve_notes_cautions(machine, ret, &place);
}

void reserve_plan(const struct reserve_machine *machine,
		  struct reserve_plan *ret)
{
	struct reserve_machine known = *machine;

	if (!known.kernel)
		known.kernel = RESERVE_LINUX(7, 2);
	plan_known(&known, ret);
}

uint64_t reserve_plan_size(const struct reserve_plan *plan, bool high)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < plan->nr_regions; i++)
		if (plan->regions[i].part != RESERVE_CMA &&
		    plan->regions[i].high == high)
			size += plan->regions[i].size;
	return size;
}

uint64_t reserve_plan_cma(const struct reserve_plan *plan)
{
	for (unsigned i = 0; i < plan->nr_regions; i++)
		if (plan->regions[i].part == RESERVE_CMA)
			return plan->regions[i].size;
	return 0;
}
