/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header, sub-header and notes of a kdump-compressed dump.
 *
 * Readers find the table at (1 + sub_hdr_size + bitmap_blocks) blocks
 * (makedumpfile.c: write_kdump_header(), crash diskdump.c, libkdumpfile
 * diskdump.c). Blocks are at least 4 KiB, so table and data are aligned for
 * O_DIRECT nearly everywhere; the sink sees to it where that is not enough.
 * Each bitmap is whole blocks: readers take the second half of bitmap_blocks
 * for bitmap 2.
 */
#include "kdump_head.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "head_stream.h"
#include "kdump_format.h"

#define DATA_ALIGN 4096u

struct error *kdump_head_init(const struct dump_facts *facts,
			      struct kdump_head *head,
			      struct dump_layout *layout)
{
	const struct kdump_shape *shape =
		kdump_shape_for(&facts->image->target);
	struct head_notes notes;
	uint64_t block = facts->page_shift < 32 ? 1ull << facts->page_shift : 0;
	uint64_t head_len, bitmap_blocks;

	if (block < 4096 || block > CODEC_LEN_MAX)
		return error_create(ERROR_UNSUPPORTED, "pages of %llu bytes",
				    (unsigned long long)block);
	TRY(head_notes_measure(facts, &notes));
	head_len = shape->sub_len[KDUMP_VERSION] + notes.len;
	head->shape = shape;
	head->nr_frames = facts->end_pfn -
			  min_u64(facts->end_pfn, facts->first_pfn);
	head->block_size = block;
	head->sub_blocks = align_up(head_len, block) / block;
	layout->bitmap_len = align_up(max_u64(head->nr_frames, 1), block * 8) /
			     8;
	bitmap_blocks = layout->bitmap_len / block * 2;
	if (facts->end_pfn > (uint64_t)INT64_MAX >> facts->page_shift ||
	    head->sub_blocks > INT_MAX || bitmap_blocks > INT_MAX ||
	    facts->nr_kept > INT64_MAX / 2 / KDUMP_D_LEN)
		return error_create(ERROR_INVALID, "%llu page frames and %llu "
				    "bytes of notes do not fit the format",
				    (unsigned long long)facts->end_pfn,
				    (unsigned long long)notes.len);
	layout->head_len = block + head_len;
	layout->bitmap = (1 + head->sub_blocks) * block;
	layout->table = layout->bitmap + bitmap_blocks * block;
	layout->table_len = (facts->part ? facts->part->nr_kept :
			     facts->nr_kept) * KDUMP_D_LEN;
	layout->data = align_up(layout->table + layout->table_len,
				DATA_ALIGN);
	layout->max_size = facts->max_size;
	layout->status = kdump_shape_at(shape, KDUMP_H_STATUS);
	layout->status_len = sizeof(layout->status_until);
	kdump_head_status(facts, false, layout->status_until);
	head->note_offset = block + shape->sub_len[KDUMP_VERSION];
	head->note_len = notes.len;
	head->vmcoreinfo_len = 0;
	if (notes.vmcoreinfo_at != UINT64_MAX) {
		head->vmcoreinfo_offset =
			head->note_offset + notes.vmcoreinfo_at;
		head->vmcoreinfo_len = notes.vmcoreinfo_len;
	}
	return NULL;
}

void kdump_head_status(const struct dump_facts *facts, bool complete,
		       uint8_t status[4])
{
	put_u32(status, (facts->codec ? facts->codec->flag : 0) |
		(complete ? 0 : KDUMP_STATUS_INCOMPLETE) |
		(facts->vmemmap_excluded ? KDUMP_STATUS_EXCLUDED_VMEMMAP : 0),
		facts->image->target.big_endian);
}

