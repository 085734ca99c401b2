/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kdump-compressed writer: takes pages in order and decides where they
 * stand, what shares a block, when a checkpoint is made and where the limit
 * is. Head: kdump_head.c; descriptors: kdump_table.c, kdump_stream.c and
 * kdump_passes.c; the end: kdump_finish.c.
 */
#include "writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "kdump_format.h"
#include "kdump_marks.h"
#include "kdump_passes.h"
#include "kdump_same.h"
#include "kdump_write.h"

/* A checkpoint makes every page finished 5 s ago reachable, its own syncing
 * included. */
#define CHECKPOINT_SECONDS 4
#define CHECKPOINT_BYTES (256ull << 20)
#define BITS 65536u		/* bytes of bitmap at a time */

static void kdump_destroy(struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;

	kdump_table_destroy(kdump->table);
	kdump_stream_destroy(kdump->stream);
	kdump_passes_destroy(kdump->passes);
	kdump_marks_destroy(kdump->marks);
	kdump_fill_destroy(kdump->fill);
	kdump_same_destroy(kdump->same);
	free(kdump->bits);
	error_destroy(kdump->lost);
	error_destroy(kdump->err);
	free(kdump);
}

/*
 * makedumpfile --reassemble takes a page for zeroes that stands where the data of
 * the whole dump would begin, if the level leaves out zero pages (1.7.9
 * makedumpfile.c: reassemble_kdump_pages()). Our tables are as long as they need
 * to be, so any page might stand there.
 */
static uint64_t shunned_offset(const struct kdump_writer *kdump)
{
	const struct dump_facts *facts = kdump->facts;

	return facts->part ? kdump->layout.table +
			     facts->nr_kept * KDUMP_D_LEN : 0;
}

static struct error *kdump_create(struct sink *sink,
				  const struct dump_facts *facts,
				  struct writer **ret)
{
	struct kdump_writer *kdump = calloc(1, sizeof(*kdump));
	struct error *err;

	if (!kdump)
		return error_nomem();
	kdump->writer.ops = &kdump_writer_ops;
	kdump->sink = sink;
	kdump->facts = facts;
	err = kdump_head_init(facts, &kdump->head, &kdump->layout);
	if (!err)
		err = kdump_fill_create(facts->codec, facts->codec_level,
					kdump->head.block_size, &kdump->fill);
	if (!err)
		err = kdump_same_create(facts, kdump->head.block_size,
					&kdump->same);
	if (!err && !(kdump->bits = malloc(BITS)))
		err = error_nomem();
	if (!err && sink->ops->order == SINK_ASCENDING)
		err = kdump_passes_create(facts, kdump->head.block_size,
					  &kdump->passes);
	if (!err && sink->ops->order == SINK_PARTS)
		err = kdump_marks_create(&kdump->marks);
	if (err) {
		kdump_destroy(&kdump->writer);
		return err;
	}
	/* whether all of it fits is seen before it begins */
	if (kdump->passes)
		kdump->layout.max_size = UINT64_MAX;
	kdump->layout.max_size = min_u64(kdump->layout.max_size,
					 KDUMP_TABLE_MAX_OFFSET);
	kdump->layout.bound = min_u64(kdump->layout.data +
				      kdump_nr_pages(facts) *
				      kdump->head.block_size,
				      kdump->layout.max_size);
	kdump->data_end = kdump->layout.data;
	kdump->shunned = shunned_offset(kdump);
	*ret = &kdump->writer;
	return NULL;
}

static uint64_t kdump_metadata_len(const struct writer *writer)
{
	const struct kdump_writer *kdump = (const struct kdump_writer *)writer;

	return max_u64(kdump->layout.data, kdump->layout.size);
}

