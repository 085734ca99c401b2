/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See speed.h. */
#include "speed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/progress.h"
#include "../base/stop.h"

#define SECONDS 2.0
#define BLOCK (1u << 20)
#define BLOCKS_MAX 256u

/* Some file systems have no O_DIRECT, or no nameless files. */
static int open_nameless(const char *dir)
{
	int flags = O_TMPFILE | O_WRONLY | O_CLOEXEC;
	int fd = open(dir, flags | O_DIRECT, 0600);

	return fd < 0 && errno == EINVAL ? open(dir, flags, 0600) : fd;
}

/* Bytes that are the same each time and that no file system can pack. */
static void fill(uint8_t *buf, size_t len)
{
	uint64_t x = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < len; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		put_u64(buf + i, x, false);
	}
}

static struct error *write_some(int fd, const uint8_t *buf, uint64_t nr,
				double *ret)
{
	double start = progress_now(), now = start;
	uint64_t i;

	for (i = 0; i < nr && now - start < SECONDS; i++) {
		TRY(stop_check());
		TRY(io_pwrite(fd, buf, BLOCK, i * BLOCK));
		now = progress_now();
	}
	if (fdatasync(fd))
		return error_errno(errno, "fdatasync");
	*ret = (double)(i * BLOCK) / (progress_now() - start);
	return NULL;
}

static struct error *measure(const char *dir, uint64_t room, double *ret)
{
	AUTO_FREE uint8_t *buf = aligned_alloc(4096, BLOCK);
	AUTO_FD int fd = -1;

	if (!buf)
		return error_nomem();
	fd = open_nameless(dir);
	if (fd < 0)
		return error_errno(errno, "a file for measuring");
	fill(buf, BLOCK);
	return write_some(fd, buf, min_u64(room / 4 / BLOCK, BLOCKS_MAX), ret);
}

struct error *speed_measure(const char *dir, struct speed *ret)
{
	struct statvfs fs;
	struct error *err;

	*ret = (struct speed){ .room = 0 };
	if (statvfs(dir, &fs))
		return error_errno(errno, "%s", dir);
	ret->room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (ret->room / 4 < BLOCK)
		return NULL;
	err = measure(dir, ret->room, &ret->bytes_per_second);
	return err ? error_wrap(err, "%s", dir) : NULL;
}
