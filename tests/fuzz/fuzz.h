/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share: libFuzzer's entry, the input as a file or as a
 * source of numbers. Each target is one file with one function; seeds come
 * from seeds.py, run.py runs them.
 */
#ifndef CAPDUMP_TESTS_FUZZ_H
#define CAPDUMP_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/base/error.h"
#include "../../src/base/guard.h"
#include "../../src/base/log.h"
#include "../../src/image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A target that finds something wrong ends here. */
#define FUZZ_CHECK(cond)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__,	\
				__LINE__, #cond);			\
			abort();					\
		}							\
	} while (0)

/* What layouts of struct page differ by: x86_64, i386, s390x; and ppc64 with
 * its large pages. */
static const struct target fuzz_machines[] __attribute__((unused)) = {
	{ .elf_machine = 62, .word_size = 8, .page_shift = 12 },
	{ .elf_machine = 3, .word_size = 4, .page_shift = 12 },
	{ .elf_machine = 22, .word_size = 8, .big_endian = true,
	  .page_shift = 12 },
	{ .elf_machine = 21, .word_size = 8, .big_endian = true,
	  .page_shift = 16 },
};

/* Takes numbers off the front of the input; zeroes when it is used up. */
struct fuzz_source {
	const uint8_t *bytes;
	size_t len;
};

static inline void fuzz_take(struct fuzz_source *source, void *buf, size_t len)
{
	size_t n = len < source->len ? len : source->len;

	memset(buf, 0, len);
	memcpy(buf, source->bytes, n);
	source->bytes += n;
	source->len -= n;
}

static inline uint8_t fuzz_u8(struct fuzz_source *source)
{
	uint8_t v;

	fuzz_take(source, &v, sizeof(v));
	return v;
}

static inline uint16_t fuzz_u16(struct fuzz_source *source)
{
	uint16_t v;

	fuzz_take(source, &v, sizeof(v));
	return v;
}

static inline uint64_t fuzz_u64(struct fuzz_source *source)
{
	uint64_t v;

	fuzz_take(source, &v, sizeof(v));
	return v;
}

/* A file in memory that holds the bytes; the caller closes it. */
static inline int fuzz_file(const void *bytes, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

/* The name of an open file; BUF holds 32 bytes. */
static inline const char *fuzz_path(int fd, char *buf)
{
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
	return buf;
}

/* Whether there was no error; destroys it. */
static inline bool fuzz_ok(struct error *err)
{
	error_destroy(err);
	return !err;
}

/* A log that formats all messages and shows none. */
static inline FILE *fuzz_null(void)
{
	static FILE *null;

	if (!null)
		null = fopen("/dev/null", "w");
	return null;
}

/* libFuzzer has put its own handler there at first. */
static inline void fuzz_guard(void)
{
	static bool installed;

	if (!installed)
		error_destroy(guard_install());
	installed = true;
}

#endif
