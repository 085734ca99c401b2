/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A split dump's writer: a kdump writer for each file, see kdump_split.h. */
#include "kdump_split.h"

#include <assert.h>
#include <stdlib.h>

#include "../base/bytes.h"
#include "kdump_write.h"

struct split_part {
	struct dump_facts facts;	/* the part's own */
	struct sink *sink;		/* borrowed */
	struct writer *writer;		/* owned */
	struct error *err;		/* that it failed with; owned */
	bool failed;			/* it gets no more pages */
};

struct split_writer {
	struct writer writer;
	struct split_part *parts;
	size_t nr_parts;
	bool go_on;
	struct writer_totals totals;
};

static void split_destroy(struct writer *writer)
{
	struct split_writer *split = (struct split_writer *)writer;

	for (size_t i = 0; i < split->nr_parts; i++) {
		struct split_part *part = &split->parts[i];

		if (part->writer)
			part->writer->ops->destroy(part->writer);
		error_destroy(part->err);
	}
	free(split->parts);
	free(split);
}

static uint64_t split_metadata_len(const struct writer *writer)
{
	const struct split_writer *split = (const struct split_writer *)writer;
	uint64_t most = 0;

	for (size_t i = 0; i < split->nr_parts; i++) {
		const struct writer *w = split->parts[i].writer;

		most = max_u64(most, w->ops->metadata_len(w));
	}
	return most;
}

/* The error names the file by its number: not all errors have its path. */
static struct error *part_wrap(const struct split_writer *split,
			       const struct split_part *part,
			       struct error *err)
{
	return err ? error_wrap(err, "file %zu of %zu",
				(size_t)(part - split->parts) + 1,
				split->nr_parts) : NULL;
}

static struct error *split_begin(struct writer *writer)
{
	struct split_writer *split = (struct split_writer *)writer;

	for (size_t i = 0; i < split->nr_parts; i++) {
		struct split_part *part = &split->parts[i];
		struct error *err = part->writer->ops->begin(part->writer);

		if (!err)
			continue;
		/* no dump can be read that lacks this part */
		while (i--)
			split->parts[i].sink->ops->forget(split->parts[i].sink);
		return part_wrap(split, part, err);
	}
	return NULL;
}

static struct error *split_bitmap(struct writer *writer,
				  const struct pageset *present,
				  const struct pageset *kept)
{
	struct split_writer *split = (struct split_writer *)writer;

	for (size_t i = 0; i < split->nr_parts; i++) {
		struct writer *w = split->parts[i].writer;

		TRY(part_wrap(split, &split->parts[i],
			      w->ops->bitmap(w, present, kept)));
	}
	return NULL;
}

/* Disks sync at the same time: all get what to do before any is waited for. */
static struct error *split_metadata(struct writer *writer)
{
	struct split_writer *split = (struct split_writer *)writer;

	for (size_t i = 0; i < split->nr_parts; i++)
		TRY(part_wrap(split, &split->parts[i],
			      kdump_metadata_send(split->parts[i].writer)));
	for (size_t i = 0; i < split->nr_parts; i++) {
		struct writer *w = split->parts[i].writer;

		TRY(part_wrap(split, &split->parts[i], w->ops->metadata(w)));
	}
	return NULL;
}

static struct error *part_pages(struct split_writer *split,
				struct split_part *part,
				const struct batch *batch)
{
	struct error *err;

	if (part->failed)
		return NULL;
	err = part_wrap(split, part,
			part->writer->ops->pages(part->writer, batch));
	part->failed = err != NULL;
	if (!split->go_on)
		return err;
	part->err = err;
	return NULL;
}

static struct error *split_pages(struct writer *writer,
				 const struct batch *batch)
{
	static const struct batch tick = { .nr = 0 };
	struct split_writer *split = (struct split_writer *)writer;

	for (size_t i = 0; i < split->nr_parts; i++) {
		struct split_part *part = &split->parts[i];
		const struct dump_part *of = part->facts.part;
		bool its = batch->nr && batch->pfn[0] >= of->first &&
			   batch->pfn[0] < of->end;

		assert(!its || batch->pfn[batch->nr - 1] < of->end);
		/* the clocks of all go on */
		TRY(part_pages(split, part, its ? batch : &tick));
	}
	return NULL;
}

