/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One object, front to back. What fails in a way that may pass is begun again:
 * pages are made anew, none is kept for that; of those the bytes that the server
 * has are dropped here, where a carrier can go on behind them.
 *
 * The last bytes stay here until commit(), so that an object whose end nobody
 * wanted is never complete.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/progress.h"
#include "carrier.h"
#include "hasher.h"
#include "retry.h"

#define BUFFER (256u << 10)
#define CHECKED 16384u		/* bytes at both ends of what a run before this one
				 * has sent */

struct check {
	uint64_t offset;
	size_t len;			/* 0: nothing */
	uint8_t buf[CHECKED];		/* what the server has there */
};

struct front_sink {
	struct sink sink;
	struct carrier *carrier;		/* owned */
	struct log *log;			/* borrowed */
	char *masked;				/* the URL, for people; owned */
	bool force;			/* what stands there is replaced */
	bool begun;			/* some of it may be there */
	bool resume;			/* or of a run before this one: --resume */
	struct check checks[2];
	bool open;			/* an upload is under way */
	struct progress_sent sent;
	struct sha256 sha;		/* of this try */
	struct hasher hasher;
	struct retry retry;
	/* the object */
	uint64_t size, next;		/* of all; offset of the next byte */
	uint64_t have;			/* bytes that the server has already */
	uint64_t given;			/* at most, since they were sent or stood
					 * there at the start */
	size_t status_len;		/* at `status`: see struct dump_layout */
	uint64_t status;
	uint8_t status_end[DUMP_STATUS_MAX], status_until[DUMP_STATUS_MAX];
	size_t len;			/* of what is here: the last bytes */
	uint8_t *buf;			/* one of these; the other one may be hashed */
	uint8_t bufs[2][BUFFER];
};

struct error *carrier_again(struct carrier *carrier, struct error *err,
			    int64_t retry_after)
{
	struct error *told = error_create(ERROR_AGAIN, "%s",
					  error_message(err));

	error_destroy(err);
	carrier->retry_after = retry_after;
	return told;
}

/* Takes ERR, what a call has failed with that got to SENT bytes, and says whether
 * there is another try. NULL is fine. */
static struct error *try_again(struct front_sink *front, struct error *err,
			       uint64_t sent)
{
	struct carrier *carrier = front->carrier;
	bool at_once = carrier->at_once;
	int64_t retry_after = carrier->retry_after;

	carrier->at_once = false;
	carrier->retry_after = 0;
	if (!err || error_kind(err) != ERROR_AGAIN || at_once)
		return err;
	err = retry_error(&front->retry, err, sent, front->size / 16,
			  retry_after);
	front->sent.retries = front->retry.nr;
	return err;
}

/* Asks the server, and again until it answers. */
static struct error *ask(struct front_sink *front,
			 struct error *(*question)(struct front_sink *front),
			 uint64_t sent)
{
	struct error *err;

	for (;;) {
		err = try_again(front, question(front), sent);
		if (!err || error_kind(err) != ERROR_AGAIN ||
		    front->carrier->anew)
			return err;
		log_warn(front->log, "%s", error_message(err));
		error_destroy(err);
		TRY(retry_pause(&front->retry));
	}
}

static struct error *ask_target(struct front_sink *front)
{
	return front->carrier->ops->look(front->carrier, front->force);
}

static struct error *ask_offset(struct front_sink *front)
{
	return front->carrier->ops->offset(front->carrier, &front->have);
}

static struct error *ask_commit(struct front_sink *front)
{
	return front->carrier->ops->commit(front->carrier, front->size,
					   front->status, front->status_end,
					   front->status_len);
}

static struct error *look(struct front_sink *front)
{
	TRY(ask(front, ask_target, 0));
	front->carrier->look = false;
	retry_reset(&front->retry);
	return NULL;
}

static void layout_take(struct front_sink *front,
			const struct dump_layout *layout)
{
	assert(layout->size && layout->status_len <= DUMP_STATUS_MAX);
	front->size = layout->size;
	front->status = layout->status;
	front->status_len = front->carrier->ops->keeps ? layout->status_len : 0;
	memcpy(front->status_until, layout->status_until,
	       sizeof(front->status_until));
	front->next = front->len = front->have = 0;
	hasher_wait(&front->hasher);
	sha256_init(&front->sha);
}

/* Told now: whoever finds it incomplete knows what it is. */
static void tell_location(struct front_sink *front)
{
	const char *location = front->carrier->location;

	if (!location || !strcmp(location, front->sent.location))
		return;
	snprintf(front->sent.location, sizeof(front->sent.location), "%s",
		 location);
	log_print(front->log, LOG_MESSAGE, "Sent to %s", location);
}

