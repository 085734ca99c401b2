/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flattened stream, rearranged into a file in memory, of which what was not
 * written is a hole. Without all of the stream it is no complete dump. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../../src/formats/flat_read.h"
#include "../../src/formats/kdump_read.h"
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

static void check_incomplete(const char *path)
{
	struct kdump_header header = { 0 };
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st))
		abort();
	if (fuzz_ok(kdump_header_read(fd, (uint64_t)st.st_size, &header)))
		FUZZ_CHECK(!header.complete);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = fuzz_file(bytes, len);
	bool good, complete = true;
	struct log log;

	log_init(&log, fuzz_null(), 31);
	(void)flat_probe(bytes, len);
	good = fuzz_ok(flat_rearrange(fd, target(), true, &log, &complete));
	if (!good || !complete)
		check_incomplete(target());
	unlink(target());
	log_deinit(&log);
	close(fd);
	return 0;
}
