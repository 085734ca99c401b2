/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file sink. Main copies into 512 KiB buffers, which lie in the file at
 * multiples of that; the thread of file_io.c writes them. What stands below
 * the data is allocated first, so it can always be written.
 *
 * A barrier in the middle of an extent writes what there is of it, padded to
 * a whole block; the next buffer begins with that block's bytes.
 */
#include "sink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "device.h"
#include "file_io.h"
#include "output.h"

struct file_sink {
	struct sink sink;
	struct output output;
	struct file_io io;
	int fd;			/* -1 before begin() */
	bool shared;		/* SINK_SHARED */
	bool device;		/* a block device: of a size of its own */
	uint64_t size;		/* of it; 0: a file */
	bool failed;		/* an error was returned: no more data */
	bool reported;		/* so was the one that jobs are dropped for */
	uint64_t data_start;
	uint64_t data_end;	/* of what data() got */
	uint8_t *buf;		/* the open extent; NULL: none */
	uint64_t buf_offset;	/* in the file, of buf[0]; aligned */
	size_t buf_len;
	uint8_t *tail;		/* the bytes of the last block that a partly
				 * filled extent ended with; owned */
};

/* The error, if the thread met one that no call has returned yet. */
static struct error *file_check(struct file_sink *file)
{
	const char *what;
	uint64_t offset;
	int errnum = file_io_errnum(&file->io, &what, &offset);

	if (!errnum)
		return NULL;
	file->failed = file->reported = true;
	return error_errno(errnum, "%s %s at offset %llu", what,
			   file->output.path, (unsigned long long)offset);
}

/* Hands the open extent over, as far as it is filled. */
static void file_push(struct file_sink *file)
{
	struct file_job job = { FILE_DATA, file->buf_offset, file->buf_len,
				file->buf };
	size_t part = file->buf_len % file->io.align;

	if (!file->buf)
		return;
	memcpy(file->tail, file->buf + file->buf_len - part, part);
	file->buf = NULL;
	file_io_submit(&file->io, &job);
}

static struct error *file_data(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len)
{
	struct file_sink *file = (struct file_sink *)sink;
	const uint8_t *from = buf;

	TRY(file_check(file));
	if (file->failed)
		return error_create(ERROR_IO, "%s takes no more data",
				    file->output.path);
	assert(offset == file->data_end);
	while (len) {
		size_t space, n;

		if (!file->buf) {
			file->buf = file_io_take(&file->io);
			file->buf_offset = align_down(file->data_end,
						      file->io.align);
			file->buf_len = file->data_end - file->buf_offset;
			memcpy(file->buf, file->tail, file->buf_len);
		}
		space = FILE_EXTENT - file->buf_offset % FILE_EXTENT -
			file->buf_len;
		n = min_u64(len, space);
		memcpy(file->buf + file->buf_len, from, n);
		file->buf_len += n;
		file->data_end += n;
		from += n;
		len -= n;
		if (n == space)
			file_push(file);
	}
	return NULL;
}

static struct error *file_meta(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len)
{
	struct file_sink *file = (struct file_sink *)sink;
	const uint8_t *from = buf;

	assert(offset + len <= file->data_start);
	TRY(file_check(file));
	/* the page table's blocks come one after another */
	if (from && len && file_io_append(&file->io, offset, from, len))
		return NULL;
	while (len) {
		size_t skip = offset % file->io.align;
		size_t n = min_u64(len, FILE_EXTENT - skip);
		struct file_job job = { FILE_META, offset, n,
					file_io_take(&file->io) };

		if (from)
			memcpy(job.buf + skip, from, n);
		else
			memset(job.buf + skip, 0, n);
		file_io_submit(&file->io, &job);
		offset += n;
		from += from ? n : 0;
		len -= n;
	}
	return NULL;
}

static struct error *file_barrier(struct sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;
	struct file_job job = { .kind = FILE_SYNC };

	TRY(file_check(file));
	file_push(file);
	file_io_submit(&file->io, &job);
	return NULL;
}

static uint64_t file_reached(struct sink *sink)
{
	return file_io_synced(&((struct file_sink *)sink)->io);
}

static struct error *file_drain(struct sink *sink, uint64_t *ret)
{
	struct file_sink *file = (struct file_sink *)sink;
	struct error *err = NULL;