/* What the server has is not of this dump: with -f it is replaced, as any other. */
static struct error *another(struct front_sink *front)
{
	if (!front->force && !front->carrier->own)
		return error_create(ERROR_IO, "--resume: what the server has is not the beginning of this dump, but of another crash, level or codec; -f begins anew");
	front->carrier->anew = front->carrier->at_once = true;
	return error_create(ERROR_AGAIN, "what the server has is not the beginning of this dump: begun anew");
}

static struct error *ask_check(struct front_sink *front)
{
	for (unsigned i = 0; i < 2; i++) {
		struct check *check = &front->checks[i];
		struct error *err;

		check->len = min_u64(CHECKED, front->have);
		check->offset = i ? front->have - check->len : 0;
		err = front->carrier->ops->read(front->carrier, check->offset,
						check->buf, check->len);
		if (err) {
			check->len = 0;
			return err;
		}
	}
	return NULL;
}

/* Asks what the server has. */
static struct error *take_offset(struct front_sink *front)
{
	bool first = !front->begun;

	TRY(ask(front, ask_offset, 0));
	if (first)
		front->given = front->have;
	/* who was cut off may have written on; what nobody sent is not the dump's */
	if (front->have > min_u64(front->given, front->size) && !first)
		front->have = 0;
	if (front->have > front->size)
		return another(front);
	if (first && front->have && front->carrier->ops->read)
		TRY(ask(front, ask_check, 0));
	return NULL;
}

/* Compares the last bytes with those that the server has of them. */
static struct error *compare(struct front_sink *front)
{
	uint64_t start = front->next - front->len;

	for (unsigned i = 0; i < 2; i++) {
		const struct check *check = &front->checks[i];
		uint64_t from = max_u64(start, check->offset);
		uint64_t to = min_u64(front->next, check->offset + check->len);

		if (from < to && memcmp(front->buf + (from - start),
					check->buf + (from - check->offset),
					to - from))
			return another(front);
	}
	return NULL;
}

static struct error *upload_begin(struct front_sink *front)
{
	struct carrier *carrier = front->carrier;

	TRY(try_again(front, carrier->ops->begin(carrier, front->have,
						 front->size), front->have));
	front->open = true;
	tell_location(front);
	return NULL;
}

static struct error *front_begin(struct sink *sink,
				 const struct dump_layout *layout)
{
	struct front_sink *front = (struct front_sink *)sink;
	struct carrier *carrier = front->carrier;

	if (front->open)
		carrier->ops->abort(carrier);
	front->open = false;
	layout_take(front, layout);
	TRY(retry_pause(&front->retry));
	if (carrier->look)
		TRY(look(front));
	front->checks[0].len = front->checks[1].len = 0;
	if ((front->begun || front->resume) && carrier->ops->offset &&
	    !carrier->anew)
		TRY(take_offset(front));
	if (carrier->anew)
		front->given = 0;
	carrier->anew = false;
	front->begun = true;
	/* else when the bytes come that it lacks: no server is to wait */
	return front->have ? NULL : upload_begin(front);
}

/* The upload is over: NULL, all of it is there. */
static struct error *end(struct front_sink *front)
{
	uint64_t sent = 0;
	struct error *err;

	front->open = false;
	err = front->carrier->ops->end(front->carrier, &sent);
	return try_again(front, err, sent);
}

/* What stands where the status does is another one until commit(). */
static void status_swap(struct front_sink *front)
{
	uint64_t start = front->next - front->len;

	if (front->status + front->status_len > start &&
	    front->status < front->next)
		hasher_wait(&front->hasher);
	for (size_t i = 0; i < front->status_len; i++) {
		uint64_t at = front->status + i;

		if (at < start || at >= front->next)
			continue;
		front->status_end[i] = front->buf[at - start];
		front->buf[at - start] = front->status_until[i];
	}
}

static struct error *flush(struct front_sink *front)
{
	uint64_t start = front->next - front->len;
	size_t skip = min_u64(front->len, front->have -
			      min_u64(front->have, start));
	size_t len = front->len - skip;
	const uint8_t *buf;
	bool ended = false;

	hasher_add(&front->hasher, &front->sha, front->buf, front->len);
	status_swap(front);
	TRY(compare(front));
	buf = front->buf + skip;
	front->buf = front->bufs[front->buf == front->bufs[0]];
	front->len = 0;
	if (!len)
		return NULL;
	if (!front->open)
		TRY(upload_begin(front));
	front->given = max_u64(front->given, front->next);
	TRY(front->carrier->ops->send(front->carrier, buf, len, &ended));
	front->sent.bytes += len;
	if (!ended || front->next == front->size)
		return NULL;
	return end(front);
}

