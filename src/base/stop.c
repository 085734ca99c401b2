/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that end a run early: see stop.h. */
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

/*
 * One wish to stop may come as two signals: timeout(1) signals its child and
 * then its process group, a shell passes on what the terminal has sent to both.
 * Within this time the second is the first again.
 */
#define ECHO_MS 20
#define TIME_BITS 23			/* wraps after 2 hours */

/* The only writable global of the program: a handler can reach nothing else.
 * The first signal's number, and above SIGNAL_BITS when it came, ms. */
static volatile sig_atomic_t stop_received;
#define SIGNAL_BITS 8

static unsigned now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((unsigned)now.tv_sec * 1000 +
		(unsigned)(now.tv_nsec / 1000000)) & ((1u << TIME_BITS) - 1);
}

static void stop_handler(int signum)
{
	unsigned first = (unsigned)stop_received, now = now_ms();

	if (!first) {
		stop_received = (int)(now << SIGNAL_BITS) | signum;
		return;
	}
	now -= first >> SIGNAL_BITS;
	if ((now & ((1u << TIME_BITS) - 1)) < ECHO_MS)
		return;
	signal(signum, SIG_DFL);
	raise(signum);
}

struct error *stop_install(void)
{
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
	static const int ignored[] = { SIGPIPE, SIGXFSZ };
	struct sigaction action = { .sa_handler = stop_handler }, old;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(stops) / sizeof(*stops); i++) {
		if (sigaction(stops[i], NULL, &old) ||
		    (old.sa_handler != SIG_IGN &&
		     sigaction(stops[i], &action, NULL)))
			return error_errno(errno, "sigaction");
	}
	action.sa_handler = SIG_IGN;
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		if (sigaction(ignored[i], &action, NULL))
			return error_errno(errno, "sigaction");
	return NULL;
}

int stop_signal(void)
{
	return __atomic_load_n(&stop_received, __ATOMIC_RELAXED) &
	       ((1 << SIGNAL_BITS) - 1);
}

struct error *stop_check(void)
{
	int signum = stop_signal();

	if (!signum)
		return NULL;
	return error_create(ERROR_STOPPED, "stopped by signal %d (%s)", signum,
			    strsignal(signum));
}
