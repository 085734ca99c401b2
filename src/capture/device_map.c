/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the devices' memory: see device_map.h. */
#include "device_map.h"

#include <inttypes.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "../base/text.h"
#include "../filter/filter.h"
#include "../kernel/left_out.h"

/* Arrays of struct pages looked at, 2 GiB of memory each, and pieces of those
 * that are not of memory in use, a section each or less: a mem_section that
 * leads in circles ends there. */
#define MAX_ARRAYS (1u << 17)
#define MAX_PIECES (1u << 20)

/* No unit of a device's pages that is smaller has a head elsewhere. */
#define UNIT_SIZE (2ull << 20)

#define MAX_WARNINGS 8u
#define MAX_PAGE 4096u	/* sizeof(struct page): see layout.c */

struct finder {
	const struct kernel *kernel;
	struct view *view;
	struct device_map *map;
	struct page_array array;
	unsigned nr_pieces;
};

/* Struct pages that follow each other in physical memory. */
struct piece {
	uint64_t first_pfn, end_pfn;
	uint64_t paddr, len;	/* len 0: where they are is not known */
};

static void add(struct finder *f, const struct piece *piece, bool missing,
		bool on_device, bool remade)
{
	struct device_map *map = f->map;
	struct device_range *last = map->nr_ranges ?
				    &map->ranges[map->nr_ranges - 1] : NULL;

	if (!last || last->end_pfn != piece->first_pfn ||
	    last->missing != missing || last->on_device != on_device ||
	    last->remade != remade) {
		map->more = map->nr_ranges == DEVICE_MAP_RANGES;
		if (map->more)
			return;
		last = &map->ranges[map->nr_ranges++];
		*last = (struct device_range){
			.first_pfn = piece->first_pfn,
			.missing = missing,
			.on_device = on_device,
			.remade = remade,
			.memmap = UINT64_MAX,
		};
	}
	last->end_pfn = piece->end_pfn;
	last->memmap = min_u64(last->memmap, piece->paddr);
	last->memmap_end = max_u64(last->memmap_end, piece->paddr + piece->len);
}

static struct error *read_page(struct finder *f, uint64_t pfn, void *page,
			       enum page_state *state)
{
	uint32_t size = f->kernel->layout.size;

	return space_read(&f->kernel->space, f->view, f->array.vaddr +
			  (pfn - f->array.first_pfn) * size, page, size, state);
}

/*
 * Whether struct pages on a device are not the crashed kernel's any more. That
 * of a head or a single page names the device's struct dev_pagemap, in the word
 * that makes others a tail (Linux include/linux/mm_types.h, 5.10 to 7.2), and
 * that lies in the memory of the kernel which made it; a capture kernel has its
 * own in what was reserved, and its addresses differ by KASLR. Seen with an
 * unpatched 7.2 that captured a patched one: so it was in every one of them. Of
 * units above UNIT_SIZE nothing is told.
 */
static struct error *is_remade(struct finder *f, const struct piece *piece,
			       bool *ret)
{
	const struct kernel *kernel = f->kernel;
	const struct page_layout *layout = &kernel->layout;
	uint64_t pfn = align_down(piece->end_pfn - 1, UNIT_SIZE >>
				  kernel->space.target.page_shift), pgmap;
	struct extent extent;
	enum page_state state;
	uint8_t page[MAX_PAGE];

	*ret = false;
	if (pfn < piece->first_pfn)
		return NULL;
	TRY(read_page(f, pfn, page, &state));
	if (state != PAGE_OK)
		return NULL;
	pgmap = get_uint(page + layout->compound.offset, layout->compound.size,
			 layout->big_endian);
	if (!pgmap || pgmap % layout->word)
		return NULL;
	TRY(space_translate(&kernel->space, f->view, pgmap, &extent));
	*ret = !extent.len || !image_has(kernel->image, extent.paddr, 1);
	return NULL;
}

/*
 * Sorts a piece by its last struct page: the first ones of a device may never
 * have been initialised. Where memory and a device share a section PG_reserved tells
 * nothing; but such a section's struct pages are those of boot, in memory (Linux
 * mm/sparse.c: section_activate()).
 */
