/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump as partial uploads to a tus server, which joins them (extension
 * concatenation of tus 1.0.0). What ascends for itself is a part of its own: the rest
 * of the head with bitmap 1; bitmap 2; the descriptors; the data, one part where its
 * length may be told last (creation-defer-length), else several. The first block,
 * which has the status, is the last that is sent; then there is one upload of all.
 *
 * Partial uploads stay when they were joined: some servers only refer to them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "tus_parts.h"

#define META_PIECE (512u << 10)
#define DATA_PIECE (4u << 20)
#define DATA_PART_MIN (16u << 20)	/* where its length is to be told first */
#define UNIT (1u << 20)		/* parts' sizes are multiples of it then */
#define LIST_MAX 7000u		/* of all parts' names: servers take lines of 8 KiB
				 * (nginx, large_client_header_buffers) */

/* How large parts of data are that, with those before, are no more than a server
 * takes the names of. */
static uint64_t data_part_size(const struct tus_parts *tus,
			       const struct dump_layout *layout)
{
	/* numbers in later names may be longer */
	uint64_t name = strlen(tus->parts[TUS_PART_FIRST].upload.location) + 8;
	uint64_t nr = max_u64(LIST_MAX / name, TUS_PART_DATA + 1) - TUS_PART_DATA;

	return max_u64(align_up((max_u64(layout->bound, layout->data) -
				 layout->data) / min_u64(nr, TUS_DATA_PARTS) + 1,
				UNIT), DATA_PART_MIN);
}

/* The part of data that comes next. */
static void data_part_init(struct tus_parts *tus, uint64_t start)
{
	tus_part_init(&tus->parts[tus->data], start, tus->way.server.defers ?
		      TUS_UNTIL_END : min_u64(tus->data_size,
					      tus->end - start));
}

static struct error *parts_begin(struct sink *sink,
				 const struct dump_layout *layout)
{
	struct tus_parts *tus = (struct tus_parts *)sink;
	uint64_t bitmap2 = layout->bitmap + layout->bitmap_len;

	assert(!tus->begun && layout->bitmap >= TUS_FIRST &&
	       layout->table >= bitmap2);
	tus_part_init(&tus->parts[TUS_PART_HEAD], TUS_FIRST, bitmap2 - TUS_FIRST);
	tus_part_init(&tus->parts[TUS_PART_BITMAP2], bitmap2,
		      layout->table - bitmap2);
	tus_part_init(&tus->parts[TUS_PART_TABLE], layout->table,
		      layout->data - layout->table);
	tus->data_start = tus->next = layout->data;
	tus->data_size = data_part_size(tus, layout);
	tus->end = UINT64_MAX;
	tus->data = TUS_PART_DATA;
	data_part_init(tus, layout->data);
	tus->begun = true;
	return NULL;
}

static uint64_t parts_needed(const struct sink *sink)
{
	const struct tus_parts *tus = (const struct tus_parts *)sink;

	return tus->parts[tus->data].start;
}

/* What ERR, of a call that has done something, leaves: data that comes again, or
 * nothing. */
static struct error *settle(struct tus_parts *tus, struct error *err)
{
	if (!err)
		return NULL;
	tus->again = error_kind(err) == ERROR_AGAIN;
	tus->failed = !tus->again;
	return err;
}

/* It was told before, but for a signal, which is the reason then. */
static struct error *failed_error(void)
{
	TRY(stop_check());
	return error_create(ERROR_IO, "the upload has failed before");
}

/* Nobody wants the part's upload any more. */
static void part_drop(struct tus_parts *tus, struct tus_part *part)
{
	struct tus_server *server = &tus->way.server;

	/* the server may have it locked for what is on its way */
	tus_line_deinit(&part->line);
	if (!server->terminates || !tus_terminate(server, &part->upload))
		log_print(tus->way.log, LOG_MESSAGE, "a part that is sent anew stays on the server, too: %s",
			  part->upload.masked);
	tus_part_deinit(part);
}

/* The part of data comes again, since ERR. */
static struct error *data_lost(struct tus_parts *tus, struct error *err)
{
	struct tus_part *part = &tus->parts[tus->data];
	struct tus_way *way = &tus->way;

	if (error_kind(err) != ERROR_AGAIN)
		return err;
	err = retry_error(&way->retry, err, way->stored, 0, 0);
	way->sent.retries = way->retry.nr;
	/* what is sent again is no progress */
	way->stored -= part->line.stored;
	part_drop(tus, part);
	data_part_init(tus, part->start);
	return err;
}

