/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed: hands the plan's pages to the workers, batch by batch, and what
 * comes back, in the same order, to the writer. Main thread.
 */
#ifndef CAPDUMP_CAPTURE_FEED_H
#define CAPDUMP_CAPTURE_FEED_H

#include "../base/pool.h"
#include "../base/progress.h"
#include "capture.h"
#include "plan_cursor.h"
#include "worker.h"

/* One of the ways through the plan that are gone at a time: a file's. */
struct feed_lane {
	struct plan_cursor cursor;
	struct window *window;		/* the last one mapped */
	uint64_t nr_submitted;		/* pages */
	bool end;			/* nothing follows */
};

struct feed {
	const struct capture_options *options;
	const struct image *image;
	struct plan *plan;
	struct writer *writer;
	struct progress *progress;
	struct capture_report *report;
	size_t page_size;		/* bytes */
	unsigned nr_threads;
	struct writer_place from;	/* where to begin */
	bool rewrites;			/* the sink does */
	const struct dump_part *parts;	/* of a split dump; NULL: it is none */
	size_t nr_parts;
	bool surveys;			/* feed_survey()'s */

	uint64_t nr_done, bytes;	/* pages written, those before `from` too,
					 * and their packed size */
	/* feed.c's own */
	unsigned nr_workers, nr_jobs;
	struct worker *workers;
	void **locals;
	struct worker_job *jobs;	/* taken in turn, as the pool's slots */
	uint64_t next_job;
	struct pool *pool;
	struct feed_lane *lanes;
	size_t nr_lanes;
	uint64_t turn;
};

/* The fields above must be set, the rest zero. */
struct error *feed_init(struct feed *feed);
void feed_deinit(struct feed *feed);

/*
 * Writes all pages. ERROR_STOPPED: a signal came; ERROR_NOSPACE: limit or
 * target; all that was written before stands.
 */
struct error *feed_run(struct feed *feed);

/* Shows all pages to a writer that wants to see them before (writer.h: survey).
 * The feed is of no use after that. */
struct error *feed_survey(struct feed *feed);

#endif