static struct error *judge(struct finder *f, const struct piece *piece)
{
	const struct kernel *kernel = f->kernel;
	enum section_use use = SECTION_ONLINE;
	enum page_state state = PAGE_ABSENT;
	enum page_class class = CLASS_UNKNOWN;
	uint8_t page[MAX_PAGE];
	bool on_device, remade = false;

	if (piece->len) {
		TRY(kernel_section_use(kernel, f->view, piece->paddr >>
				       kernel->space.target.page_shift, &use));
		TRY(read_page(f, piece->end_pfn - 1, page, &state));
	}
	on_device = use == SECTION_OFFLINE;
	if (state == PAGE_OK)
		class = filter_classify_offline(&kernel->layout, page);
	if (f->array.use == SECTION_OFFLINE ? class == CLASS_KERNEL : !on_device)
		return NULL;
	if (on_device && state == PAGE_OK)
		TRY(is_remade(f, piece, &remade));
	add(f, piece, state != PAGE_OK, on_device, remade);
	return NULL;
}

/* The struct pages of the array from frame FIRST up to END, one section's. */
static struct error *find_in_section(struct finder *f, uint64_t first,
				     uint64_t end)
{
	const struct space *space = &f->kernel->space;
	uint64_t size = f->kernel->layout.size, pfn = first;

	while (pfn < end && f->nr_pieces++ < MAX_PIECES) {
		uint64_t vaddr = f->array.vaddr +
				 (pfn - f->array.first_pfn) * size, nr;
		struct piece piece = { .first_pfn = pfn };
		struct extent extent;

		TRY(space_translate(space, f->view, vaddr, &extent));
		nr = extent.len ? extent.len : extent.hole;
		nr = nr ? max_u64(nr / size, 1) : end - pfn;
		pfn = nr < end - pfn ? pfn + nr : end;
		/* not mapped: a section need not have all its struct pages
		 * (Linux include/linux/mmzone.h: SUBSECTION_SHIFT) */
		if (extent.hole)
			continue;
		piece.end_pfn = pfn;
		piece.paddr = extent.len ? extent.paddr : UINT64_MAX;
		piece.len = extent.len ? (pfn - piece.first_pfn) * size : 0;
		TRY(judge(f, &piece));
	}
	return NULL;
}

static struct error *find_in_array(struct finder *f)
{
	uint64_t pfn = f->array.first_pfn, step = f->kernel->section_pages;

	if (f->array.use == SECTION_ONLINE)
		return NULL;
	for (uint64_t left = f->array.nr_pages; left; left -= step) {
		TRY(stop_check());
		TRY(find_in_section(f, pfn, pfn + step));
		pfn += step;
	}
	return NULL;
}

/* Whether the kernel names the device memory that the struct pages of RANGE lie
 * in. */
static bool is_named(const struct device_range *range,
		     const struct left_out *memmaps)
{
	for (unsigned i = 0; range->on_device && i < memmaps->nr; i++)
		if (range->memmap < memmaps->ranges[i].end &&
		    range->memmap_end > memmaps->ranges[i].paddr)
			return true;
	return false;
}

static struct error *find_named(const struct kernel *kernel, struct view *view,
				struct log *log, struct device_map *map)
{
	struct left_out memmaps;

	TRY(left_out_read(kernel, view, LEFT_OUT_MEMMAPS, log, &memmaps));
	for (unsigned i = 0; i < map->nr_ranges; i++)
		map->ranges[i].named = is_named(&map->ranges[i], &memmaps);
	return NULL;
}

struct error *device_map_find(const struct kernel *kernel, struct view *view,
			      struct log *log, struct device_map *ret)
{
	struct finder f = { .kernel = kernel, .view = view, .map = ret };
	uint64_t pfn = 0;

	*ret = (struct device_map){ .nr_ranges = 0 };
	if (!kernel->has_pages)
		return NULL;
	for (unsigned i = 0; i < MAX_ARRAYS && pfn != UINT64_MAX; i++) {
		bool unreadable;

		TRY(kernel_page_array_beyond(kernel, view, pfn, &f.array,
					     &unreadable));
		if (f.array.nr_pages) {
			TRY(find_in_array(&f));
			pfn = f.array.first_pfn + f.array.nr_pages;
		} else {
			pfn = max_u64(pfn + 1, f.array.first_pfn);
		}
	}
	return find_named(kernel, view, log, ret);
}

