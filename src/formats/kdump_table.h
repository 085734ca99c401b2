/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page descriptors of a dump that is being written, in two ways:
 *
 *  - kdump_table, where the sink can rewrite: pages come in any order, the
 *    table's blocks are written at checkpoints, after the data;
 *  - kdump_stream, where it cannot: pages come by frame number, descriptors
 *    and bits of bitmap 2 go out once, ascending, after their data.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_TABLE_H
#define CAPDUMP_FORMATS_KDUMP_TABLE_H

#include "../sink/sink.h"

struct kdump_desc {
	uint64_t offset;	/* in the dump; 0: page not there */
	uint32_t size, flags;
};

struct kdump_table;

/* The offsets that a kdump_table can hold are smaller: 128 TiB. */
#define KDUMP_TABLE_MAX_OFFSET (1ull << 47)

/* LAYOUT has been given to the sink's begin(), which zeroed the table. From
 * here on only the table calls the sink's barrier(). Descriptors are of two
 * kinds: RAW_SIZE bytes (of a page, at most 64 KiB) with flags 0, or less with
 * PACKED_FLAGS (0 if there are none). */
struct error *kdump_table_create(struct sink *sink,
				 const struct dump_layout *layout, bool big,
				 uint32_t raw_size, uint32_t packed_flags,
				 struct kdump_table **ret);
void kdump_table_destroy(struct kdump_table *table);	/* NULL is fine */

/* Sets descriptor INDEX, in memory. Makes a checkpoint where memory for
 * another block of the table is needed. */
struct error *kdump_table_set(struct kdump_table *table, uint64_t index,
			      const struct kdump_desc *desc);

/* Makes all before durable, then writes the descriptors set before. Does not
 * wait. */
struct error *kdump_table_checkpoint(struct kdump_table *table);

/* Those that wrote descriptors. */
uint64_t kdump_table_nr_checkpoints(const struct kdump_table *table);

/*
 * After an error, and sink_drain(): zeroes the descriptors whose data ends
 * beyond WRITTEN, *NR of them. The next checkpoint writes again whatever may
 * have been dropped on its way.
 */
void kdump_table_recover(struct kdump_table *table, uint64_t written,
			 uint64_t *nr);

struct kdump_stream;

struct error *kdump_stream_create(struct sink *sink,
				  const struct dump_layout *layout, bool big,
				  struct kdump_stream **ret);
void kdump_stream_destroy(struct kdump_stream *stream);	/* NULL is fine */

/* The page PFN, whose data has been given to the sink. Pages that come again are
 * passed over. */
struct error *kdump_stream_add(struct kdump_stream *stream, uint64_t pfn,
			       const struct kdump_desc *desc);

/* Sends what waits, and zeroes for the rest of bitmap 2. */
struct error *kdump_stream_finish(struct kdump_stream *stream);

#endif
