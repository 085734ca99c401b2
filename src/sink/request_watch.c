/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread that ends what libcurl does not: see request_watch.h. */
#include "request_watch.h"

#ifdef HAVE_CURL
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../base/progress.h"
#include "../base/stop.h"
#include "../base/thread.h"

#define LOOK_MS 250l
#define STOP_SECONDS 2.0	/* libcurl's own end comes before */
#define MAX_SOCKETS 8u		/* of one server's addresses, tried beside each other */

struct watch {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	double seconds;
	bool over;			/* the thread is to end */
	bool on;			/* libcurl works, since: */
	double since;
	unsigned nr;
	curl_socket_t sockets[MAX_SOCKETS];
};

static void shut_down(struct watch *watch)
{
	for (unsigned i = 0; i < watch->nr; i++)
		shutdown(watch->sockets[i], SHUT_RDWR);
}

static void *watch_run(void *arg)
{
	struct watch *watch = arg;

	pthread_mutex_lock(&watch->lock);
	while (!watch->over) {
		double late = watch->on ? progress_now() - watch->since : 0;
		struct timespec until;

		if (late > watch->seconds ||
		    (late > STOP_SECONDS && stop_signal()))
			shut_down(watch);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&watch->change, &watch->lock, &until);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

struct watch *watch_create(uint64_t seconds)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	pthread_condattr_t attr;

	if (!watch)
		return NULL;
	watch->seconds = (double)seconds;
	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->change, &attr);
	pthread_condattr_destroy(&attr);
	if (thread_start(&watch->thread, watch_run, watch))
		return watch;
	free(watch);
	return NULL;
}

void watch_destroy(struct watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->over = true;
	pthread_cond_signal(&watch->change);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->change);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

static int opened(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	struct watch *watch = arg;

	(void)purpose;
	pthread_mutex_lock(&watch->lock);
	if (watch->nr < MAX_SOCKETS)
		watch->sockets[watch->nr++] = fd;
	pthread_mutex_unlock(&watch->lock);
	return CURL_SOCKOPT_OK;
}

static int closed(void *arg, curl_socket_t fd)
{
	struct watch *watch = arg;
	unsigned i = 0;

	pthread_mutex_lock(&watch->lock);
	while (i < watch->nr && watch->sockets[i] != fd)
		i++;
	if (i < watch->nr)
		watch->sockets[i] = watch->sockets[--watch->nr];
	pthread_mutex_unlock(&watch->lock);
	return close(fd);
}

struct error *watch_request(struct watch *watch, struct request *request)
{
	REQUEST_SET(request, SOCKOPTFUNCTION, opened);
	REQUEST_SET(request, SOCKOPTDATA, watch);
	REQUEST_SET(request, CLOSESOCKETFUNCTION, closed);
	REQUEST_SET(request, CLOSESOCKETDATA, watch);
	return NULL;
}

static void set(struct watch *watch, bool on)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->on = on;
	watch->since = progress_now();
	pthread_mutex_unlock(&watch->lock);
}

void watch_begin(struct watch *watch)
{
	set(watch, true);
}

void watch_end(struct watch *watch)
{
	set(watch, false);
}
#endif
