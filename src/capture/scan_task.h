/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one worker of the scan does with one task. Private to the scan. */
#ifndef CAPDUMP_CAPTURE_SCAN_TASK_H
#define CAPDUMP_CAPTURE_SCAN_TASK_H

#include "scan_mark.h"
#include "scan_read.h"

struct scan_task {
	uint64_t first, end;		/* frames; end exclusive */
	struct scan_sets *sets;
	struct scan_counts counts;
	struct error *err;
};

/* A worker's own. */
struct scan_worker {
	unsigned level;
	const struct sparseset *never_drop;	/* borrowed; may be NULL */
	struct scan_reader reader;
};

struct error *scan_worker_init(struct scan_worker *worker,
			       const struct kernel *kernel, unsigned level,
			       const struct sparseset *never_drop);
void scan_worker_deinit(struct scan_worker *worker);

/* A pool_fn: LOCAL is a struct scan_worker, JOB a struct scan_task. */
void scan_task_run(void *local, void *job);

#endif
