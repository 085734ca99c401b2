/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a dump in a flattened stream: until the stream has come to its end
 * the file never says that it is complete, and then it says what the stream said.
 */
#include "../../src/formats/flat_read.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "../../src/formats/kdump_format.h"
#include "unit.h"

#define BLOCK	4096u

static char dir[] = "/tmp/unit-flat-head-XXXXXX";
static char path[64];

static void put(int fd, const void *buf, size_t len)
{
	if (write(fd, buf, len) != (ssize_t)len)
		abort();
}

/* A record's head. */
static void put_record(int fd, uint64_t offset, uint64_t len)
{
	uint8_t head[16];

	put_u64(head, offset, true);
	put_u64(head + 8, len, true);
	put(fd, head, sizeof(head));
}

/* The stream's own head. */
static void put_start(int fd)
{
	uint8_t head[4096] = "makedumpfile";

	put_u64(head + 16, 1, true);
	put_u64(head + 24, 1, true);
	put(fd, head, sizeof(head));
}

static void header_init(uint8_t h[KDUMP_H_LEN])
{
	memset(h, 0, KDUMP_H_LEN);
	memcpy(h, KDUMP_SIGNATURE, KDUMP_SIGNATURE_LEN);
	put_u32(h + KDUMP_H_VERSION, 6, false);
	strcpy((char *)h + KDUMP_H_UTSNAME + 4 * 65, "x86_64");
	put_u32(h + KDUMP_H_STATUS, KDUMP_STATUS_ZSTD, false);
	put_u32(h + KDUMP_H_BLOCK_SIZE, BLOCK, false);
	put_u32(h + KDUMP_H_SUB_HDR_SIZE, 1, false);
	put_u32(h + KDUMP_H_BITMAP_BLOCKS, 2, false);
}

/* Reads the file's first bytes, as many as there are. */
static size_t file_head(uint8_t h[KDUMP_H_LEN])
{
	FILE *file = fopen(path, "rb");
	size_t n = file ? fread(h, 1, KDUMP_H_LEN, file) : 0;

	if (file)
		fclose(file);
	return n;
}

/* A process that makes PATH of the stream that is written to *RET. */
static pid_t reader_start(int *ret)
{
	int fds[2];
	pid_t pid;
	bool complete;

	if (pipe(fds))
		abort();
	pid = fork();
	if (!pid) {
		struct error *err;

		close(fds[1]);
		err = flat_rearrange(fds[0], path, true, NULL, &complete);
		_exit(err ? 1 : complete ? 0 : 3);
	}
	close(fds[0]);
	*ret = fds[1];
	return pid;
}

static int reader_end(pid_t pid, int fd)
{
	int status = 0;

	close(fd);
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* 0 if the file has none yet. */
static uint32_t file_status(void)
{
	uint8_t h[KDUMP_H_LEN] = { 0 };

	file_head(h);
	return get_u32(h + KDUMP_H_STATUS, false);
}

/* Until all that was written was read, and the file has a header; a minute at
 * most. */
static void wait_read(int fd)
{
	struct timespec ms = { 0, 20000000 };
	int left = 1;

	for (int i = 0; i < 3000 && (left || !file_status()); i++) {
		nanosleep(&ms, NULL);
		if (ioctl(fd, FIONREAD, &left))
			abort();
	}
	CHECK(!left);
}

/* Killed amid a record that brings the header, or a part of it, once more. */
static void test_killed(uint64_t offset)
{
	uint8_t h[KDUMP_H_LEN];
	pid_t pid;
	int fd;

	header_init(h);
	pid = reader_start(&fd);
	put_start(fd);
	put_record(fd, 0, sizeof(h));
	put(fd, h, sizeof(h));
	wait_read(fd);
	CHECK(file_status() == (KDUMP_STATUS_ZSTD | KDUMP_STATUS_INCOMPLETE));
	put_record(fd, offset, sizeof(h) - offset);
	wait_read(fd);
	CHECK(file_status() & KDUMP_STATUS_INCOMPLETE);
	kill(pid, SIGKILL);
	reader_end(pid, fd);
	CHECK(file_status() & KDUMP_STATUS_INCOMPLETE);
}

/* What the first bytes are after two records for them and the END of the stream,
 * or not. */
static void check_two(const uint8_t *second, size_t len, bool end,
		      uint32_t status)
{
	uint8_t h[KDUMP_H_LEN], got[KDUMP_H_LEN];
	pid_t pid;
	int fd;

	header_init(h);
	pid = reader_start(&fd);
	put_start(fd);
	put_record(fd, 0, sizeof(h));
	put(fd, h, sizeof(h));
	put_record(fd, 0, len);
	put(fd, second, len);
	if (end)
		put_record(fd, UINT64_MAX, UINT64_MAX);
	CHECK(reader_end(pid, fd) == (end ? 0 : 3));
	memcpy(h, second, len);
	if (status)
		put_u32(h + KDUMP_H_STATUS, status, false);
	CHECK(file_head(got) == sizeof(got) && !memcmp(h, got, sizeof(h)));
}

/* A header of LEN bytes, whose place for the mark is a hole, since what follows
 * lies beyond: while the stream goes on the mark is there, at its end the hole, and
 * when the header turns out to be that of an OTHER file. */
static void check_hole(const uint8_t *head, size_t len, unsigned mark_at, bool other,
		       bool end)
{
	static const uint8_t rest[BLOCK];
	uint8_t h[KDUMP_H_LEN] = { 0 }, got[KDUMP_H_LEN];
	struct stat st = { 0 };
	pid_t pid;
	int fd;

	pid = reader_start(&fd);
	put_start(fd);
	put_record(fd, 0, len);
	put(fd, head, len);
	put_record(fd, 8 * BLOCK, BLOCK);
	put(fd, rest, sizeof(rest));
	memcpy(h, head, len);
	if (other) {
		put_record(fd, 0, 8);
		put(fd, memcpy(h, rest, 8), 8);
	}
	if (end)
		put_record(fd, UINT64_MAX, UINT64_MAX);
	CHECK(reader_end(pid, fd) == (end ? 0 : 3));
	if (!end && !other)
		put_u32(h + mark_at, mark_at == KDUMP_H_STATUS ?
			KDUMP_STATUS_INCOMPLETE : 1, false);
	CHECK(file_head(got) == sizeof(got) && !memcmp(h, got, sizeof(h)));
	CHECK(!stat(path, &st) && st.st_size == 9 * BLOCK);
}

int main(void)
{
	static const uint8_t elf[20] = "\177ELF\2\1\1";

	uint8_t other[KDUMP_H_LEN], h[KDUMP_H_LEN];

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/dump", dir);
	signal(SIGPIPE, SIG_IGN);
	test_killed(0);
	test_killed(KDUMP_H_STATUS);
	header_init(h);
	put_u32(h + KDUMP_H_STATUS, KDUMP_STATUS_LZO, false);
	check_two(h, sizeof(h), true, 0);
	check_two(h, sizeof(h), false,
		  KDUMP_STATUS_LZO | KDUMP_STATUS_INCOMPLETE);
	/* the dump is none any more: all that was said of it is gone */
	memset(other, 0xa5, sizeof(other));
	check_two(other, sizeof(other), true, 0);
	check_two(other, sizeof(other), false, 0);
	check_two(other, 4, true, 0);
	for (unsigned i = 0; i < 4; i++) {
		check_hole(h, KDUMP_H_STATUS, KDUMP_H_STATUS, i & 1, i & 2);
		check_hole(elf, sizeof(elf), 48, i & 1, i & 2);
	}
	unlink(path);
	rmdir(dir);
	return unit_end();
}
