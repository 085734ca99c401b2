/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a kdump-compressed dump, read and checked. Which fields a
 * version has: makedumpfile diskdump_mod.h, the comments of struct
 * kdump_sub_header; crash diskdump.c read_dump_header().
 */
#include <inttypes.h>
#include <string.h>

#include "../base/bytes.h"
#include "kdump_shape.h"
#include "kdump_read.h"

#define MIN_BLOCK_SIZE 4096u
#define MAX_BLOCK_SIZE 262144u	/* the largest page of any kernel */
#define MAX_FRAMES (UINT64_C(1) << 40)	/* 52 physical address bits */

static bool version_ok(uint32_t version)
{
	return version >= 1 && version <= KDUMP_VERSION;
}

static struct error *parse_header(const uint8_t *p, struct kdump_header *h)
{
	const struct kdump_shape *shape;
	uint32_t sub_blocks;
	bool big;

	if (memcmp(p, KDUMP_SIGNATURE, KDUMP_SIGNATURE_LEN))
		return error_create(ERROR_INVALID, "no dump header");
	big = kdump_big_endian(p);
	h->big_endian = big;
	h->version = get_u32(p + KDUMP_H_VERSION, big);
	if (!version_ok(h->version))
		return error_create(ERROR_UNSUPPORTED,
				    "header version %u: only 1 to %d are known",
				    h->version, KDUMP_VERSION);
	for (unsigned i = 0; i < 6; i++)
		memcpy(h->utsname[i], p + KDUMP_H_UTSNAME + 65 * i, 65);
	shape = h->shape = kdump_shape_of(p);
	h->timestamp = kdump_time_get(shape, p, 0, big);
	h->timestamp_usec = kdump_time_get(shape, p, 1, big);
	h->status = kdump_head_get(shape, p, KDUMP_H_STATUS, big);
	h->complete = !(h->status & KDUMP_STATUS_INCOMPLETE);
	h->block_size = kdump_head_get(shape, p, KDUMP_H_BLOCK_SIZE, big);
	if (h->block_size < MIN_BLOCK_SIZE || h->block_size > MAX_BLOCK_SIZE ||
	    h->block_size & (h->block_size - 1))
		return error_create(ERROR_INVALID,
				    "header: block_size is %u", h->block_size);
	sub_blocks = kdump_head_get(shape, p, KDUMP_H_SUB_HDR_SIZE, big);
	if (!sub_blocks || sub_blocks > INT32_MAX)
		return error_create(ERROR_INVALID,
				    "header: sub_hdr_size is %u", sub_blocks);
	h->sub_header_blocks = sub_blocks;
	h->bitmap_blocks = kdump_head_get(shape, p, KDUMP_H_BITMAP_BLOCKS,
					  big);
	if (!h->bitmap_blocks || h->bitmap_blocks % 2)
		return error_create(ERROR_INVALID,
				    "header: bitmap_blocks is %" PRIu64,
				    h->bitmap_blocks);
	h->nr_frames = kdump_head_get(shape, p, KDUMP_H_MAX_MAPNR, big);
	h->nr_cpus = kdump_head_get(shape, p, KDUMP_H_NR_CPUS, big);
	return NULL;
}

static struct error *check_range(const char *name, uint64_t offset,
				 uint64_t len, uint64_t size)
{
	uint64_t end;

	if (!len || (!add_overflows(offset, len, &end) && end <= size))
		return NULL;
	return error_create(ERROR_INVALID,
			    "sub-header: %s are %" PRIu64 " bytes at offset %" PRIu64 ", the file has %" PRIu64,
			    name, len, offset, size);
}

/* Where the frames of a dump for arm begin: see kdump_format.h. */
static struct error *parse_first(struct kdump_header *h)
{
	if (strncmp(h->utsname[UTS_MACHINE], "arm", 3))
		return NULL;
	if (h->phys_base % h->block_size ||
	    h->phys_base / h->block_size > MAX_FRAMES)
		return error_create(ERROR_INVALID,
				    "sub-header: phys_base is %#" PRIx64,
				    h->phys_base);
	h->first_pfn = h->phys_base / h->block_size;
	return NULL;
}

