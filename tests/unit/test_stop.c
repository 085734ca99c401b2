/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals: the first asks, an echo of it says nothing new, the second ends. */
#include "../../src/base/stop.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t))
		;
}

/* A child that gets the first signal, after MS milliseconds the second. It
 * exits with the number of the signal that it was told of. */
static int twice(int first, int second, long ms)
{
	int status = 0;
	pid_t pid = fork();

	if (pid)
		return waitpid(pid, &status, 0) == pid ? status : -1;
	/* where the test runs in the background some are ignored */
	signal(first, SIG_DFL);
	signal(second, SIG_DFL);
	if (stop_install())
		_exit(99);
	raise(first);
	if (stop_signal() != first)
		_exit(98);
	sleep_ms(ms);
	raise(second);
	_exit(stop_signal());
}

/* What nohup or a shell's background has taken from us stays so. */
static int ignored(int signum)
{
	int status = 0;
	pid_t pid = fork();

	if (pid)
		return waitpid(pid, &status, 0) == pid ? status : -1;
	signal(signum, SIG_IGN);
	if (stop_install())
		_exit(99);
	raise(signum);
	sleep_ms(40);
	raise(signum);
	_exit(stop_signal());
}

static int ended_by(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
	unsigned nr_good = 0;

	/* timeout(1): to the child, then to the group. A busy machine may take
	 * its time between the two, but not often. */
	for (int i = 0; i < 20; i++) {
		int first = i % 2 ? SIGINT : SIGTERM;
		int status = twice(first, SIGTERM, 0);

		nr_good += WIFEXITED(status) && WEXITSTATUS(status) == first;
	}
	CHECK(nr_good >= 10);
	CHECK(ended_by(twice(SIGTERM, SIGTERM, 40)) == SIGTERM);
	CHECK(ended_by(twice(SIGTERM, SIGINT, 40)) == SIGINT);
	CHECK(ended_by(twice(SIGHUP, SIGHUP, 1100)) == SIGHUP);
	CHECK(ignored(SIGINT) == 0);
	CHECK(ignored(SIGHUP) == 0);
	CHECK_OK(stop_check());
	return unit_end();
}