static struct error *kdump_begin(struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;
	const struct dump_layout *layout = &kdump->layout;
	const struct codec_ops *codec = kdump->facts->codec;
	bool big = kdump->facts->image->target.big_endian;
	const struct sink_ops *ops;
	uint64_t room;

	if (kdump->passes)
		TRY(kdump_passes_begin(kdump));
	ops = kdump->sink->ops;
	room = ops->room(kdump->sink);
	if (layout->data > layout->max_size)
		return error_create(ERROR_NOSPACE, "the limit of %" PRIu64
				    " bytes is reached: head, bitmaps and page "
				    "table need %" PRIu64, layout->max_size,
				    layout->data);
	if (layout->data > room)
		return error_create(ERROR_NOSPACE, "head, bitmaps and page "
				    "table need %" PRIu64 " bytes, %" PRIu64
				    " are free", layout->data, room);
	TRY(ops->begin(kdump->sink, layout));
	kdump->opens = ops->rewrites ? ops->reached(kdump->sink) + 2 : 0;
	if (ops->rewrites)
		TRY(kdump_table_create(kdump->sink, layout, big,
				       kdump->head.block_size,
				       codec ? codec->flag : 0,
				       &kdump->table));
	else if (!kdump->passes)
		TRY(kdump_stream_create(kdump->sink, layout, big,
					&kdump->stream));
	return kdump_head_write(kdump->facts, &kdump->head, layout,
				kdump->sink);
}

/* Sends SET to bitmap 1 or the SECOND. One after the other: what follows each
 * other in the file is one write. */
static struct error *bitmap_put(struct kdump_writer *kdump,
				const struct pageset *set, bool second)
{
	uint64_t at = kdump->layout.bitmap +
		      (second ? kdump->layout.bitmap_len : 0), len;

	at -= kdump->facts->first_pfn / 8;
	for (uint64_t pfn = max_u64(set->first, kdump->facts->first_pfn);
	     pfn < set->end; pfn += len * 8) {
		len = min_u64(align_up(set->end - pfn, 64) / 8, BITS);
		pageset_export(set, pfn, kdump->bits, len);
		TRY(kdump->sink->ops->meta(kdump->sink, at + pfn / 8,
					   kdump->bits, len));
	}
	return NULL;
}

/* Bitmap 1 up to byte END is zeroes, where the sink does not see to that. */
static struct error *bitmap_pad(struct kdump_writer *kdump, uint64_t end)
{
	memset(kdump->bits, 0, BITS);
	while (kdump->stream && kdump->bitmap_end < end) {
		size_t len = min_u64(end - kdump->bitmap_end, BITS);

		TRY(kdump->sink->ops->meta(kdump->sink, kdump->layout.bitmap +
					   kdump->bitmap_end, kdump->bits,
					   len));
		kdump->bitmap_end += len;
	}
	kdump->bitmap_end = end;
	return NULL;
}

static struct error *kdump_bitmap(struct writer *writer,
				  const struct pageset *present,
				  const struct pageset *kept)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;
	uint64_t first = kdump->facts->first_pfn, pfn = present->first;
	uint64_t start = max_u64(pfn, first) - first;

	assert(present->first == kept->first && present->end == kept->end);
	assert(present->end <= kdump->facts->end_pfn);
	assert(pfn % 64 == 0 && first % 64 == 0);
	if (present->end <= first)
		return NULL;
	/* all windows once more */
	if (kdump->passes && start / 8 < kdump->bitmap_end)
		return bitmap_put(kdump, kept, true);
	assert(start / 8 >= kdump->bitmap_end);
	kdump->nr_bits += pageset_count(kept, pfn, kept->end);
	TRY(bitmap_pad(kdump, start / 8));
	TRY(bitmap_put(kdump, present, false));
	if (kdump->sink->ops->rewrites)
		TRY(bitmap_put(kdump, kept, true));
	kdump->bitmap_end = align_up(present->end - first, 64) / 8;
	return NULL;
}

struct error *kdump_metadata_send(struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;

	kdump->sent = true;
	if (kdump->nr_bits != kdump->facts->nr_kept)
		return error_create(ERROR_INVALID, "the scan counted %" PRIu64
				    " pages to keep, the bitmap has %" PRIu64,
				    kdump->facts->nr_kept, kdump->nr_bits);
	TRY(bitmap_pad(kdump, kdump->layout.bitmap_len));
	if (kdump->table) {
		TRY(kdump_table_checkpoint(kdump->table));
		TRY(kdump_head_open(kdump->facts, &kdump->head,
				    &kdump->layout, kdump->sink));
		TRY(kdump_table_checkpoint(kdump->table));
	}
	return NULL;
}

