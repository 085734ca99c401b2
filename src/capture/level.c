/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One dump level: see level.h. */
#include "level.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "feed.h"

/* Bytes that a writer may take to remember pages' sizes: 4 million pages. */
#define SIZES_MAX (8u << 20)

bool level_rewrites(const struct capture *c)
{
	return outputs_ops(&c->outputs)->rewrites;
}

static enum sink_order order(const struct capture *c)
{
	return outputs_ops(&c->outputs)->order;
}

/* Whether what was written can be followed by another level: over it, or since
 * nothing stands. */
static bool begins_anew(const struct capture *c)
{
	return level_rewrites(c) || order(c) != SINK_ANY;
}

void level_close(struct capture *c)
{
	if (c->writer)
		c->writer->ops->destroy(c->writer);
	c->writer = NULL;
	plan_destroy(c->plan);
	c->plan = NULL;
}

bool level_serial_retry(struct capture *c, struct error *err)
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
			.from = c->from,
			.rewrites = level_rewrites(c),
			.parts = c->outputs.nr > 1 ? c->outputs.parts : NULL,
			.nr_parts = c->outputs.nr,
			.progress = &c->progress,
			.report = c->report,
		};
		err = feed_init(ret);
		if (err)
			feed_deinit(ret);
	} while (level_serial_retry(c, err));
	return err;
}

bool level_ascends(const struct capture *c)
{
	return order(c) == SINK_ASCENDING;
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

struct error *level_plan(struct capture *c, unsigned level, bool last,
				bool first_only)
{
	const struct capture_options *o = c->options;
	const struct input *in = &c->input;
	struct dump_facts *facts = &c->facts;
	bool by_value = o->format->by_value && level_rewrites(c) &&
			!o->address_order;

	level_close(c);
	c->from = (struct writer_place){ 0 };
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
	if (level_ascends(c))	/* one bitmap after the other */
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

	progress_begin(&c->progress, outputs_ops(&c->outputs)->sent ? "send" :
		       "write",
		       c->plan->nr_kept);
	TRY(feed_open(c, &feed));
	err = feed_run(&feed);
	/* all memory is in use now */
	progress_memory(&c->report->peak_anon, &c->report->peak_resident);
	feed_deinit(&feed);
	progress_end(&c->progress, feed.nr_done, feed.bytes);
	return err;
}

void level_cut_short(struct capture *c, struct error *err)
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
	    stop_signal() || !begins_anew(c))
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
	struct error *stopped = last || !begins_anew(c) ||
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
	if (!level_rewrites(c))
		return;
	error_destroy(c->writer->ops->finish(c->writer, false));
	c->report->totals = *c->writer->ops->totals(c->writer);
	c->stands = c->report->totals.size;
}

/* What is made of a dump that lacks pages lacks them, too. */
static void check_input(struct capture *c)
{
	uint64_t nr = c->plan->counts.present[CLASS_UNREACHED];

	if (nr)
		level_cut_short(c, error_create(ERROR_INVALID,
						"the input lacks %llu of the pages that it names",
						(unsigned long long)nr));
	else if (c->input.incomplete)
		level_cut_short(c, error_create(ERROR_INVALID,
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

/* Whether the target wants pages once more after ERR; then takes it. */
static bool goes_back(struct capture *c, struct error *err)
{
	if (order(c) != SINK_PARTS || !err || error_kind(err) != ERROR_AGAIN ||
	    stop_signal())
		return false;
	if (*error_message(err))
		log_warn(c->log, "%s", error_message(err));
	error_destroy(err);
	c->from = c->writer->ops->back(c->writer);
	return true;
}

/* All pages, and the end. *RETRY as level_write()'s. */
static struct error *rest_write(struct capture *c, bool last, bool *retry)
{
	struct error *err;

	do {
		err = pages_write(c);
		*retry = level_retry(c, err, last);
		if (*retry) {
			level_keep(c);
			return NULL;
		}
		if (err && error_kind(err) == ERROR_AGAIN)
			continue;
		if (err)
			level_cut_short(c, reason(c, err, last));
		err = c->writer->ops->finish(c->writer, c->report->status ==
					     CAPTURE_COMPLETE);
	} while (goes_back(c, err));
	c->report->totals = *c->writer->ops->totals(c->writer);
	return err;
}

struct error *level_write(struct capture *c, bool last, bool first_only,
				 bool *retry)
{
	struct error *err;

	check_input(c);
	c->report->metadata_bytes = c->writer->ops->metadata_len(c->writer);
	*retry = false;
	err = level_ascends(c) ? level_send(c) : metadata_write(c);
	*retry = level_retry(c, err, first_only);
	if (err || level_ascends(c))
		return *retry ? NULL : err;
	err = rest_write(c, last, retry);
	if (*retry)
		return NULL;
	/* the last data may find no room as late as now, and the metadata as
	 * well: then nothing stands */
	*retry = level_retry(c, err, c->report->totals.size ? last :
			     first_only);
	if (!err || *retry)
		return NULL;
	if (!c->report->totals.size)
		return c->report->cut_short ?
		       error_wrap(err, "%s", c->report->cut_short) : err;
	level_cut_short(c, err);
	return NULL;
}
