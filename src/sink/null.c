/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that discards: --dry-run, which goes through the whole pipeline, and
 * tests. It asserts the contract of sink.h.
 */
#include "sink.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct null_sink {
	struct sink sink;
	uint64_t data_start, data_end;
	uint64_t nr_barriers;
	bool begun;
};

static struct error *null_begin(struct sink *sink,
				const struct dump_layout *layout)
{
	struct null_sink *null = (struct null_sink *)sink;

	assert(!null->begun);
	null->begun = true;
	null->data_start = null->data_end = layout->data;
	return NULL;
}

static struct error *null_data(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len)
{
	struct null_sink *null = (struct null_sink *)sink;

	(void)buf;
	assert(null->begun && offset == null->data_end);
	null->data_end += len;
	return NULL;
}

static struct error *null_meta(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len)
{
	struct null_sink *null = (struct null_sink *)sink;

	(void)buf;
	assert(null->begun && offset + len <= null->data_start);
	return NULL;
}

static struct error *null_barrier(struct sink *sink)
{
	((struct null_sink *)sink)->nr_barriers++;
	return NULL;
}

static uint64_t null_reached(struct sink *sink)
{
	return ((struct null_sink *)sink)->nr_barriers;
}

static struct error *null_drain(struct sink *sink, uint64_t *ret)
{
	*ret = ((struct null_sink *)sink)->data_end;
	return NULL;
}

static struct error *null_commit(struct sink *sink, uint64_t offset,
				 const void *buf, size_t len, uint64_t size)
{
	struct null_sink *null = (struct null_sink *)sink;

	(void)buf;
	assert(size <= null->data_end);
	assert(offset + len <= null->data_start);
	return NULL;
}

static uint64_t null_room(struct sink *sink)
{
	(void)sink;
	return UINT64_MAX;
}

static void null_forget(struct sink *sink)
{
	((struct null_sink *)sink)->begun = false;
}

/* Nobody will read the descriptors that are built upon this. */
static struct error *null_read_back(struct sink *sink, uint64_t offset,
				    void *buf, size_t len)
{
	struct null_sink *null = (struct null_sink *)sink;

	assert(offset + len <= null->data_start);
	memset(buf, 0, len);
	return NULL;
}

static void null_destroy(struct sink *sink)
{
	free(sink);
}

static const struct sink_ops null_ops = {
	.name = "null",
	.order = SINK_ANY,
	.rewrites = true,
	.begin = null_begin,
	.data = null_data,
	.meta = null_meta,
	.barrier = null_barrier,
	.reached = null_reached,
	.drain = null_drain,
	.commit = null_commit,
	.room = null_room,
	.forget = null_forget,
	.read_back = null_read_back,
	.destroy = null_destroy,
};

struct error *sink_null_create(struct sink **ret)
{
	struct null_sink *null = calloc(1, sizeof(*null));

	if (!null)
		return error_nomem();
	null->sink.ops = &null_ops;
	*ret = &null->sink;
	return NULL;
}
