/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An object in an S3 store, in parts. What lies before the data is collected in
 * memory (s3_parts.h); data are sent as they come, and of what is lost so the pages
 * come again. Part 1, which has the status, is the last; then the store makes one
 * object of all.
 *
 * While the answer for a part of data is awaited the next is being sent already.
 * Parts stand in ascending order, so what is needed begins with the first that does
 * not. How long the last one is is known when all has come: a part that ends early
 * is sent once more.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "s3_parts.h"

#define BUFFER (256u << 10)

/* A part of data that is under way. */
struct stream {
	struct request *request;	/* NULL: none is */
	struct s3_call call;
	unsigned part;
	uint64_t sent;			/* of call.size bytes */
	struct sha256 sha;
	bool silent;			/* an earlier run may have sent it: it is
					 * only looked at */
	struct md5 md5;
};

struct s3 {
	struct sink sink;
	struct s3_parts parts;
	struct progress_sent sent;
	struct stream sending, waiting;
	uint64_t nr_sent;		/* bytes of data */
	unsigned nr_stand;		/* of the parts of data, the first ones */
	uint64_t next;			/* offset of the next data */
	uint64_t end;			/* of the dump, once it is known; else
					 * UINT64_MAX */
	bool begun, failed;
	bool folds;			/* the first part ends before bitmap 2 */
	bool again;			/* data is to come from needed() on */
	bool well;			/* the last part was taken */
	size_t len;			/* bytes before `next` that are here: */
	uint8_t *from;			/* in buf, or in the copy of their part */
	uint8_t buf[BUFFER];
};

static struct error *s3_begin(struct sink *sink,
			      const struct dump_layout *layout)
{
	struct s3 *s3 = (struct s3 *)sink;
	struct s3_parts *parts = &s3->parts;

	assert(!s3->begun);
	TRY(s3_plan_init(&parts->plan, layout));
	TRY(s3_upload_parts(&parts->upload, parts->plan.nr));
	parts->pad_start = layout->table + layout->table_len;
	parts->pad_end = layout->data;
	s3->folds = layout->bitmap + layout->bitmap_len >= parts->plan.head;
	s3->next = layout->data;
	s3->end = UINT64_MAX;
	s3->begun = true;
	return NULL;
}

static uint64_t s3_needed(const struct sink *sink)
{
	const struct s3 *s3 = (const struct s3 *)sink;
	const struct s3_plan *plan = &s3->parts.plan;

	if (!s3->nr_stand && s3->next < plan->border)
		return s3->next;
	return s3_plan_start(plan, plan->nr_head + s3->nr_stand);
}

static void stream_drop(struct stream *stream)
{
	request_destroy(stream->request);
	*stream = (struct stream){ 0 };
}

/* Waits until the part stands. */
static struct error *stream_end(struct s3 *s3, struct stream *stream)
{
	struct s3_upload *upload = &s3->parts.upload;
	struct s3_part *part = &upload->parts[stream->part];
	struct error *err;

	if (!stream->request)
		return NULL;
	err = s3_part_end(upload, stream->part, &stream->call,
			  &stream->request);
	s3->well = !err;
	if (!err) {
		sha256_digest(&stream->sha, part->sha256);
		s3->nr_stand++;
	}
	stream_drop(stream);
	return err;
}

/* Whether the part, of SIZE bytes, was there before; else it comes again. */
static struct error *stream_compare(struct s3 *s3, struct stream *stream,
				    uint64_t size)
{
	struct s3_upload *upload = &s3->parts.upload;
	bool stands = s3_part_stands(upload, stream->part, size, &stream->md5);

	if (stands) {
		sha256_digest(&stream->sha,
			      upload->parts[stream->part].sha256);
		s3->nr_stand++;
	}
	stream_drop(stream);
	return stands ? NULL : error_create(ERROR_AGAIN, "%s", "");
}

static struct error *stream_open(struct s3 *s3, unsigned part)
{
	const struct s3_plan *plan = &s3->parts.plan;
	struct stream *stream = &s3->sending;
	uint64_t start = s3_plan_start(plan, part);

