/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flattened stream, rearranged into a file in memory, of which what was not
 * written is a hole. */
#include <signal.h>
#include <sys/resource.h>

#include "../../src/formats/flat_read.h"
#include "fuzz.h"

static const char *target(void)
{
	static const struct rlimit limit = { 1ull << 40, 1ull << 40 };
	static char path[64];

	if (!*path) {
		snprintf(path, sizeof(path), "/dev/shm/capdump-fuzz-%d",
			 (int)getpid());
		setrlimit(RLIMIT_FSIZE, &limit);
		signal(SIGXFSZ, SIG_IGN);
	}
	return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = fuzz_file(bytes, len);
	bool complete = true;
	struct log log;

	log_init(&log, fuzz_null(), 31);
	(void)flat_probe(bytes, len);
	error_destroy(flat_rearrange(fd, target(), true, &log, &complete));
	unlink(target());
	log_deinit(&log);
	close(fd);
	return 0;
}
