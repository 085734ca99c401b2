/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From plan to workers to writer: see feed.h. */
#include "feed.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"

#define WINDOW_BYTES (4ull << 20)	/* mapped at once, at most */
#define JOBS_PER_WORKER 3
#define TICK_SECONDS 1.0

static struct error *lanes_init(struct feed *feed)
{
	const struct dump_part whole = { .first = feed->from.pfn,
					 .end = feed->plan->end_pfn };
	const struct dump_part *parts = feed->parts ? feed->parts : &whole;

	feed->nr_done = feed->from.index;
	feed->nr_lanes = feed->parts ? feed->nr_parts : 1;
	feed->lanes = calloc(feed->nr_lanes, sizeof(*feed->lanes));
	if (!feed->lanes)
		return error_nomem();
	for (size_t i = 0; i < feed->nr_lanes; i++)
		TRY(plan_cursor_init(&feed->lanes[i].cursor, feed->plan,
				     parts[i].first, parts[i].end,
				     feed->nr_lanes > 1));
	return NULL;
}

static struct error *workers_init(struct feed *feed)
{
	const struct capture_options *o = feed->options;
	unsigned flags = (o->paranoid ? WORKER_PARANOID : 0) |
			 (o->dedup && o->format->shares ? WORKER_DEDUP : 0) |
			 (o->codec_level == CODEC_LEVEL_DEFAULT ?
			  WORKER_COPY : 0);

	feed->nr_workers = feed->nr_threads ? feed->nr_threads : 1;
	/* one job is enough where nobody works ahead */
	feed->nr_jobs = feed->nr_threads ?
			feed->nr_threads * JOBS_PER_WORKER : 1;
	feed->workers = calloc(feed->nr_workers, sizeof(*feed->workers));
	feed->locals = calloc(feed->nr_workers, sizeof(*feed->locals));
	feed->jobs = calloc(feed->nr_jobs, sizeof(*feed->jobs));
	if (!feed->workers || !feed->locals || !feed->jobs)
		return error_nomem();
	for (unsigned i = 0; i < feed->nr_workers; i++) {
		feed->locals[i] = &feed->workers[i];
		TRY(worker_init(&feed->workers[i], feed->image,
				feed->page_size, feed->report->codec,
				o->codec_level, flags));
	}
	for (unsigned i = 0; i < feed->nr_jobs; i++)
		TRY(worker_job_init(&feed->jobs[i], feed->page_size));
	return NULL;
}

struct error *feed_init(struct feed *feed)
{
	TRY(lanes_init(feed));
	TRY(workers_init(feed));
	TRY(pool_create(feed->nr_threads, feed->nr_jobs, worker_run,
			feed->locals, &feed->pool));
	feed->report->nr_threads = pool_nr_threads(feed->pool);
	return NULL;
}

void feed_deinit(struct feed *feed)
{
	pool_destroy(feed->pool);
	for (unsigned i = 0; feed->jobs && i < feed->nr_jobs; i++)
		worker_job_deinit(&feed->jobs[i]);
	for (unsigned i = 0; feed->workers && i < feed->nr_workers; i++)
		worker_deinit(&feed->workers[i]);
	for (size_t i = 0; feed->lanes && i < feed->nr_lanes; i++) {
		plan_cursor_deinit(&feed->lanes[i].cursor);
		window_put(feed->lanes[i].window);
	}
	free(feed->lanes);
	free(feed->jobs);
	free(feed->locals);
	free(feed->workers);
}

/*
 * A window for the job's pages. The batch lies within one aligned WINDOW_BYTES;
 * if more of this rank follows in there, the window reaches to its end.
 */
static struct error *window_for(struct feed *feed, struct feed_lane *lane,
				struct worker_job *job)
{
	const struct batch *batch = &job->batch;
	uint64_t first = batch->pfn[0] * feed->page_size;
	uint64_t end = (batch->pfn[batch->nr - 1] + 1) * feed->page_size;
	uint64_t limit = align_down(first, WINDOW_BYTES) + WINDOW_BYTES;

	if (!lane->window || !window_covers(lane->window, first, end - first)) {
		if (lane->cursor.next * feed->page_size < limit)
			end = limit;
		window_put(lane->window);
		lane->window = NULL;
		TRY(window_create(feed->image, first, end - first,
				  &lane->window));
	}
	feed->report->mapped |= !!lane->window;
	job->window = window_get(lane->window);
	return NULL;
}

/*
 * The lane whose turn it is; NULL: all are at their end. So that all files of a
 * split dump are written at a time, whatever disks they are on; but what readers
 * can't do without comes first, of all of them.
 */
static struct feed_lane *next_lane(struct feed *feed)
{
	unsigned most = NR_RANKS;

	for (size_t i = 0; i < feed->nr_lanes; i++)
		if (!feed->lanes[i].end && feed->lanes[i].cursor.rank < most)
			most = feed->lanes[i].cursor.rank;
	if (most > RANK_SLAB)
		most = NR_RANKS;
	for (size_t i = 0; i < feed->nr_lanes; i++) {
		struct feed_lane *lane = &feed->lanes[feed->turn++ %
						      feed->nr_lanes];

		if (!lane->end && lane->cursor.rank <= most)
			return lane;
	}
	return NULL;
}