static void header_fill(const struct dump_facts *facts,
			const struct kdump_head *head,
			const struct dump_layout *layout, uint8_t *h)
{
	const struct { unsigned field; uint64_t v; } fields[] = {
		{ KDUMP_H_BLOCK_SIZE, head->block_size },
		{ KDUMP_H_SUB_HDR_SIZE, head->sub_blocks },
		{ KDUMP_H_BITMAP_BLOCKS,
		  layout->bitmap_len / head->block_size * 2 },
		/* makedumpfile.c: write_kdump_header(): MIN(max_mapnr,
		 * UINT_MAX) */
		{ KDUMP_H_MAX_MAPNR, min_u64(head->nr_frames, UINT32_MAX) },
		{ KDUMP_H_NR_CPUS, facts->nr_cpus },
	};
	bool big = facts->image->target.big_endian;

	memcpy(h + KDUMP_H_SIGNATURE, KDUMP_SIGNATURE, KDUMP_SIGNATURE_LEN);
	put_u32(h + KDUMP_H_VERSION, KDUMP_VERSION, big);
	memcpy(h + KDUMP_H_UTSNAME, facts->utsname, sizeof(facts->utsname));
	kdump_time_put(head->shape, h, 0, facts->crash_time, big);
	kdump_time_put(head->shape, h, 1, facts->crash_usec, big);
	kdump_head_status(facts, false,
			  h + kdump_shape_at(head->shape, KDUMP_H_STATUS));
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		put_u32(h + kdump_shape_at(head->shape, fields[i].field),
			(uint32_t)fields[i].v, big);
}

static void sub_header_fill(const struct dump_facts *facts,
			    const struct kdump_head *head, uint8_t *s)
{
	const struct dump_part *part = facts->part;
	uint64_t start = part ? part->first - min_u64(part->first,
						      facts->first_pfn) : 0;
	uint64_t end = part ? part->end - min_u64(part->end,
						  facts->first_pfn) : 0;
	const struct { enum kdump_sub_field field; uint64_t v; } fields[] = {
		{ KDUMP_S_PHYS_BASE, facts->phys_base },
		{ KDUMP_S_DUMP_LEVEL, facts->level },
		{ KDUMP_S_OFFSET_VMCOREINFO,
		  head->vmcoreinfo_len ? head->vmcoreinfo_offset : 0 },
		{ KDUMP_S_SIZE_VMCOREINFO, head->vmcoreinfo_len },
		{ KDUMP_S_OFFSET_NOTE, head->note_len ? head->note_offset : 0 },
		{ KDUMP_S_SIZE_NOTE, head->note_len },
		{ KDUMP_S_SPLIT, part != NULL },
		/* as max_mapnr in the header */
		{ KDUMP_S_START_PFN, min_u64(start, UINT32_MAX) },
		{ KDUMP_S_END_PFN, min_u64(end, UINT32_MAX) },
		{ KDUMP_S_START_PFN_64, start },
		{ KDUMP_S_END_PFN_64, end },
		{ KDUMP_S_MAX_MAPNR_64, head->nr_frames },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		kdump_sub_put(head->shape, s, fields[i].field, fields[i].v,
			      facts->image->target.big_endian);
}

struct error *kdump_head_write(const struct dump_facts *facts,
			       const struct kdump_head *head,
			       const struct dump_layout *layout,
			       struct sink *sink)
{
	AUTO_FREE uint8_t *buf = calloc(1, HEAD_PIECE);
	struct head_stream stream = { facts, sink, buf, 0, 0, UINT64_MAX };

	if (!buf)
		return error_nomem();
	if (!sink->ops->rewrites) {
		header_fill(facts, head, layout, buf);
		stream.skip = kdump_shape_at(head->shape, KDUMP_H_STATUS);
	}
	if (sink->ops->order == SINK_ASCENDING) {
		kdump_head_status(facts, !facts->incomplete,
				  buf + stream.skip);
		stream.skip = UINT64_MAX;
	}
	stream.len = head->block_size;
	sub_header_fill(facts, head, buf + stream.len);
	stream.len += head->shape->sub_len[KDUMP_VERSION];
	TRY(head_stream_notes(&stream));
	TRY(head_stream_zero(&stream, layout->bitmap - stream.offset -
			     stream.len));
	return head_stream_flush(&stream);
}

struct error *kdump_head_open(const struct dump_facts *facts,
			      const struct kdump_head *head,
			      const struct dump_layout *layout,
			      struct sink *sink)
{
	AUTO_FREE uint8_t *buf = calloc(1, head->block_size);

	if (!buf)
		return error_nomem();
	header_fill(facts, head, layout, buf);
	return sink->ops->meta(sink, 0, buf, head->block_size);
}