static bool split_part_failed(const struct writer *writer, size_t i)
{
	return ((const struct split_writer *)writer)->parts[i].failed;
}

static struct error *split_window_end(struct writer *writer,
				      const struct pageset *kept)
{
	(void)writer;
	(void)kept;
	return NULL;
}

/* The status of all files, as good as at the same time. */
static struct error *mark_all(struct split_writer *split, bool complete)
{
	struct error *err = NULL;
	uint64_t written;

	for (size_t i = 0; i < split->nr_parts; i++)
		err = error_first(err, part_wrap(split, &split->parts[i],
						 kdump_mark(split->parts[i].writer,
							    complete)));
	for (size_t i = 0; i < split->nr_parts; i++) {
		struct sink *sink = split->parts[i].sink;

		err = error_first(err, part_wrap(split, &split->parts[i],
						 sink->ops->drain(sink,
								  &written)));
	}
	return err;
}

static struct error *split_finish(struct writer *writer, bool complete)
{
	struct split_writer *split = (struct split_writer *)writer;
	struct error *err = NULL;
	bool all = true;

	for (size_t i = 0; i < split->nr_parts; i++)
		kdump_flush(split->parts[i].writer);
	for (size_t i = 0; i < split->nr_parts; i++)
		all &= kdump_settle(split->parts[i].writer);
	if (complete && all)
		err = mark_all(split, true);
	/* crash takes no files of which some are complete */
	if (err)
		error_destroy(mark_all(split, false));
	for (size_t i = 0; i < split->nr_parts; i++) {
		struct split_part *part = &split->parts[i];

		err = error_first(err, part->err);
		part->err = NULL;
		err = error_first(err, part_wrap(split, part,
						 kdump_result(part->writer)));
	}
	if (!err && complete && !all)
		err = error_create(ERROR_INVALID,
				   "not all pages were written");
	return err;
}

static const struct writer_totals *split_totals(const struct writer *writer)
{
	struct split_writer *split = (struct split_writer *)writer;
	struct writer_totals *sum = &split->totals;

	*sum = (struct writer_totals){ 0 };
	for (size_t i = 0; i < split->nr_parts; i++) {
		const struct writer *w = split->parts[i].writer;
		const struct writer_totals *t = w->ops->totals(w);

		sum->nr_zero += t->nr_zero;
		sum->nr_raw += t->nr_raw;
		sum->nr_packed += t->nr_packed;
		sum->nr_unreadable += t->nr_unreadable;
		sum->nr_filled += t->nr_filled;
		sum->nr_same += t->nr_same;
		sum->nr_mispacked += t->nr_mispacked;
		sum->packed_bytes += t->packed_bytes;
		sum->data_bytes += t->data_bytes;
		sum->nr_pages += t->nr_pages;
		sum->size += t->size;
		sum->largest = max_u64(sum->largest, t->size);
		sum->nr_checkpoints += t->nr_checkpoints;
	}
	return sum;
}

static const struct writer_ops split_ops = {
	.name = "kdump",
	.by_value = true,
	.packs = true,
	.shares = true,
	.metadata_len = split_metadata_len,
	.begin = split_begin,
	.bitmap = split_bitmap,
	.metadata = split_metadata,
	.pages = split_pages,
	.part_failed = split_part_failed,
	.window_end = split_window_end,
	.finish = split_finish,
	.totals = split_totals,
	.destroy = split_destroy,
};

struct error *kdump_split_create(struct sink *const *sinks,
				 const struct dump_part *parts, size_t nr,
				 const struct dump_facts *facts, bool go_on,
				 struct writer **ret)
{
	struct split_writer *split = calloc(1, sizeof(*split));
	struct error *err = NULL;

	if (!split)
		return error_nomem();
	split->writer.ops = &split_ops;
	split->go_on = go_on;
	split->parts = calloc(nr, sizeof(*split->parts));
	if (!split->parts)
		err = error_nomem();
	for (size_t i = 0; i < nr && !err; i++) {
		struct split_part *part = &split->parts[split->nr_parts++];

		part->facts = *facts;
		part->facts.part = &parts[i];
		part->sink = sinks[i];
		err = kdump_writer_ops.create(sinks[i], &part->facts,
					      &part->writer);
	}
	if (err) {
		split_destroy(&split->writer);
		return err;
	}
	*ret = &split->writer;
	return NULL;
}
