/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pauses between tries, and their end: see retry.h. */
#include "retry.h"

#include <stdlib.h>
#include <time.h>

#include "../base/bytes.h"
#include "../base/progress.h"
#include "../base/stop.h"

#define PAUSE_MAX 60.0		/* seconds */
#define SLICE_NS 200000000l	/* a signal waits no longer */

/* Between half and all of twice the last pause: machines that crash together
 * don't come back together. */
static double next_pause(const struct retry *retry)
{
	double pause = 1.0;

	for (unsigned i = 1; i < retry->nr_tries && pause < PAUSE_MAX; i++)
		pause *= 2;
	if (pause > PAUSE_MAX)
		pause = PAUSE_MAX;
	srandom((unsigned)(uint64_t)(progress_now() * 1e6));
	return pause * (0.5 + 0.5 * (double)random() / (double)RAND_MAX);
}

/* As retry_error(), which takes ERR after this has told what it says. */
static struct error *judge(struct retry *retry, const struct error *err,
			   int64_t retry_after)
{
	double limit = (double)retry->seconds, now = progress_now();
	double pause = next_pause(retry), asked = (double)retry_after;

	/* told as a date it goes by this machine's clock, which may be wrong */
	if (pause < asked && now - retry->since + asked <= limit)
		pause = asked;
	if (now - retry->since + pause > limit)
		return error_create(ERROR_IO, "%s; given up after %u %s in %.0f s (--retry-time %.0f)",
				    error_message(err), retry->nr_tries,
				    retry->nr_tries == 1 ? "try" : "tries",
				    now - retry->since, limit);
	retry->pause = pause;
	retry->failed = now;
	retry->nr++;
	return error_create(ERROR_AGAIN, "%s; trying again in %.1f s",
			    error_message(err), pause);
}

struct error *retry_error(struct retry *retry, struct error *err, uint64_t got,
			  uint64_t step, int64_t retry_after)
{
	struct error *told = stop_check();

	if (!retry->nr_tries || got > retry->furthest + step) {
		retry->since = progress_now();
		retry->nr_tries = 0;
	}
	retry->furthest = max_u64(retry->furthest, got);
	retry->nr_tries++;
	/* nobody is to wait for another try after a signal */
	if (!told)
		told = judge(retry, err, retry_after);
	error_destroy(err);
	return told;
}

struct error *retry_pause(struct retry *retry)
{
	double now = progress_now(), end = now + retry->pause;
	struct timespec slice = { 0, SLICE_NS };

	if (retry->failed > 0)
		retry->since += now - retry->failed;
	retry->failed = retry->pause = 0;
	while (progress_now() < end) {
		TRY(stop_check());
		nanosleep(&slice, NULL);
	}
	return NULL;
}

void retry_reset(struct retry *retry)
{
	retry->nr_tries = 0;
}
