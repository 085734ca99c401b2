/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See hasher.h. */
#include "hasher.h"

#include <sched.h>
#include <signal.h>

#define STACK_SIZE (256u << 10)

static void *hasher_main(void *arg)
{
	struct hasher *hasher = arg;

	pthread_mutex_lock(&hasher->lock);
	for (;;) {
		while (!hasher->sha && !hasher->stop)
			pthread_cond_wait(&hasher->todo, &hasher->lock);
		if (!hasher->sha)
			break;
		pthread_mutex_unlock(&hasher->lock);
		sha256_add(hasher->sha, hasher->buf, hasher->len);
		pthread_mutex_lock(&hasher->lock);
		hasher->sha = NULL;
		pthread_cond_signal(&hasher->done);
	}
	pthread_mutex_unlock(&hasher->lock);
	return NULL;
}

/* Signals are the main thread's. */
static bool start(struct hasher *hasher)
{
	pthread_attr_t attr;
	sigset_t all, old;
	bool ok;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ok = !pthread_create(&hasher->thread, &attr, hasher_main, hasher);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return ok;
}

void hasher_init(struct hasher *hasher)
{
	cpu_set_t cpus;

	*hasher = (struct hasher){ 0 };
	if (!sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) < 2)
		return;
	pthread_mutex_init(&hasher->lock, NULL);
	pthread_cond_init(&hasher->todo, NULL);
	pthread_cond_init(&hasher->done, NULL);
	hasher->started = start(hasher);
	if (hasher->started)
		return;
	pthread_mutex_destroy(&hasher->lock);
	pthread_cond_destroy(&hasher->todo);
	pthread_cond_destroy(&hasher->done);
}

void hasher_deinit(struct hasher *hasher)
{
	if (!hasher->started)
		return;
	pthread_mutex_lock(&hasher->lock);
	hasher->stop = true;
	pthread_cond_signal(&hasher->todo);
	pthread_mutex_unlock(&hasher->lock);
	pthread_join(hasher->thread, NULL);
	pthread_mutex_destroy(&hasher->lock);
	pthread_cond_destroy(&hasher->todo);
	pthread_cond_destroy(&hasher->done);
	hasher->started = false;
}

void hasher_add(struct hasher *hasher, struct sha256 *sha, const void *buf,
		size_t len)
{
	if (!hasher->started) {
		sha256_add(sha, buf, len);
		return;
	}
	pthread_mutex_lock(&hasher->lock);
	while (hasher->sha)
		pthread_cond_wait(&hasher->done, &hasher->lock);
	hasher->sha = sha;
	hasher->buf = buf;
	hasher->len = len;
	pthread_mutex_unlock(&hasher->lock);
	pthread_cond_signal(&hasher->todo);
}

void hasher_wait(struct hasher *hasher)
{
	if (!hasher->started)
		return;
	pthread_mutex_lock(&hasher->lock);
	while (hasher->sha)
		pthread_cond_wait(&hasher->done, &hasher->lock);
	pthread_mutex_unlock(&hasher->lock);
}
