/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ELF writer (-E): pages come by frame and stand in the file one after
 * another; each run of them becomes PT_LOADs (elf_maps.h), which are known when
 * it ends (elf_table.h). How many there will be is known from the survey.
 *
 * At levels that leave out zero pages a PT_LOAD's end may be memory of zeroes
 * that is not in the file, as ELF has it; zeroes in the middle cost another
 * PT_LOAD, and are worth it from 64 KiB on.
 */
#include "writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "../base/bytes.h"
#include "elf_table.h"

#define CHECKPOINT_SECONDS 4	/* as kdump_write.c has it */
#define CHECKPOINT_BYTES (256ull << 20)
#define STREAM_BYTES (4u << 20)	/* a stream that is cut off has the PT_LOADs
				 * of all before, but for an open run's */
#define ZEROES_MIN 65536u	/* bytes that are worth a PT_LOAD */
#define NEXT_MAX 24u		/* PT_LOADs of a run that is open */

#define LEVEL_ZERO 1u		/* zero pages are left out */

struct elf_writer {
	struct writer writer;
	struct sink *sink;			/* borrowed */
	const struct dump_facts *facts;		/* borrowed */
	uint32_t page_size;
	struct elf_maps *maps;
	struct elf_head head;
	struct dump_layout layout;
	struct elf_table *table;	/* NULL: the survey is not over */
	uint64_t nr_loads;		/* of the survey, so far */
	bool ready;			/* metadata() is through */
	bool failed;			/* no more pages */
	enum error_kind failure;
	uint64_t opens;			/* at this barrier */
	struct elf_run run;		/* that is open; of no pages: none */
	uint64_t data_end;		/* in the dump */
	uint64_t nr_done;		/* pages */
	struct timespec checkpoint_time;
	uint64_t checkpoint_data;
	uint8_t *page, *zero, *unreadable;	/* page_size bytes each */
	struct writer_totals totals;
};

static void elf_destroy(struct writer *writer)
{
	struct elf_writer *elf = (struct elf_writer *)writer;

	elf_table_destroy(elf->table);
	elf_maps_destroy(elf->maps);
	free(elf->unreadable);
	free(elf->zero);
	free(elf->page);
	free(elf);
}

static struct error *elf_fill(struct elf_writer *elf)
{
	static const char text[] = UNREADABLE_TEXT;

	elf->page = malloc(elf->page_size);
	elf->zero = calloc(1, elf->page_size);
	elf->unreadable = malloc(elf->page_size);
	if (!elf->page || !elf->zero || !elf->unreadable)
		return error_nomem();
	for (uint32_t i = 0; i < elf->page_size; i++)
		elf->unreadable[i] = (uint8_t)text[i % (sizeof(text) - 1)];
	return elf_maps_create(elf->facts, &elf->maps);
}

static struct error *elf_create(struct sink *sink,
				const struct dump_facts *facts,
				struct writer **ret)
{
	struct elf_writer *elf = calloc(1, sizeof(*elf));
	struct error *err;

	if (!elf)
		return error_nomem();
	elf->writer.ops = &elf_writer_ops;
	elf->sink = sink;
	elf->facts = facts;
	elf->page_size = (uint32_t)1 << facts->page_shift;
	err = facts->page_shift < 12 || 1ull << facts->page_shift >
		CODEC_LEN_MAX ? error_create(ERROR_UNSUPPORTED,
					     "pages of 2^%u bytes",
					     facts->page_shift) :
		elf_fill(elf);
	if (err) {
		elf_destroy(&elf->writer);
		return err;
	}
	*ret = &elf->writer;
	return NULL;
}

static struct error *count_load(void *arg, const struct elf_load *load)
{
	(void)load;
	++*(uint64_t *)arg;
	return NULL;
}

static struct error *add_load(void *arg, const struct elf_load *load)
{
	return elf_table_add(arg, load);
}

