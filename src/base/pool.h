/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool of threads that keeps order: jobs come out as they went in. With 0
 * threads the same calls do the same work in the caller's thread. Nobody
 * spins: a worker sleeps until there is a job, the caller until the oldest is
 * done.
 *
 * One owner at a time: the caller owns a job until pool_submit() and again
 * from pool_next() on; in between it is a worker's.
 */
#ifndef CAPDUMP_BASE_POOL_H
#define CAPDUMP_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct pool;

/*
 * What a worker does with a JOB. LOCAL is that worker's own element of the
 * LOCALS array of pool_create(). A job's failure is stored in the job.
 */
typedef void pool_fn(void *local, void *job);

/*
 * NR_THREADS workers (0: none, work is done in pool_submit()), at most NR_JOBS
 * (>= 1) between submit and next. LOCALS has max(1, NR_THREADS) elements and
 * stays the caller's. When a thread cannot be started the pool goes on with
 * those it got (pool_nr_threads()), even with 0.
 */
struct error *pool_create(unsigned nr_threads, unsigned nr_jobs, pool_fn *fn,
			  void **locals, struct pool **ret);

/* The number of threads that really run. */
unsigned pool_nr_threads(const struct pool *pool);

/* True when NR_JOBS jobs are under way: call pool_next() first. */
bool pool_full(const struct pool *pool);

/* Hands JOB over; the pool must not be full. */
void pool_submit(struct pool *pool, void *job);

/* Waits for the oldest job and returns it; NULL if none is under way. A caller
 * that has to sleep does so until half of NR_JOBS, or all that are under way,
 * are done. */
void *pool_next(struct pool *pool);

/* Waits as pool_next(), SECONDS at most; whether the oldest job is done (or
 * there is none). */
bool pool_wait(struct pool *pool, double seconds);

/* Waits for the workers; every job must have been taken back. NULL is fine. */
void pool_destroy(struct pool *pool);

#endif
