/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool keeps order, whatever the threads do, and does the same with 0. */
#include <time.h>
#include <unistd.h>

#include "../../src/base/pool.h"
#include "unit.h"

struct job {
	unsigned n, square;
	bool busy;
};

struct local {
	unsigned nr_done;
};

static void square(void *arg_local, void *arg)
{
	struct local *local = arg_local;
	struct job *job = arg;

	/* later jobs finish earlier */
	if (job->n % 7 == 0)
		usleep(500);
	job->square = job->n * job->n;
	local->nr_done++;
}

static void run(unsigned nr_threads, unsigned nr_jobs, unsigned total)
{
	struct local locals[8] = { { 0 } };
	void *pointers[8];
	struct job jobs[16] = { { 0 } };
	struct pool *pool;
	unsigned in = 0, out = 0, done = 0;

	for (int i = 0; i < 8; i++)
		pointers[i] = &locals[i];
	if (!CHECK_OK(pool_create(nr_threads, nr_jobs, square, pointers,
				  &pool)))
		return;
	CHECK(pool_nr_threads(pool) == nr_threads);
	while (out < total) {
		struct job *job;

		while (in < total && !pool_full(pool)) {
			job = &jobs[in % nr_jobs];
			CHECK(!job->busy);
			*job = (struct job){ .n = in++, .busy = true };
			pool_submit(pool, job);
		}
		job = pool_next(pool);
		if (!CHECK(job && job->n == out && job->square == out * out))
			break;
		job->busy = false;
		out++;
	}
	CHECK(!pool_next(pool));
	CHECK(pool_wait(pool, 0));
	pool_destroy(pool);
	for (int i = 0; i < 8; i++)
		done += locals[i].nr_done;
	CHECK(done == total);
}

/* Waiting for a slow job must cost no CPU time: this one takes until somebody
 * writes to its pipe. */
static void slow_job(void *local, void *job)
{
	char byte;

	/* what is counted as a check is the main thread's */
	*(bool *)local = read(((int *)job)[0], &byte, 1) == 1;
}

static void test_no_spinning(void)
{
	bool was_read[2] = { false, false };
	void *locals[2] = { &was_read[0], &was_read[1] };
	struct timespec before, after;
	struct pool *pool;
	int job[2];

	if (!CHECK(!pipe(job)) ||
	    !CHECK_OK(pool_create(2, 4, slow_job, locals, &pool)))
		return;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	pool_submit(pool, job);
	CHECK(!pool_wait(pool, 0));
	CHECK(!pool_wait(pool, 0.5));
	CHECK(write(job[1], "", 1) == 1);
	CHECK(pool_wait(pool, 60));
	CHECK(pool_next(pool) == job);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	pool_destroy(pool);
	CHECK(was_read[0] || was_read[1]);
	CHECK((double)(after.tv_sec - before.tv_sec) +
	      (double)(after.tv_nsec - before.tv_nsec) / 1e9 < 0.25);
}

int main(void)
{
	run(0, 1, 100);
	run(0, 4, 100);
	run(1, 1, 100);
	run(1, 4, 300);
	run(4, 16, 2000);
	run(8, 9, 2000);
	test_no_spinning();
	return unit_end();
}
