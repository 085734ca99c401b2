/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads that survive SIGBUS: see guard.h. */
#include "guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

/* Set only while this thread is inside guard_call(). */
static _Thread_local sigjmp_buf *volatile guard_jump;

static void bus_handler(int signum)
{
	if (guard_jump)
		siglongjmp(*guard_jump, 1);
	signal(signum, SIG_DFL);
	raise(signum);
}

struct error *guard_install(void)
{
	struct sigaction action = {
		.sa_handler = bus_handler,
		/* the handler leaves by siglongjmp() without a saved mask */
		.sa_flags = SA_NODEFER,
	};

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, &action, NULL))
		return error_errno(errno, "sigaction");
	return NULL;
}

bool guard_call(void (*fn)(void *arg), void *arg)
{
	sigjmp_buf *outer = guard_jump;
	sigjmp_buf jump;

	if (sigsetjmp(jump, 0)) {
		guard_jump = outer;
		return false;
	}
	guard_jump = &jump;
	__asm__ volatile("" ::: "memory");	/* the reads stay in between */
	fn(arg);
	__asm__ volatile("" ::: "memory");
	guard_jump = outer;
	return true;
}

struct copy {
	void *dst;
	const void *src;
	size_t len;
};

static void copy_run(void *arg)
{
	const struct copy *copy = arg;

	memcpy(copy->dst, copy->src, copy->len);
}

bool guard_copy(void *dst, const void *src, size_t len)
{
	struct copy copy = { dst, src, len };

	return guard_call(copy_run, &copy);
}
