/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies that survive SIGBUS: see guard.h. */
#include "guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

/* Set only while this thread is inside guard_copy(). */
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

bool guard_copy(void *dst, const void *src, size_t len)
{
	sigjmp_buf jump;

	if (sigsetjmp(jump, 0)) {
		guard_jump = NULL;
		return false;
	}
	guard_jump = &jump;
	__asm__ volatile("" ::: "memory");	/* the copy stays in between */
	memcpy(dst, src, len);
	__asm__ volatile("" ::: "memory");
	guard_jump = NULL;
	return true;
}
