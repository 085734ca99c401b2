/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file sink's queue and thread. What a job is, file_job.c knows.
 */
#include "file_io.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/thread.h"

#define PREALLOCATE (64u << 20)
#define PREALLOCATE_SHARED (8u << 20)

/* Runs the oldest job; called and left with the lock held. */
static void file_io_run(struct file_io *io)
{
	struct file_job job = io->jobs[io->first];
	bool skip = io->errnum != 0;
	uint64_t end = 0;
	int errnum = 0;

	if (!skip) {
		pthread_mutex_unlock(&io->lock);
		errnum = file_job_run(io, &job, &end);
		pthread_mutex_lock(&io->lock);
		io->written = max_u64(io->written, end);
	}
	if (errnum) {
		io->errnum = errnum;
		io->failed = job.kind == FILE_SYNC ? "syncing" : "writing";
		io->failed_offset = job.kind == FILE_DATA ? end : job.offset;
		/* A failed sync says that some write failed behind our back:
		 * only what an earlier one took is sure. */
		if (job.kind == FILE_SYNC)
			io->written = io->synced_to;
	} else if (!skip && job.kind == FILE_SYNC) {
		io->nr_synced++;
		io->synced_to = io->written;
	}
	if (job.buf)
		io->free[io->nr_free++] = job.buf;
	io->first = (io->first + 1) % FILE_NR_JOBS;
	io->nr--;
}

static void *file_io_thread(void *arg)
{
	struct file_io *io = arg;

	pthread_mutex_lock(&io->lock);
	for (;;) {
		while (!io->nr && !io->stop)
			pthread_cond_wait(&io->todo, &io->lock);
		if (!io->nr)
			break;
		file_io_run(io);
		/* main would run into the lock at once */
		pthread_mutex_unlock(&io->lock);
		pthread_cond_signal(&io->done);
		pthread_mutex_lock(&io->lock);
	}
	pthread_mutex_unlock(&io->lock);
	return NULL;
}

struct error *file_io_start(struct file_io *io, int fd, int dir_fd, bool direct,
			    bool shared, size_t align, uint64_t data)
{
	void *memory;

	*io = (struct file_io){
		.fd = fd, .dir_fd = dir_fd, .direct = direct, .align = align,
		.written = data, .synced_to = data, .flushed_to = data,
		.allocated = data, .shared = shared,
		.step = shared ? PREALLOCATE_SHARED : PREALLOCATE,
	};
	if (posix_memalign(&memory, FILE_ALIGN_MAX,
			   (size_t)FILE_NR_BUFFERS * FILE_EXTENT + align))
		return error_nomem();
	io->memory = memory;
	for (unsigned i = 0; i < FILE_NR_BUFFERS; i++)
		io->free[io->nr_free++] = io->memory + (size_t)i * FILE_EXTENT;
	io->edge = io->memory + (size_t)FILE_NR_BUFFERS * FILE_EXTENT;
	pthread_mutex_init(&io->lock, NULL);
	pthread_cond_init(&io->todo, NULL);
	pthread_cond_init(&io->done, NULL);
	io->has_thread = thread_start(&io->thread, file_io_thread, io);
	return NULL;
}

void file_io_stop(struct file_io *io)
{
	if (!io->memory)
		return;
	if (io->has_thread) {
		pthread_mutex_lock(&io->lock);
		io->stop = true;
		pthread_cond_signal(&io->todo);
		pthread_mutex_unlock(&io->lock);
		pthread_join(io->thread, NULL);
	}
	pthread_mutex_destroy(&io->lock);
	pthread_cond_destroy(&io->todo);
	pthread_cond_destroy(&io->done);
	free(io->memory);
	io->memory = NULL;
}

uint8_t *file_io_take(struct file_io *io)
{
	uint8_t *buf;

	pthread_mutex_lock(&io->lock);
	while (!io->nr_free)
		pthread_cond_wait(&io->done, &io->lock);
	buf = io->free[--io->nr_free];
	pthread_mutex_unlock(&io->lock);
	return buf;
}

void file_io_give_back(struct file_io *io, uint8_t *buf)
{
	pthread_mutex_lock(&io->lock);
	io->free[io->nr_free++] = buf;
	pthread_mutex_unlock(&io->lock);
}

void file_io_submit(struct file_io *io, const struct file_job *job)
{
	pthread_mutex_lock(&io->lock);
	while (io->nr == FILE_NR_JOBS)
		pthread_cond_wait(&io->done, &io->lock);
	io->jobs[(io->first + io->nr++) % FILE_NR_JOBS] = *job;
	if (!io->has_thread)
		file_io_run(io);
	pthread_mutex_unlock(&io->lock);
	if (io->has_thread)
		pthread_cond_signal(&io->todo);
}

bool file_io_append(struct file_io *io, uint64_t offset, const void *buf,
		    size_t len)
{
	struct file_job *job;
	bool fits;

	pthread_mutex_lock(&io->lock);
	job = &io->jobs[(io->first + io->nr - 1) % FILE_NR_JOBS];
	fits = io->nr > 1 && job->kind == FILE_META &&
	       job->offset + job->len == offset &&
	       job->offset % io->align + job->len + len <= FILE_EXTENT;
	if (fits) {
		memcpy(job->buf + job->offset % io->align + job->len, buf, len);
		job->len += len;
	}
	pthread_mutex_unlock(&io->lock);
	return fits;
}

static bool file_io_meta_overlaps(const struct file_io *io, uint64_t offset,
				  size_t len)
{
	for (unsigned i = 0; i < io->nr; i++) {
		const struct file_job *job =
			&io->jobs[(io->first + i) % FILE_NR_JOBS];

		/* its edges are rewritten in whole blocks */
		if (job->kind == FILE_META &&
		    align_down(job->offset, io->align) < offset + len &&
		    align_up(job->offset + job->len, io->align) > offset)
			return true;
	}
	return false;
}

void file_io_wait_meta(struct file_io *io, uint64_t offset, size_t len)
{
	pthread_mutex_lock(&io->lock);
	while (file_io_meta_overlaps(io, offset, len))
		pthread_cond_wait(&io->done, &io->lock);
	pthread_mutex_unlock(&io->lock);
}

int file_io_errnum(struct file_io *io, const char **what, uint64_t *offset)
{
	int errnum;

	pthread_mutex_lock(&io->lock);
	errnum = io->errnum;
	*what = io->failed;
	*offset = io->failed_offset;
	pthread_mutex_unlock(&io->lock);
	return errnum;
}

void file_io_settle(struct file_io *io, bool forget)
{
	pthread_mutex_lock(&io->lock);
	while (io->nr)
		pthread_cond_wait(&io->done, &io->lock);
	if (forget)
		io->errnum = 0;
	pthread_mutex_unlock(&io->lock);
}

static uint64_t file_io_get(struct file_io *io, const uint64_t *value)
{
	uint64_t copy;

	pthread_mutex_lock(&io->lock);
	copy = *value;
	pthread_mutex_unlock(&io->lock);
	return copy;
}

uint64_t file_io_written(struct file_io *io)
{
	return file_io_get(io, &io->written);
}

uint64_t file_io_synced(struct file_io *io)
{
	return file_io_get(io, &io->nr_synced);
}

uint64_t file_io_allocated(struct file_io *io)
{
	return file_io_get(io, &io->allocated);
}
