/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that end a run early: see stop.h. */
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

/* The only writable global of the program: a handler can reach nothing else. */
static volatile sig_atomic_t stop_received;

static void stop_handler(int signum)
{
	if (stop_received) {
		signal(signum, SIG_DFL);
		raise(signum);
	}
	stop_received = signum;
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
	return __atomic_load_n(&stop_received, __ATOMIC_RELAXED);
}

struct error *stop_check(void)
{
	int signum = stop_signal();

	if (!signum)
		return NULL;
	return error_create(ERROR_STOPPED, "stopped by signal %d (%s)", signum,
			    strsignal(signum));
}
