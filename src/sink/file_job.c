/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One write or sync of the file sink, in the I/O thread.
 *
 * Everything goes through the one O_DIRECT descriptor, head and bitmaps too:
 * no page cache grows in a capture kernel, and no range is ever written both
 * ways. Where a FILE_META job does not begin or end at a block's edge, the
 * block is read and put back with the new bytes in it. That is safe across a
 * power cut: sectors of 512 bytes are written whole, the old bytes around the
 * new ones are written back as they were, and the only block rewritten after
 * the dump opens, besides those of the table (aligned), is the first, for
 * the four bytes of the status. The data's last block is also written again
 * when data continues in it; with the same bytes before.
 *
 * A file system that takes O_DIRECT at open but not at a write (EINVAL) is
 * written through the cache from then on, and the cache is emptied behind us.
 */
#include "file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../base/bytes.h"

#define PLENTY (1ull << 30)

/* Writes LEN bytes; *done says how many, also after an error. ALIGN: a short
 * write goes on from a multiple of it. With O_DIRECT a write that does not fit
 * is not done at all: then half of it may. */
static int write_all(int fd, const uint8_t *buf, size_t len, uint64_t offset,
		     size_t align, size_t *done)
{
	size_t step = len;

	*done = 0;
	while (*done < len) {
		size_t ask = min_u64(step, len - *done);
		ssize_t n = pwrite(fd, buf + *done, ask,
				   (off_t)(offset + *done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && error_is_nospace(errno) && ask > align) {
			step = align_up(ask / 2, align);
			continue;
		}
		if (n < 0)
			return errno;
		n = (ssize_t)align_down(n, align);
		if (n == 0)		/* less than a block fits */
			return align > 1 ? EINVAL : ENOSPC;
		*done += n;
	}
	return 0;
}

/* Reads the file's block at OFFSET into io->edge; zeroes beyond its end. */
static int read_edge(struct file_io *io, uint64_t offset)
{
	size_t done = 0;

	while (done < io->align) {
		ssize_t n = pread(io->fd, io->edge + done, io->align - done,
				  (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		done += n;
		if (done % 512)		/* the end of the file */
			break;
	}
	memset(io->edge + done, 0, io->align - done);
	return 0;
}

/* Fills the first and last block around the job's bytes from the file. */
static int fill_edges(struct file_io *io, const struct file_job *job)
{
	uint64_t end = job->offset + job->len;
	uint64_t base = align_down(job->offset, io->align);
	size_t before = job->offset - base;
	size_t after = align_up(end, io->align) - end;
	int errnum;

	if (before) {
		errnum = read_edge(io, base);
		if (errnum)
			return errnum;
		memcpy(job->buf, io->edge, before);
	}
	if (after) {
		errnum = read_edge(io, align_down(end, io->align));
		if (errnum)
			return errnum;
		memcpy(job->buf + (end - base), io->edge + io->align - after,
		       after);
	}
	return 0;
}

/* *end: the job's bytes below are in the file. */
static int write_direct(struct file_io *io, const struct file_job *job,
			uint64_t *end)
{
	uint64_t base = align_down(job->offset, io->align);
	uint64_t job_end = job->offset + job->len;
	size_t done;
	int errnum;

	if (job->kind == FILE_META) {
		errnum = fill_edges(io, job);
		if (errnum)
			return errnum;
	} else {
		memset(job->buf + (job_end - base), 0,
		       align_up(job_end, io->align) - job_end);
	}
	errnum = write_all(io->fd, job->buf,
			   align_up(job_end, io->align) - base, base,
			   io->align, &done);
	*end = min_u64(base + done, job_end);
	return errnum;
}

static int write_buffered(struct file_io *io, const struct file_job *job,
			  uint64_t *end)
{
	uint64_t from = align_down(io->flushed_to, 4096);
	size_t done;
	int errnum = write_all(io->fd, job->buf + job->offset % io->align,
			       job->len, job->offset, 1, &done);

	*end = job->offset + done;
	sync_file_range(io->fd, (off_t)job->offset, (off_t)done,
			SYNC_FILE_RANGE_WRITE);
	if (job->kind == FILE_META || job->offset <= from)
		return errnum;
	/* the extent before this one has been on its way for a while */
	sync_file_range(io->fd, (off_t)from, (off_t)(job->offset - from),
			SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			SYNC_FILE_RANGE_WAIT_AFTER);
	posix_fadvise(io->fd, (off_t)from, (off_t)(job->offset - from),
		      POSIX_FADV_DONTNEED);
	io->flushed_to = job->offset;
	return errnum;
}

/* Whether there is so much free that what a few files reserve is not missed. */
static bool has_plenty(int fd)
{
	struct statvfs st;

	return !fstatvfs(fd, &st) &&
	       st.f_frsize * (uint64_t)st.f_bavail >= PLENTY;
}

/*
 * Reserves space ahead of the data, without changing the file's size: file
 * systems then lay it out in large pieces, and a full one is noticed while
 * there is room for the last extents. Only a write that fails is an error.
 */
static void preallocate(struct file_io *io, uint64_t end)
{
	uint64_t allocated = file_io_allocated(io), want;

	if (io->shared && io->step && allocated < end + FILE_EXTENT &&
	    !has_plenty(io->fd))
		io->step = 0;
	while (io->step && allocated < end + FILE_EXTENT) {
		want = align_up(end + io->step, FILE_EXTENT);
		if (!fallocate(io->fd, FALLOC_FL_KEEP_SIZE, (off_t)allocated,
			       (off_t)(want - allocated))) {
			allocated = want;
		} else if (errno == EINTR) {
			continue;
		} else if (errno == ENOSPC && io->step > FILE_EXTENT) {
			io->step /= 2;
		} else {
			io->step = 0;
		}
	}
	pthread_mutex_lock(&io->lock);
	io->allocated = allocated;
	pthread_mutex_unlock(&io->lock);
}

/* A file system that cannot sync at all is no reason to have no dump. */
static int sync_failed(void)
{
	return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP ? 0 :
	       errno;
}

static int file_sync(struct file_io *io)
{
	int errnum = 0;

	if (TEMP_FAILURE_RETRY(io->dir_synced ? fdatasync(io->fd) :
			       fsync(io->fd)))
		errnum = sync_failed();
	if (errnum || io->dir_synced)
		return errnum;
	/* Some file systems cannot sync a directory and say so in many ways,
	 * and a descriptor of one that we may not list (O_PATH) cannot. */
	if (TEMP_FAILURE_RETRY(fsync(io->dir_fd)) && errno == EIO)
		return errno;
	io->dir_synced = true;
	return 0;
}

int file_job_run(struct file_io *io, const struct file_job *job,
		 uint64_t *ret_end)
{
	uint64_t end = job->offset;
	int errnum = 0;

	*ret_end = 0;
	if (job->kind == FILE_SYNC) {
		errnum = file_sync(io);
		if (!errnum && !io->direct)
			posix_fadvise(io->fd, 0, 0, POSIX_FADV_DONTNEED);
		return errnum;
	}
	if (job->kind == FILE_DATA)
		preallocate(io, job->offset + job->len);
	if (io->direct) {
		errnum = write_direct(io, job, &end);
		if (errnum == EINVAL) {
			fcntl(io->fd, F_SETFL, 0);
			io->direct = false;
		}
	}
	if (!io->direct)
		errnum = write_buffered(io, job, &end);
	if (job->kind == FILE_DATA)
		*ret_end = end;
	return errnum;
}