/* The open run is over. */
static struct error *run_end(struct elf_writer *elf)
{
	struct elf_run run = elf->run;

	elf->run.end = elf->run.stored = elf->run.paddr;
	if (run.end == run.paddr)
		return NULL;
	return elf->table ? elf_maps_each(elf->maps, &run, add_load,
					  elf->table) :
	       elf_maps_each(elf->maps, &run, count_load, &elf->nr_loads);
}

static struct error *data_put(struct elf_writer *elf, const uint8_t *page)
{
	uint64_t max = elf->layout.max_size;

	if (!elf->table) {	/* the survey's */
		elf->data_end += elf->page_size;
		return NULL;
	}
	if (elf->data_end > max || elf->page_size > max - elf->data_end)
		return error_create(ERROR_NOSPACE, "the limit of %" PRIu64
				    " bytes is reached", max);
	TRY(elf->sink->ops->data(elf->sink, elf->data_end, page,
				 elf->page_size));
	elf->data_end += elf->page_size;
	elf->totals.data_bytes += elf->page_size;
	return NULL;
}

/* Puts the zeroes that the run ends with into the file. */
static struct error *zeroes_put(struct elf_writer *elf)
{
	struct elf_run *run = &elf->run;

	while (run->stored < run->end) {
		TRY(data_put(elf, elf->zero));
		run->stored += elf->page_size;
	}
	return NULL;
}

/* The page at PADDR: of zeroes that are not to be in the file (NULL), or PAGE. */
static struct error *page_put(struct elf_writer *elf, uint64_t paddr,
			      const uint8_t *page)
{
	struct elf_run *run = &elf->run;
	uint64_t zeroes = run->end - run->stored;

	if (run->end == run->paddr || paddr != run->end || (page && zeroes >= ZEROES_MIN)) {
		TRY(run_end(elf));
		*run = (struct elf_run){ paddr, paddr, paddr, elf->data_end };
	}
	if (page) {
		TRY(zeroes_put(elf));
		TRY(data_put(elf, page));
		run->stored += elf->page_size;
	}
	run->end += elf->page_size;
	return NULL;
}

/* Page I of BATCH, whose contents are at *AT. */
static struct error *batch_page(struct elf_writer *elf,
				const struct batch *batch, unsigned i,
				const uint8_t *at)
{
	uint64_t paddr = batch->pfn[i] << elf->facts->page_shift;

	switch (batch->kind[i]) {
	case BATCH_UNREADABLE:
		return page_put(elf, paddr, elf->unreadable);
	case BATCH_FILL:
		if (!batch->word[i] && elf->facts->level & LEVEL_ZERO)
			return page_put(elf, paddr, NULL);
		for (uint32_t k = 0; elf->table && k < elf->page_size; k += 8)
			put_u64(elf->page + k, batch->word[i], false);
		return page_put(elf, paddr, elf->page);
	default:
		assert(batch->kind[i] == BATCH_RAW);
		return page_put(elf, paddr, at);
	}
}

static enum writer_survey elf_surveys(const struct writer *writer)
{
	const struct elf_writer *elf = (const struct elf_writer *)writer;

	if (elf->layout.data)
		return SURVEY_NONE;
	return elf->facts->level & LEVEL_ZERO ? SURVEY_CONTENTS :
	       SURVEY_FRAMES;
}

static struct error *elf_survey(struct writer *writer,
				const struct batch *batch)
{
	struct elf_writer *elf = (struct elf_writer *)writer;

	assert(!elf->table);
	for (unsigned i = 0; batch && i < batch->nr; i++)
		TRY(batch_page(elf, batch, i, elf->page));
	if (batch)
		return NULL;
	TRY(run_end(elf));
	TRY(elf_head_init(elf->facts, elf->nr_loads, &elf->head,
			  &elf->layout));
	elf->data_end = elf->layout.data;
	return NULL;
}

