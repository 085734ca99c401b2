/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline on one page:
 *
 *   image -> kernel -> filter -> plan -> workers -> writer -> sink
 *
 * capture_run() opens the image and what it can of its kernel, and the targets
 * (target.c), and tries the dump levels in turn. level.c has what a level is: level_plan() scans the struct
 * pages into a plan; if the metadata fit, level_write() lets the writer put them
 * out and feeds the plan's pages, in batches, to the workers and what comes back,
 * in the same order, to the writer. However that ends, the writer's finish()
 * makes a valid dump of what there is.
 * Where there are several targets the writer is a fan to those of all (fan.c), and
 * several.c has what becomes of each.
 */
#include "capture.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/progress.h"
#include "../base/stop.h"
#include "../base/text.h"
#include "../formats/kdump_read.h"
#include "level.h"

/* Whether there is room for the metadata, at least. */
static bool level_fits(struct capture *c, uint64_t *bytes, uint64_t *need)
{
	const struct writer *writer = c->target->writer;

	*bytes = target_room(c, c->target);
	*need = writer->ops->metadata_len(writer);
	return *need <= *bytes;
}

/* The bitmaps are as large at every level: no need to scan if they are too
 * large, as they may be for a header that lies. */
static struct error *bitmaps_fit(const struct capture *c)
{
	uint64_t end_pfn = c->input.kernel->end_pfn;
	uint64_t room = target_room(c, c->target);
	char size[2][16];

	if (!c->options->format->bitmap || end_pfn / 4 <= room)
		return NULL;
	return error_create(ERROR_NOSPACE,
			    "no dump level fits: the bitmaps of %llu page frames alone take %s, there is room for %s",
			    (unsigned long long)end_pfn,
			    text_size(end_pfn / 4, size[0]),
			    text_size(room, size[1]));
}

/* Whether another target is ready beside c->target. */
static bool has_others(const struct capture *c)
{
	for (unsigned i = 0; i < c->nr_targets; i++)
		if (&c->targets[i] != c->target &&
		    c->targets[i].state == TARGET_READY)
			return true;
	return false;
}

/* The levels in turn; at last, if none fits, the first rank alone. By the first target:
 * whether others have room at its level they find out. They don't have to make do with
 * that rank. */
static struct error *levels_run(struct capture *c)
{
	const struct capture_options *o = c->options;
	uint64_t bytes = 0, need;
	bool retry;
	char size[2][16];

	c->for_all = false;
	for (unsigned i = 0; i <= o->nr_levels; i++) {
		bool first_only = i == o->nr_levels;
		bool last = i + 1 >= o->nr_levels;
		unsigned level = input_level(&c->input, o->levels[first_only ?
							  i - 1 : i]);

		targets_reopen(c);
		if (!targets_lead(c))
			return NULL;
		if (first_only && has_others(c)) {
			target_delay(c, c->target,
				     error_create(ERROR_NOSPACE, "no dump level fits"));
			return NULL;
		}
		c->for_all = true;
		TRY(level_plan(c, level, last, first_only));
		c->for_all = false;
		if (!level_fits(c, &bytes, &need)) {
			log_warn(c->log, "dump level %u%s needs %s%s, there is room for %s",
				 level, first_only ? ", most valuable pages only" : "",
				 text_size(need, size[0]),
				 level_ascends(c) ? "" : " before its first page",
				 text_size(bytes, size[1]));
			continue;
		}
		if (first_only)
			c->target->err = error_first(c->target->err, error_create(ERROR_NOSPACE,
						     "no dump level fits: only what a reader needs first was written"));
		c->report->first_rank_only = first_only;
		TRY(level_write(c, last, first_only, &retry));
		if (!retry)
			return NULL;
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
	const struct capture_options *o = c->options;
	bool sends = !o->dry_run && o->output && remote_is_url(o->output);
	bool keeps = sends && o->way.put_ranges;
	struct error *told = error_create(ERROR_STOPPED, "%s before the %s",
					  error_message(err),
					  !c->targets[0].begun ?
					  "dump was begun: nothing was written" :
					  keeps ?
					  "dump was whole: what stands at its target says that it is incomplete" :
					  sends ?
					  "server had said that it has the dump: nothing stands at its target, or all of it if that answer alone was missing" :
					  "dump's metadata was in place: no dump can be read");

	error_destroy(err);
	return told;
}

/* Whether something was sent to a target that can't be begun anew, or will not be. */
static bool is_spoilt(const struct capture *c)
{
	bool spoilt = c->report->metadata_seconds > 0;

	for (unsigned i = 0; i < c->nr_targets; i++) {
		const struct dump_target *target = &c->targets[i];

		if (target->begun)
			spoilt |= !target->outputs.nr ||
				  !target_ops(target)->rewrites;
	}
	return spoilt;
}

/* Begins again without threads if memory ran out before the metadata. */
static struct error *levels_try(struct capture *c)
{
	struct error *err = levels_run(c);

	if (is_spoilt(c) || !level_serial_retry(c, err))
		return err;
	return levels_run(c);
}

/* All targets that are ready; what becomes of each at its end, unless that is late. */
static void targets_run(struct capture *c)
{
	struct error *err = bitmaps_fit(c);

	if (!err)
		err = levels_try(c);
	if (c->for_all)
		targets_end_all(c, err);
	else if (c->target->state == TARGET_READY)
		target_end(c, c->target, err);
	level_close(c);
}

/* All of them, and then one after the other those that were late. The report tells of
 * the pages of the first that has a dump. */
static void targets_run_all(struct capture *c)
{
	struct capture_report *r = c->report, told;
	bool stands = false;

	while (targets_lead(c))
		targets_run(c);
	for (unsigned i = 0; i < c->nr_targets; i++)
		stands |= c->targets[i].totals.size != 0;
	told = *r;
	while (targets_late(c))
		targets_run(c);
	if (!stands)
		return;
	memcpy(told.targets, r->targets, sizeof(told.targets));
	told.cut_short = r->cut_short;
	*r = told;
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
	TRY(targets_init(c));
	TRY(input_open(&c->input, c->options, c->log));
	keep_codec(c);
	report_input(c->report, &c->input);
	if (!c->options->dry_run)
		TRY(clock_set(&c->options->clock, c->input.facts.crash_time,
			      c->log));
	targets_open(c);
	do
		targets_run_all(c);
	while (targets_fall_back(c));
	TRY(targets_result(c));
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
	level_close(&c);
	targets_deinit(&c);
	input_close(&c.input);
	report->seconds = progress_now() - c.start;
	return err;
}
