/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline on one page:
 *
 *   image -> kernel -> filter -> plan -> workers -> writer -> sink
 *
 * capture_run() opens the image and what it can of its kernel, and tries the
 * dump levels in turn: level_run() scans the struct pages into a plan, checks
 * that the metadata fit, lets the writer put them out, and then pages_write()
 * feeds the plan's pages, in batches, to the workers and what comes back, in
 * the same order, to the writer. However that ends, the writer's finish()
 * makes a valid dump of what there is.
 */
#include "capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/progress.h"
#include "../base/stop.h"
#include "../base/text.h"
#include "../formats/kdump_read.h"
#include "feed.h"
#include "input.h"
#include "outputs.h"

/* Bytes that a writer may take to remember pages' sizes: 4 million pages. */
#define SIZES_MAX (8u << 20)

struct capture {
	const struct capture_options *options;
	struct log *log;
	struct capture_report *report;
	struct progress progress;
	struct input input;
	struct outputs outputs;
	struct plan *plan;
	struct writer *writer;
	struct dump_facts facts;	/* the writer reads them */
	bool begun;			/* the output may exist */
	bool stands;			/* a cut-short dump is at the output */
	double start;
};

/* After the output was begun: it is our own, and begun anew. */
static struct error *sinks_open(struct capture *c)
{
	struct sink *sink;

	c->progress.sent = NULL;
	TRY(outputs_open(&c->outputs, c->options,
			 c->options->force || c->begun, c->log));
	sink = c->outputs.sinks[0];
	if (sink->ops->sent)
		c->progress.sent = sink->ops->sent(sink);
	return NULL;
}

static bool rewrites(const struct capture *c)
{
	return outputs_ops(&c->outputs)->rewrites;
}

static void level_close(struct capture *c)
{
	if (c->writer)
		c->writer->ops->destroy(c->writer);
	c->writer = NULL;
	plan_destroy(c->plan);
	c->plan = NULL;
}

/* Whether to try again without threads, each of which needs some MiB, what
 * failed with ERR; then takes it. */
static bool serial_retry(struct capture *c, struct error *err)
{
	unsigned *nr_threads = &c->input.budget.nr_threads;

	if (!err || error_kind(err) != ERROR_NOMEM || !*nr_threads)
		return false;
	log_warn(c->log, "there is no memory for %u threads: going on with none",
		 *nr_threads);
	*nr_threads = 0;
	error_destroy(err);
	return true;
}

static struct error *feed_open(struct capture *c, struct feed *ret)
{
	struct error *err;

	do {
		*ret = (struct feed){
			.options = c->options,
			.image = c->input.image,
			.page_size = c->report->page_size,
			.nr_threads = c->input.budget.nr_threads,
			.plan = c->plan,
			.writer = c->writer,
			.rewrites = rewrites(c),
			.parts = c->outputs.nr > 1 ? c->outputs.parts : NULL,
			.nr_parts = c->outputs.nr,
			.progress = &c->progress,
			.report = c->report,
		};
		err = feed_init(ret);
		if (err)
			feed_deinit(ret);
	} while (serial_retry(c, err));
	return err;
}

static bool ascends(const struct capture *c)
{
	return outputs_ops(&c->outputs)->order == SINK_ASCENDING;
}

/* Lets a format look at all pages where what stands before them depends on them. */
static struct error *survey(struct capture *c)
{
	const struct writer_ops *ops = c->writer->ops;
	struct feed feed;
	struct error *err;

	if (!ops->surveys || ops->surveys(c->writer) == SURVEY_NONE)
		return NULL;
	progress_begin(&c->progress, "survey", c->plan->nr_kept);
	TRY(feed_open(c, &feed));
	err = feed_survey(&feed);
	feed_deinit(&feed);
	progress_end(&c->progress, feed.nr_done, feed.bytes);
	return err;
}

/* Scans for LEVEL; creates the writer for what that keeps. LAST: see
 * level_write(). */
