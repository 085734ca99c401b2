/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fails and may pass is tried again: for --retry-time from the first failure
 * on, which begins anew whenever a try gets further; after pauses that double, up
 * to a minute.
 */
#ifndef CAPDUMP_SINK_RETRY_H
#define CAPDUMP_SINK_RETRY_H

#include <stdint.h>

#include "../base/error.h"

struct retry {
	uint64_t seconds;	/* --retry-time */
	unsigned nr;		/* tries again so far, for the report */
	unsigned nr_tries;	/* since `since` */
	double since;		/* the first failure without getting further */
	uint64_t furthest;	/* what a try got to */
	double pause;		/* seconds before the next */
	double failed;		/* the last failure that retry_pause() has not
				 * come for; 0: none */
};

/*
 * Takes ERR, what a try has failed with that got to GOT (bytes, of whatever grows);
 * more than STEP beyond what others got to is further. RETRY_AFTER: seconds that
 * the server asks for; 0: it does not. Returns ERROR_AGAIN if there is to be
 * another try, after retry_pause(); else an error that says what was tried, or
 * that a signal came.
 */
struct error *retry_error(struct retry *retry, struct error *err, uint64_t got,
			  uint64_t step, int64_t retry_after);

/* Makes the pause that retry_error() told; ERROR_STOPPED if a signal comes. Time that
 * passed between, since there was other work to do first, is none of trying. */
struct error *retry_pause(struct retry *retry);

/* What fails from here on fails for the first time. */
void retry_reset(struct retry *retry);

#endif
