/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ordered pool: see pool.h. Jobs stand in one ring of nr_jobs slots. Three
 * counters only ever grow: submitted >= claimed >= taken. Everything in struct
 * pool but the constants is protected by lock.
 */
#include "pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "bytes.h"

/* Bytes; the default of 8 MiB counts where address space is limited. */
#define STACK_SIZE (256u << 10)

struct slot {
	void *job;
	bool done;
};

struct worker {
	struct pool *pool;
	void *local;
	pthread_t thread;
};

struct pool {
	pool_fn *fn;			/* constant after pool_create() */
	unsigned nr_threads, nr_jobs;	/* constant after pool_create() */
	struct worker *workers;		/* caller's thread only */
	void *serial_local;

	pthread_mutex_t lock;
	pthread_cond_t work;		/* a job was submitted, or stop */
	pthread_cond_t done;		/* what the caller waits for became so */
	struct slot *slots;
	uint64_t submitted, claimed, taken;
	unsigned nr_done;		/* jobs done that were not taken */
	bool stop;
};

static struct slot *slot_of(struct pool *pool, uint64_t n)
{
	return &pool->slots[n % pool->nr_jobs];
}

/*
 * Whether the caller need not sleep, or go on sleeping: the oldest job is done,
 * and half of what can be under way is, or all that is. A caller that woke for
 * each job would cost two switches of threads each time, and take a CPU from a
 * worker; the other half keeps the workers busy meanwhile. Under the lock.
 */
static bool worth_waking(struct pool *pool)
{
	uint64_t under_way = pool->submitted - pool->taken;

	return !under_way || (slot_of(pool, pool->taken)->done &&
			      pool->nr_done >= min_u64((pool->nr_jobs + 1) / 2,
						       under_way));
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct pool *pool = worker->pool;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct slot *slot;
		uint64_t n;

		while (pool->claimed == pool->submitted && !pool->stop)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (pool->claimed == pool->submitted)
			break;
		n = pool->claimed++;
		slot = slot_of(pool, n);
		pthread_mutex_unlock(&pool->lock);
		pool->fn(worker->local, slot->job);
		pthread_mutex_lock(&pool->lock);
		slot->done = true;
		pool->nr_done++;
		if (worth_waking(pool)) {
			/* it would run into the lock at once */
			pthread_mutex_unlock(&pool->lock);
			pthread_cond_signal(&pool->done);
			pthread_mutex_lock(&pool->lock);
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Starts the threads, as many as the system gives. */
static void start_threads(struct pool *pool, unsigned nr, void **locals)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (unsigned i = 0; i < nr; i++) {
		struct worker *worker = &pool->workers[i];

		worker->pool = pool;
		worker->local = locals[i];
		if (pthread_create(&worker->thread, &attr, worker_main, worker))
			break;
		pool->nr_threads++;
	}
	pthread_attr_destroy(&attr);
}

struct error *pool_create(unsigned nr_threads, unsigned nr_jobs, pool_fn *fn,
			  void **locals, struct pool **ret)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t monotonic;

	assert(nr_jobs >= 1);
	if (!pool)
		return error_nomem();
	pool->fn = fn;
	pool->nr_jobs = nr_jobs;
	pool->serial_local = locals[0];
	pool->slots = calloc(nr_jobs, sizeof(*pool->slots));
	pool->workers = calloc(nr_threads ? nr_threads : 1,
			       sizeof(*pool->workers));
	if (!pool->slots || !pool->workers) {
		free(pool->slots);
		free(pool->workers);
		free(pool);
		return error_nomem();
	}
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->done, &monotonic);
	pthread_condattr_destroy(&monotonic);
	start_threads(pool, nr_threads, locals);
	*ret = pool;
	return NULL;
}

unsigned pool_nr_threads(const struct pool *pool)
{
	return pool->nr_threads;
}

/* submitted and taken are written by the caller's thread only. */
bool pool_full(const struct pool *pool)
{
	return pool->submitted - pool->taken == pool->nr_jobs;
}

void pool_submit(struct pool *pool, void *job)
{
	assert(!pool_full(pool));
	if (!pool->nr_threads)
		pool->fn(pool->serial_local, job);
	pthread_mutex_lock(&pool->lock);
	*slot_of(pool, pool->submitted++) = (struct slot){
		.job = job,
		.done = !pool->nr_threads,
	};
	pool->nr_done += !pool->nr_threads;
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_signal(&pool->work);
}

/* Whether the oldest job is done, or there is none. Under the lock. */
static bool oldest_done(struct pool *pool)
{
	return pool->taken == pool->submitted ||
	       slot_of(pool, pool->taken)->done;
}

bool pool_wait(struct pool *pool, double seconds)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	seconds += (double)until.tv_nsec / 1e9;
	until.tv_sec += (time_t)seconds;
	until.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9);
	pthread_mutex_lock(&pool->lock);
	if (!oldest_done(pool))
		while (!worth_waking(pool) &&
		       !pthread_cond_timedwait(&pool->done, &pool->lock,
					       &until))
			;
	done = oldest_done(pool);
	pthread_mutex_unlock(&pool->lock);
	return done;
}

void *pool_next(struct pool *pool)
{
	struct slot *slot;
	void *job;

	pthread_mutex_lock(&pool->lock);
	if (pool->taken == pool->submitted) {
		pthread_mutex_unlock(&pool->lock);
		return NULL;
	}
	slot = slot_of(pool, pool->taken);
	if (!slot->done)
		while (!worth_waking(pool))
			pthread_cond_wait(&pool->done, &pool->lock);
	job = slot->job;
	pool->taken++;
	pool->nr_done--;
	pthread_mutex_unlock(&pool->lock);
	return job;
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	assert(pool->taken == pool->submitted);
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->nr_threads; i++)
		pthread_join(pool->workers[i].thread, NULL);
	pthread_cond_destroy(&pool->done);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool->workers);
	free(pool->slots);
	free(pool);
}