static struct error *level_plan(struct capture *c, unsigned level, bool last,
				bool first_only)
{
	const struct capture_options *o = c->options;
	const struct input *in = &c->input;
	struct dump_facts *facts = &c->facts;
	bool by_value = o->format->by_value && rewrites(c) &&
			!o->address_order;

	level_close(c);
	TRY(plan_create(in->kernel, in->overlay, level, by_value,
			&in->budget, &c->plan));
	c->plan->first_only = first_only;
	c->plan->keep_all = o->keep_all;
	progress_begin(&c->progress, "scan", in->kernel->end_pfn);
	TRY(plan_scan(c->plan, &c->progress));
	progress_end(&c->progress, in->kernel->end_pfn, 0);
	c->report->scan_seconds = progress_now() - c->start;
	report_plan(c->report, c->plan, in, level);
	*facts = in->facts;
	facts->nr_kept = c->plan->nr_kept;
	facts->level = level;
	facts->codec = c->report->codec;
	facts->codec_level = o->codec_level;
	facts->dedup = o->dedup;
	facts->drop_device_dumps = o->drop_device_dumps;
	facts->max_size = o->max_size;
	facts->sizes_max = min_u64(in->budget.bytes / 4, SIZES_MAX);
	TRY(outputs_writer(&c->outputs, o, c->plan, facts, last, &c->writer));
	return survey(c);
}

static uint64_t room(const struct capture *c)
{
	uint64_t bytes = outputs_room(&c->outputs);

	return c->options->max_size < bytes ? c->options->max_size : bytes;
}

/* Whether there is room for the metadata, at least. */
static bool level_fits(struct capture *c, uint64_t *bytes)
{
	*bytes = room(c);
	return c->writer->ops->metadata_len(c->writer) <= *bytes;
}

/* The bitmaps are as large at every level: no need to scan if they are too
 * large, as they may be for a header that lies. */
static struct error *bitmaps_fit(const struct capture *c)
{
	uint64_t end_pfn = c->input.kernel->end_pfn;
	char size[2][16];

	if (!c->options->format->bitmap || end_pfn / 4 <= room(c))
		return NULL;
	return error_create(ERROR_NOSPACE,
			    "no dump level fits: the bitmaps of %llu page frames alone take %s, there is room for %s",
			    (unsigned long long)end_pfn,
			    text_size(end_pfn / 4, size[0]),
			    text_size(room(c), size[1]));
}

static struct error *bitmaps_write(struct capture *c)
{
	for (size_t w = 0; c->writer->ops->bitmap && w < c->plan->nr_windows;
	     w++) {
		if (!(c->plan->holds[w] & PLAN_PRESENT))
			continue;	/* zeroes */
		TRY(plan_load(c->plan, w));
		TRY(c->writer->ops->bitmap(c->writer, &c->plan->sets.present,
					   &c->plan->sets.kept));
	}
	return NULL;
}

/* Header, notes and bitmaps; after this the output opens as a dump, unless
 * nothing stands there before all does. */
static struct error *metadata_write(struct capture *c)
{
	c->begun = true;
	c->stands = false;
	TRY(c->writer->ops->begin(c->writer));
	TRY(bitmaps_write(c));
	if (ascends(c))	/* one bitmap after the other */
		TRY(bitmaps_write(c));
	TRY(survey(c));
	TRY(c->writer->ops->metadata(c->writer));
	c->report->metadata_seconds = progress_now() - c->start;
	return NULL;
}

static struct error *pages_write(struct capture *c)
{
	struct feed feed;
	struct error *err;

	progress_begin(&c->progress, ascends(c) ? "send" : "write",
		       c->plan->nr_kept);
	TRY(feed_open(c, &feed));
	err = feed_run(&feed);
	/* all memory is in use now */
	progress_memory(&c->report->peak_anon, &c->report->peak_resident);
	feed_deinit(&feed);
	progress_end(&c->progress, feed.nr_done, feed.bytes);
	return err;
}

/* Remembers why the dump does not hold all that it should: the first reason.
 * Takes ERR over. */
static void cut_short(struct capture *c, struct error *err)
{
	if (!c->report->cut_short)
		c->report->cut_short = strdup(error_message(err));
	c->report->status = CAPTURE_CUT_SHORT;
	error_destroy(err);
}

