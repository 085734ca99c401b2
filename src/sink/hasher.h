/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 by a thread of its own, beside the sending of the same bytes; by the caller
 * where there is one CPU, or no thread to be had. Calls come from one thread. */
#ifndef CAPDUMP_SINK_HASHER_H
#define CAPDUMP_SINK_HASHER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "sha256.h"

struct hasher {
	bool started;			/* zeroes are a hasher without a thread */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t todo, done;
	bool stop;			/* these are protected by lock */
	struct sha256 *sha;		/* NULL: nothing is under way */
	const void *buf;
	size_t len;
};

void hasher_init(struct hasher *hasher);
void hasher_deinit(struct hasher *hasher);

/* Adds LEN bytes to SHA. Both stay where and as they are until hasher_wait(), or the
 * next hasher_add(), which waits as well. */
void hasher_add(struct hasher *hasher, struct sha256 *sha, const void *buf,
		size_t len);
void hasher_wait(struct hasher *hasher);

#endif
