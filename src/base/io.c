/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole reads and writes: see io.h. */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct error *io_open_read(const char *path, int *ret)
{
	/* O_NONBLOCK: a pipe without a writer, a serial line without carrier */
	int fd = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
					 O_NONBLOCK));

	if (fd < 0)
		return error_errno(errno, "%s", path);
	*ret = fd;
	return NULL;
}

struct error *io_size(int fd, uint64_t *ret)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_errno(errno, "fstat");
	*ret = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, ret))
		return error_errno(errno, "the size of the block device");
	return NULL;
}

struct error *io_pread(int fd, void *buf, size_t len, uint64_t offset,
		       size_t *ret)
{
	size_t done = 0;

	*ret = 0;
	if (offset > INT64_MAX - len)
		return error_create(ERROR_INVALID,
				    "offset %#llx is beyond any file",
				    (unsigned long long)offset);
	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done,
				  (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno,
					   "reading %zu bytes at offset %#llx",
					   len - done, (unsigned long long)
					   (offset + done));
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret = done;
	return NULL;
}

struct error *io_end_error(const char *what, size_t done, size_t len,
			   uint64_t offset)
{
	return error_create(ERROR_INVALID,
			    "%s ends at offset %#llx, within %zu bytes expected at %#llx",
			    what, (unsigned long long)(offset + done), len,
			    (unsigned long long)offset);
}

struct error *io_pread_exact(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t done;

	TRY(io_pread(fd, buf, len, offset, &done));
	return done < len ? io_end_error("the file", done, len, offset) : NULL;
}

uint64_t io_proc_bytes(const char *path, const char *key)
{
	AUTO_FD int fd = -1;
	char text[4096];
	const char *at;
	size_t n = 0;

	error_destroy(io_open_read(path, &fd));
	if (fd < 0)
		return 0;
	error_destroy(io_pread(fd, text, sizeof(text) - 1, 0, &n));
	text[n] = '\0';
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, 10) << 10 : 0;
}

struct error *io_pwrite(int fd, const void *buf, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, (const char *)buf + done, len - done,
				   (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(n < 0 ? errno : ENOSPC,
					   "writing %zu bytes at offset %#llx",
					   len - done, (unsigned long long)
					   (offset + done));
		done += (size_t)n;
	}
	return NULL;
}

struct error *io_write(int fd, const void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, (const char *)buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(n < 0 ? errno : ENOSPC,
					   "writing %zu bytes", len - done);
		done += (size_t)n;
	}
	return NULL;
}
