/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices' memory that the crashed kernel has struct pages for (ZONE_DEVICE:
 * pmem and CXL namespaces), and where these are. The memory itself is in no
 * vmcore. Its struct pages may lie in memory, as all others do, or on the device
 * (ndctl's --map=dev): then only a kernel that tells of such ranges saves them,
 * and a capture kernel whose driver finds the device makes them anew, unless it
 * knows better.
 */
#ifndef CAPDUMP_CAPTURE_DEVICE_MAP_H
#define CAPDUMP_CAPTURE_DEVICE_MAP_H

#include <stdio.h>

#include "../kernel/kernel.h"

#define DEVICE_MAP_RANGES 64u

struct device_range {
	uint64_t first_pfn, end_pfn;	/* exclusive. Where the struct pages are
					 * missing: as far as they are mapped */
	bool missing;		/* its struct pages can't be read */
	bool on_device;		/* they lie in a device's memory */
	bool named;		/* the kernel says so itself: left_out.h */
	bool remade;		/* and another kernel has made them anew */
	uint64_t memmap, memmap_end;	/* from the lowest to the highest of
					 * them, paddr, end exclusive; if
					 * on_device */
};

struct device_map {
	struct device_range ranges[DEVICE_MAP_RANGES];	/* ascending */
	unsigned nr_ranges;
	bool more;		/* there are more than that */
};

/* Looks at one struct page in each memory section that is not online, so a few
 * thousand of them a TiB. Gives nothing if the kernel has no such memory or is
 * not understood. ERROR_STOPPED if a signal came. */
struct error *device_map_find(const struct kernel *kernel, struct view *view,
			      struct log *log, struct device_map *ret);

/* One line for people: "100000000-11fffffff: 512.0 MiB, struct pages ...". */
#define DEVICE_LINE_LEN 160
const char *device_range_text(const struct device_range *range,
			      uint64_t page_size, char buf[DEVICE_LINE_LEN]);

/* The value of a JSON key: an array with an object for each range. */
void device_map_print_json(const struct device_map *map, uint64_t page_size,
			   FILE *file);

/* A warning for each range whose struct pages are missing, or not the crashed
 * kernel's: which, why, and what helps. PAGE_SIZE is the crashed kernel's. */
void device_map_warn(const struct device_map *map, uint64_t page_size,
		     struct log *log);

#endif
