/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink: where bytes go. It knows nothing of dumps, levels or limits.
 *
 * The contract. begin() comes first. Then
 *  - data: data() with ascending, gapless offsets from layout.data on; each
 *    byte once;
 *  - everything below layout.data (head, bitmaps, table): meta(), at any
 *    offset. Only where ops->rewrites may a byte be written twice.
 * barrier() makes what came before durable before anything after is written;
 * it does not wait.
 * commit() comes last: it makes all durable, sets the size, writes the status
 * bytes and makes those durable. But where ops->rewrites these may also follow by
 * meta() and barrier().
 *
 * A sink may write behind: an error surfaces, once, at the next call that can
 * return one. What was handed over after the write that failed was dropped.
 * After an error of data(), meta() or barrier() comes drain(), and then no
 * more data(); where ops->rewrites, meta(), barrier() and commit() are allowed.
 *
 * Where order is SINK_ASCENDING all bytes come ascending, once, of a layout whose
 * size is known: those that nobody hands over are zeroes. Until commit() nothing
 * stands at the target, or what came so far, with another status (dump_layout). Any
 * call may return ERROR_AGAIN: then all begins anew with
 * begin(), and no call that failed so says more than that.
 *
 * Where order is SINK_PARTS nothing stands at the target until commit(), either, and
 * begin() comes once. data(), meta() and commit() may return ERROR_AGAIN:
 * data from needed() on is wanted once more. Then data() goes on at an offset at or
 * below that, again ascending, gapless and the same bytes; meta() may come again
 * with the same bytes, or not. If such an error's message is empty nothing has
 * failed. commit() may also come without that data, where it will not come any more: an
 * error, unless all of the shorter dump stands. After any other error of these none of
 * them does anything but fail.
 *
 * All calls come from one thread. Buffers may be reused when a call returns.
 */
#ifndef CAPDUMP_SINK_SINK_H
#define CAPDUMP_SINK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../base/progress.h"

#define DUMP_STATUS_MAX 4u

/* Where things stand in the output, bytes from its start. */
struct dump_layout {
	uint64_t head_len;	/* header, sub-header, notes */
	uint64_t bitmap;	/* bitmap 1, then bitmap 2 */
	uint64_t bitmap_len;	/* of each of the two */
	uint64_t table;		/* page descriptors; 4 KiB aligned */
	uint64_t table_len;	/* bytes used */
	uint64_t data;		/* page contents; 4 KiB aligned */
	uint64_t max_size;	/* -L; UINT64_MAX: none */
	uint64_t size;		/* of all, where it is known before; else 0 */
	uint64_t bound;		/* it is no more; 0: unknown */
	/* What stands at `status` in a dump that is not complete, where a sink
	 * has to put it there: SINK_ASCENDING. */
	uint64_t status;
	size_t status_len;	/* 0: there is no such thing */
	uint8_t status_until[DUMP_STATUS_MAX];
};

enum sink_order { SINK_ANY, SINK_PARTS, SINK_ASCENDING };

struct sink;

struct sink_ops {
	const char *name;
	enum sink_order order;
	bool rewrites;

	/* Checks room and prepares [0, layout.data): it reads as zeroes.
	 * After an error it may be called again, with another layout. */
	struct error *(*begin)(struct sink *sink,
			       const struct dump_layout *layout);
	struct error *(*data)(struct sink *sink, uint64_t offset,
			      const void *buf, size_t len);
	struct error *(*meta)(struct sink *sink, uint64_t offset,
			      const void *buf, size_t len);
	struct error *(*barrier)(struct sink *sink);

	/* The number of barrier() calls that are done: what was handed over
	 * before the *n*th is durable. NULL unless ops->rewrites. */
	uint64_t (*reached)(struct sink *sink);

	/* Data below this offset will not be asked for again; layout.data
	 * after begin(). NULL unless order is SINK_PARTS. */
	uint64_t (*needed)(const struct sink *sink);

	/* Waits for all that was handed over. *RET: data below this offset
	 * is written, also after an error (which it returns unless another
	 * call has); layout.data if there is none. */
	struct error *(*drain)(struct sink *sink, uint64_t *ret);

	/* Cuts the output to SIZE, which is at most the end of the data;
	 * writes BUF at OFFSET (LEN 0: nothing). */
	struct error *(*commit)(struct sink *sink, uint64_t offset,
				const void *buf, size_t len, uint64_t size);

	/* Bytes that the target can take beyond what it holds of this dump;
	 * UINT64_MAX if unknown. Also before begin(). */
	uint64_t (*room)(struct sink *sink);

	/* After begin(), and no commit(): there will be no dump, and the
	 * target is as after a begin() that failed. NULL unless
	 * ops->rewrites. */
	void (*forget)(struct sink *sink);

	/* Reads what was handed to meta() below layout.data, zeroes where
	 * nothing was. NULL unless ops->rewrites. */
	struct error *(*read_back)(struct sink *sink, uint64_t offset,
				   void *buf, size_t len);

	/* What went to a server so far; valid as long as the sink. NULL: there
	 * is none. */
	const struct progress_sent *(*sent)(const struct sink *sink);
	void (*destroy)(struct sink *sink);
};

struct sink {
	const struct sink_ops *ops;
};

#define SINK_FORCE 1u		/* -f: replace an existing file */
#define SINK_OWN 4u		/* what came of another level may be there, on a server */
#define SINK_SHARED 2u		/* other files of the dump may be beside it: it
				 * must not reserve what these need */

/*
 * A regular file, mode 0600, O_NOFOLLOW, O_EXCL unless SINK_FORCE (then an
 * existing regular file, not a symbolic link, is truncated, or made anew if
 * another user may read it).
 * Written through one O_DIRECT descriptor by a thread of its own, in extents
 * of 512 KiB; buffered with sync_file_range and POSIX_FADV_DONTNEED where
 * O_DIRECT is refused; without the thread if it cannot be started. Data is
 * preallocated ahead. The file and its directory are synced by the first
 * barrier(). About 1.5 MiB of buffers from begin() on.
 *
 * PATH may be a block device, also by a symbolic link: one that is not in use,
 * and holds nothing that is known unless SINK_FORCE (device.h). It is written the
 * same way; what lies behind the dump stays as it was.
 *
 * PATH is checked here, the file is created by begin(), and removed again if
 * begin() fails. SIGXFSZ should be ignored: then RLIMIT_FSIZE is an error.
 */
struct error *sink_file_create(const char *path, unsigned flags,
			       struct sink **ret);

/*
 * A flattened stream to FD (borrowed; a pipe, a file, a socket, blocking or
 * not): each write framed with its offset (makedumpfile.h: struct
 * makedumpfile_header, makedumpfile_data_header), in records of up to 1 MiB
 * where bytes are contiguous. commit() sends the status and the end record;
 * it cannot cut; where FD is a file it is synced. SIGPIPE should be ignored:
 * then EPIPE is an error.
 */
struct error *sink_flat_create(int fd, struct sink **ret);

/* The same to a file of its own, 0600, with the rules of output.h: checked here,
 * created by begin(). */
struct error *sink_flat_file_create(const char *path, bool force,
				    struct sink **ret);

/* Discards, and asserts the contract: --dry-run and tests. */
struct error *sink_null_create(struct sink **ret);

void sink_destroy(struct sink *sink);	/* NULL is fine */

#endif
