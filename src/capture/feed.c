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

static struct error *workers_init(struct feed *feed)
{
	const struct capture_options *o = feed->options;

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
				o->codec_level, o->paranoid));
	}
	for (unsigned i = 0; i < feed->nr_jobs; i++)
		TRY(worker_job_init(&feed->jobs[i], feed->page_size));
	return NULL;
}

struct error *feed_init(struct feed *feed)
{
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
	window_put(feed->window);
	free(feed->jobs);
	free(feed->locals);
	free(feed->workers);
}

/*
 * A window for the job's pages. The batch lies within one aligned WINDOW_BYTES;
 * if more of this rank follows in there, the window reaches to its end.
 */
static struct error *window_for(struct feed *feed, struct worker_job *job)
{
	const struct batch *batch = &job->batch;
	uint64_t first = batch->pfn[0] * feed->page_size;
	uint64_t end = (batch->pfn[batch->nr - 1] + 1) * feed->page_size;
	uint64_t limit = align_down(first, WINDOW_BYTES) + WINDOW_BYTES;

	if (!feed->window || !window_covers(feed->window, first, end - first)) {
		if (feed->plan->next * feed->page_size < limit)
			end = limit;
		window_put(feed->window);
		feed->window = NULL;
		TRY(window_create(feed->image, first, end - first,
				  &feed->window));
	}
	feed->report->mapped |= !!feed->window;
	job->window = window_get(feed->window);
	return NULL;
}

/* Fills and submits the next job. *WINDOW_ENDED, *END: see plan_next(). */
static struct error *submit_next(struct feed *feed, bool *window_ended,
				 bool *end)
{
	struct worker_job *job = &feed->jobs[feed->next_job % feed->nr_jobs];
	struct batch *batch = &job->batch;

	TRY(plan_next(feed->plan, WINDOW_BYTES,
		      worker_batch_pages(feed->page_size), batch->pfn,
		      batch->index, &batch->nr, end));
	*window_ended = !batch->nr && !*end;
	if (!batch->nr)
		return NULL;
	TRY(window_for(feed, job));
	feed->next_job++;
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

	plan_rewind(feed->plan);
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
	plan_rewind(feed->plan);
	while (!end) {
		TRY(stop_check());
		TRY(plan_next(feed->plan, WINDOW_BYTES,
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
	TRY(writer->ops->survey_contents(writer) ? feed_run(feed) :
	    survey_frames(feed));
	return writer->ops->survey(writer, NULL);
}