	*ret = file->data_start;
	if (file->fd < 0)
		return NULL;
	file_push(file);
	file_io_settle(&file->io, false);
	if (!file->reported)
		err = file_check(file);
	file_io_settle(&file->io, true);
	file->reported = false;
	*ret = min_u64(file_io_written(&file->io), file->data_end);
	/* What was reserved for data that will not come may be needed: where
	 * blocks are never overwritten in place (btrfs), meta() needs room. */
	if (file->failed && !file->device &&
	    TEMP_FAILURE_RETRY(ftruncate(file->fd, (off_t)*ret)))
		return err;
	return err;
}

static uint64_t file_room(struct sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;
	struct rlimit limit;
	uint64_t room = UINT64_MAX, held = 0, used = 0;

	if (file->device)
		return file->size - (file->fd < 0 ? 0 :
				     min_u64(file->data_end, file->size));
	if (output_free_bytes(&file->output, file->fd, &room)) {
		if (file->fd < 0) {
			held = file->output.force ?
				output_held(&file->output) : 0;
		} else {
			used = file->data_end;
			held = file_io_allocated(&file->io);
			held -= min_u64(held, used);
		}
		room += held;
	}
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY)
		room = min_u64(room, limit.rlim_cur > used ?
			       limit.rlim_cur - used : 0);
	return room;
}

/* What the kernel says of O_DIRECT to this file; ALIGN is at least a page of
 * the most common size, since older kernels do not say. DATA is where the data
 * will begin. */
static bool file_set_direct(int fd, uint64_t data, size_t *align)
{
	*align = 4096;
#ifdef STATX_DIOALIGN
	struct statx stx;

	if (!statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) &&
	    (stx.stx_mask & STATX_DIOALIGN)) {
		if (!stx.stx_dio_offset_align ||
		    stx.stx_dio_offset_align > FILE_ALIGN_MAX ||
		    stx.stx_dio_mem_align > FILE_ALIGN_MAX)
			return false;
		*align = max_u64(*align, stx.stx_dio_offset_align);
	}
#endif
	return data % *align == 0 && !fcntl(fd, F_SETFL, O_DIRECT);
}

/* Allocates [0, len), which then reads as zeroes. */
static struct error *file_allocate(struct file_sink *file, uint64_t len)
{
	const char *path = file->output.path;
	uint64_t room;

	if (file->device ? device_zero(file->fd, len) :
	    !TEMP_FAILURE_RETRY(fallocate(file->fd, 0, 0, (off_t)len)))
		return NULL;
	if (!file->device && error_is_nospace(errno))
		return error_errno(errno, "allocating %llu bytes for the head, "
				   "bitmaps and page table of %s",
				   (unsigned long long)len, path);
	/* No fallocate(), whatever a file system calls that: only bytes written
	 * are sure to have their place. */
	if (!file->device &&
	    output_free_bytes(&file->output, file->fd, &room) && room < len)
		return error_create(ERROR_NOSPACE, "%s needs %llu bytes before "
				    "the first page, %llu are free", path,
				    (unsigned long long)len,
				    (unsigned long long)room);
	TRY(file_meta(&file->sink, 0, NULL, len));
	file_io_settle(&file->io, false);
	return file_check(file);
}

static void file_end(struct file_sink *file)
{
	file_io_stop(&file->io);
	free(file->tail);
	if (file->fd >= 0)
		close(file->fd);
	file->tail = NULL;
	file->buf = NULL;
	file->fd = -1;
	file->failed = file->reported = false;
}

static struct error *file_open(struct file_sink *file)
{
	const struct output *output = &file->output;

	return file->device ? device_open(output->path, output->force,
					  &file->fd, &file->size) :
	       output_open(output, &file->fd);
}

static void file_forget(struct sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;

	file_end(file);
	if (!file->device)
		output_remove(&file->output);
}

static struct error *file_begin_failed(struct file_sink *file,
				       struct error *err)
{
	file_forget(&file->sink);
	return err;
}