static uint64_t elf_metadata_len(const struct writer *writer)
{
	return ((const struct elf_writer *)writer)->layout.data;
}

static struct error *elf_begin(struct writer *writer)
{
	struct elf_writer *elf = (struct elf_writer *)writer;
	const struct dump_layout *layout = &elf->layout;
	const struct sink_ops *ops = elf->sink->ops;
	uint64_t room = min_u64(ops->room(elf->sink), layout->max_size);

	if (layout->data > room)
		return error_create(ERROR_NOSPACE, "head and %" PRIu64
				    " segments need %" PRIu64 " bytes, there "
				    "is room for %" PRIu64, elf->nr_loads,
				    layout->data, room);
	TRY(ops->begin(elf->sink, layout));
	elf->opens = ops->rewrites ? ops->reached(elf->sink) + 2 : 0;
	elf->run = (struct elf_run){ 0 };
	TRY(elf_table_create(elf->sink, &elf->head, &elf->table));
	return elf_head_write(elf->facts, &elf->head, layout, elf->sink);
}

static struct error *elf_metadata(struct writer *writer)
{
	struct elf_writer *elf = (struct elf_writer *)writer;
	const struct sink_ops *ops = elf->sink->ops;
	uint64_t written;

	if (ops->rewrites) {
		TRY(elf_table_checkpoint(elf->table, NULL, 0));
		TRY(elf_head_open(elf->facts, &elf->head, elf->sink));
		TRY(elf_table_checkpoint(elf->table, NULL, 0));
	}
	TRY(ops->drain(elf->sink, &written));
	clock_gettime(CLOCK_MONOTONIC, &elf->checkpoint_time);
	elf->checkpoint_data = elf->data_end;
	elf->ready = true;
	return NULL;
}

struct next {
	struct elf_load loads[NEXT_MAX];
	unsigned nr;
};

static struct error *next_add(void *arg, const struct elf_load *load)
{
	struct next *next = arg;

	if (next->nr < NEXT_MAX)
		next->loads[next->nr++] = *load;
	return NULL;
}

static struct error *checkpoint(struct elf_writer *elf)
{
	struct next next = { .nr = 0 };

	if (elf->run.end != elf->run.paddr)
		TRY(elf_maps_each(elf->maps, &elf->run, next_add, &next));
	return elf_table_checkpoint(elf->table, next.loads, next.nr);
}

/* A stream's does not depend on the time. */
static bool checkpoint_is_due(const struct elf_writer *elf,
			      struct timespec *now)
{
	uint64_t bytes = elf->data_end - elf->checkpoint_data;

	clock_gettime(CLOCK_MONOTONIC, now);
	if (!elf->sink->ops->rewrites)
		return bytes >= STREAM_BYTES;
	return bytes >= CHECKPOINT_BYTES ||
	       now->tv_sec - elf->checkpoint_time.tv_sec -
	       (now->tv_nsec < elf->checkpoint_time.tv_nsec) >=
	       CHECKPOINT_SECONDS;
}

static struct error *elf_pages(struct writer *writer,
			       const struct batch *batch)
{
	struct elf_writer *elf = (struct elf_writer *)writer;
	const uint8_t *at = batch->data;
	struct error *err = NULL;
	struct timespec now;

	assert(elf->ready && batch->nr <= BATCH_PAGES);
	if (elf->failed)
		return error_create(ERROR_NOSPACE, "the dump takes no more "
				    "pages");
	for (unsigned i = 0; !err && i < batch->nr; i++) {
		err = batch_page(elf, batch, i, at);
		at += batch->size[i];
		if (err)
			break;
		writer_count(&elf->totals, batch, i, false);
		elf->nr_done++;
	}
	if (!err && checkpoint_is_due(elf, &now)) {
		err = checkpoint(elf);
		elf->checkpoint_time = now;
		elf->checkpoint_data = elf->data_end;
	}
	elf->failed = err != NULL;
	if (err)
		elf->failure = error_kind(err);
	return err;
}