static struct error *kdump_metadata(struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;
	uint64_t written;

	if (!kdump->sent)
		TRY(kdump_metadata_send(writer));
	if (kdump->passes)
		TRY(kdump_passes_table(kdump));
	TRY(kdump->sink->ops->drain(kdump->sink, &written));
	clock_gettime(CLOCK_MONOTONIC, &kdump->checkpoint_time);
	kdump->checkpoint_data = kdump->data_end;
	kdump->ready = true;
	return NULL;
}

/* Where LEN bytes of data will stand: in *RET, if the limit permits. */
static struct error *data_place(struct kdump_writer *kdump, uint64_t pending,
				uint32_t len, uint64_t *ret)
{
	uint64_t max = kdump->layout.max_size;

	*ret = kdump->data_end + pending;
	if (*ret > max || len > max - *ret)
		return error_create(ERROR_NOSPACE, "the limit of %" PRIu64
				    " bytes is reached", max);
	return NULL;
}

static struct error *data_put(struct kdump_writer *kdump, const uint8_t *buf,
			      size_t len)
{
	if (!len)
		return NULL;
	if (kdump->passes)
		TRY(kdump_passes_check(kdump, len));
	TRY(kdump->sink->ops->data(kdump->sink, kdump->data_end, buf, len));
	kdump->data_end += len;
	kdump->totals.data_bytes += len;
	return NULL;
}

/* No page stands at kdump->shunned. */
static struct error *data_pad(struct kdump_writer *kdump)
{
	static const uint8_t pad[8];
	uint64_t offset;

	if (!kdump->shunned || kdump->data_end != kdump->shunned)
		return NULL;
	TRY(data_place(kdump, 0, sizeof(pad), &offset));
	return data_put(kdump, pad, sizeof(pad));
}

/* The block that page I shares with others of its kind; NULL: it does not. */
static struct kdump_desc *shared_desc(struct kdump_writer *kdump,
				      const struct batch *batch, unsigned i)
{
	if (batch->kind[i] == BATCH_FILL)
		return kdump_fill_find(kdump->fill, batch->word[i]);
	if (batch->kind[i] == BATCH_UNREADABLE)
		return kdump_fill_unreadable(kdump->fill);
	return NULL;
}

/* Writes such a block if it is not there yet: the first page of a kind does.
 */
static struct error *shared_put(struct kdump_writer *kdump,
				struct kdump_desc *desc, uint64_t word)
{
	const uint8_t *packed;
	bool wrong = false;
	uint64_t offset;

	if (desc->offset)
		return NULL;
	packed = kdump_fill_pack(kdump->fill, desc, word, &wrong);
	kdump->totals.nr_mispacked += wrong;
	TRY(data_place(kdump, 0, desc->size, &offset));
	TRY(data_put(kdump, packed, desc->size));
	desc->offset = offset;
	return NULL;
}

static struct error *page_describe(struct kdump_writer *kdump, uint64_t pfn,
				   uint64_t index,
				   const struct kdump_desc *desc)
{
	if (kdump->facts->part)
		index -= kdump->facts->part->index;
	assert(index < kdump_nr_pages(kdump->facts));
	if (kdump->marks)
		TRY(kdump_marks_add(kdump, desc));
	if (kdump->table)
		TRY(kdump_table_set(kdump->table, index, desc));
	else if (kdump->passes)
		TRY(kdump_passes_add(kdump, desc));
	else
		TRY(kdump_stream_add(kdump->stream, pfn -
				     kdump->facts->first_pfn, desc));
	kdump->nr_described++;
	return NULL;
}

/*
 * Writes BATCH's pages from *NEXT on whose data stands in one run of its
 * bytes, from *AT on. Descriptors come after the data has been handed to the
 * sink: setting one may make a checkpoint. DESCS: those of the batch; those in
 * the set SAME are known.
 */
