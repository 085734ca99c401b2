/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partial uploads: see tus_part.h. */
#include "tus_part.h"

#include <assert.h>
#include <stdio.h>

#include "../base/bytes.h"

#define STEP (64u << 10)	/* bytes after which libcurl goes on */

struct error *tus_way_wait(struct tus_way *way, struct error *err)
{
	if (!err || error_kind(err) != ERROR_AGAIN)
		return err;
	err = retry_error(&way->retry, err, way->stored, 0,
			  way->server.retry_after);
	way->server.retry_after = 0;
	way->sent.retries = way->retry.nr;
	if (error_kind(err) != ERROR_AGAIN)
		return err;
	log_warn(way->log, "%s", error_message(err));
	error_destroy(err);
	return retry_pause(&way->retry);
}

void tus_part_init(struct tus_part *part, uint64_t start, uint64_t size)
{
	*part = (struct tus_part){ .start = start, .next = start,
				   .size = size };
	tus_upload_drop(&part->upload);
	sha256_init(&part->sha);
}

void tus_part_deinit(struct tus_part *part)
{
	tus_line_deinit(&part->line);
	tus_upload_drop(&part->upload);
}

struct error *tus_part_open(struct tus_part *part, struct tus_way *way)
{
	char length[64] = "Upload-Defer-Length: 1";
	const char *const headers[] = { TUS_RESUMABLE, "Upload-Concat: partial",
					length, NULL };
	struct error *err;

	if (part->upload.url)
		return NULL;
	if (part->size != TUS_UNTIL_END)
		snprintf(length, sizeof(length), "Upload-Length: %llu",
			 (unsigned long long)part->size);
	while ((err = tus_create(&way->server, headers, false,
				 &part->upload))) {
		way->nr_unknown += way->server.unanswered;
		TRY(tus_way_wait(way, err));
	}
	return NULL;
}

/* Waits until the piece that is on its way is there. */
static struct error *settle(struct tus_part *part, struct tus_way *way)
{
	struct tus_line *line = &part->line;
	size_t len = line->len[1];
	struct error *err;

	while ((err = tus_line_end(line))) {
		if (line->gone)
			return err;
		TRY(tus_way_wait(way, err));
	}
	way->stored += len;
	way->sent.bytes += len;
	return NULL;
}

static struct error *piece_send(struct tus_part *part, struct tus_way *way)
{
	TRY(settle(part, way));
	TRY(tus_part_open(part, way));
	return tus_line_send(&part->line);
}

/* LEN bytes, at most STEP. */
static struct error *add(struct tus_part *part, struct tus_way *way,
			 const uint8_t *buf, size_t len)
{
	bool ended;

	sha256_add(&part->sha, buf, len);
	part->next += len;
	while (len) {
		size_t n = tus_line_add(&part->line, buf, len);

		if (!n)
			TRY(piece_send(part, way));
		buf += n;
		len -= n;
	}
	return tus_line_poll(&part->line, &ended);
}

struct error *tus_part_put(struct tus_part *part, struct tus_way *way,
			   size_t piece, const void *buf, uint64_t len)
{
	static const uint8_t zeroes[4096];
	const uint8_t *from = buf;

	assert(!part->stands && len <= part->size - (part->next - part->start));
	if (len && !part->line.bytes[0])
		TRY(tus_line_init(&part->line, &way->server, &part->upload, 0,
				  piece));
	while (len) {
		size_t n = min_u64(len, buf ? STEP : sizeof(zeroes));

		TRY(add(part, way, buf ? from : zeroes, n));
		if (buf)
			from += n;
		len -= n;
	}
	return NULL;
}

struct error *tus_part_end(struct tus_part *part, struct tus_way *way)
{
	uint64_t size = part->next - part->start;

	/* what was begun without a length has it with its last piece, which is
	 * here still: it goes when another byte comes */
	assert(size && part->line.len[0]);
	if (part->size == TUS_UNTIL_END && part->upload.url)
		part->line.length = size;
	part->size = size;
	TRY(piece_send(part, way));
	TRY(settle(part, way));
	tus_line_deinit(&part->line);
	sha256_digest(&part->sha, part->digest);
	part->stands = true;
	return NULL;
}