	TRY(s3_upload_begin(&s3->parts.upload));
	stream->part = part;
	stream->call = (struct s3_call){
		.in_pieces = true,
		.at_once = s3->well,
		.size = min_u64(plan->data, s3->end - start),
	};
	sha256_init(&stream->sha);
	if (s3->parts.upload.parts[part].offered) {
		stream->silent = true;
		md5_init(&stream->md5);
		return NULL;
	}
	return s3_part_start(&s3->parts.upload, part, &stream->call,
			     &stream->request);
}

/* What is here, which is of PART, may be there already. */
static struct error *flush_silently(struct s3 *s3)
{
	struct stream *stream = &s3->sending;

	md5_add(&stream->md5, s3->from, s3->len);
	sha256_add(&stream->sha, s3->from, s3->len);
	stream->sent += s3->len;
	s3->len = 0;
	if (stream->sent < stream->call.size)
		return NULL;
	TRY(stream_end(s3, &s3->waiting));	/* parts stand in order */
	return stream_compare(s3, stream, stream->sent);
}

/* Sends what is here, which is of PART. */
static struct error *flush(struct s3 *s3, unsigned part)
{
	struct stream *stream = &s3->sending;
	bool ended = false;

	if (!s3->len)
		return NULL;
	if (!stream->request && !stream->silent)
		TRY(stream_open(s3, part));
	if (s3->folds)
		s3_parts_fold(&s3->parts);
	if (stream->silent)
		return flush_silently(s3);
	hasher_add(&s3->parts.hasher, &stream->sha, s3->from, s3->len);
	TRY((s3->from != s3->buf ? request_offer : request_send)(
		stream->request, s3->from, s3->len, &ended));
	s3->nr_sent += s3->len;
	s3_parts_copy(&s3->parts, part, stream->sent, s3->from, s3->len);
	stream->sent += s3->len;
	s3->len = 0;
	/* another part's come where these are */
	if (!ended && stream->sent == stream->call.size)
		TRY(request_send(stream->request, NULL, 0, &ended));
	if (ended || stream->sent == stream->call.size) {
		hasher_wait(&s3->parts.hasher);
		/* parts stand in order */
		TRY(stream_end(s3, &s3->waiting));
		if (ended && stream->sent < stream->call.size)
			return stream_end(s3, stream);
		s3->waiting = *stream;
		*stream = (struct stream){ 0 };
	} else if (s3->waiting.request) {
		TRY(request_poll(s3->waiting.request, &ended));
		if (ended)
			TRY(stream_end(s3, &s3->waiting));
	}
	return s3_parts_poll(&s3->parts, false);
}

/* LEN bytes of data at s3->next, all in PART. */
static struct error *append(struct s3 *s3, unsigned part, const uint8_t *buf,
			    uint64_t len)
{
	uint64_t end = min_u64(s3_plan_start(&s3->parts.plan, part + 1),
			       s3->end);

	while (len) {
		size_t n = min_u64(len, BUFFER - s3->len);

		if (!s3->len &&
		    !(s3->from = s3_parts_place(&s3->parts, part,
						s3->sending.sent))) {
			hasher_wait(&s3->parts.hasher);
			s3->from = s3->buf;
		}
		memcpy(s3->from + s3->len, buf, n);
		s3->len += n;
		s3->next += n;
		buf += n;
		len -= n;
		if (s3->len == BUFFER || s3->next == end)
			TRY(flush(s3, part));
	}
	return NULL;
}

static struct error *data_put(struct s3 *s3, const uint8_t *buf, uint64_t len)
{
	const struct s3_plan *plan = &s3->parts.plan;

