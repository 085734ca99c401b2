/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump as one upload to a tus server, front to back: by one PATCH, or where the
 * server checks sums, which come before what they are of, in pieces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carrier.h"
#include "tus_line.h"

#define PIECE (4u << 20)

struct tus {
	struct carrier carrier;
	struct tus_server server;
	struct tus_upload upload;
	struct tus_patch patch;		/* all of it, or */
	struct tus_line line;		/* pieces of it */
	struct error *err;		/* that end() is to tell; owned */
	uint64_t size;			/* of all */
	uint64_t have;			/* that the server has of the upload, as it says */
	bool resumed;			/* it was made by a run before this one */
};

static const char *masked(const struct tus *tus)
{
	return tus->upload.masked ? tus->upload.masked : tus->server.masked;
}

/* Takes ERR of the server; NULL is fine. */
static struct error *pass_on(struct tus *tus, struct error *err)
{
	tus->carrier.retry_after = tus->server.retry_after;
	tus->server.retry_after = 0;
	return err;
}

static struct error *carrier_tus_look(struct carrier *carrier, bool force)
{
	struct tus *tus = (struct tus *)carrier;

	(void)force;		/* each upload is another object */
	return pass_on(tus, tus_look(&tus->server));
}

static void drop_upload(struct tus *tus)
{
	tus_upload_drop(&tus->upload);
	tus->carrier.location = NULL;
}

static struct error *create(struct tus *tus, uint64_t size)
{
	char length[64];
	const char *const headers[] = { TUS_RESUMABLE, length,
					tus->server.metadata, NULL };
	struct error *err;

	drop_upload(tus);
	tus->have = 0;
	snprintf(length, sizeof(length), "Upload-Length: %llu",
		 (unsigned long long)size);
	err = tus_create(&tus->server, headers, false, &tus->upload);
	tus->carrier.nr_unknown += tus->server.unanswered;
	TRY(pass_on(tus, err));
	tus->carrier.location = tus->upload.masked;
	return NULL;
}

static struct error *carrier_tus_offset(struct carrier *carrier, uint64_t *ret)
{
	struct tus *tus = (struct tus *)carrier;
	int64_t offset = -1;

	if (tus->upload.url)
		TRY(pass_on(tus, tus_ask(&tus->server, &tus->upload, &offset)));
	if (offset < 0 && tus->resumed)
		return error_create(ERROR_IO, "%s: --resume: there is no such upload: the URL is that which was printed when it began",
				    masked(tus));
	tus->resumed = false;
	if (offset < 0)
		drop_upload(tus);
	*ret = tus->have = offset < 0 ? 0 : (uint64_t)offset;
	return NULL;
}

/* Bytes that an upload is to have are told when it is made. */
static struct error *check_length(const struct tus *tus, uint64_t size)
{
	int64_t length = tus->upload.length;

	return length < 0 || (uint64_t)length == size ? NULL :
	       error_create(ERROR_IO, "%s: --resume: the upload is one of %lld bytes, the dump has %llu: it is of another crash, level or codec",
			    masked(tus), (long long)length,
			    (unsigned long long)size);
}

static struct error *carrier_tus_begin(struct carrier *carrier, uint64_t offset,
				       uint64_t size)
{
	struct tus *tus = (struct tus *)carrier;

	/* nothing is sent twice to the same place: it is another upload then */
	if (!tus->upload.url || offset != tus->have)
		TRY(create(tus, size));
	else
		TRY(check_length(tus, size));
	tus->size = size;
	if (tus->server.sum)
		return tus_line_init(&tus->line, &tus->server, &tus->upload,
				     offset, PIECE);
	tus->patch = (struct tus_patch){ .offset = offset,
					 .size = size - offset };
	return tus_patch_start(&tus->server, &tus->upload, &tus->patch);
}

/* Sends what was collected, after what is on its way has come. */
static struct error *line_send(struct tus_line *line)
{
	TRY(tus_line_end(line));
	return tus_line_send(line);
}

static struct error *line_add(struct tus_line *line, const uint8_t *buf,
			      size_t len)
{
	bool ended;

	while (len) {
		size_t n = tus_line_add(line, buf, len);

		if (!n)
			TRY(line_send(line));
		buf += n;
		len -= n;
	}
	return tus_line_poll(line, &ended);
}

static struct error *carrier_tus_send(struct carrier *carrier, const void *buf,
				      size_t len, bool *ended)
{
	struct tus *tus = (struct tus *)carrier;

	if (tus->patch.request)
		return request_send(tus->patch.request, buf, len, ended);
	if (!tus->err)
		tus->err = line_add(&tus->line, buf, len);
	*ended = tus->err;
	return NULL;
}

static void carrier_tus_abort(struct carrier *carrier)
{
	struct tus *tus = (struct tus *)carrier;

	tus_patch_abort(&tus->patch);
	tus_line_deinit(&tus->line);
	error_destroy(tus->err);
	tus->err = NULL;
}

/* The last of the pieces. */
static struct error *line_end(struct tus *tus, uint64_t *sent, bool *gone)
{
	struct tus_line *line = &tus->line;
	struct error *err = tus->err;

	tus->err = NULL;
	if (!err && line->len[0])
		err = line_send(line);
	if (!err)
		err = tus_line_end(line);
	*sent = line->stored;
	*gone = line->gone;
	tus->carrier.unsure |= line->patch.unanswered &&
			       tus_line_next(line) == tus->size;
	tus_line_deinit(line);
	return err;
}

static struct error *carrier_tus_end(struct carrier *carrier, uint64_t *sent)
{
	struct tus *tus = (struct tus *)carrier;
	struct error *err;

	if (tus->patch.request) {
		err = tus_patch_end(&tus->server, &tus->upload, &tus->patch,
				    sent, &carrier->anew);
		carrier->unsure |= tus->patch.unanswered;
	} else {
		err = line_end(tus, sent, &carrier->anew);
	}
	if (carrier->anew)
		drop_upload(tus);
	return pass_on(tus, err);
}

/* The server has said so already, but for what had all bytes before. */
static struct error *carrier_tus_commit(struct carrier *carrier, uint64_t size,
					uint64_t offset, const void *buf,
					size_t len)
{
	(void)offset, (void)buf, (void)len;
	return check_length((struct tus *)carrier, size);
}

static void carrier_tus_destroy(struct carrier *carrier)
{
	struct tus *tus = (struct tus *)carrier;

	carrier_tus_abort(carrier);
	drop_upload(tus);
	tus_server_deinit(&tus->server);
	free(tus);
}

static const struct carrier_ops tus_ops = {
	.name = "tus",
	.look = carrier_tus_look,
	.offset = carrier_tus_offset,
	.begin = carrier_tus_begin,
	.send = carrier_tus_send,
	.end = carrier_tus_end,
	.abort = carrier_tus_abort,
	.commit = carrier_tus_commit,
	.destroy = carrier_tus_destroy,
};

struct error *carrier_tus_create(const char *url,
				 const struct remote_options *options,
				 struct carrier **ret)
{
	struct tus *tus = calloc(1, sizeof(*tus));
	struct error *err;

	if (!tus)
		return error_nomem();
	tus->carrier.ops = &tus_ops;
	tus_upload_drop(&tus->upload);
	err = tus_server_init(&tus->server, url, options);
	tus->resumed = options->resume;
	if (!err && tus->resumed)
		err = tus_upload_take(&tus->server, url + strlen("tus+"),
				      &tus->upload);
	if (err)
		carrier_tus_destroy(&tus->carrier);
	else
		*ret = &tus->carrier;
	return err;
}
