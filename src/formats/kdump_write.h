/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kdump-compressed writer's state, and its beginning and end in steps, for what
 * writes several files at a time (kdump_split.c). */
#ifndef CAPDUMP_FORMATS_KDUMP_WRITE_H
#define CAPDUMP_FORMATS_KDUMP_WRITE_H

#include <time.h>

#include "kdump_fill.h"
#include "kdump_head.h"
#include "kdump_table.h"

struct kdump_writer {
	struct writer writer;
	struct sink *sink;			/* borrowed */
	const struct dump_facts *facts;		/* borrowed */
	struct kdump_head head;
	struct dump_layout layout;
	struct kdump_table *table;	/* where the sink can rewrite */
	struct kdump_stream *stream;	/* where not */
	struct kdump_passes *passes;	/* where it takes bytes ascending only */
	struct kdump_marks *marks;	/* where it may want data once more */
	bool sent;			/* kdump_metadata_send() was called */
	bool ready;			/* metadata() is through */
	uint64_t opens;			/* the dump does once the sink reached
					 * this barrier */
	uint64_t shunned;		/* where no page may stand; 0: none */
	bool failed;			/* no more pages */
	enum error_kind failure;	/* of what kind, if failed */
	uint64_t nr_bits;		/* of bitmap 2, so far */
	uint64_t bitmap_end;		/* bytes of the bitmaps, so far */
	uint64_t data_end;		/* in the dump */
	uint64_t nr_described;		/* pages with a descriptor */
	struct timespec checkpoint_time;
	uint64_t checkpoint_data;	/* data_end then */
	struct kdump_fill *fill;		/* blocks that pages share; owned */
	struct kdump_same *same;	/* NULL: others don't; owned */
	uint8_t *bits;			/* BITS bytes of scratch; owned */
	struct writer_totals totals;

	/* kdump_settle()'s findings */
	bool settled;
	struct error *lost, *err;	/* some data; everything; owned */
	uint64_t size;			/* data in the sink ends there */
};

/* The first half of metadata(): all but the waiting. May be left out. */
struct error *kdump_metadata_send(struct writer *writer);

/* In place of finish() where the sink can rewrite, in this order.
 * Sends what will be waited for, if all pages have come. */
void kdump_flush(struct writer *writer);

/* Makes all durable but the status; whether that may say complete. */
bool kdump_settle(struct writer *writer);

/* Sends the status; sink->ops->drain() waits for it. Again, if need be. */
struct error *kdump_mark(struct writer *writer, bool complete);

/* What went wrong before kdump_mark(), as finish() has it; and the totals. */
struct error *kdump_result(struct writer *writer);

/* writer_ops.finish */
struct error *kdump_finish(struct writer *writer, bool complete);

/* Descriptors of the file. */
static inline uint64_t kdump_nr_pages(const struct dump_facts *facts)
{
	return facts->part ? facts->part->nr_kept : facts->nr_kept;
}

#endif