/* Leaves in the open run what of the dump lies below SIZE. */
static void run_cut(struct elf_writer *elf, uint64_t size)
{
	struct elf_run *run = &elf->run;

	if (run->offset + (run->stored - run->paddr) <= size)
		return;
	run->stored = run->paddr + (size - min_u64(run->offset, size));
	run->end = run->stored;
}

/* The last PT_LOADs. Of the data, what lies below SIZE is in the sink if LOST;
 * else all is. */
static struct error *finish_loads(struct elf_writer *elf, uint64_t size,
				  bool lost)
{
	const struct sink_ops *ops = elf->sink->ops;
	uint64_t written;
	struct error *err;

	if (!ops->rewrites && lost)
		return NULL;		/* the stream is gone */
	if (lost || elf->failed) {	/* who failed before has told it then */
		elf_table_recover(elf->table, size);
		run_cut(elf, size);
	}
	err = run_end(elf);
	if (!err)
		err = elf_table_checkpoint(elf->table, NULL, 0);
	return error_first(err, ops->drain(elf->sink, &written));
}

/* How many pages got into the dump, if its data ends at SIZE: those before the
 * first that did not. */
static uint64_t nr_pages(const struct elf_writer *elf, uint64_t size)
{
	uint64_t nr = (elf->data_end - size) / elf->page_size;

	return elf->nr_done - min_u64(nr, elf->nr_done);
}

static struct error *elf_finish(struct writer *writer, bool complete)
{
	struct elf_writer *elf = (struct elf_writer *)writer;
	const struct sink_ops *ops = elf->sink->ops;
	struct error *lost, *err;
	uint8_t status[4];
	uint64_t size;
	bool put;

	if (!elf->ready)
		return NULL;
	elf->ready = false;
	lost = ops->drain(elf->sink, &size);
	if (ops->rewrites && ops->reached(elf->sink) < elf->opens)
		return lost ? lost :
		       error_create(elf->failed ? elf->failure : ERROR_IO,
				    "the head was not written: no dump can be "
				    "read");
	size = min_u64(size, elf->data_end);
	size -= (size - elf->layout.data) % elf->page_size;
	err = finish_loads(elf, size, lost != NULL);
	if (!lost && complete && elf->nr_done != elf->facts->nr_kept)
		lost = error_create(ERROR_INVALID, "%" PRIu64 " of %" PRIu64
				    " pages were written", elf->nr_done,
				    elf->facts->nr_kept);
	complete = complete && !lost && !err && !elf->failed;
	elf_head_status(elf->facts, complete, status);
	put = complete || !ops->rewrites;	/* else it stands there */
	err = error_first(err, ops->commit(elf->sink, elf->head.flags, status,
					   put ? sizeof(status) : 0, size));
	if (err || (lost && !ops->rewrites))
		return error_first(lost, err);
	elf->totals.size = size;
	elf->totals.nr_pages = nr_pages(elf, size);
	return lost;
}

static const struct writer_totals *elf_totals(const struct writer *writer)
{
	struct elf_writer *elf = (struct elf_writer *)writer;

	if (elf->table)
		elf->totals.nr_checkpoints =
			elf_table_nr_checkpoints(elf->table);
	return &elf->totals;
}

static struct error *elf_window_end(struct writer *writer,
				    const struct pageset *kept)
{
	(void)writer;
	(void)kept;
	return NULL;
}

const struct writer_ops elf_writer_ops = {
	.name = "elf",
	.create = elf_create,
	.surveys = elf_surveys,
	.survey = elf_survey,
	.metadata_len = elf_metadata_len,
	.begin = elf_begin,
	.metadata = elf_metadata,
	.pages = elf_pages,
	.window_end = elf_window_end,
	.finish = elf_finish,
	.totals = elf_totals,
	.destroy = elf_destroy,
};
