/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads that survive what a mapped file's bad memory does: see guard.h. */
#include "guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

/* Set only while this thread is inside guard_call(). */
static _Thread_local sigjmp_buf *volatile guard_jump;

/* What SIGBUS and SIGSEGV did before guard_install(); it does not change after
 * that. */
static struct sigaction guard_before[2];

/*
 * An address that is mapped and may be read (SEGV_ACCERR), and the hardware
 * refuses: how riscv reports memory that its firmware keeps for itself (Linux
 * arch/riscv/kernel/traps.c: do_trap_load_fault). The address in SIGINFO is
 * not the one that was read.
 */
static bool is_bad_memory(int signum, const siginfo_t *siginfo)
{
	return signum == SIGBUS || siginfo->si_code == SEGV_ACCERR;
}

static void handler(int signum, siginfo_t *siginfo, void *context)
{
	(void)context;
	if (guard_jump && is_bad_memory(signum, siginfo))
		siglongjmp(*guard_jump, 1);
	/* What was there before has it, with the place that it came from: a
	 * sanitizer tells more than the default does. A read that goes on is
	 * refused again; what was sent from elsewhere would not come again. */
	sigaction(signum, &guard_before[signum == SIGSEGV], NULL);
	if (siginfo->si_code <= 0 ||
	    (signum == SIGBUS && siginfo->si_code == BUS_MCEERR_AO))
		raise(signum);
}

struct error *guard_install(void)
{
	struct sigaction action = {
		.sa_sigaction = handler,
		/* the handler leaves by siglongjmp() without a saved mask */
		.sa_flags = SA_NODEFER | SA_SIGINFO,
	};

	sigemptyset(&action.sa_mask);
	for (unsigned i = 0; i < 2; i++) {
		struct sigaction old;

		if (sigaction(i ? SIGSEGV : SIGBUS, &action, &old))
			return error_errno(errno, "sigaction");
		if (old.sa_sigaction != handler)
			guard_before[i] = old;
	}
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
