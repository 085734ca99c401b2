/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flattened stream: every write framed with its offset, for pipes. Readers
 * put the bytes where the records say (makedumpfile -R) or search them there
 * (crash, libkdumpfile).
 *
 * makedumpfile.h, makedumpfile.c: write_start_flat_header(), write_buffer():
 * a header of 4,096 bytes (16 of signature, then type 1 and version 1), then
 * records of offset, length and bytes; offset and length -1 end it. Numbers
 * are signed, 64 bits, big-endian. Nothing is sent twice: crash takes the
 * older of two records for a place, the other readers the newer.
 */
#include "sink.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/flat_format.h"
#include "output.h"

#define RECORD_MAX (1u << 20)

struct flat_sink {
	struct sink sink;
	int fd;			/* borrowed; of a file of our own: -1 before it
				 * is begun, owned */
	bool owned;
	struct output output;	/* if owned */
	bool begun, broken;	/* broken: the stream ended amid a record */
	uint64_t data_start;
	uint64_t data_end;	/* data below is written to fd */
	uint64_t offset;	/* of the bytes that wait in buf */
	size_t len;		/* of them */
	uint8_t buf[FLAT_RECORD_LEN + RECORD_MAX];
};

/* Also to a descriptor that somebody else made non-blocking. */
static struct error *flat_send(struct flat_sink *flat, const uint8_t *buf,
			       size_t len)
{
	while (len) {
		ssize_t n = write(flat->fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd pollfd = { flat->fd, POLLOUT, 0 };

			poll(&pollfd, 1, -1);
			continue;
		}
		if (n <= 0) {
			flat->broken = true;
			return error_errno(n < 0 ? errno : EIO,
					   "writing the flattened stream");
		}
		buf += n;
		len -= n;
	}
	return NULL;
}

/* Sends the bytes that wait as one record. */
static struct error *flat_flush(struct flat_sink *flat)
{
	uint64_t end = flat->offset + flat->len;

	if (flat->broken)
		return error_create(ERROR_IO, "the flattened stream is broken");
	if (!flat->len)
		return NULL;
	put_u64(flat->buf, flat->offset, true);
	put_u64(flat->buf + 8, flat->len, true);
	TRY(flat_send(flat, flat->buf, FLAT_RECORD_LEN + flat->len));
	if (end > flat->data_start)
		flat->data_end = end;
	flat->len = 0;
	return NULL;
}

static struct error *flat_put(struct flat_sink *flat, uint64_t offset,
			      const void *buf, size_t len)
{
	const uint8_t *from = buf;

	if (flat->broken || offset != flat->offset + flat->len)
		TRY(flat_flush(flat));
	if (!flat->len)
		flat->offset = offset;
	while (len) {
		size_t n = min_u64(len, RECORD_MAX - flat->len);

		memcpy(flat->buf + FLAT_RECORD_LEN + flat->len, from, n);
		flat->len += n;
		from += n;
		len -= n;
		if (flat->len == RECORD_MAX) {
			TRY(flat_flush(flat));
			flat->offset += RECORD_MAX;
		}
	}
	return NULL;
}

static struct error *flat_begin(struct sink *sink,
				const struct dump_layout *layout)
{
	struct flat_sink *flat = (struct flat_sink *)sink;

	assert(!flat->begun);
	flat->begun = true;
	if (flat->owned)
		TRY(output_open(&flat->output, &flat->fd));
	flat->data_start = flat->data_end = layout->data;
	memset(flat->buf, 0, FLAT_HEADER_LEN);
	memcpy(flat->buf, FLAT_SIGNATURE, FLAT_SIGNATURE_LEN);
	put_u64(flat->buf + FLAT_TYPE, FLAT_TYPE_DUMP, true);
	put_u64(flat->buf + FLAT_VERSION, FLAT_VERSION_1, true);
	return flat_send(flat, flat->buf, FLAT_HEADER_LEN);
}

