/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * every_cut SECONDS FILE...: a fuzz target, but not by chance: gets each file cut
 * at every byte, and with bits turned, one at a time: all of what is not zero in
 * the first file's first 16 KiB, and some others. None may take SECONDS of CPU
 * time. PREFIX (of the environment, a number) is the byte that goes before the
 * file, where the target wants one.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "fuzz.h"

#define ALL_BITS (16u << 10)

static char what[256];		/* is under way */
static unsigned seconds;
static int prefix = -1;

/* CPU time: on a loaded machine what is quick takes long, too. 0: no limit */
static void limit(unsigned nr_seconds)
{
	const struct itimerval timer = { .it_value.tv_sec = nr_seconds };

	if (setitimer(ITIMER_PROF, &timer, NULL))
		abort();
}

static void too_slow(int signum)
{
	static const char text[] = "every_cut: too slow: ";

	(void)signum;
	(void)!write(2, text, sizeof(text) - 1);
	(void)!write(2, what, strlen(what));
	(void)!write(2, "\n", 1);
	_exit(1);
}

/* A copy in memory of its own, so that a byte too far is seen. */
static void run(const uint8_t *bytes, size_t len)
{
	size_t extra = prefix >= 0;
	uint8_t *copy = malloc(len + extra ? len + extra : 1);

	if (!copy)
		abort();
	if (extra)
		copy[0] = (uint8_t)prefix;
	memcpy(copy + extra, bytes, len);
	limit(seconds);
	LLVMFuzzerTestOneInput(copy, len + extra);
	limit(0);
	free(copy);
}

static uint8_t *load(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *bytes;

	if (fd < 0 || fstat(fd, &st) || !st.st_size ||
	    !(bytes = malloc((size_t)st.st_size)) ||
	    read(fd, bytes, (size_t)st.st_size) != st.st_size) {
		fprintf(stderr, "every_cut: %s: can't be read\n", path);
		exit(1);
	}
	close(fd);
	*len = (size_t)st.st_size;
	return bytes;
}

static unsigned long flips(const char *path, uint8_t *bytes, size_t len,
			   size_t all)
{
	unsigned long nr = 0;

	for (size_t at = 0; at < len; at += at < all ? 1 : 61) {
		bool dull = at < all && !bytes[at];

		for (unsigned bit = 0; bit < 8; bit++) {
			if ((bit != at / 16 % 8 && (dull || at >= all)) ||
			    (dull && at % 16))
				continue;
			snprintf(what, sizeof(what), "%s: bit %u of byte %zu",
				 path, bit, at);
			bytes[at] ^= 1u << bit;
			run(bytes, len);
			bytes[at] ^= 1u << bit;
			nr++;
		}
	}
	return nr;
}

int main(int argc, char **argv)
{
	unsigned long nr_cuts = 0, nr_flips = 0;

	if (argc < 3)
		return 2;
	seconds = (unsigned)atoi(argv[1]);
	if (getenv("PREFIX"))
		prefix = atoi(getenv("PREFIX"));
	signal(SIGPROF, too_slow);
	for (int i = 2; i < argc; i++) {
		size_t len;
		uint8_t *bytes = load(argv[i], &len);

		for (size_t n = 0; n <= len; n++) {
			snprintf(what, sizeof(what), "%s: cut at byte %zu",
				 argv[i], n);
			run(bytes, n);
			nr_cuts++;
		}
		nr_flips += flips(argv[i], bytes, len, i == 2 ? ALL_BITS : 0);
		free(bytes);
	}
	printf("%lu cuts, %lu bits turned\n", nr_cuts, nr_flips);
	return !nr_cuts || !nr_flips;
}
