/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where kernels put their reservation: see reserve.h. Sources: Linux 7.2
 * kernel/crash_reserve.c: reserve_crashkernel_generic(), and of each
 * architecture asm/crash_reserve.h and its arch_reserve_crashkernel().
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
#define SERIES_LOW (256 * MIB)
#define S390X_ALIGN MIB		/* KEXEC_CRASH_MEM_ALIGN */
#define PPC64_BASE (512 * MIB)	/* at most, in a partition */
#define PPC64_PAGE 0x10000ull

static const struct reserve_arch archs[] = {
	{ .name = "x86_64", .align = 16 * MIB, .high_end = 64ull << 40,
	  .takes = CRASHKERNEL_TAKES_HIGH | CRASHKERNEL_TAKES_CMA,
	  .default_low = 256 * MIB, .low_by_swiotlb = true },
	{ .name = "arm64", .align = 2 * MIB, .low_limit = RESERVE_LOW_DMA,
	  .takes = CRASHKERNEL_TAKES_HIGH, .high_end = 1ull << 52,
	  .default_low = 128 * MIB },
	{ .name = "riscv64", .align = 2 * MIB,
	  .low_limit = RESERVE_LOW_4G_OR_END,
	  .takes = CRASHKERNEL_TAKES_HIGH, .default_low = 128 * MIB },
	{ .name = "loongarch64", .align = 2 * MIB,
	  .takes = CRASHKERNEL_TAKES_HIGH, .default_low = 128 * MIB },
	{ .name = "s390x", .style = RESERVE_S390X, .align = S390X_ALIGN },
	{ .name = "ppc64", .style = RESERVE_PPC64, .align = 4096,
	  .takes = CRASHKERNEL_TAKES_CMA },
};

const struct reserve_arch *reserve_arch_find(const char *name)
{
	static const struct { const char *other, *name; } others[] = {
		{ "aarch64", "arm64" }, { "amd64", "x86_64" },
		{ "ppc64le", "ppc64" }, { "ppc64el", "ppc64" },
		{ "loong64", "loongarch64" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].other, name))
			name = others[i].name;
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		if (!strcmp(archs[i].name, name))
			return &archs[i];
	return NULL;
}

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
	if (machine->encryption != RESERVE_GUEST ||
	    slabs != SWIOTLB_DEFAULT / SLAB)
		return slabs * SLAB;
	size = min_u64(max_u64(ram / 100 * 6 + ram % 100 * 6 / 100,
			       SWIOTLB_DEFAULT), GIB);
	return align_up(align_up(size, SLAB) / SLAB, SEGMENT) * SLAB;
}

