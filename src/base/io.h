/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole reads and writes, past EINTR and short counts. */
#ifndef CAPDUMP_BASE_IO_H
#define CAPDUMP_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "error.h"

/* Opens PATH for reading, O_CLOEXEC. The error names the path. */
struct error *io_open_read(const char *path, int *ret);

/* Bytes of a file or a block device; 0: unknown. */
struct error *io_size(int fd, uint64_t *ret);

/*
 * Reads up to LEN bytes at OFFSET; *RET < LEN only at the end of the file.
 * An error (errno kept: error_number()) says offset and length, not the path.
 */
struct error *io_pread(int fd, void *buf, size_t len, uint64_t offset,
		       size_t *ret);

/* What an early end is: DONE of the LEN bytes expected at OFFSET are there. WHAT
 * ends ("the file"). */
struct error *io_end_error(const char *what, size_t done, size_t len,
			   uint64_t offset);

/* As io_pread(), but an early end of file is an ERROR_INVALID. */
struct error *io_pread_exact(int fd, void *buf, size_t len, uint64_t offset);

/* What a line of a small file of /proc gives in kB behind KEY, which has its colon,
 * as bytes; 0: it is not there. */
uint64_t io_proc_bytes(const char *path, const char *key);

/* Writes all LEN bytes. */
struct error *io_pwrite(int fd, const void *buf, size_t len, uint64_t offset);
struct error *io_write(int fd, const void *buf, size_t len);

static inline void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void free_cleanup(void *p)
{
	extern void free(void *);

	free(*(void **)p);
}

/* A variable so marked is freed or closed when its scope ends. */
#define AUTO_FD __attribute__((cleanup(fd_cleanup)))
#define AUTO_FREE __attribute__((cleanup(free_cleanup)))

#endif
