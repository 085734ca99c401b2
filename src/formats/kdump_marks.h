/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places to which a dump's writer can go back where the sink may want data once
 * more (SINK_PARTS): pages from there on are packed again, to the same bytes. What
 * may differ is memory that was read twice; a hash of the descriptors tells.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_MARKS_H
#define CAPDUMP_FORMATS_KDUMP_MARKS_H

#include "kdump_table.h"
#include "writer.h"

struct kdump_marks;
struct kdump_writer;

/* About 200 KiB. */
struct error *kdump_marks_create(struct kdump_marks **ret);
void kdump_marks_destroy(struct kdump_marks *marks);	/* NULL is fine */

/* Before BATCH, of which no page was written yet. */
void kdump_marks_batch(struct kdump_writer *kdump, const struct batch *batch);

/* The next page's descriptor. ERROR_INVALID: not what it was before. */
struct error *kdump_marks_add(struct kdump_writer *kdump,
			      const struct kdump_desc *desc);

/* writer_ops.back */
struct writer_place kdump_back(struct writer *writer);

/* HASH of the descriptors before DESC, and of DESC. */
static inline uint64_t kdump_desc_hash(uint64_t hash,
				       const struct kdump_desc *desc)
{
	hash = (hash ^ desc->offset ^ (uint64_t)desc->size << 48) *
	       0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* What was read last, up to page LAST, is not what was read before. */
struct error *kdump_read_differently(uint64_t last);

#endif
