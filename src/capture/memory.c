/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory the capture may use: see memory.h. */
#include "memory.h"

#include <sched.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "capture.h"
#include "plan.h"

/* The largest folio (Linux 7.2 include/linux/mmzone.h: MAX_FOLIO_ORDER, 16
 * GiB on 64-bit): a window is never smaller. */
#define WINDOW_MIN_BYTES (16ull << 30)
/* Of what is kept in memory of the plan, so much is worth its reservation (of
 * 4 TiB); beyond, windows that are packed, or scanned again, are cheaper. */
#define PLAN_WANTED (128ull << 20)

static unsigned nr_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

void memory_plan(uint64_t end_pfn, unsigned page_shift, int nr_threads,
		 size_t nr_files, uint64_t bytes, struct memory_budget *ret)
{
	uint64_t window = WINDOW_MIN_BYTES >> page_shift, plan, left;
	unsigned wanted;

	ret->available = io_proc_bytes("/proc/meminfo", "MemAvailable:");
	/* unknown: as if half of it were 64 MiB */
	if (!bytes)
		bytes = ret->available ? ret->available / 2 : 64 << 20;
	ret->bytes = bytes;
	if (nr_threads >= 0)
		wanted = (unsigned)nr_threads;
	else
		wanted = nr_cpus() > 1 ? nr_cpus() : 0;
	if (wanted > CAPTURE_MAX_THREADS)
		wanted = CAPTURE_MAX_THREADS;

	ret->files = nr_files * (uint64_t)MEMORY_PER_FILE;
	left = ret->bytes > MEMORY_BASE ? ret->bytes - MEMORY_BASE : 0;
	left -= min_u64(left, ret->files);
	ret->window_pages = 0;
	if (end_pfn > window)
		ret->window_pages = window;
	plan = plan_memory(ret->window_pages, end_pfn);
	left = left > plan ? left - plan : 0;
	ret->nr_threads = (unsigned)min_u64(wanted, left / MEMORY_PER_THREAD);
	left -= ret->nr_threads * (uint64_t)MEMORY_PER_THREAD;
	/* packed, what a level keeps takes less than a bit a frame */
	ret->store_bytes = min_u64(end_pfn / 8, left);
}

uint64_t memory_wanted(uint64_t end_pfn, unsigned nr_cpus, unsigned nr_files)
{
	return MEMORY_BASE + min_u64(plan_memory(0, end_pfn), PLAN_WANTED) +
	       (nr_files - 1) * (uint64_t)MEMORY_PER_FILE +
	       (nr_cpus > 1 ? nr_cpus : 1) * (uint64_t)MEMORY_PER_THREAD;
}