/* Whether a higher level may get by where this one met ERR; then takes it. */
static bool level_retry(struct capture *c, struct error *err, bool last)
{
	if (!err || last || error_kind(err) != ERROR_NOSPACE ||
	    stop_signal() || !rewrites(c))
		return false;
	log_warn(c->log, "dump level %u: %s: trying less",
		 c->report->level, error_message(err));
	error_destroy(err);
	return true;
}

/* Why no other level is tried after ERR: for want of room it would have been, had no
 * signal come. */
static struct error *reason(const struct capture *c, struct error *err,
			    bool last)
{
	struct error *stopped = last || !rewrites(c) ||
				error_kind(err) != ERROR_NOSPACE ? NULL :
				stop_check();

	if (!stopped)
		return err;
	error_destroy(err);
	return stopped;
}

/* What a level that did not fit has written is a dump until the next level
 * begins, should that never happen. */
static void level_keep(struct capture *c)
{
	error_destroy(c->writer->ops->finish(c->writer, false));
	c->report->totals = *c->writer->ops->totals(c->writer);
	c->stands = c->report->totals.size;
}

/* What is made of a dump that lacks pages lacks them, too. */
static void check_input(struct capture *c)
{
	uint64_t nr = c->plan->counts.present[CLASS_UNREACHED];

	if (nr)
		cut_short(c, error_create(ERROR_INVALID,
					  "the input lacks %llu of the pages that it names",
					  (unsigned long long)nr));
	else if (c->input.incomplete)
		cut_short(c, error_create(ERROR_INVALID,
					  "the input is incomplete"));
}

/* Whether all is to be sent once more after ERR; then takes it. */
static bool send_again(struct capture *c, struct error *err)
{
	if (!err || error_kind(err) != ERROR_AGAIN || stop_signal())
		return false;
	log_warn(c->log, "%s", error_message(err));
	error_destroy(err);
	return true;
}

/* To a target at which nothing stands before all does. */
static struct error *level_send(struct capture *c)
{
	struct error *err;

	c->facts.incomplete = c->report->status != CAPTURE_COMPLETE;
	do {
		err = metadata_write(c);
		if (!err)
			err = pages_write(c);
		if (!err)
			err = c->writer->ops->finish(c->writer, true);
		c->report->totals = *c->writer->ops->totals(c->writer);
	} while (send_again(c, err));
	return err;
}

/* Writes the planned dump. LAST: no level comes after it, and not even its
 * first rank alone if FIRST_ONLY. *RETRY: it did not fit, what comes may. */
static struct error *level_write(struct capture *c, bool last, bool first_only,
				 bool *retry)
{
	struct error *err;

	check_input(c);
	c->report->metadata_bytes = c->writer->ops->metadata_len(c->writer);
	*retry = false;
	if (ascends(c))
		return level_send(c);
	err = metadata_write(c);
	*retry = level_retry(c, err, first_only);
	if (err)
		return *retry ? NULL : err;
	err = pages_write(c);
	*retry = level_retry(c, err, last);
	if (*retry) {
		level_keep(c);
		return NULL;
	}
	if (err)
		cut_short(c, reason(c, err, last));
	err = c->writer->ops->finish(c->writer, c->report->status ==
				     CAPTURE_COMPLETE);
	c->report->totals = *c->writer->ops->totals(c->writer);
	/* the last data may find no room as late as now, and the metadata as
	 * well: then nothing stands */
	*retry = level_retry(c, err, c->report->totals.size ? last :
			     first_only);
	if (!err || *retry)
		return NULL;
	if (!c->report->totals.size)
		return c->report->cut_short ?
		       error_wrap(err, "%s", c->report->cut_short) : err;
	cut_short(c, err);
	return NULL;
}

/* The levels in turn; at last, if none fits, the first rank alone. */
static struct error *levels_run(struct capture *c)
{
	const struct capture_options *o = c->options;
	uint64_t bytes = 0;
	bool retry;
	char size[2][16];

