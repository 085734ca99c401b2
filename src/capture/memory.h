/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory budget: a capture kernel has 160-512 MiB in all. Threads and
 * windows shrink to fit what is free.
 */
#ifndef CAPDUMP_CAPTURE_MEMORY_H
#define CAPDUMP_CAPTURE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct memory_budget {
	uint64_t available;	/* MemAvailable, bytes; 0: unknown */
	uint64_t bytes;		/* of it, that we allow ourselves */
	uint64_t files;		/* bytes for those of a split dump */
	unsigned nr_threads;	/* 0: serial */
	uint64_t window_pages;	/* of the plan; 0: all memory in one */
	uint64_t store_bytes;	/* for what the plan remembers of windows; a
				 * window that it forgets is scanned again */
};

/* Bytes for each thread beyond the plan: 1 MiB of batches, up to 1 of codec (our
 * zstd encoder: 0.35 and 0.15 for libzstd's decoder), views, stack. */
#define MEMORY_PER_THREAD (3u << 20)
/* Bytes for each file of a split dump after the first: 1.5 MiB of buffers, up to
 * 1.3 of page descriptors, 1 of sets where the plan has several windows, and 0.6
 * for --dedup. */
#define MEMORY_PER_FILE (5u << 20)
/* Bytes for everything that is there once, --dedup's table too (0.6 MiB). */
#define MEMORY_BASE (8u << 20)

/*
 * END_PFN frames of PAGE_SHIFT; NR_THREADS -1: as many as CPUs (one CPU:
 * serial). A wanted number of threads is reduced only by memory. BYTES to
 * allow ourselves; 0: half of what is available. There is no least: what can't
 * be smaller is used all the same. NR_FILES of a split dump, beside the first.
 */
void memory_plan(uint64_t end_pfn, unsigned page_shift, int nr_threads,
		 size_t nr_files, uint64_t bytes, struct memory_budget *ret);

/* Bytes that a capture of END_PFN frames into NR_FILES files, from 1 on, wants with
 * NR_CPUS CPUs: with less it scans memory window by window, some more than once. */
uint64_t memory_wanted(uint64_t end_pfn, unsigned nr_cpus, unsigned nr_files);

#endif
