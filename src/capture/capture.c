/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline on one page:
 *
 *   image -> kernel -> filter -> plan -> workers -> writer -> sink
 *
 * capture_run() opens the image and what it can of its kernel, and tries the
 * dump levels in turn. level.c has what a level is: level_plan() scans the struct
 * pages into a plan; if the metadata fit, level_write() lets the writer put them
 * out and feeds the plan's pages, in batches, to the workers and what comes back,
 * in the same order, to the writer. However that ends, the writer's finish()
 * makes a valid dump of what there is.
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
				 level_ascends(c) ? "" : " before its first page",
				 text_size(bytes, size[1]));
			continue;
		}
		if (first_only)
			level_cut_short(c, error_create(ERROR_NOSPACE,
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
	bool sends = c->outputs.nr && outputs_ops(&c->outputs)->sent;
	bool keeps = c->options->way.put_ranges;
	struct error *told = error_create(ERROR_STOPPED, "%s before the %s",
					  error_message(err), !c->begun ?
					  "dump was begun: nothing was written" :
					  keeps ?
					  "dump was whole: what stands at its target says that it is incomplete" :
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
	bool spoilt = !c->outputs.nr || (c->begun && !level_rewrites(c)) ||
		      c->report->metadata_seconds > 0;

	if (spoilt || !level_serial_retry(c, err))
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
	if (!c->options->dry_run)
		TRY(clock_set(&c->options->clock, c->input.facts.crash_time,
			      c->log));
	TRY(sinks_open(c));
	if (c->options->before)
		c->options->before(c->options->before_arg, c->input.image, c->log);
	TRY(bitmaps_fit(c));
	err = levels_try(c);
	if (err && c->stands)
		level_cut_short(c, err);
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
		report_sent(report, c.progress.sent);
	level_close(&c);
	outputs_close(&c.outputs);
	input_close(&c.input);
	report->seconds = progress_now() - c.start;
	return err;
}
