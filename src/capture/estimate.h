/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large a dump would be, at each level and with each codec: pages are
 * counted exactly, and of each kind some are packed.
 */
#ifndef CAPDUMP_CAPTURE_ESTIMATE_H
#define CAPDUMP_CAPTURE_ESTIMATE_H

#include "../base/progress.h"
#include "input.h"

#define ESTIMATE_CODECS_MAX 8

/* A way to pack. */
struct estimate_codec {
	const struct codec_ops *ops;	/* NULL: not at all */
	int level;			/* as codec_create() takes it */
	const char *option;		/* "-z --fast"; "" for none */
};

/* Kinds of pages that are alike, and that a level keeps or drops together. */
enum estimate_kind {
	ESTIMATE_FIRST,		/* of any level: by rank (plan.h) */
	ESTIMATE_SLAB,
	ESTIMATE_KERNEL,
	ESTIMATE_MEMMAP,
	ESTIMATE_PRIVATE,	/* page cache with private data */
	ESTIMATE_CACHE,		/* all page cache */
	ESTIMATE_USER,
	ESTIMATE_FREE,
	NR_ESTIMATE_KINDS
};

struct estimate_sample {
	uint64_t nr_pages;	/* that there are */
	uint64_t nr_sampled;	/* that could be read */
	uint64_t nr_shared;	/* of them, need no block of their own */
	uint64_t bytes[ESTIMATE_CODECS_MAX];	/* of the sampled ones, packed */
	double seconds[ESTIMATE_CODECS_MAX];	/* of CPU time to pack them */
};

struct estimate {
	struct estimate_codec codecs[ESTIMATE_CODECS_MAX];
	unsigned nr_codecs;
	unsigned page_size;	/* bytes */
	uint64_t nr_present;	/* frames of memory */
	uint64_t metadata_bytes;	/* but for page descriptors */
	struct estimate_sample kinds[NR_ESTIMATE_KINDS];
	double scan_seconds;	/* of one scan of all struct pages */
};

/*
 * Counts and samples the pages of INPUT, at most MAX_SAMPLES of each kind: the
 * same ones each time. Takes some seconds. ERROR_STOPPED if a signal came.
 */
struct error *estimate_run(const struct input *input, uint64_t max_samples,
			   struct progress *progress, struct estimate *ret);

/* Pages in a dump of LEVEL. */
uint64_t estimate_pages(const struct estimate *estimate, unsigned level);

/* Bytes of a dump of LEVEL packed by codecs[CODEC], of all its NR_FILES files:
 * each has the whole head. */
uint64_t estimate_size(const struct estimate *estimate, unsigned level,
		       unsigned codec, unsigned nr_files);

/* Seconds of CPU time to scan and pack that. */
double estimate_seconds(const struct estimate *estimate, unsigned level,
			unsigned codec);

#endif