	while (len) {
		unsigned part = s3_plan_part(plan, s3->next);
		uint64_t n = min_u64(len, s3_plan_start(plan, part + 1) -
				     s3->next);

		if (part >= s3->parts.upload.nr || n > s3->end - s3->next)
			return error_create(ERROR_INVALID,
					    "the dump is longer than it could be, or was before");
		if (s3->parts.upload.parts[part].etag) {
			s3->next += n;		/* it stands */
		} else if (part < plan->nr_head) {
			TRY(s3_parts_put(&s3->parts, part, s3->next, buf, n));
			s3->next += n;
		} else {
			TRY(append(s3, part, buf, n));
		}
		buf += n;
		len -= n;
	}
	return NULL;
}

/* What ERR, of a call that has done something, leaves: data that comes again, or
 * nothing. */
static struct error *settle(struct s3 *s3, struct error *err)
{
	s3->sent.bytes = s3->nr_sent + s3->parts.nr_sent;
	s3->sent.retries = s3->parts.upload.store.retry.nr;
	if (!err)
		return NULL;
	hasher_wait(&s3->parts.hasher);
	stream_drop(&s3->sending);
	stream_drop(&s3->waiting);
	s3->len = 0;
	s3->well = false;
	s3->again = error_kind(err) == ERROR_AGAIN;
	s3->failed = !s3->again;
	return err;
}

/* It was told before, but for a signal, which is the reason then. */
static struct error *failed_error(void)
{
	TRY(stop_check());
	return error_create(ERROR_IO, "the upload has failed before");
}

static struct error *s3_data(struct sink *sink, uint64_t offset,
			     const void *buf, size_t len)
{
	struct s3 *s3 = (struct s3 *)sink;
	struct error *err = NULL;

	if (s3->failed)
		return failed_error();
	if (s3->again) {
		assert(offset <= s3_needed(sink));
		s3->next = offset;
		s3->again = false;
		err = retry_pause(&s3->parts.upload.store.retry);
	}
	assert(offset == s3->next && offset >= s3->parts.plan.data_start);
	if (!err)
		err = data_put(s3, buf, len);
	return settle(s3, err);
}

/* What was not sent yet does not go with the copy, whose buffer may be wanted. */
static struct error *keep_rest(struct s3 *s3)
{
	bool ended;

	if (!s3_parts_full(&s3->parts))
		return NULL;
	hasher_wait(&s3->parts.hasher);
	if (s3->sending.request)
		TRY(request_send(s3->sending.request, NULL, 0, &ended));
	if (s3->len && s3->from != s3->buf)
		s3->from = memcpy(s3->buf, s3->from, s3->len);
	return NULL;
}

static struct error *meta_put(struct s3 *s3, uint64_t offset,
			      const uint8_t *buf, uint64_t len)
{
	const struct s3_plan *plan = &s3->parts.plan;

	while (len) {
		unsigned part = s3_plan_part(plan, offset);
		uint64_t n = min_u64(len, s3_plan_start(plan, part + 1) -
				     offset);

		TRY(keep_rest(s3));
		TRY(s3_parts_put(&s3->parts, part, offset, buf, n));
		offset += n;
		buf += n;
		len -= n;
	}
	return NULL;
}

static struct error *s3_meta(struct sink *sink, uint64_t offset,
			     const void *buf, size_t len)
{
	struct s3 *s3 = (struct s3 *)sink;

	if (s3->failed)
		return failed_error();
	assert(offset + len <= s3->parts.plan.data_start);
	return settle(s3, meta_put(s3, offset, buf, len));
}

static struct error *s3_barrier(struct sink *sink)
{
	(void)sink;
	return NULL;
}

static struct error *s3_drain(struct sink *sink, uint64_t *ret)
{
	*ret = ((struct s3 *)sink)->next;
	return NULL;
}

/* The last part was begun longer than it is: it is sent once more, from its copy, or
 * made anew. */
static struct error *shorten(struct s3 *s3)
{
	struct stream *stream = &s3->sending;
	unsigned part = stream->part;
	uint64_t len = stream->sent;
	uint8_t digest[SHA256_LEN];
	bool stands;

