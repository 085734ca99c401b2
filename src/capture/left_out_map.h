/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that the crashed kernel says is left out of its dump
 * (src/kernel/left_out.h), held against what there is, and what was in it where
 * that was more than the crash kernel.
 */
#ifndef CAPDUMP_CAPTURE_LEFT_OUT_MAP_H
#define CAPDUMP_CAPTURE_LEFT_OUT_MAP_H

#include "../kernel/left_out.h"
#include "lost.h"

struct left_out_hole {
	struct left_out_range range;
	uint64_t there;		/* bytes of it that are in the image all the
				 * same: not every loader leaves them out */
	struct lost lost;	/* of the crash kernel's CMA areas, but for those
				 * that overlap a former one, or with it are more
				 * than LOST_MAX_BYTES; fadump's are counted as a
				 * class */
};

struct left_out_map {
	bool known;		/* the kernel tells */
	bool more;		/* there are more than LEFT_OUT_RANGES */
	unsigned nr;
	struct left_out_hole holes[LEFT_OUT_RANGES];	/* ascending */
};

/* Nothing, where the kernel does not tell. ERROR_STOPPED if a signal came. */
struct error *left_out_map_find(const struct kernel *kernel, struct view *view,
				struct log *log, struct left_out_map *ret);

/* One line for people: "00005b400000-00006b3fffff 256.0 MiB, CMA area ...". */
#define LEFT_OUT_LINE_LEN 256
const char *left_out_text(const struct left_out_hole *hole,
			  char buf[LEFT_OUT_LINE_LEN]);

/* A message for each that something was lost with; a line of the log's report
 * for the others. */
void left_out_map_tell(const struct left_out_map *map, struct log *log);

/* The value of a JSON key: an array, null if the kernel does not tell. */
void left_out_map_print_json(const struct left_out_map *map, FILE *file);

#endif