uint64_t reserve_default_low(const struct reserve_machine *machine,
			     uint64_t ram)
{
	uint64_t swiotlb;

	if (machine->kernel == RESERVE_SERIES)
		return SERIES_LOW;
	if (!machine->arch->low_by_swiotlb)
		return machine->arch->default_low;
	/* Linux 7.2 arch/x86/include/asm/crash_reserve.h */
	swiotlb = reserve_swiotlb(machine, ram);
	return max_u64(machine->arch->default_low, swiotlb + 8 * MIB);
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

static bool find(const struct reserve_machine *machine, bool avoid,
		 uint64_t start, uint64_t end, struct place *place)
{
	uint64_t align = machine->arch->align;

	if (end > start)
		place->paddr = iomem_find_free(machine->iomem, place->size,
					       align, start, end, avoid);
	return place->paddr;
}

/* The order in which memory is tried. */
static bool find_main(const struct reserve_machine *machine, bool avoid,
		      const struct crashkernel *asked, uint64_t limit,
		      struct place *place)
{
	uint64_t high_end = find_high_end(machine), end;
	bool series = machine->kernel == RESERVE_SERIES;

	if (place->base) {
		place->low_size = 0;
		return !add_overflows(place->base, place->size, &end) &&
		       find(machine, avoid, place->base, end, place);
	}
	if (asked->high && series)
		return find(machine, avoid, 0, high_end, place);
	if (asked->high) {
		if (find(machine, avoid, limit, high_end, place))
			return true;
		place->fell_back = true;
		return limit != high_end &&
		       find(machine, avoid, 0, limit, place);
	}
	place->low_size = 0;
	if (find(machine, avoid, 0, limit, place))
		return true;
	place->fell_back = true;
	place->low_size = reserve_default_low(machine, iomem_ram_size(machine->iomem));
	return find(machine, avoid, limit, high_end, place);
}

static void place_generic(const struct reserve_machine *machine, bool avoid,
			  const struct reserve_plan *plan, struct place *place)
{
	const struct crashkernel *asked = &plan->asked;
	uint64_t limit = plan->low_limit, wants_low = limit;

	place->low_size = asked->low_given ? asked->low_size :
			  reserve_default_low(machine, plan->ram);
	if (!find_main(machine, avoid, asked, limit, place)) {
		place->result = PLACE_NOWHERE;
		return;
	}
	if (machine->kernel == RESERVE_SERIES && place->low_size < limit)
		wants_low = limit - place->low_size;
	if (place->paddr < wants_low)
		place->low_size = 0;
	if (!place->low_size)
		return;
	place->low_paddr = iomem_find_free(machine->iomem, place->low_size,
					   machine->arch->align, 0, limit,
					   avoid);
	if (!place->low_paddr)
		place->result = PLACE_NO_LOW;
}

/* Linux 7.2 arch/s390/kernel/setup.c: reserve_crashkernel(). */
static void place_s390x(const struct reserve_machine *machine, bool avoid,
			const struct reserve_plan *plan, struct place *place)
{
	const struct iomem_range *first = &machine->iomem->ranges[0];
	uint64_t end;

	place->size = align_up(plan->asked.size, S390X_ALIGN);
	place->base = align_up(plan->asked.base, S390X_ALIGN);
	if (first->end - first->paddr < place->size) {
		place->result = PLACE_FIRST_CHUNK;
	} else if (place->base && place->base < place->size) {
		place->result = PLACE_BELOW_SIZE;
	} else if (!place->base) {
		if (!find(machine, avoid, place->size, UINT64_MAX, place))
			place->result = PLACE_NOWHERE;
	} else if (add_overflows(place->base, place->size, &end) ||
		   !find(machine, avoid, place->base, end, place)) {
		place->result = PLACE_NOWHERE;
	}
}

/* Linux 7.2 arch/powerpc/kexec/core.c: get_crash_base(). */
static void place_ppc64(const struct reserve_machine *machine, bool avoid,
			const struct reserve_plan *plan, struct place *place)
{
	const struct iomem_range *first = &machine->iomem->ranges[0];
	struct iomem_range kernel;
	uint64_t end;

	place->base = plan->asked.base;
	if (!place->base)
		place->base = min_u64(first->end / 2, PPC64_BASE);
	place->base = align_up(place->base, PPC64_PAGE);
	if (add_overflows(place->base, place->size, &end)) {
		place->result = PLACE_NOWHERE;
		return;
	}
	if (iomem_overlaps(machine->iomem, IOMEM_KERNEL, place->base, end,
			   &kernel))
		place->result = PLACE_OVER_KERNEL;
	else if (!find(machine, avoid, place->base, end, place))
		place->result = PLACE_NOWHERE;
}

static struct place place_all(const struct reserve_machine *machine,
			      bool avoid, const struct reserve_plan *plan)
{
	struct place place = { .size = plan->asked.size,
			       .base = plan->asked.base };

	switch (machine->arch->style) {
	case RESERVE_S390X:
		place_s390x(machine, avoid, plan, &place);
		break;
	case RESERVE_PPC64:
		place_ppc64(machine, avoid, plan, &place);
		break;
	case RESERVE_GENERIC:
		place_generic(machine, avoid, plan, &place);
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

/* HIGHEST: what was found where nothing but the image was in the way. */
static void add_regions(const struct reserve_machine *machine,
			struct reserve_plan *plan, const struct place *place,
			const struct place *highest)
{
	uint64_t start = place->base ? place->base :
			 machine->arch->style == RESERVE_S390X ? place->size : 0;
	bool same = highest->result == PLACE_OK &&
		    (place->paddr >= plan->low_limit) ==
		    (highest->paddr >= plan->low_limit);
	const struct place *top = same ? highest : place;

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

void reserve_plan(const struct reserve_machine *machine,
		  struct reserve_plan *ret)
{
	struct place place = { .result = PLACE_NOWHERE }, highest;
	unsigned takes = machine->arch->takes;

	*ret = (struct reserve_plan){ .certain = true };
	if (machine->kernel == RESERVE_SERIES)
		takes &= ~(unsigned)CRASHKERNEL_TAKES_CMA;
	ret->ram = iomem_ram_size(machine->iomem);
	ret->low_limit = machine->arch->style == RESERVE_GENERIC ?
			 find_low_limit(machine) : UINT64_MAX;
	crashkernel_parse(machine->cmdline, ret->ram, takes, &ret->asked);
	reserve_notes_words(machine, ret);
	if (ret->asked.verdict == CRASHKERNEL_OK) {
		place = place_all(machine, true, ret);
		highest = place_all(machine, false, ret);
		ret->certain = place.result == highest.result &&
			       place.fell_back == highest.fell_back &&
			       place.low_size == highest.low_size;
		if (place.result == PLACE_OK)
			add_regions(machine, ret, &place, &highest);
		reserve_notes_place(machine, ret, &place);
	}
	add_cma(machine, ret);
	reserve_notes_cautions(machine, ret, &place);
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
