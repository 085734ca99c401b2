/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast a file system takes data, measured by writing some. */
#ifndef CAPDUMP_SINK_SPEED_H
#define CAPDUMP_SINK_SPEED_H

#include <stdint.h>

#include "../base/error.h"

struct speed {
	double bytes_per_second;	/* 0: not measured, there is no room */
	uint64_t room;			/* bytes that are free */
};

/*
 * Writes a nameless file into the folder DIR for 2 seconds, at most 256 MiB and
 * a quarter of what is free, past the page cache where that is possible. An
 * error names DIR. ERROR_STOPPED if a signal came.
 */
struct error *speed_measure(const char *dir, struct speed *ret);

#endif
