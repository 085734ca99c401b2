/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's clock, which servers and their certificates are held to: a capture
 * kernel's may be wrong. */
#ifndef CAPDUMP_CAPTURE_CLOCK_H
#define CAPDUMP_CAPTURE_CLOCK_H

#include <stdint.h>

#include "../base/log.h"

enum clock_source {
	CLOCK_AS_IT_IS,
	CLOCK_GIVEN,		/* --time UTC */
	CLOCK_CRASH,		/* --time crash: when the machine crashed, unless
				 * the clock is less than a day after that */
};

struct clock_wanted {
	enum clock_source source;
	uint64_t seconds;	/* CLOCK_GIVEN: since 1970 */
};

/* "crash", "@seconds since 1970", or "YYYY-MM-DDThh:mm:ssZ"; ERROR_USAGE. */
struct error *clock_parse(const char *text, struct clock_wanted *ret);

/* Sets the clock, and says so. CRASH_TIME: seconds since 1970, 0: not known, which
 * is an error if it is wanted. */
struct error *clock_set(const struct clock_wanted *wanted, uint64_t crash_time,
			struct log *log);

#endif
