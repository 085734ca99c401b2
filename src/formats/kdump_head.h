/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands before a dump's page data: where each part lies, and the parts
 * that are known before the first page, header, sub-header and notes.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_HEAD_H
#define CAPDUMP_FORMATS_KDUMP_HEAD_H

#include "kdump_shape.h"
#include "writer.h"

struct kdump_head {
	const struct kdump_shape *shape;
	uint64_t nr_frames;	/* max_mapnr, from first_pfn on */
	uint32_t block_size;
	uint64_t sub_blocks;	/* sub_hdr_size, padding included */
	uint64_t note_offset, note_len;	/* in the dump; len 0: none */
	uint64_t vmcoreinfo_offset, vmcoreinfo_len;	/* in the notes */
};

/* ERROR_UNSUPPORTED for a page size that no dump has, ERROR_INVALID for an image
 * whose sizes do not fit the format. */
struct error *kdump_head_init(const struct dump_facts *facts,
			      struct kdump_head *head,
			      struct dump_layout *layout);

/*
 * Writes [0, layout->bitmap) to SINK, in order, each byte once, but for the
 * four of the status where the sink cannot rewrite; where it takes bytes
 * ascending only, these too, since nothing stands there before all does. Where it
 * can rewrite, the first block is zeroes yet: see kdump_head_open(). Notes that cannot be read become
 * zeroes, with a warning.
 */
struct error *kdump_head_write(const struct dump_facts *facts,
			       const struct kdump_head *head,
			       const struct dump_layout *layout,
			       struct sink *sink);

/*
 * Writes the first block, where the sink can rewrite: the file is a dump from
 * then on. Before it everything else below the data must be durable, or a
 * machine that dies leaves a dump without its bitmaps.
 */
struct error *kdump_head_open(const struct dump_facts *facts,
			      const struct kdump_head *head,
			      const struct dump_layout *layout,
			      struct sink *sink);

/* The status word, in the target's byte order. */
void kdump_head_status(const struct dump_facts *facts, bool complete,
		       uint8_t status[4]);

#endif
