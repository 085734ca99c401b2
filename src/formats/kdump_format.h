/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kdump-compressed format, as offsets: makedumpfile diskdump_mod.h
 * (struct disk_dump_header, kdump_sub_header, page_desc). The first two are as
 * the crashed machine's compiler lays them out: see struct kdump_shape.
 *
 * block 0: header; block 1..: sub-header, notes (sub_hdr_size blocks);
 * bitmap 1 (frames of memory), bitmap 2 (frames in the dump), together
 * bitmap_blocks blocks; one 24-byte descriptor for each bit of bitmap 2, in
 * frame order; page data anywhere after. Frames count from 0, on arm from the
 * start of RAM, phys_base (makedumpfile.h: ARCH_PFN_OFFSET; crash diskdump.c:
 * paddr_to_pfn()).
 */
#ifndef CAPDUMP_FORMATS_KDUMP_FORMAT_H
#define CAPDUMP_FORMATS_KDUMP_FORMAT_H

#include "../base/bytes.h"

#define KDUMP_SIGNATURE "KDUMP   "
#define KDUMP_SIGNATURE_LEN 8
#define KDUMP_VERSION 6

/* disk_dump_header, as with words of 8 bytes (timeval of two 8-byte fields,
 * 8-aligned); from KDUMP_H_STATUS on see kdump_shape.shift */
enum {
	KDUMP_H_SIGNATURE = 0,
	KDUMP_H_VERSION = 8,		/* int */
	KDUMP_H_UTSNAME = 12,		/* 6 x char[65] */
	KDUMP_H_TIMESTAMP = 408,	/* tv_sec, tv_usec */
	KDUMP_H_STATUS = 424,		/* unsigned int */
	KDUMP_H_BLOCK_SIZE = 428,	/* int */
	KDUMP_H_SUB_HDR_SIZE = 432,	/* int, blocks */
	KDUMP_H_BITMAP_BLOCKS = 436,	/* unsigned int */
	KDUMP_H_MAX_MAPNR = 440,	/* unsigned int; v6: see sub-header */
	KDUMP_H_TOTAL_RAM_BLOCKS = 444,
	KDUMP_H_DEVICE_BLOCKS = 448,
	KDUMP_H_WRITTEN_BLOCKS = 452,
	KDUMP_H_CURRENT_CPU = 456,
	KDUMP_H_NR_CPUS = 460,		/* int */
	KDUMP_H_LEN = 464,
};

/* The byte order of a dump is that of the header at P: its version is a small
 * number, in the order that it has. Of one that is no version either may be
 * said. */
static inline bool kdump_big_endian(const uint8_t *p)
{
	return get_u32(p + KDUMP_H_VERSION, false) > 0xffff;
}

/* Fields of kdump_sub_header, in their order. */
enum kdump_sub_field {
	KDUMP_S_PHYS_BASE,		/* unsigned long */
	KDUMP_S_DUMP_LEVEL,		/* int */
	KDUMP_S_SPLIT,			/* int; v2 and later */
	KDUMP_S_START_PFN,		/* unsigned long */
	KDUMP_S_END_PFN,
	KDUMP_S_OFFSET_VMCOREINFO,	/* off_t, 8 bytes; v3 */
	KDUMP_S_SIZE_VMCOREINFO,	/* unsigned long */
	KDUMP_S_OFFSET_NOTE,		/* v4 */
	KDUMP_S_SIZE_NOTE,
	KDUMP_S_OFFSET_ERASEINFO,	/* v5 */
	KDUMP_S_SIZE_ERASEINFO,
	KDUMP_S_START_PFN_64,		/* unsigned long long; v6 */
	KDUMP_S_END_PFN_64,
	KDUMP_S_MAX_MAPNR_64,
	KDUMP_S_NR_FIELDS
};

#define KDUMP_S_LEN_MAX 104u

/* page_desc */
enum {
	KDUMP_D_OFFSET = 0,		/* off_t */
	KDUMP_D_SIZE = 8,		/* unsigned int */
	KDUMP_D_FLAGS = 12,		/* unsigned int */
	KDUMP_D_PAGE_FLAGS = 16,	/* unsigned long long */
	KDUMP_D_LEN = 24,
};

#define KDUMP_STATUS_ZLIB 0x1u
#define KDUMP_STATUS_LZO 0x2u
#define KDUMP_STATUS_SNAPPY 0x4u
#define KDUMP_STATUS_INCOMPLETE 0x8u
#define KDUMP_STATUS_EXCLUDED_VMEMMAP 0x10u
#define KDUMP_STATUS_ZSTD 0x20u

#endif