/* makedumpfile.c: store_splitting_info() */
static void parse_split(const uint8_t *s, struct kdump_header *h)
{
	bool wide = h->version >= 6, big = h->big_endian;

	h->split = h->version >= 2 &&
		   kdump_sub_get(h->shape, s, KDUMP_S_SPLIT, big);
	h->start = kdump_sub_get(h->shape, s, wide ? KDUMP_S_START_PFN_64 :
				 KDUMP_S_START_PFN, big);
	h->end = kdump_sub_get(h->shape, s, wide ? KDUMP_S_END_PFN_64 :
			       KDUMP_S_END_PFN, big);
}

static struct error *parse_sub_header(const uint8_t *s, uint64_t size,
				      struct kdump_header *h)
{
	const struct kdump_shape *shape = h->shape;
	bool big = h->big_endian;

	h->phys_base = kdump_sub_get(shape, s, KDUMP_S_PHYS_BASE, big);
	h->level = (unsigned)kdump_sub_get(shape, s, KDUMP_S_DUMP_LEVEL, big);
	parse_split(s, h);
	if (h->version >= 3) {
		h->vmcoreinfo_offset = kdump_sub_get(
			shape, s, KDUMP_S_OFFSET_VMCOREINFO, big);
		h->vmcoreinfo_len = kdump_sub_get(
			shape, s, KDUMP_S_SIZE_VMCOREINFO, big);
	}
	if (h->version >= 4) {
		h->note_offset = kdump_sub_get(shape, s, KDUMP_S_OFFSET_NOTE,
					       big);
		h->note_len = kdump_sub_get(shape, s, KDUMP_S_SIZE_NOTE, big);
	}
	if (h->version >= 6)
		h->nr_frames = kdump_sub_get(shape, s, KDUMP_S_MAX_MAPNR_64, big);
	TRY(parse_first(h));
	TRY(check_range("VMCOREINFO", h->vmcoreinfo_offset, h->vmcoreinfo_len,
			size));
	return check_range("notes", h->note_offset, h->note_len, size);
}

/* Where things lie; nothing overflows: 32-bit counts of 256 KiB. */
static struct error *settle_layout(const struct image_file *file,
				   struct kdump_header *h)
{
	h->bitmap = (1 + h->sub_header_blocks) * h->block_size;
	h->bitmap_len = h->bitmap_blocks / 2 * h->block_size;
	h->table = h->bitmap + 2 * h->bitmap_len;
	if (!h->nr_frames || h->nr_frames > MAX_FRAMES)
		return error_create(ERROR_INVALID,
				    "max_mapnr is %" PRIu64, h->nr_frames);
	if ((h->nr_frames + 7) / 8 > h->bitmap_len)
		return error_create(ERROR_INVALID,
				    "max_mapnr is %" PRIu64 ", but the bitmaps have %" PRIu64 " bits",
				    h->nr_frames, 8 * h->bitmap_len);
	if (h->split && (h->start > h->end || h->end > h->nr_frames))
		return error_create(ERROR_INVALID,
				    "sub-header: has frames %" PRIu64 " to %" PRIu64 " of %" PRIu64,
				    h->start, h->end, h->nr_frames);
	if (h->table > file->size && !file->cut_off)
		return error_create(ERROR_INVALID,
				    "the file ends at %" PRIu64 ", its bitmaps at %" PRIu64,
				    file->size, h->table);
	return NULL;
}

struct error *kdump_header_read(const struct image_file *file,
				struct kdump_header *ret)
{
	uint8_t head[KDUMP_H_LEN], sub[KDUMP_S_LEN_MAX];
	struct kdump_header h = { 0 };

	TRY(image_file_read_exact(file, head, sizeof(head), 0));
	TRY(parse_header(head, &h));
	/* the status is what is sent last */
	h.complete = h.complete && !file->cut_off;
	TRY(image_file_read_exact(file, sub, sizeof(sub), h.block_size));
	h.shape = kdump_shape_fits(h.shape, head, sub,
				   (1 + h.sub_header_blocks) * h.block_size);
	TRY(parse_sub_header(sub, file->size, &h));
	TRY(settle_layout(file, &h));
	*ret = h;
	return NULL;
}
