/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See hasher.h. */
#include "hasher.h"

#include <sched.h>

#include "../base/thread.h"

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

void hasher_init(struct hasher *hasher)
{
	cpu_set_t cpus;

	*hasher = (struct hasher){ 0 };
	if (!sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) < 2)
		return;
	pthread_mutex_init(&hasher->lock, NULL);
	pthread_cond_init(&hasher->todo, NULL);
	pthread_cond_init(&hasher->done, NULL);
	hasher->started = thread_start(&hasher->thread, hasher_main,
					hasher);
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
