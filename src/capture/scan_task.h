/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one worker of the scan does with one task. Private to the scan. */
#ifndef CAPDUMP_CAPTURE_SCAN_TASK_H
#define CAPDUMP_CAPTURE_SCAN_TASK_H

#include "../image/window.h"
#include "scan.h"

struct scan_task {
	uint64_t first, end;		/* frames; end exclusive */
	struct scan_sets *sets;
	struct scan_counts counts;
	struct error *err;
};

/* A worker's own. */
struct scan_worker {
	const struct kernel *kernel;
	unsigned level;
	struct view *view;		/* random access: tables, heads */
	struct view *stream;		/* struct pages where mapping fails */
	uint8_t *buf;			/* SCAN_CHUNK struct pages */
	struct window *window;		/* over struct pages; NULL: none */
	struct extent extent;		/* last translation */
	uint64_t extent_vaddr;
};

struct error *scan_worker_init(struct scan_worker *worker,
			       const struct kernel *kernel, unsigned level);
void scan_worker_deinit(struct scan_worker *worker);

/* A pool_fn: LOCAL is a struct scan_worker, JOB a struct scan_task. */
void scan_task_run(void *local, void *job);

#endif
