/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading kdump-compressed dumps (versions 1-6): as an image, for info and
 * dmesg, and page by page, for verify. The dump is untrusted: bitmaps and
 * table are read in pieces, memory stays below 16 MiB whatever it claims.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_READ_H
#define CAPDUMP_FORMATS_KDUMP_READ_H

#include "../image/image.h"

struct kdump_header {
	unsigned version;
	unsigned level;
	uint32_t status;
	uint32_t block_size;
	uint64_t sub_header_blocks, bitmap_blocks;
	uint64_t end_pfn;	/* max_mapnr */
	uint64_t timestamp;	/* seconds */
	unsigned nr_cpus;
	char utsname[6][66];	/* NUL-terminated, raw */
	uint64_t bitmap, bitmap_len;	/* offset of bitmap 1; bytes of each */
	uint64_t table, table_len;	/* descriptors */
	uint64_t note_offset, note_len, vmcoreinfo_offset, vmcoreinfo_len;
	uint64_t nr_present, nr_kept;	/* bits of bitmap 1 and 2 */
	uint64_t phys_base;
	bool big_endian, complete;
};

extern const struct image_ops kdump_image_ops;

/* The header of an image opened by kdump_image_ops; NULL for other images. */
const struct kdump_header *kdump_image_header(const struct image *image);

#endif