static struct error *flat_data(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len)
{
	struct flat_sink *flat = (struct flat_sink *)sink;

	assert(offset >= flat->data_start);
	return flat_put(flat, offset, buf, len);
}

static struct error *flat_meta(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len)
{
	struct flat_sink *flat = (struct flat_sink *)sink;

	assert(offset + len <= flat->data_start);
	return flat_put(flat, offset, buf, len);
}

/* The stream keeps its order by itself; how durable it is, its reader knows. */
static struct error *flat_barrier(struct sink *sink)
{
	return flat_flush((struct flat_sink *)sink);
}

static struct error *flat_drain(struct sink *sink, uint64_t *ret)
{
	struct flat_sink *flat = (struct flat_sink *)sink;
	struct error *err = flat->broken ? NULL : flat_flush(flat);

	*ret = flat->data_end;
	return err;
}

/* Where the stream goes to a file, what the disk could not take is told by its
 * sync at the latest; a pipe or a terminal has none. */
static struct error *flat_sync(const struct flat_sink *flat)
{
	if (!TEMP_FAILURE_RETRY(fsync(flat->fd)) || errno == EINVAL ||
	    errno == EROFS || errno == ENOSYS || errno == EOPNOTSUPP)
		return NULL;
	return error_errno(errno, "syncing the flattened stream");
}

static struct error *flat_commit(struct sink *sink, uint64_t offset,
				 const void *buf, size_t len, uint64_t size)
{
	struct flat_sink *flat = (struct flat_sink *)sink;
	uint8_t end[FLAT_RECORD_LEN];

	(void)size;
	TRY(flat_flush(flat));
	if (len)
		TRY(flat_put(flat, offset, buf, len));
	TRY(flat_flush(flat));
	put_u64(end, FLAT_END, true);
	put_u64(end + 8, FLAT_END, true);
	TRY(flat_send(flat, end, sizeof(end)));
	TRY(flat_sync(flat));
	if (flat->owned && TEMP_FAILURE_RETRY(fsync(flat->output.dir_fd)))
		return error_errno(errno, "syncing the directory of %s",
				   flat->output.path);
	return NULL;
}

static uint64_t flat_room(struct sink *sink)
{
	struct flat_sink *flat = (struct flat_sink *)sink;
	uint64_t room;

	if (!flat->owned ||
	    !output_free_bytes(&flat->output, flat->fd, &room))
		return UINT64_MAX;
	if (flat->fd < 0 && flat->output.force)
		room += output_held(&flat->output);
	return room;
}

static void flat_destroy(struct sink *sink)
{
	struct flat_sink *flat = (struct flat_sink *)sink;

	if (flat->owned) {
		if (flat->fd >= 0)
			close(flat->fd);
		output_deinit(&flat->output);
	}
	free(sink);
}

static const struct sink_ops flat_ops = {
	.name = "flattened",
	.order = SINK_ANY,
	.rewrites = false,
	.begin = flat_begin,
	.data = flat_data,
	.meta = flat_meta,
	.barrier = flat_barrier,
	.drain = flat_drain,
	.commit = flat_commit,
	.room = flat_room,
	.destroy = flat_destroy,
};

struct error *sink_flat_create(int fd, struct sink **ret)
{
	struct flat_sink *flat = calloc(1, sizeof(*flat));

	if (!flat)
		return error_nomem();
	flat->sink.ops = &flat_ops;
	flat->fd = fd;
	*ret = &flat->sink;
	return NULL;
}

struct error *sink_flat_file_create(const char *path, bool force,
				    struct sink **ret)
{
	struct flat_sink *flat;
	struct output output;

	struct error *err;

	TRY(output_init(&output, path, force));
	err = sink_flat_create(-1, ret);
	if (err) {
		output_deinit(&output);
		return err;
	}
	flat = (struct flat_sink *)*ret;
	flat->owned = true;
	flat->output = output;
	return NULL;
}
