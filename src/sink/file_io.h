/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file sink's thread: a bounded queue of writes and syncs, done one after
 * another in the order they were handed over. Nobody spins. Without the thread
 * the same calls do the same work at once.
 *
 * "main" below is the one thread that calls these functions.
 */
#ifndef CAPDUMP_SINK_FILE_IO_H
#define CAPDUMP_SINK_FILE_IO_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

#define FILE_EXTENT (512u << 10)	/* bytes of a buffer, and of a write */
#define FILE_NR_BUFFERS 3
#define FILE_NR_JOBS 16
#define FILE_ALIGN_MAX 65536u

enum file_job_kind {
	FILE_DATA,	/* ascending; padded with zeroes to the alignment */
	FILE_META,	/* anywhere below the data; what stands around stays */
	FILE_SYNC,
};

/* Bytes [offset, offset + len) of the file are at buf + offset % align. */
struct file_job {
	enum file_job_kind kind;
	uint64_t offset;
	size_t len;
	uint8_t *buf;		/* returns to the free ones when done */
};

/* Only main touches what is not said to be under lock or the thread's. */
struct file_io {
	int fd, dir_fd;		/* borrowed */
	size_t align;		/* of offsets, lengths, memory; 4096..65536 */
	uint8_t *memory;	/* of all buffers; owned */
	bool has_thread;
	pthread_t thread;

	/* under lock */
	pthread_mutex_t lock;
	pthread_cond_t todo, done;
	struct file_job jobs[FILE_NR_JOBS];	/* a ring */
	unsigned first, nr;	/* nr includes the one that runs */
	uint8_t *free[FILE_NR_BUFFERS];
	unsigned nr_free;
	bool stop;
	int errnum;		/* of the first failure; jobs are dropped until
				 * file_io_settle() */
	const char *failed;	/* what failed: "writing" ... */
	uint64_t failed_offset;
	uint64_t written;	/* data below is in the file */
	uint64_t nr_synced;	/* syncs done */
	uint64_t allocated;	/* data below was preallocated */

	/* the thread's; main's while no job is under way */
	bool direct;		/* fd has O_DIRECT */
	bool shared;		/* SINK_SHARED */
	bool dir_synced;
	uint64_t step;		/* of preallocation, bytes; 0: given up */
	uint64_t synced_to;	/* written, as of the last sync */
	uint64_t flushed_to;	/* buffered: data below left the cache */
	uint8_t *edge;		/* align bytes, aligned */
};

/*
 * Starts the thread for FD (in DIR_FD), whose data begins at DATA. DIRECT: fd
 * has O_DIRECT; SHARED: see SINK_SHARED. A thread that cannot be started is done
 * without.
 */
struct error *file_io_start(struct file_io *io, int fd, int dir_fd, bool direct,
			    bool shared, size_t align, uint64_t data);

/* Waits for all jobs, ends the thread, frees. Fine on a zeroed FILE_IO. */
void file_io_stop(struct file_io *io);

/* A buffer of FILE_EXTENT bytes, contents undefined; waits for one. */
uint8_t *file_io_take(struct file_io *io);
void file_io_give_back(struct file_io *io, uint8_t *buf);

/* Hands a job, and its buffer, over. Waits for room in the queue. */
void file_io_submit(struct file_io *io, const struct file_job *job);

/* Adds LEN bytes of BUF to the last job, if that is a FILE_META that ends at
 * OFFSET and has not been begun, and they fit. */
bool file_io_append(struct file_io *io, uint64_t offset, const void *buf,
		    size_t len);

/* Waits until no FILE_META job overlaps [offset, offset + len). */
void file_io_wait_meta(struct file_io *io, uint64_t offset, size_t len);

/* The errno of the failure that jobs are being dropped for, 0 if none; and
 * what it was. Does not wait. */
int file_io_errnum(struct file_io *io, const char **what, uint64_t *offset);

/* Waits for all jobs. FORGET: and forgets the failure, jobs are done again. */
void file_io_settle(struct file_io *io, bool forget);

uint64_t file_io_written(struct file_io *io);
uint64_t file_io_synced(struct file_io *io);
uint64_t file_io_allocated(struct file_io *io);

/* What the thread does with a job (file_job.c): 0, or an errno; *ret_end: the
 * data of a FILE_DATA job that is in the file ends there. */
int file_job_run(struct file_io *io, const struct file_job *job,
		 uint64_t *ret_end);

#endif