static struct error *run_put(struct kdump_writer *kdump,
			     const struct batch *batch, uint64_t same,
			     struct kdump_desc *descs, unsigned *next,
			     size_t *at)
{
	struct error *limit = NULL, *err;
	unsigned first = *next;
	size_t len = 0;

	TRY(data_pad(kdump));
	for (; *next < batch->nr; ++*next) {
		struct kdump_desc *desc = &descs[*next];
		struct kdump_desc *shared = shared_desc(kdump, batch, *next);
		uint32_t size = batch->size[*next];
		uint8_t kind = batch->kind[*next];

		if (shared) {
			if (!shared->offset && *next > first)
				break;		/* begins the next run */
			TRY(shared_put(kdump, shared, batch->word[*next]));
			*desc = *shared;
			continue;
		}
		if (same >> *next & 1) {
			if (len)
				break;		/* its bytes are left out */
			*at += size;
			continue;
		}
		if (kind == BATCH_SAME) {
			*desc = descs[batch->word[*next]];
			continue;
		}
		if (kdump->shunned && *next > first &&
		    kdump->data_end + len == kdump->shunned)
			break;
		assert(kind == BATCH_RAW ? size == kdump->head.block_size :
		       size > 0 && size < kdump->head.block_size);
		limit = data_place(kdump, len, size, &desc->offset);
		if (limit)
			break;
		desc->size = size;
		desc->flags = kind == BATCH_RAW ? 0 :
			kdump->facts->codec->flag;
		len += size;
	}
	err = data_put(kdump, batch->data + *at, len);
	*at += len;
	for (unsigned i = first; !err && i < *next; i++) {
		writer_count(&kdump->totals, batch, i, same >> i & 1);
		if (kdump->same && batch->size[i] && !(same >> i & 1))
			kdump_same_add(kdump->same, batch, i, &descs[i]);
		err = page_describe(kdump, batch->pfn[i], batch->index[i],
				    &descs[i]);
	}
	if (!err)
		return limit;
	error_destroy(limit);
	return err;
}

static bool checkpoint_is_due(const struct kdump_writer *kdump,
			      struct timespec *now)
{
	clock_gettime(CLOCK_MONOTONIC, now);
	return now->tv_sec - kdump->checkpoint_time.tv_sec -
		(now->tv_nsec < kdump->checkpoint_time.tv_nsec) >=
		CHECKPOINT_SECONDS ||
		kdump->data_end - kdump->checkpoint_data >= CHECKPOINT_BYTES;
}

static struct error *kdump_pages(struct writer *writer,
				 const struct batch *batch)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;
	struct kdump_desc descs[BATCH_PAGES];
	struct error *err = NULL;
	struct timespec now;
	unsigned next = 0;
	uint64_t same = 0;
	size_t at = 0;

	assert(kdump->ready && batch->nr <= BATCH_PAGES);
	kdump->totals.nr_mispacked += batch->nr_mispacked;
	if (kdump->failed)
		return error_create(ERROR_NOSPACE, "the dump takes no more "
				    "pages");
	if (kdump->marks)
		kdump_marks_batch(kdump, batch);
	if (kdump->same)
		same = kdump_same_find(kdump->same, batch, descs);
	while (!err && next < batch->nr)
		err = run_put(kdump, batch, same, descs, &next, &at);
	if (!err && kdump->table && checkpoint_is_due(kdump, &now)) {
		err = kdump_table_checkpoint(kdump->table);
		kdump->checkpoint_time = now;
		kdump->checkpoint_data = kdump->data_end;
	}
	kdump->failed = err != NULL;
	if (err)
		kdump->failure = error_kind(err);
	return err;
}

/* Descriptors and bits go out by the pages alone: kdump_stream.c. */
static struct error *kdump_window_end(struct writer *writer,
				      const struct pageset *kept)
{
	(void)writer;
	(void)kept;
	return NULL;
}

static const struct writer_totals *kdump_totals(const struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;

	if (kdump->table)
		kdump->totals.nr_checkpoints =
			kdump_table_nr_checkpoints(kdump->table);
	return &kdump->totals;
}

const struct writer_ops kdump_writer_ops = {
	.name = "kdump",
	.by_value = true,
	.packs = true,
	.shares = true,
	.create = kdump_create,
	.surveys = kdump_surveys,
	.survey = kdump_survey,
	.metadata_len = kdump_metadata_len,
	.begin = kdump_begin,
	.bitmap = kdump_bitmap,
	.metadata = kdump_metadata,
	.pages = kdump_pages,
	.window_end = kdump_window_end,
	.back = kdump_back,
	.finish = kdump_finish,
	.totals = kdump_totals,
	.destroy = kdump_destroy,
};