	sha256_digest(&stream->sha, digest);
	/* what came of it would wait for an end that is elsewhere */
	stream_drop(stream);
	TRY(stream_end(s3, &s3->waiting));
	TRY(s3_parts_send_copy(&s3->parts, part, len, digest, &stands));
	if (!stands)
		return error_create(ERROR_AGAIN, "%s", "");
	s3->nr_stand++;
	return NULL;
}

/* The last of the data. */
static struct error *data_end(struct s3 *s3, uint64_t size)
{
	struct stream *stream = &s3->sending;

	s3->end = size;
	hasher_wait(&s3->parts.hasher);
	s3_parts_hash(&s3->parts, size);
	if (stream->request) {
		/* the end is not known to what was begun without it */
		if (s3->len)
			s3_parts_copy(&s3->parts, stream->part, stream->sent,
				      s3->from, s3->len);
		sha256_add(&stream->sha, s3->from, s3->len);
		stream->sent += s3->len;
		s3->len = 0;
		return shorten(s3);
	}
	if (s3->len)
		TRY(flush(s3, s3_plan_part(&s3->parts.plan, size - 1)));
	TRY(stream_end(s3, &s3->waiting));
	return stream->silent ? stream_compare(s3, stream, stream->sent) :
	       NULL;
}

static struct error *finish(struct s3 *s3, uint64_t size)
{
	struct s3_parts *parts = &s3->parts;
	unsigned nr = s3_plan_part(&parts->plan, size - 1) + 1;

	/* nobody is to wait for what would not be whole */
	TRY(stop_check());
	TRY(s3_parts_check_end(parts, nr - 1, size));
	TRY(data_end(s3, size));
	if (!parts->upload.id && size <= parts->plan.head) {
		TRY(s3_parts_whole(parts, size));
	} else {
		TRY(s3_parts_finish(parts, size));
		TRY(s3_upload_complete(&parts->upload, nr, size));
	}
	s3_parts_tell(parts, nr, &s3->sent);
	return NULL;
}

static struct error *s3_commit(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len, uint64_t size)
{
	struct s3 *s3 = (struct s3 *)sink;

	if (s3->failed)
		return failed_error();
	if (s3->again) {	/* what was to come again does not */
		assert(size <= s3_needed(sink));
		s3->next = size;
		s3->again = false;
	}
	assert(size && size == s3->next);
	TRY(settle(s3, meta_put(s3, offset, buf, len)));
	return settle(s3, finish(s3, size));
}

static uint64_t s3_room(struct sink *sink)
{
	(void)sink;
	return UINT64_MAX;
}

static const struct progress_sent *s3_sent(const struct sink *sink)
{
	return &((const struct s3 *)sink)->sent;
}

static void s3_destroy(struct sink *sink)
{
	struct s3 *s3 = (struct s3 *)sink;

	hasher_deinit(&s3->parts.hasher);
	stream_drop(&s3->sending);
	stream_drop(&s3->waiting);
	s3_parts_deinit(&s3->parts);
	free(s3->sent.parts);
	s3_upload_destroy(&s3->parts.upload);
	free(s3);
}

static const struct sink_ops s3_ops = {
	.name = "s3",
	.order = SINK_PARTS,
	.rewrites = false,
	.begin = s3_begin,
	.data = s3_data,
	.meta = s3_meta,
	.barrier = s3_barrier,
	.needed = s3_needed,
	.drain = s3_drain,
	.commit = s3_commit,
	.room = s3_room,
	.sent = s3_sent,
	.destroy = s3_destroy,
};

struct error *sink_s3_create(const char *url, unsigned flags,
			     const struct remote_options *options,
			     struct log *log, struct sink **ret)
{
	struct s3 *s3 = calloc(1, sizeof(*s3));
	struct error *err;

	if (!s3)
		return error_nomem();
	s3->sink.ops = &s3_ops;
	err = s3_upload_create(&s3->parts.upload, url, flags & SINK_FORCE,
			       options, log);
	if (err) {
		free(s3);
		return err;
	}
	hasher_init(&s3->parts.hasher);
	*ret = &s3->sink;
	return NULL;
}
