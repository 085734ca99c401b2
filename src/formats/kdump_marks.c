/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going back in a dump that is being written: see kdump_marks.h. */
#include "kdump_marks.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kdump_same.h"
#include "kdump_write.h"

#define NR_MARKS 16u

/* A section begins here: none of its pages stands on a block of another. */
struct mark {
	struct writer_place place;
	uint64_t data_end, hash;
	struct writer_totals totals;
	struct kdump_fill_state fill;
};

struct kdump_marks {
	uint64_t hash;			/* of all descriptors so far */
	uint64_t furthest, furthest_hash;	/* pages described, and their
						 * hash, when it went back */
	unsigned nr;
	struct mark marks[NR_MARKS];	/* ascending */
};

struct error *kdump_read_differently(uint64_t last)
{
	return error_create(ERROR_INVALID, "pages %" PRIu64 " to %" PRIu64
			    " of the dump were not the same when they were read again: write it to a file, or to stdout, where each is read once",
			    last / SECTION_PAGES * SECTION_PAGES, last);
}

struct error *kdump_marks_create(struct kdump_marks **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? NULL : error_nomem();
}

void kdump_marks_destroy(struct kdump_marks *marks)
{
	free(marks);
}

/* Drops the marks before the last one that serves what may still be wanted. */
static void marks_drop(struct kdump_marks *marks, uint64_t needed)
{
	unsigned nr = 0;

	while (nr + 1 < marks->nr && marks->marks[nr + 1].data_end <= needed)
		nr++;
	marks->nr -= nr;
	memmove(marks->marks, marks->marks + nr,
		marks->nr * sizeof(*marks->marks));
}

void kdump_marks_batch(struct kdump_writer *kdump, const struct batch *batch)
{
	struct kdump_marks *marks = kdump->marks;
	struct mark *mark;

	if (!batch->nr || kdump->nr_described % SECTION_PAGES)
		return;
	if (marks->nr)
		marks_drop(marks, kdump->sink->ops->needed(kdump->sink));
	/* one less makes the way back longer, no more */
	if (marks->nr == NR_MARKS)
		return;
	mark = &marks->marks[marks->nr++];
	mark->place = (struct writer_place){ batch->pfn[0],
					     kdump->nr_described };
	mark->data_end = kdump->data_end;
	mark->hash = marks->hash;
	mark->totals = kdump->totals;
	kdump_fill_save(kdump->fill, &mark->fill);
}

struct error *kdump_marks_add(struct kdump_writer *kdump,
			      const struct kdump_desc *desc)
{
	struct kdump_marks *marks = kdump->marks;
	uint64_t nr = kdump->nr_described + 1;

	marks->hash = kdump_desc_hash(marks->hash, desc);
	if (nr != marks->furthest || marks->hash == marks->furthest_hash)
		return NULL;
	/* what stands on the server is of two kinds now */
	kdump->ready = false;
	error_destroy(kdump->lost);
	kdump->lost = error_create(ERROR_INVALID,
				   "nothing is left at the target");
	return kdump_read_differently(nr - 1);
}

struct writer_place kdump_back(struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;
	struct kdump_marks *marks = kdump->marks;
	uint64_t needed = kdump->sink->ops->needed(kdump->sink);
	const struct mark *mark;

	assert(marks->nr && marks->marks[0].data_end <= needed);
	if (kdump->nr_described > marks->furthest) {
		marks->furthest = kdump->nr_described;
		marks->furthest_hash = marks->hash;
	}
	marks_drop(marks, needed);
	mark = &marks->marks[0];
	marks->nr = 1;
	marks->hash = mark->hash;
	kdump->data_end = mark->data_end;
	kdump->nr_described = mark->place.index;
	kdump->totals = mark->totals;
	kdump_fill_restore(kdump->fill, &mark->fill);
	if (kdump->same)
		kdump_same_restart(kdump->same);
	kdump->ready = true;
	kdump->failed = kdump->settled = false;
	return mark->place;
}
