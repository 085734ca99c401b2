/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors and bitmap 2 where the sink cannot rewrite (flattened streams).
 * They follow their pages' data in pieces, whose size depends on the pages
 * alone, so that the stream does not depend on windows or threads. Cut off
 * anywhere, the bits of pages whose descriptors did not get through are
 * missing too: a reader takes those pages as excluded, which is the truth,
 * while a zero descriptor in a flattened dump has crash return old bytes.
 */
#include "kdump_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "kdump_format.h"

/* Held at most: small pieces at first, so that little is lost of a small dump
 * that is cut off; then larger ones, since crash sorts all records of a stream
 * by insertion when it opens it. */
#define DESCS_MIN 2730u		/* 64 KiB */
#define DESCS 10922u		/* 256 KiB */
#define BITS 65536u		/* bytes of bitmap held at most */

struct kdump_stream {
	struct sink *sink;	/* borrowed */
	bool big;
	uint64_t table;		/* in the dump, of descs[0] */
	unsigned nr;		/* descriptors held */
	uint64_t nr_sent;	/* before them */
	uint64_t bitmap, bitmap_end;	/* in the dump; of bitmap 2 */
	uint64_t first;		/* byte of the bitmap that bits[0] is */
	uint64_t next_pfn;
	uint8_t descs[DESCS * KDUMP_D_LEN];
	uint8_t bits[BITS];
};

struct error *kdump_stream_create(struct sink *sink,
				  const struct dump_layout *layout, bool big,
				  struct kdump_stream **ret)
{
	struct kdump_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return error_nomem();
	stream->sink = sink;
	stream->big = big;
	stream->table = layout->table;
	stream->bitmap = layout->bitmap + layout->bitmap_len;
	stream->bitmap_end = stream->bitmap + layout->bitmap_len;
	*ret = stream;
	return NULL;
}

void kdump_stream_destroy(struct kdump_stream *stream)
{
	free(stream);
}

/* Sends the descriptors, then the bitmap's bytes below END; those beyond the
 * ones held are zero. */
static struct error *stream_send(struct kdump_stream *stream, uint64_t end)
{
	const struct sink_ops *ops = stream->sink->ops;
	size_t len = stream->nr * KDUMP_D_LEN;

	if (len)
		TRY(ops->meta(stream->sink, stream->table, stream->descs,
			      len));
	stream->table += len;
	stream->nr_sent += stream->nr;
	stream->nr = 0;
	while (stream->first < end) {
		len = min_u64(end - stream->first, BITS);
		TRY(ops->meta(stream->sink, stream->bitmap + stream->first,
			      stream->bits, len));
		stream->first += len;
		memmove(stream->bits, stream->bits + len, BITS - len);
		memset(stream->bits + BITS - len, 0, len);
	}
	return NULL;
}

struct error *kdump_stream_add(struct kdump_stream *stream, uint64_t pfn,
			       const struct kdump_desc *desc)
{
	uint64_t max = min_u64(max_u64(stream->nr_sent / 8, DESCS_MIN), DESCS);
	uint64_t byte = pfn / 8;
	uint8_t *p;

	if (pfn < stream->next_pfn)
		return NULL;	/* it comes again */
	assert(stream->bitmap + byte < stream->bitmap_end);
	if (stream->nr >= max || byte - stream->first >= BITS)
		TRY(stream_send(stream, byte));
	p = stream->descs + stream->nr++ * KDUMP_D_LEN;
	put_u64(p + KDUMP_D_OFFSET, desc->offset, stream->big);
	put_u32(p + KDUMP_D_SIZE, desc->size, stream->big);
	put_u32(p + KDUMP_D_FLAGS, desc->flags, stream->big);
	put_u64(p + KDUMP_D_PAGE_FLAGS, 0, stream->big);
	stream->bits[byte - stream->first] |= 1u << pfn % 8;
	stream->next_pfn = pfn + 1;
	return NULL;
}

struct error *kdump_stream_finish(struct kdump_stream *stream)
{
	return stream_send(stream, stream->bitmap_end - stream->bitmap);
}
