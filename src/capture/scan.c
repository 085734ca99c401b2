/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scan's tasks, handed to a pool: see scan.h. */
#include "scan.h"

#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/pool.h"
#include "../base/stop.h"
#include "scan_task.h"

struct scan {
	const struct kernel *kernel;	/* borrowed */
	uint64_t gap, gap_end;		/* of the last scan_gap() */
	unsigned nr_workers;		/* >= 1 */
	struct scan_worker *workers;
	void **locals;			/* the same, for the pool */
	unsigned nr_tasks;
	struct scan_task *tasks;	/* as many as may be under way */
	struct pool *pool;
	uint64_t task_pages;
};

void scan_destroy(struct scan *scan)
{
	if (!scan)
		return;
	pool_destroy(scan->pool);
	for (unsigned i = 0; scan->workers && i < scan->nr_workers; i++)
		scan_worker_deinit(&scan->workers[i]);
	free(scan->workers);
	free(scan->locals);
	free(scan->tasks);
	free(scan);
}

static struct error *create(struct scan *scan, const struct kernel *kernel,
			    unsigned level, const struct sparseset *never_drop,
			    unsigned nr_threads)
{
	scan->kernel = kernel;
	scan->nr_workers = nr_threads ? nr_threads : 1;
	scan->nr_tasks = 2 * scan->nr_workers;
	scan->task_pages = SCAN_TASK_BYTES >> kernel->space.target.page_shift;
	scan->workers = calloc(scan->nr_workers, sizeof(*scan->workers));
	scan->locals = calloc(scan->nr_workers, sizeof(*scan->locals));
	scan->tasks = calloc(scan->nr_tasks, sizeof(*scan->tasks));
	if (!scan->workers || !scan->locals || !scan->tasks)
		return error_nomem();
	for (unsigned i = 0; i < scan->nr_workers; i++) {
		scan->locals[i] = &scan->workers[i];
		TRY(scan_worker_init(&scan->workers[i], kernel, level,
				     never_drop));
	}
	return pool_create(nr_threads, scan->nr_tasks, scan_task_run,
			   scan->locals, &scan->pool);
}

struct error *scan_create(const struct kernel *kernel, unsigned level,
			  const struct sparseset *never_drop,
			  unsigned nr_threads, struct scan **ret)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	struct error *err;

	if (!scan)
		return error_nomem();
	err = create(scan, kernel, level, never_drop, nr_threads);
	if (err) {
		scan_destroy(scan);
		return err;
	}
	*ret = scan;
	return NULL;
}

struct pageset *scan_set(struct scan_sets *sets, unsigned i)
{
	struct pageset *all[SCAN_NR_SETS] = {
		&sets->present, &sets->kept, &sets->slab, &sets->user,
		&sets->reserved, &sets->poisoned,
	};

	return all[i];
}

void scan_set_move(struct pageset *set, uint64_t first, uint64_t end)
{
	set->first = first;
	set->end = end;
	pageset_clear(set);
}

static void add_counts(struct scan_counts *sum, const struct scan_counts *one)
{
	for (unsigned i = 0; i < NR_CLASSES; i++) {
		sum->present[i] += one->present[i];
		sum->kept[i] += one->kept[i];
	}
	sum->free_found += one->free_found;
	sum->nr_unreadable += one->nr_unreadable;
	sum->nr_nonsense += one->nr_nonsense;
}

struct error *scan_run(struct scan *scan, struct scan_sets *sets,
		       struct scan_counts *counts, struct progress *progress,
		       uint64_t done)
{
	uint64_t pfn = sets->kept.first, end = sets->kept.end;
	struct error *err = NULL;
	unsigned next = 0;

	for (;;) {
		struct scan_task *task;

		if (!err)
			err = stop_check();
		while (!err && !pool_full(scan->pool)) {
			/* a GiB without memory is not looked at */
			pfn = max_u64(pfn, align_down(pageset_next(
				&sets->present, pfn), scan->task_pages));
			if (pfn >= end)
				break;
			task = &scan->tasks[next++ % scan->nr_tasks];
			*task = (struct scan_task){
				.first = pfn,
				.end = min_u64(end, align_down(pfn,
							scan->task_pages) +
					       scan->task_pages),
				.sets = sets,
			};
			pfn = task->end;
			pool_submit(scan->pool, task);
		}
		task = pool_next(scan->pool);
		if (!task)
			return err;
		if (!err)
			err = task->err;
		else
			error_destroy(task->err);
		add_counts(counts, &task->counts);
		if (progress)
			progress_update(progress, done + task->end -
					sets->kept.first, 0);
	}
}

struct error *scan_gap(struct scan *scan, uint64_t pfn, uint64_t *end)
{
	const struct kernel *kernel = scan->kernel;
	struct page_array array = { .first_pfn = UINT64_MAX };
	bool unreadable = false;

	if (pfn >= scan->gap && pfn < scan->gap_end) {
		*end = scan->gap_end;
		return NULL;
	}
	if (kernel->has_pages)	/* no worker is at work now */
		TRY(kernel_page_array(kernel, scan->workers[0].reader.view, pfn,
				      &array, &unreadable));
	*end = array.nr_pages || unreadable ? pfn : array.first_pfn;
	scan->gap = pfn;
	scan->gap_end = *end;
	return NULL;
}