static struct error *data_put(struct tus_parts *tus, const uint8_t *buf,
			      uint64_t len)
{
	while (len) {
		struct tus_part *part = &tus->parts[tus->data];
		uint64_t n = len;
		struct error *err;

		if (len > tus->end - tus->next || tus->data == TUS_NR_PARTS)
			return error_create(ERROR_INVALID,
					    "the dump is longer than it could be, or was before");
		if (tus->next < part->start) {		/* it stands */
			n = min_u64(n, part->start - tus->next);
		} else {
			n = min_u64(n, part->size - (part->next - part->start));
			err = tus_part_put(part, &tus->way, DATA_PIECE, buf, n);
			if (!err && part->next - part->start == part->size)
				err = tus_part_end(part, &tus->way);
			if (err)
				return data_lost(tus, err);
		}
		tus->next += n;
		buf += n;
		len -= n;
		if (part->stands) {
			tus->data++;
			data_part_init(tus, tus->next);
		}
	}
	return NULL;
}

static struct error *check_size(const struct tus_parts *tus, uint64_t size)
{
	int64_t most = tus->way.server.most;

	if (most < 0 || size <= (uint64_t)most)
		return NULL;
	return error_create(ERROR_NOSPACE, "%s: the server takes uploads of %lld bytes at most",
			    tus->way.server.masked, (long long)most);
}

static struct error *parts_data(struct sink *sink, uint64_t offset,
				const void *buf, size_t len)
{
	struct tus_parts *tus = (struct tus_parts *)sink;
	struct error *err = NULL;

	if (tus->failed)
		return failed_error();
	if (tus->again) {
		assert(offset <= parts_needed(sink));
		tus->next = offset;
		tus->again = false;
		err = retry_pause(&tus->way.retry);
	}
	assert(offset == tus->next && offset >= tus->data_start);
	if (!err)
		err = check_size(tus, offset + len);
	if (!err)
		err = data_put(tus, buf, len);
	return settle(tus, err);
}

/* Of what lies before the data no page can be made again. */
static struct error *meta_lost(struct error *err)
{
	struct error *told;

	if (!err || error_kind(err) != ERROR_AGAIN)
		return err;
	told = error_create(ERROR_IO, "%s", error_message(err));
	error_destroy(err);
	return told;
}

/* LEN bytes at OFFSET, all of part I, which may have been there before. */
static struct error *part_meta(struct tus_parts *tus, unsigned i,
			       uint64_t offset, const uint8_t *buf, uint64_t len)
{
	struct tus_part *part = &tus->parts[i];

	if (i == TUS_PART_FIRST) {
		memcpy(tus->first + offset, buf, len);
		return NULL;
	}
	if (offset + len <= part->next)
		return NULL;
	if (offset > part->next)
		TRY(tus_part_put(part, &tus->way, META_PIECE, NULL,
				 offset - part->next));
	buf += part->next - offset;
	return tus_part_put(part, &tus->way, META_PIECE, buf,
			    offset + len - part->next);
}

static struct error *meta_put(struct tus_parts *tus, uint64_t offset,
			      const uint8_t *buf, uint64_t len)
{
	unsigned i = TUS_PART_FIRST;

	while (len) {
		const struct tus_part *part = &tus->parts[i];
		uint64_t end = part->start + part->size, n;

		i++;
		if (offset >= end)
			continue;
		n = min_u64(len, end - offset);
		TRY(meta_lost(part_meta(tus, i - 1, offset, buf, n)));
		offset += n;
		buf += n;
		len -= n;
	}
	return NULL;
}

static struct error *parts_meta(struct sink *sink, uint64_t offset,
				const void *buf, size_t len)
{
	struct tus_parts *tus = (struct tus_parts *)sink;

	if (tus->failed)
		return failed_error();
	assert(offset + len <= tus->data_start);
	return settle(tus, meta_put(tus, offset, buf, len));
}

static struct error *parts_barrier(struct sink *sink)
{
	(void)sink;
	return NULL;
}

static struct error *parts_drain(struct sink *sink, uint64_t *ret)
{
	*ret = ((struct tus_parts *)sink)->next;
	return NULL;
}

/* The last of the data: a part that was announced longer is made anew. */
static struct error *data_end(struct tus_parts *tus, uint64_t size)
{
	struct tus_part *part = &tus->parts[tus->data];
	struct error *err;

	if (tus->end != UINT64_MAX && tus->end != size)
		return error_create(ERROR_IO, "more was sent than the dump has now: nothing is left at the target");
	tus->end = size;
	if (part->next == part->start)
		return NULL;
	if (part->upload.url && !tus->way.server.defers) {
		part_drop(tus, part);
		data_part_init(tus, part->start);
		return error_create(ERROR_AGAIN, "%s", "");
	}
	err = tus_part_end(part, &tus->way);
	if (err)
		return data_lost(tus, err);
	tus->data++;
	return NULL;
}

/* What there is of the parts before the data; the first comes last. */
static struct error *meta_end(struct tus_parts *tus)
{
	for (unsigned i = TUS_PART_FIRST + 1; i <= TUS_PART_DATA; i++) {
		struct tus_part *part = &tus->parts[i % TUS_PART_DATA];

		if (part->stands || !part->size)
			continue;
		TRY(tus_part_put(part, &tus->way, META_PIECE,
				 i == TUS_PART_DATA ? tus->first : NULL,
				 part->size - (part->next - part->start)));
		TRY(tus_part_end(part, &tus->way));
	}
	return NULL;
}