const char *device_range_text(const struct device_range *range,
			      uint64_t page_size, char buf[DEVICE_LINE_LEN])
{
	uint64_t paddr = range->first_pfn * page_size;
	uint64_t end = range->end_pfn * page_size;
	char size[16], place[64] = "";

	if (range->on_device)
		snprintf(place, sizeof(place),
			 " on the device, at %" PRIx64 "-%" PRIx64,
			 range->memmap, range->memmap_end - 1);
	snprintf(buf, DEVICE_LINE_LEN,
		 "%012" PRIx64 "-%012" PRIx64 " %s, struct pages%s%s", paddr,
		 end - 1, text_size(end - paddr, size), place,
		 range->missing ? range->named ? ", left out" :
		 range->on_device ? ", missing" : " missing" :
		 range->remade ? ", made anew" :
		 range->on_device ? "" : " in memory");
	return buf;
}

void device_map_print_json(const struct device_map *map, uint64_t page_size,
			   FILE *file)
{
	fputc('[', file);
	for (unsigned i = 0; i < map->nr_ranges; i++) {
		const struct device_range *r = &map->ranges[i];

		fprintf(file, "%s{ \"start\": %" PRIu64 ", \"end\": %" PRIu64
			", \"missing\": %s, \"left_out\": %s, \"made_anew\": %s, \"struct_pages\": ",
			i ? ", " : "", r->first_pfn * page_size,
			r->end_pfn * page_size, r->missing ? "true" : "false",
			r->missing && r->named ? "true" : "false",
			r->remade ? "true" : "false");
		if (r->on_device)
			fprintf(file, "[%" PRIu64 ", %" PRIu64 "] }",
				r->memmap, r->memmap_end);
		else
			fputs("null }", file);
	}
	fputc(']', file);
}

static void warn(const struct device_range *range, uint64_t page_size,
		 struct log *log)
{
	uint64_t paddr = range->first_pfn * page_size;
	uint64_t end = range->end_pfn * page_size;
	char size[16];

	text_size(end - paddr, size);
	if (range->remade)
		log_warn(log, "the device memory at %#" PRIx64 "-%#" PRIx64
			 " (%s) has its struct pages on the device, at %#" PRIx64
			 "-%#" PRIx64 ", where the capture kernel's driver has made them anew: the dump does not tell what that memory was used for. It would with a capture kernel that leaves them alone, or has no driver for the device (module_blacklist=nd_pmem,dax_pmem on its command line)",
			 paddr, end - 1, size, range->memmap,
			 range->memmap_end - 1);
	else if (range->on_device)
		log_warn(log, "the device memory at %#" PRIx64 "-%#" PRIx64
			 " (%s) has its struct pages on the device, at %#" PRIx64
			 "-%#" PRIx64 ", and they are not in the vmcore, %s: the dump does not tell what that memory was used for. It would with %s, or with the namespace's struct pages in memory (ndctl create-namespace --map=mem)",
			 paddr, end - 1, size, range->memmap,
			 range->memmap_end - 1, range->named ?
			 "for whoever loaded the crash kernel left them out" :
			 "for the crashed kernel saves System RAM only",
			 range->named ?
			 "kexec -s, or a kexec that knows \"Device Backed Vmemmap\"" :
			 "a kernel that has \"Device Backed Vmemmap\" in /proc/iomem");
	else
		log_warn(log, "the device memory at %#" PRIx64 "-%#" PRIx64
			 " (%s) has struct pages that can't be read: the dump does not tell what it was used for",
			 paddr, end - 1, size);
}

void device_map_warn(const struct device_map *map, uint64_t page_size,
		     struct log *log)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < map->nr_ranges; i++)
		if ((map->ranges[i].missing || map->ranges[i].remade) &&
		    nr++ < MAX_WARNINGS)
			warn(&map->ranges[i], page_size, log);
	if (nr > MAX_WARNINGS || map->more)
		log_warn(log, "there are more devices whose struct pages are missing or made anew, or may be: only the first %u are named",
			 MAX_WARNINGS);
}
