/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flattened stream, rearranged into a file in memory, of which what was not
 * written is a hole. Without all of the stream it is no complete dump. Read as
 * it is, it has the same bytes. */
#include <signal.h>
#include <sys/resource.h>

#include "../../src/formats/flat_read.h"
#include "../../src/formats/kdump_read.h"
#include "../../src/image/flat_index.h"
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
	struct image_file file;

	if (!fuzz_ok(image_file_open(path, NULL, &file)))
		return;
	if (fuzz_ok(kdump_header_read(&file, &header)))
		FUZZ_CHECK(!header.complete);
	image_file_close(&file);
}

/* The bytes that are in records; what is not is a hole. */
static void check_same(const char *stream_path, const char *path)
{
	uint8_t a[4096], b[4096];
	struct image_file stream, file;
	uint64_t at = 0;
	size_t na, nb;

	if (!fuzz_ok(image_file_open(stream_path, NULL, &stream)))
		return;
	if (!fuzz_ok(image_file_open(path, NULL, &file)))
		abort();
	if (!stream.cut_off && !file.flat) {
		FUZZ_CHECK(stream.size == file.size);
		for (unsigned i = 0; i < 256; i++) {
			at = image_file_next(&stream, at);
			if (at == UINT64_MAX)
				break;
			FUZZ_CHECK(fuzz_ok(image_file_read(&stream, a, 4096,
							   at, &na)));
			FUZZ_CHECK(fuzz_ok(image_file_read(&file, b, 4096, at,
							   &nb)));
			FUZZ_CHECK(na && na == nb && !memcmp(a, b, na));
			at += na;
		}
	}
	image_file_close(&stream);
	image_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = fuzz_file(bytes, len);
	bool good, complete = true;
	struct log log;
	char path[32];

	log_init(&log, fuzz_null(), 31);
	(void)flat_probe(bytes, len);
	good = fuzz_ok(flat_rearrange(fd, target(), true, &log, &complete));
	if (!good || !complete)
		check_incomplete(target());
	else
		check_same(fuzz_path(fd, path), target());
	unlink(target());
	log_deinit(&log);
	close(fd);
	return 0;
}