	for (unsigned i = 0; i <= o->nr_levels; i++) {
		bool first_only = i == o->nr_levels;
		bool last = i + 1 >= o->nr_levels;
		unsigned level = input_level(&c->input, o->levels[first_only ?
							  i - 1 : i]);

		TRY(level_plan(c, level, last, first_only));
		if (!level_fits(c, &bytes)) {
			log_warn(c->log, "dump level %u%s needs %s%s, there is room for %s",
				 level, first_only ? ", most valuable pages only" : "",
				 text_size(c->writer->ops->metadata_len(
						   c->writer), size[0]),
				 ascends(c) ? "" : " before its first page",
				 text_size(bytes, size[1]));
			continue;
		}
		if (first_only)
			cut_short(c, error_create(ERROR_NOSPACE,
						  "no dump level fits: only what a reader needs first was written"));
		c->report->first_rank_only = first_only;
		TRY(level_write(c, last, first_only, &retry));
		if (!retry)
			return NULL;
		TRY(sinks_open(c));
	}
	return error_create(ERROR_NOSPACE,
			    "no dump level fits into %s: give it more room%s",
			    text_size(bytes, size[0]),
			    o->levels[o->nr_levels - 1] == LEVEL_MAX ? "" :
			    ", or a higher level (-d 31)");
}

/* Says what is left behind by a run that was stopped before its metadata was
 * in place: afterwards a stop is no error. Takes ERR over. */
static struct error *stopped_early(const struct capture *c, struct error *err)
{
	bool sends = c->outputs.nr && ascends(c);
	struct error *told = error_create(ERROR_STOPPED, "%s before the %s",
					  error_message(err), !c->begun ?
					  "dump was begun: nothing was written" :
					  sends ?
					  "server had said that it has the dump: nothing stands at its target, or all of it if that answer alone was missing" :
					  "dump's metadata was in place: no dump can be read");

	error_destroy(err);
	return told;
}

/* Begins again without threads if memory ran out before the metadata. */
static struct error *levels_try(struct capture *c)
{
	struct error *err = levels_run(c);
	bool spoilt = !c->outputs.nr || (c->begun && !rewrites(c)) ||
		      c->report->metadata_seconds > 0;

	if (spoilt || !serial_retry(c, err))
		return err;
	TRY(sinks_open(c));
	return levels_run(c);
}

static void keep_codec(struct capture *c)
{
	const struct kdump_header *dump = c->input.dump;
	uint32_t flag = dump ? dump->status & KDUMP_STATUS_CODECS : 0;
	const struct codec_ops *codec = codec_by_flag(flag);

	if (c->options->keep_codec && dump && (!flag || (codec && codec->create)))
		c->report->codec = codec;
}

static struct error *run(struct capture *c)
{
	struct error *err;

	TRY(input_open(&c->input, c->options, c->log));
	keep_codec(c);
	report_input(c->report, &c->input);
	TRY(sinks_open(c));
	if (c->options->before)
		c->options->before(c->options->before_arg, c->input.image, c->log);
	TRY(bitmaps_fit(c));
	err = levels_try(c);
	if (err && c->stands)
		cut_short(c, err);
	else
		TRY(err);
	report_unreadable(c->report, c->log);
	if (c->report->totals.nr_mispacked)
		log_warn(c->log, "%llu pages did not unpack to what they were packed from: they are stored raw, and right; the packer (%s) or this machine's memory or CPU is not",
			 (unsigned long long)c->report->totals.nr_mispacked,
			 c->report->codec->library);
	return NULL;
}

struct error *capture_run(const struct capture_options *options,
			  struct log *log, struct capture_report *report)
{
	struct capture c = {
		.options = options,
		.log = log,
		.report = report,
		.start = progress_now(),
	};
	struct error *err;

	memset(report, 0, sizeof(*report));
	report->codec = options->codec;
	progress_init(&c.progress, log, options->progress_fd);
	err = run(&c);
	if (err && error_kind(err) == ERROR_STOPPED)
		err = stopped_early(&c, err);
	if (c.progress.sent)
		report->sent = *c.progress.sent;
	level_close(&c);
	outputs_close(&c.outputs);
	input_close(&c.input);
	report->seconds = progress_now() - c.start;
	return err;
}