/* Bytes that follow; NULL: zeroes. */
static struct error *append(struct front_sink *front, const uint8_t *buf,
			    uint64_t len)
{
	while (len) {
		size_t n;

		if (front->len == BUFFER)
			TRY(flush(front));
		n = min_u64(len, BUFFER - front->len);
		if (buf) {
			memcpy(front->buf + front->len, buf, n);
			buf += n;
		} else {
			memset(front->buf + front->len, 0, n);
		}
		front->len += n;
		front->next += n;
		len -= n;
	}
	return NULL;
}

static struct error *front_put(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len)
{
	struct front_sink *front = (struct front_sink *)sink;

	assert(offset >= front->next && offset + len <= front->size);
	TRY(append(front, NULL, offset - front->next));
	return append(front, buf, len);
}

static struct error *front_barrier(struct sink *sink)
{
	(void)sink;
	return NULL;
}

static struct error *front_drain(struct sink *sink, uint64_t *ret)
{
	*ret = ((struct front_sink *)sink)->next;
	return NULL;
}

static struct error *front_commit(struct sink *sink, uint64_t offset,
				  const void *buf, size_t len, uint64_t size)
{
	struct front_sink *front = (struct front_sink *)sink;

	(void)offset, (void)buf;
	assert(!len && size == front->size && front->next <= size);
	TRY(append(front, NULL, size - front->next));
	TRY(flush(front));
	if (front->open)
		TRY(end(front));
	TRY(ask(front, ask_commit, size));
	front->carrier->unsure = false;
	front->carrier->left = NULL;
	hasher_wait(&front->hasher);
	sha256_end(&front->sha, front->sent.sha256);
	return NULL;
}

static uint64_t front_room(struct sink *sink)
{
	(void)sink;
	return UINT64_MAX;
}

static const struct progress_sent *front_sent(const struct sink *sink)
{
	return &((const struct front_sink *)sink)->sent;
}

static void front_destroy(struct sink *sink)
{
	struct front_sink *front = (struct front_sink *)sink;

	if (front->open)
		front->carrier->ops->abort(front->carrier);
	if (front->carrier->left)
		log_warn(front->log, "what came of it stays on the server, as %s: --resume goes on with a dump, -f replaces it",
			 front->carrier->left);
	if (front->carrier->nr_unknown)
		log_warn(front->log, "%u more may be there, without a byte: the server did not say that it has made them",
			 front->carrier->nr_unknown);
	/* what keeps an incomplete one there says so in it */
	if (front->carrier->unsure && !front->carrier->ops->keeps)
		log_warn(front->log, "the server did not say what became of %s: it may stand there, whole",
			 front->masked);
	front->carrier->ops->destroy(front->carrier);
	free(front->masked);
	hasher_deinit(&front->hasher);
	free(front);
}

static const struct sink_ops front_ops = {
	.name = "front",
	.order = SINK_ASCENDING,
	.rewrites = false,
	.begin = front_begin,
	.data = front_put,
	.meta = front_put,
	.barrier = front_barrier,
	.drain = front_drain,
	.commit = front_commit,
	.room = front_room,
	.sent = front_sent,
	.destroy = front_destroy,
};

struct error *sink_front_create(const char *url, unsigned flags,
				const struct remote_options *options,
				struct log *log, struct sink **ret)
{
	struct carrier *carrier;
	struct front_sink *front;
	struct error *err;

	TRY((remote_kind(url) == REMOTE_HTTP ? carrier_http_create :
	     remote_kind(url) == REMOTE_TUS ? carrier_tus_create :
	     carrier_inbox_create)(url, options, &carrier));
	front = calloc(1, sizeof(*front));
	if (!front) {
		carrier->ops->destroy(carrier);
		return error_nomem();
	}
	front->sink.ops = &front_ops;
	front->carrier = carrier;
	front->log = log;
	front->force = flags & SINK_FORCE;
	carrier->own = flags & SINK_OWN;
	front->retry.seconds = options->retry_seconds;
	front->resume = options->resume;
	front->buf = front->bufs[0];
	hasher_init(&front->hasher);
	front->masked = remote_mask(url);
	err = front->masked ? look(front) : error_nomem();
	if (err) {
		front_destroy(&front->sink);
		return err;
	}
	*ret = &front->sink;
	return NULL;
}
