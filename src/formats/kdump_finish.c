/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a kdump-compressed dump, whatever has happened before. */
#include <inttypes.h>

#include "../base/bytes.h"
#include "kdump_format.h"
#include "kdump_passes.h"
#include "kdump_write.h"
#include "writer.h"

/* The last descriptors. FAILED: of the data, what lies below WRITTEN is in the
 * sink. */
static struct error *finish_descs(struct kdump_writer *kdump, uint64_t written,
				  bool failed)
{
	const struct sink_ops *ops = kdump->sink->ops;
	struct error *err;
	uint64_t nr_dropped;

	if (kdump->stream)
		return failed ? NULL : kdump_stream_finish(kdump->stream);
	if (failed || kdump->failed) {
		kdump_table_recover(kdump->table, written, &nr_dropped);
		kdump->nr_described -= nr_dropped;
	}
	err = kdump_table_checkpoint(kdump->table);
	return error_first(err, ops->drain(kdump->sink, &written));
}

void kdump_flush(struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;

	if (!kdump->ready || !kdump->table || kdump->failed)
		return;
	kdump->lost = kdump_table_checkpoint(kdump->table);
	kdump->failed = kdump->lost != NULL;
	if (kdump->lost)
		kdump->failure = error_kind(kdump->lost);
}

/* Once. After it the writer is not ready if no dump can be read. */
static void settle(struct kdump_writer *kdump)
{
	const struct sink_ops *ops = kdump->sink->ops;

	if (kdump->settled || !kdump->ready)
		return;
	kdump->settled = true;
	kdump->lost = error_first(kdump->lost,
				  ops->drain(kdump->sink, &kdump->size));
	kdump->ready = !kdump->table ||
		       ops->reached(kdump->sink) >= kdump->opens;
	if (!kdump->ready && !kdump->lost)
		kdump->lost = error_create(kdump->failed ? kdump->failure :
					   ERROR_IO, "head and bitmaps were "
					   "not written: no dump can be read");
	if (!kdump->ready)
		return;
	kdump->size = min_u64(kdump->size, kdump->data_end);
	kdump->err = finish_descs(kdump, kdump->size, kdump->lost != NULL);
}

static bool all_described(const struct kdump_writer *kdump)
{
	return kdump->nr_described == kdump_nr_pages(kdump->facts);
}

bool kdump_settle(struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;

	settle(kdump);
	if (kdump->ready && !kdump->err)
		kdump->err = kdump->sink->ops->commit(kdump->sink, 0, NULL, 0,
						      kdump->size);
	return kdump->ready && !kdump->lost && !kdump->err &&
	       !kdump->failed && all_described(kdump);
}

struct error *kdump_mark(struct writer *writer, bool complete)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;
	struct sink *sink = kdump->sink;
	uint8_t status[4];

	kdump_head_status(kdump->facts, complete, status);
	TRY(sink->ops->meta(sink, kdump_shape_at(kdump->head.shape,
						 KDUMP_H_STATUS), status,
			    sizeof(status)));
	return sink->ops->barrier(sink);
}

struct error *kdump_result(struct writer *writer)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;
	struct error *err = error_first(kdump->lost, kdump->err);

	if (kdump->ready && !kdump->err) {
		kdump->totals.size = kdump->size;
		kdump->totals.nr_pages = kdump->nr_described;
	}
	kdump->lost = kdump->err = NULL;
	kdump->ready = false;
	return err;
}

struct error *kdump_finish(struct writer *writer, bool complete)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;
	const struct sink_ops *ops = kdump->sink->ops;
	struct error *lost, *err;	/* some data; everything */
	uint8_t status[4];
	bool put;

	if (kdump->passes)
		return kdump_passes_finish(kdump);
	settle(kdump);
	lost = kdump->lost;
	err = kdump->err;
	kdump->lost = kdump->err = NULL;
	if (!kdump->ready)
		return lost;
	if (err && error_kind(err) == ERROR_AGAIN) {
		error_destroy(lost);
		return err;
	}
	if (!lost && complete && !all_described(kdump))
		lost = error_create(ERROR_INVALID, "%" PRIu64 " of %" PRIu64
				    " pages were written",
				    kdump->nr_described,
				    kdump_nr_pages(kdump->facts));
	complete = complete && !lost && !err && !kdump->failed;
	kdump_head_status(kdump->facts, complete, status);
	put = complete || !ops->rewrites;	/* else it stands there */
	err = error_first(err, ops->commit(kdump->sink, kdump_shape_at(
						   kdump->head.shape,
						   KDUMP_H_STATUS), status,
					   put ? sizeof(status) : 0,
					   kdump->size));
	kdump->ready = false;
	if (err || (lost && kdump->stream))	/* who knows what came through */
		return error_first(lost, err);
	kdump->totals.size = kdump->size;
	kdump->totals.nr_pages = kdump->nr_described;
	return lost;
}