static struct error *finish(struct tus_parts *tus, uint64_t size)
{
	/* nobody is to wait for what would not be whole */
	TRY(stop_check());
	TRY(check_size(tus, size));
	TRY(data_end(tus, size));
	TRY(meta_lost(meta_end(tus)));
	return tus_parts_join(tus, size);
}

static struct error *parts_commit(struct sink *sink, uint64_t offset,
				  const void *buf, size_t len, uint64_t size)
{
	struct tus_parts *tus = (struct tus_parts *)sink;

	if (tus->failed)
		return failed_error();
	if (tus->again) {	/* what was to come again does not */
		assert(size <= parts_needed(sink));
		if (size < parts_needed(sink))	/* parts that stand are more */
			tus->end = 0;
		tus->next = size;
		tus->again = false;
	}
	assert(size && size == tus->next);
	TRY(settle(tus, meta_put(tus, offset, buf, len)));
	return settle(tus, finish(tus, size));
}

static uint64_t parts_room(struct sink *sink)
{
	const struct tus_parts *tus = (const struct tus_parts *)sink;
	int64_t most = tus->way.server.most;

	return most < 0 ? UINT64_MAX :
	       (uint64_t)most - min_u64((uint64_t)most, tus->next);
}

static const struct progress_sent *parts_sent(const struct sink *sink)
{
	return &((const struct tus_parts *)sink)->way.sent;
}

static void parts_destroy(struct sink *sink)
{
	struct tus_parts *tus = (struct tus_parts *)sink;

	for (unsigned i = 0; i < TUS_NR_PARTS; i++)
		tus_line_deinit(&tus->parts[i].line);
	if (!tus->joined)
		tus_parts_give_up(tus);
	tus_parts_tell(tus);
	for (unsigned i = 0; i < TUS_NR_PARTS; i++)
		tus_part_deinit(&tus->parts[i]);
	tus_upload_drop(&tus->final);
	free(tus->way.sent.parts);
	tus_server_deinit(&tus->way.server);
	free(tus);
}

static const struct sink_ops parts_ops = {
	.name = "tus",
	.order = SINK_PARTS,
	.rewrites = false,
	.begin = parts_begin,
	.data = parts_data,
	.meta = parts_meta,
	.barrier = parts_barrier,
	.needed = parts_needed,
	.drain = parts_drain,
	.commit = parts_commit,
	.room = parts_room,
	.sent = parts_sent,
	.destroy = parts_destroy,
};

/* Whether the server does what it announces, as far as it can be seen before. What it
 * does not do otherwise, either, is for the other way to tell. */
static struct error *try_parts(struct tus_parts *tus, bool *ret)
{
	struct tus_part *first = &tus->parts[TUS_PART_FIRST];
	struct tus_way *way = &tus->way;
	struct error *err;
	int64_t offset = 0;

	while ((err = tus_look(&way->server)))
		TRY(tus_way_wait(way, err));
	*ret = way->server.concatenates;
	if (!*ret)
		return NULL;
	/* what can't be removed would stay there with each dump */
	err = way->server.terminates ? tus_parts_try(tus) : NULL;
	tus_part_init(first, 0, TUS_FIRST);
	if (!err)
		err = tus_part_open(first, way);
	while (!err && (err = tus_ask(&way->server, &first->upload, &offset)))
		err = tus_way_wait(way, err);
	*ret = !err && !offset && first->upload.is_partial;
	if (*ret || (err && (error_kind(err) == ERROR_STOPPED ||
			     error_kind(err) == ERROR_NOMEM)))
		return err;
	log_warn(way->log, "%s: the server announces that it joins uploads, and does not%s%s: the dump is sent front to back",
		 way->server.masked, err ? ": " : "",
		 err ? error_message(err) : "");
	error_destroy(err);
	return NULL;
}

struct error *sink_tus_create(const char *url, unsigned flags,
			      const struct remote_options *options,
			      struct log *log, struct sink **ret)
{
	struct tus_parts *tus;
	bool parts = false;
	struct error *err;

	if (options->resume)
		return sink_front_create(url, flags, options, log, ret);
	tus = calloc(1, sizeof(*tus));
	if (!tus)
		return error_nomem();
	tus->sink.ops = &parts_ops;
	tus->way.log = log;
	tus->way.retry.seconds = options->retry_seconds;
	err = tus_server_init(&tus->way.server, url, options);
	if (!err)
		err = try_parts(tus, &parts);
	retry_reset(&tus->way.retry);
	if (!err && parts) {
		*ret = &tus->sink;
		return NULL;
	}
	parts_destroy(&tus->sink);
	return err ? err : sink_front_create(url, flags, options, log, ret);
}