/* A file that is full gets no more pages. */
static void drop_failed(struct feed *feed)
{
	const struct writer_ops *ops = feed->writer->ops;

	for (size_t i = 0; ops->part_failed && i < feed->nr_lanes; i++)
		feed->lanes[i].end |= ops->part_failed(feed->writer, i);
}

/* Fills and submits the next job. *WINDOW_ENDED: see plan_next(); *END: there is
 * none. */
static struct error *submit_next(struct feed *feed, bool *window_ended,
				 bool *end)
{
	struct worker_job *job = &feed->jobs[feed->next_job % feed->nr_jobs];
	struct batch *batch = &job->batch;
	struct feed_lane *lane = next_lane(feed);
	unsigned max = worker_batch_pages(feed->page_size), in_section;

	*end = !lane;
	if (!lane)
		return NULL;
	in_section = SECTION_PAGES - lane->nr_submitted % SECTION_PAGES;
	TRY(plan_next(&lane->cursor, WINDOW_BYTES,
		      max < in_section ? max : in_section, batch->pfn,
		      batch->index, &batch->nr, &lane->end));
	*window_ended = !batch->nr && !lane->end;
	if (!batch->nr)
		return NULL;
	TRY(window_for(feed, lane, job));
	feed->next_job++;
	lane->nr_submitted += batch->nr;
	pool_submit(feed->pool, job);
	return NULL;
}

static void list_unreadable(struct feed *feed, const struct batch *batch,
			    uint64_t nr_before)
{
	for (unsigned i = 0; i < batch->nr; i++)
		if (batch->kind[i] == BATCH_UNREADABLE &&
		    nr_before < CAPTURE_MAX_LISTED)
			feed->report->unreadable[nr_before++] = batch->pfn[i];
}

/* Hands a batch to the writer. */
static struct error *take(struct feed *feed, const struct batch *batch)
{
	const struct writer_ops *ops = feed->writer->ops;

	return feed->surveys ? ops->survey(feed->writer, batch) :
	       ops->pages(feed->writer, batch);
}

/* Waits for the oldest job. A read that hangs must not keep the writer from
 * making what it has durable: an empty batch is a tick of its clock. */
static struct error *wait_oldest(struct feed *feed)
{
	static const struct batch tick = { .nr = 0 };

	while (!pool_wait(feed->pool, TICK_SECONDS))
		TRY(take(feed, &tick));
	return NULL;
}

/* Takes the oldest job back and writes it. *NONE: there was none. */
static struct error *write_oldest(struct feed *feed, bool *none)
{
	struct worker_job *job;
	struct error *err;
	uint64_t nr_unreadable;

	TRY(wait_oldest(feed));
	job = pool_next(feed->pool);
	*none = !job;
	if (!job)
		return NULL;
	err = job->batch.err;
	job->batch.err = NULL;
	if (err)
		return err;
	nr_unreadable = feed->writer->ops->totals(feed->writer)->nr_unreadable;
	TRY(take(feed, &job->batch));
	drop_failed(feed);
	if (!feed->surveys)
		list_unreadable(feed, &job->batch, nr_unreadable);
	feed->nr_done += job->batch.nr;
	feed->bytes += job->batch.len;
	progress_update(feed->progress, feed->nr_done, feed->bytes);
	return NULL;
}

/* Writes all that is under way. */
static struct error *write_rest(struct feed *feed)
{
	bool none = false;

	while (!none)
		TRY(write_oldest(feed, &none));
	return NULL;
}

static struct error *run(struct feed *feed)
{
	bool end = false;

	while (!end) {
		bool window_ended = false, none;

		TRY(stop_check());
		if (pool_full(feed->pool))
			TRY(write_oldest(feed, &none));
		TRY(submit_next(feed, &window_ended, &end));
		if (window_ended && !feed->rewrites && !feed->surveys) {
			TRY(write_rest(feed));
			TRY(feed->writer->ops->window_end(
					feed->writer, &feed->plan->sets.kept));
		}
	}
	return write_rest(feed);
}

struct error *feed_run(struct feed *feed)
{
	struct error *err = run(feed);
	struct worker_job *job;

	/* after an error: what is under way comes back, and is dropped */
	while ((job = pool_next(feed->pool))) {
		error_destroy(job->batch.err);
		job->batch.err = NULL;
	}
	return err;
}

/* Which pages there will be, without a look at them. */
static struct error *survey_frames(struct feed *feed)
{
	struct batch *batch = &feed->jobs[0].batch;
	bool end = false;

	memset(batch->kind, BATCH_RAW, sizeof(batch->kind));
	while (!end) {
		TRY(stop_check());
		TRY(plan_next(&feed->lanes[0].cursor, WINDOW_BYTES,
			      worker_batch_pages(feed->page_size), batch->pfn,
			      batch->index, &batch->nr, &end));
		TRY(take(feed, batch));
	}
	return NULL;
}

struct error *feed_survey(struct feed *feed)
{
	struct writer *writer = feed->writer;

	feed->surveys = true;
	TRY(writer->ops->surveys(writer) == SURVEY_CONTENTS ? feed_run(feed) :
	    survey_frames(feed));
	return writer->ops->survey(writer, NULL);
}
