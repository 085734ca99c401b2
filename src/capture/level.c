/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One dump level: see level.h. */
#include "level.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "fan.h"
#include "feed.h"
#include "several.h"

/* Bytes that a writer may take to remember pages' sizes: 4 million pages. */
#define SIZES_MAX (8u << 20)

static bool rewrites(const struct capture *c)
{
	return target_ops(c->target)->rewrites;
}

static enum sink_order order(const struct capture *c)
{
	return target_ops(c->target)->order;
}

void level_close(struct capture *c)
{
	for (unsigned i = 0; i < c->nr_targets; i++) {
		struct writer *writer = c->targets[i].writer;

		if (writer)
			writer->ops->destroy(writer);
		c->targets[i].writer = NULL;
	}
	if (c->fan)
		c->fan->ops->destroy(c->fan);
	c->fan = c->writer = NULL;
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
		const struct outputs *outputs = &c->target->outputs;

		*ret = (struct feed){
			.options = c->options,
			.image = c->input.image,
			.page_size = c->report->page_size,
			.nr_threads = c->input.budget.nr_threads,
			.plan = c->plan,
			.writer = c->writer,
			.from = c->from,
			.rewrites = rewrites(c),
			.parts = outputs->nr > 1 ? outputs->parts : NULL,
			.nr_parts = outputs->nr,
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

/* A writer for each target that is ready, all of the same pages. */
static struct error *writers_create(struct capture *c, bool last)
{
	unsigned nr = 0, nr_ascending = 0;

	for (unsigned i = 0; i < c->nr_targets; i++) {
		if (c->targets[i].state != TARGET_READY)
			continue;
		nr++;
		nr_ascending += target_ops(&c->targets[i])->order ==
				SINK_ASCENDING;
	}
	c->facts.sizes_max = min_u64(c->input.budget.bytes / 4, SIZES_MAX) /
			     (nr_ascending ? nr_ascending : 1);
	for (unsigned i = 0; i < c->nr_targets; i++)
		if (c->targets[i].state == TARGET_READY)
			TRY(outputs_writer(&c->targets[i].outputs, c->options,
					   c->plan, &c->facts, last,
					   &c->targets[i].writer));
	if (nr > 1)
		TRY(fan_create(c, &c->fan));
	c->writer = nr > 1 ? c->fan : c->target->writer;
	return NULL;
}

struct error *level_plan(struct capture *c, unsigned level, bool last,
				bool first_only)
{
	const struct capture_options *o = c->options;
	const struct input *in = &c->input;
	struct dump_facts *facts = &c->facts;
	bool by_value = o->format->by_value && rewrites(c) &&
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
	TRY(writers_create(c, last));
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

/* What stood there before is gone. */
static void target_begun(struct dump_target *target)
{
	target->begun = true;
	target->totals = (struct writer_totals){ 0 };
}

/* Whether any target that is written to now ascends. */
static bool any_ascends(const struct capture *c)
{
	bool any = level_ascends(c);

	for (unsigned i = 0; c->writer == c->fan && i < c->nr_targets; i++)
		any |= c->targets[i].state == TARGET_READY &&
		       target_ops(&c->targets[i])->order == SINK_ASCENDING;
	return any;
}

/* Header, notes and bitmaps; after this the output opens as a dump, unless
 * nothing stands there before all does. */
struct error *level_metadata(struct capture *c)
{
	target_begun(c->target);
	for (unsigned i = 0; c->writer == c->fan && i < c->nr_targets; i++)
		if (c->targets[i].state == TARGET_READY)
			target_begun(&c->targets[i]);
	TRY(c->writer->ops->begin(c->writer));
	TRY(bitmaps_write(c));
	if (any_ascends(c))	/* one bitmap after the other */
		TRY(bitmaps_write(c));
	TRY(survey(c));
	TRY(c->writer->ops->metadata(c->writer));
	c->report->metadata_seconds = progress_now() - c->start;
	return NULL;
}

struct error *level_pages(struct capture *c)
{
	struct feed feed;
	struct error *err;

	progress_begin(&c->progress, target_ops(c->target)->sent ? "send" :
		       "write", c->plan->nr_kept);
	TRY(feed_open(c, &feed));
	err = feed_run(&feed);
	/* all memory is in use now */
	progress_memory(&c->report->peak_anon, &c->report->peak_resident);
	feed_deinit(&feed);
	progress_end(&c->progress, feed.nr_done, feed.bytes);
	return err;
}

bool level_retry(struct capture *c, struct error *err, bool last)
{
	if (!err || last || error_kind(err) != ERROR_NOSPACE ||
	    stop_signal() || !target_begins_anew(c->target))
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
	struct error *stopped = last || !target_begins_anew(c->target) ||
				error_kind(err) != ERROR_NOSPACE ? NULL :
				stop_check();

	if (!stopped)
		return err;
	error_destroy(err);
	return stopped;
}

void level_keep(struct dump_target *target)
{
	struct writer *writer = target->writer;

	if (!target_ops(target)->rewrites)
		return;
	error_destroy(writer->ops->finish(writer, false));
	target->totals = *writer->ops->totals(writer);
}

/* What is made of a dump that lacks pages lacks them, too. */
static struct error *check_input(struct capture *c)
{
	struct capture_report *r = c->report;
	uint64_t nr = c->plan->counts.present[CLASS_UNREACHED];

	if (r->cut_short || (!nr && !c->input.incomplete))
		return NULL;
	if (!nr)
		r->cut_short = strdup("the input is incomplete");
	else if (asprintf(&r->cut_short, "the input lacks %llu of the pages that it names",
			  (unsigned long long)nr) < 0)
		r->cut_short = NULL;
	return r->cut_short ? NULL : error_nomem();
}

/* Whether there is no reason yet why the target's dump should lack pages. */
static bool has_all(const struct capture *c)
{
	return !c->report->cut_short && !c->target->err;
}

bool level_again(struct capture *c, struct error *err)
{
	if (!err || error_kind(err) != ERROR_AGAIN || stop_signal())
		return false;
	if (*error_message(err))
		log_warn(c->log, "%s", error_message(err));
	error_destroy(err);
	return true;
}

struct error *level_send(struct capture *c)
{
	struct error *err;

	do {
		err = level_metadata(c);
		if (!err)
			err = level_pages(c);
		if (!err)
			err = c->writer->ops->finish(c->writer, true);
		c->target->totals = *c->writer->ops->totals(c->writer);
	} while (level_again(c, err));
	return err;
}

/* Whether the target wants pages once more after ERR; then takes it. */
static bool goes_back(struct capture *c, struct error *err)
{
	if (order(c) != SINK_PARTS || !level_again(c, err))
		return false;
	c->from = c->writer->ops->back(c->writer);
	return true;
}

struct error *level_rest(struct capture *c, bool last, bool *retry)
{
	struct dump_target *target = c->target;
	struct error *err;

	do {
		err = level_pages(c);
		*retry = level_retry(c, err, last);
		if (*retry) {
			level_keep(target);
			return NULL;
		}
		if (err && error_kind(err) == ERROR_AGAIN)
			continue;
		if (err)
			target->err = error_first(target->err,
						  reason(c, err, last));
		err = c->writer->ops->finish(c->writer, has_all(c));
	} while (goes_back(c, err));
	target->totals = *c->writer->ops->totals(c->writer);
	return err;
}

/* What the target failed with at last, and what there was before. */
static struct error *both_errors(struct capture *c, struct error *err)
{
	struct error *first = c->target->err;

	c->target->err = NULL;
	if (first)
		err = error_wrap(err, "%s", error_message(first));
	else if (c->report->cut_short)
		err = error_wrap(err, "%s", c->report->cut_short);
	error_destroy(first);
	return err;
}

/* What stands before the first page; sent ascending, what was sent less the pages. */
static void count_metadata(struct capture *c)
{
	const struct writer_totals *totals = &c->target->totals;

	c->report->metadata_bytes = level_ascends(c) && totals->size ?
				    totals->size - totals->data_bytes :
				    c->target->writer->ops->metadata_len(
					    c->target->writer);
}

struct error *level_write(struct capture *c, bool last, bool first_only,
			  bool *retry)
{
	struct dump_target *target = c->target;
	struct error *err;

	*retry = false;
	TRY(check_input(c));
	count_metadata(c);
	c->facts.incomplete = !has_all(c);
	if (c->fan)
		return several_write(c, last, retry);
	err = level_ascends(c) ? level_send(c) : level_metadata(c);
	if (!err)
		count_metadata(c);
	*retry = level_retry(c, err, first_only);
	if (err || level_ascends(c))
		return *retry ? NULL : err;
	err = level_rest(c, last, retry);
	if (*retry)
		return NULL;
	/* the last data may find no room as late as now, and the metadata as
	 * well: then nothing stands */
	*retry = level_retry(c, err, target->totals.size ? last : first_only);
	if (!err || *retry)
		return NULL;
	if (!target->totals.size)
		return both_errors(c, err);
	target->err = error_first(target->err, err);
	return NULL;
}
