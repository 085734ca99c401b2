/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill -9 at any moment: from the moment the metadata is out the file opens,
 * every page in it is right, and all but the last checkpoints' pages are in.
 * The clock is ours: a tenth of a second a batch.
 */
#include "dump_model.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#define NR_FRAMES 60000u
#define BATCH_TENTHS 1
#define MARGIN_BATCHES 90	/* nine seconds: two checkpoints, and a slow
				 * machine */

static char path[] = "/var/tmp/unit-kill-XXXXXX";

/* Shared with the child. */
static struct shared {
	atomic_uint nr_batches;
	uint64_t pages[NR_FRAMES];	/* written after that many batches */
} *shared;

int clock_gettime(clockid_t id, struct timespec *now)
{
	unsigned tenths = shared ? shared->nr_batches * BATCH_TENTHS : 0;

	(void)id;
	*now = (struct timespec){ tenths / 10, tenths % 10 * 100000000L };
	return 0;
}

static void step(void *arg, uint64_t nr_pages)
{
	(void)arg;
	shared->pages[shared->nr_batches + 1] = nr_pages;
	shared->nr_batches++;
	usleep(3000);
}

static void child(struct model *model)
{
	struct sink *sink = NULL;
	struct error *late, *err;

	err = sink_file_create(path, SINK_FORCE, &sink);
	if (!err)
		err = model_write(model, sink, &late);
	_exit(err != NULL);
}

static void one_kill(unsigned milliseconds, bool address_order)
{
	struct model model = { .nr_frames = NR_FRAMES, .codec = &codec_lzo,
			       .address_order = address_order, .step = step,
			       .settle = true };
	struct seen seen;
	unsigned nr;
	pid_t pid;
	int status;

	shared->nr_batches = 0;
	pid = fork();
	if (!pid)
		child(&model);
	while (!shared->nr_batches)
		usleep(100);		/* the metadata is out */
	usleep(milliseconds * 1000);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid);
	nr = shared->nr_batches;
	if (!model_check(&model, path, false, &seen))
		return;
	if (WIFSIGNALED(status))
		CHECK(seen.status & 8);
	else
		CHECK(!seen.status && !seen.nr_lost);
	fprintf(stderr, "killed after %u batches, %llu pages: %llu reachable\n",
		nr, (unsigned long long)shared->pages[nr],
		(unsigned long long)seen.nr_there);
	if (nr > MARGIN_BATCHES)
		CHECK(seen.nr_there >= shared->pages[nr - MARGIN_BATCHES]);
}

int main(void)
{
	int fd = mkstemp(path);

	close(fd);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!CHECK(fd >= 0 && shared != MAP_FAILED))
		return unit_end();
	one_kill(0, false);
	one_kill(150, false);
	one_kill(450, true);
	one_kill(800, false);
	one_kill(1300, false);
	unlink(path);
	return unit_end();
}