static struct error *file_begin(struct sink *sink,
				const struct dump_layout *layout)
{
	struct file_sink *file = (struct file_sink *)sink;
	struct error *err = NULL;
	size_t align;
	bool direct;

	assert(file->fd < 0 && layout->data % 4096 == 0);
	TRY(file_open(file));
	if (file->device && layout->data > file->size)
		err = error_create(ERROR_NOSPACE, "%s has %llu bytes, the dump "
				   "needs %llu before the first page",
				   file->output.path,
				   (unsigned long long)file->size,
				   (unsigned long long)layout->data);
	if (err)
		return file_begin_failed(file, err);
	file->data_start = file->data_end = layout->data;
	direct = file_set_direct(file->fd, layout->data, &align);
	file->tail = malloc(align);
	err = file->tail ? file_io_start(&file->io, file->fd,
					 file->output.dir_fd, direct,
					 file->shared, align,
					 layout->data) : error_nomem();
	if (!err)
		err = file_allocate(file, layout->data);
	return err ? file_begin_failed(file, err) : NULL;
}

static struct error *file_commit(struct sink *sink, uint64_t offset,
				 const void *buf, size_t len, uint64_t size)
{
	struct file_sink *file = (struct file_sink *)sink;
	const char *path = file->output.path;
	uint64_t written;

	TRY(file_drain(sink, &written));
	if (!file->device &&
	    TEMP_FAILURE_RETRY(ftruncate(file->fd, (off_t)size)))
		return error_errno(errno, "setting the size of %s", path);
	TRY(file_barrier(sink));
	if (len) {
		TRY(file_meta(sink, offset, buf, len));
		TRY(file_barrier(sink));
	}
	return file_drain(sink, &written);
}

static struct error *file_read_back(struct sink *sink, uint64_t offset,
				    void *buf, size_t len)
{
	struct file_sink *file = (struct file_sink *)sink;
	uint8_t *into = buf;

	assert(offset + len <= file->data_start);
	TRY(file_check(file));
	file_io_wait_meta(&file->io, offset, len);
	TRY(file_check(file));
	while (len) {
		size_t skip = offset % file->io.align;
		size_t n = min_u64(len, FILE_EXTENT - skip);
		uint8_t *bounce = file_io_take(&file->io);
		ssize_t got = pread(file->fd, bounce,
				    align_up(skip + n, file->io.align),
				    (off_t)(offset - skip));
		int errnum = got < 0 ? errno : EIO;
		bool ok = got >= (ssize_t)(skip + n);

		if (ok)
			memcpy(into, bounce + skip, n);
		file_io_give_back(&file->io, bounce);
		if (got < 0 && errnum == EINTR)
			continue;
		if (!ok)
			return error_errno(errnum, "reading back %s at offset "
					   "%llu", file->output.path,
					   (unsigned long long)offset);
		offset += n;
		into += n;
		len -= n;
	}
	return NULL;
}

static void file_destroy(struct sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;

	file_end(file);
	output_deinit(&file->output);
	free(file);
}

static const struct sink_ops file_ops = {
	.name = "file",
	.order = SINK_ANY,
	.rewrites = true,
	.begin = file_begin,
	.data = file_data,
	.meta = file_meta,
	.barrier = file_barrier,
	.reached = file_reached,
	.drain = file_drain,
	.commit = file_commit,
	.room = file_room,
	.forget = file_forget,
	.read_back = file_read_back,
	.destroy = file_destroy,
};

/* Looks at the device, as output_init() does at a file. */
static struct error *device_init(struct file_sink *file, const char *path,
				 bool force)
{
	file->output = (struct output){ .dir_fd = -1, .force = force };
	file->output.path = strdup(path);
	if (!file->output.path)
		return error_nomem();
	TRY(file_open(file));
	close(file->fd);
	file->fd = -1;
	return NULL;
}

struct error *sink_file_create(const char *path, unsigned flags,
			       struct sink **ret)
{
	struct file_sink *file = calloc(1, sizeof(*file));
	struct error *err;

	if (!file)
		return error_nomem();
	file->sink.ops = &file_ops;
	file->fd = -1;
	file->shared = flags & SINK_SHARED;
	file->device = device_is(path);
	err = file->device ? device_init(file, path, flags & SINK_FORCE) :
	      output_init(&file->output, path, flags & SINK_FORCE);
	if (err) {
		file_destroy(&file->sink);
		return err;
	}
	*ret = &file->sink;
	return NULL;
}
