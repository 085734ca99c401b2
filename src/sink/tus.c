/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An upload to a tus server (tus.io, protocol 1.0.0: the core, and creation): POST
 * makes it, PATCH sends its bytes, HEAD tells how many have come. It has a URL that
 * the server gives it.
 *
 * Of the extensions checksum needs the sum of a PATCH before its first byte, which
 * one PATCH of all of a dump has not; concatenation is for parts. Neither is used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/text.h"
#include "carrier.h"
#include "outcome.h"
#include "transfer.h"

#define VERSION "1.0.0"
#define RESUMABLE "Tus-Resumable: " VERSION
#define NAME "dump"	/* of an upload whose URL has none */
#define LOCATION_MAX 1000u

struct tus {
	struct carrier carrier;
	const struct remote_options *options;	/* borrowed */
	struct transfer *transfer;
	struct request *patch;		/* under way; NULL: none is */
	char *endpoint, *masked, *metadata;	/* owned */
	char *upload;			/* its URL; NULL: there is none yet */
	char *upload_masked;
	bool secrets;			/* credentials may go to the upload */
	bool resumed;			/* it was made by a run before this one */
	uint64_t first, size;		/* of this PATCH; of all */
	int64_t length;			/* that the upload is to have; -1: it is
					 * not told */
};

static const char *masked(const struct tus *tus)
{
	return tus->upload_masked ? tus->upload_masked : tus->masked;
}

static bool is_success(const struct outcome *outcome)
{
	return !outcome->trouble && outcome->status >= 200 &&
	       outcome->status < 300;
}

/* What OUTCOME, which is no success, means. */
static struct error *error_of(struct tus *tus, const struct outcome *outcome)
{
	long status = outcome->status;
	const char *text = NULL;
	struct error *err;

	if (!outcome->trouble && (status == 404 || status == 405 ||
				  status == 410))
		text = "there is no tus server: the URL is its endpoint, and ends with a / or with a name for the dump";
	if (!outcome->trouble && status == 412)
		text = "the server does not speak tus " VERSION;
	if (!outcome->trouble && is_success(outcome))
		text = "that is no answer of a tus server";
	if (text)
		return error_create(ERROR_IO, "%s: HTTP %ld: %s", masked(tus),
				    status, text);
	err = outcome_error(outcome, masked(tus), false, tus->secrets &&
			    (tus->options->netrc || tus->options->credentials));
	/* 409: it has another offset; 423: who was cut off holds it still */
	if (outcome_passes(outcome) ||
	    (!outcome->trouble && (status == 409 || status == 423)))
		return carrier_again(&tus->carrier, err, outcome->retry_after);
	return err;
}

/* A number that a header is; -1: it is none. */
static int64_t number_of(const char *text)
{
	uint64_t value = 0;

	if (!text || !*text || strlen(text) > 18)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	return (int64_t)value;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p && *p; p += strcspn(p, ",")) {
		p += strspn(p, ", ");
		if (!strncmp(p, word, len) && strchr(", ", p[len]))
			return true;
	}
	return false;
}

/* Is there a server, and does it make uploads? What it says of itself is asked for,
 * and may be missing. */
static struct error *tus_look(struct carrier *carrier, bool force)
{
	static const char *const wanted[] = { "Tus-Version", "Tus-Extension",
					      NULL };
	struct tus *tus = (struct tus *)carrier;
	const struct request_spec spec = {
		.url = tus->endpoint,
		.method = "OPTIONS",
		.secrets = true,
		.wanted = wanted,
	};
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	const char *version, *extensions;
	struct error *err;

	(void)force;		/* each upload is another object */
	TRY(request_run(tus->transfer, &spec, &answer, &outcome));
	version = request_header(answer, 0);
	extensions = request_header(answer, 1);
	err = outcome.trouble ? error_of(tus, &outcome) : NULL;
	if (!err && version && !has_word(version, VERSION))
		err = error_create(ERROR_IO, "%s: the server does not speak tus " VERSION,
				   tus->masked);
	if (!err && extensions && !has_word(extensions, "creation"))
		err = error_create(ERROR_IO, "%s: the server lets nobody make an upload (it has no extension \"creation\")",
				   tus->masked);
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

/* LOCATION, as an answer from ENDPOINT has it (RFC 3986 5.2), as a URL; owned; NULL
 * without memory. */
static char *resolve(const char *endpoint, const char *location)
{
	const char *host = strstr(endpoint, "://") + 3;
	size_t len = strcspn(host, "/");
	char *url = NULL;
	int done;

	if (remote_is_url(location))
		return strdup(location);
	if (!strncmp(location, "//", 2))
		done = asprintf(&url, "%.*s%s", (int)(host - 2 - endpoint),
				endpoint, location);
	else if (*location == '/')
		done = asprintf(&url, "%.*s%s", (int)(host + len - endpoint),
				endpoint, location);
	else
		done = asprintf(&url, "%s%s", endpoint, location);
	return done < 0 ? NULL : url;
}

/* The server has made an upload at LOCATION. */
static struct error *take_upload(struct tus *tus, const char *location)
{
	struct error *err = NULL, *wrong;

	if (!location || strlen(location) > LOCATION_MAX)
		return error_create(ERROR_IO, "%s: the server has made an upload and does not say where (Location)",
				    tus->masked);
	tus->upload = resolve(tus->endpoint, location);
	tus->upload_masked = tus->upload ? remote_mask(tus->upload) : NULL;
	if (!tus->upload_masked)
		return error_nomem();
	wrong = remote_check_url(tus->upload);
	if (wrong || remote_kind(tus->upload) != REMOTE_HTTP)
		err = error_create(ERROR_IO, "%s: the server has made an upload at what is no such URL%s%s",
				   tus->masked, wrong ? ": " : "",
				   wrong ? error_message(wrong) : "");
	else if (!strncasecmp(tus->endpoint, "https:", 6) &&
		 strncasecmp(tus->upload, "https:", 6))
		err = error_create(ERROR_IO, "%s: the server has made an upload at %s, where everybody can read it: nothing is sent there (behind a proxy that ends TLS the server has to be told so)",
				   tus->masked, tus->upload_masked);
	error_destroy(wrong);
	tus->secrets = remote_same_server(tus->endpoint, tus->upload);
	return err;
}

static void drop_upload(struct tus *tus)
{
	free(tus->upload);
	free(tus->upload_masked);
	tus->upload = tus->upload_masked = NULL;
	tus->secrets = true;
	tus->carrier.location = NULL;
	tus->length = -1;
}

/* POST. */
static struct error *create(struct tus *tus, uint64_t size)
{
	static const char *const wanted[] = { "Location", NULL };
	char length[64];
	const char *const headers[] = { RESUMABLE, length, tus->metadata, NULL };
	const struct request_spec spec = {
		.url = tus->endpoint,
		.method = "POST",
		.secrets = true,
		.body = true,
		.headers = headers,
		.wanted = wanted,
	};
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	struct error *err;

	drop_upload(tus);
	snprintf(length, sizeof(length), "Upload-Length: %llu",
		 (unsigned long long)size);
	TRY(request_run(tus->transfer, &spec, &answer, &outcome));
	err = !outcome.trouble && outcome.status == 201 ?
	      take_upload(tus, request_header(answer, 0)) :
	      error_of(tus, &outcome);
	if (err)
		drop_upload(tus);
	else
		tus->carrier.location = tus->upload_masked;
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

/* HEAD: *RET -1: there is no such upload. */
static struct error *ask_offset(struct tus *tus, int64_t *ret)
{
	static const char *const headers[] = { RESUMABLE, NULL };
	static const char *const wanted[] = { "Upload-Offset", "Upload-Length",
					      NULL };
	const struct request_spec spec = {
		.url = tus->upload,
		.secrets = tus->secrets,
		.nothing = true,
		.headers = headers,
		.wanted = wanted,
	};
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	struct error *err = NULL;

	*ret = -1;
	TRY(request_run(tus->transfer, &spec, &answer, &outcome));
	if (is_success(&outcome)) {
		*ret = number_of(request_header(answer, 0));
		tus->length = number_of(request_header(answer, 1));
	}
	if (*ret < 0 && (outcome.trouble || (outcome.status != 404 &&
					     outcome.status != 410)))
		err = error_of(tus, &outcome);
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

static struct error *tus_offset(struct carrier *carrier, uint64_t *ret)
{
	struct tus *tus = (struct tus *)carrier;
	int64_t offset = -1;

	if (tus->upload)
		TRY(ask_offset(tus, &offset));
	if (offset < 0 && tus->resumed)
		return error_create(ERROR_IO, "%s: --resume: there is no such upload: the URL is that which was printed when it began",
				    masked(tus));
	tus->resumed = false;
	if (offset < 0)
		drop_upload(tus);
	*ret = offset < 0 ? 0 : (uint64_t)offset;
	return NULL;
}

/* Bytes that an upload is to have are told when it is made. */
static struct error *check_length(const struct tus *tus, uint64_t size)
{
	return tus->length < 0 || (uint64_t)tus->length == size ? NULL :
	       error_create(ERROR_IO, "%s: --resume: the upload is one of %lld bytes, the dump has %llu: it is of another crash, level or codec",
			    masked(tus), (long long)tus->length,
			    (unsigned long long)size);
}

static struct error *tus_begin(struct carrier *carrier, uint64_t offset,
			       uint64_t size)
{
	static const char *const wanted[] = { "Upload-Offset", NULL };
	struct tus *tus = (struct tus *)carrier;
	char at[64];
	const char *const headers[] = {
		RESUMABLE, at, "Content-Type: application/offset+octet-stream",
		"Expect: 100-continue", NULL
	};
	struct request_spec spec = {
		.method = "PATCH",
		.fresh = true,
		.body = true,
		.size = size - offset,
		.headers = headers,
		.wanted = wanted,
	};

	if (!tus->upload)
		TRY(create(tus, size));
	else
		TRY(check_length(tus, size));
	snprintf(at, sizeof(at), "Upload-Offset: %llu",
		 (unsigned long long)offset);
	spec.url = tus->upload;
	spec.secrets = tus->secrets;
	tus->first = offset;
	tus->size = size;
	return request_start(tus->transfer, &spec, &tus->patch);
}

static struct error *tus_send(struct carrier *carrier, const void *buf,
			      size_t len, bool *ended)
{
	return request_send(((struct tus *)carrier)->patch, buf, len, ended);
}

static void tus_abort(struct carrier *carrier)
{
	struct tus *tus = (struct tus *)carrier;

	request_destroy(tus->patch);
	tus->patch = NULL;
}

/* What an answer to PATCH means. */
static struct error *judge(struct tus *tus, const struct outcome *outcome)
{
	int64_t offset = number_of(request_header(tus->patch, 0));
	struct error *err;

	if (is_success(outcome) && offset >= 0 &&
	    (uint64_t)offset == tus->size)
		return NULL;
	if (is_success(outcome) && offset >= 0)
		return carrier_again(&tus->carrier,
				     error_create(ERROR_AGAIN, "%s: the server has kept %lld of %llu bytes",
						  masked(tus), (long long)offset,
						  (unsigned long long)tus->size),
				     0);
	if (outcome->trouble || (outcome->status != 404 &&
				 outcome->status != 410))
		return error_of(tus, outcome);
	tus->carrier.anew = true;
	err = error_create(ERROR_AGAIN, "%s: the server has dropped the upload (HTTP %ld)",
			   masked(tus), outcome->status);
	drop_upload(tus);
	return carrier_again(&tus->carrier, err, 0);
}

static struct error *tus_end(struct carrier *carrier, uint64_t *sent)
{
	struct tus *tus = (struct tus *)carrier;
	struct outcome outcome = { 0 };
	struct error *err = request_end(tus->patch, &outcome);

	*sent = tus->first + outcome.sent;
	carrier->unsure |= err || (outcome.trouble && *sent == tus->size);
	if (!err)
		err = judge(tus, &outcome);
	tus_abort(carrier);
	outcome_deinit(&outcome);
	return err;
}

/* The server has said so already, but for what had all bytes before. */
static struct error *tus_commit(struct carrier *carrier, uint64_t size,
				uint64_t offset, const void *buf, size_t len)
{
	(void)offset, (void)buf, (void)len;
	return check_length((struct tus *)carrier, size);
}

static void tus_destroy(struct carrier *carrier)
{
	struct tus *tus = (struct tus *)carrier;

	tus_abort(carrier);
	drop_upload(tus);
	transfer_destroy(tus->transfer);
	free(tus->endpoint);
	free(tus->masked);
	free(tus->metadata);
	free(tus);
}

static const struct carrier_ops tus_ops = {
	.name = "tus",
	.look = tus_look,
	.offset = tus_offset,
	.begin = tus_begin,
	.send = tus_send,
	.end = tus_end,
	.abort = tus_abort,
	.commit = tus_commit,
	.destroy = tus_destroy,
};

/* Upload-Metadata of what is called NAME, in base64 (RFC 4648). */
static char *metadata_of(const char *name)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char start[] = "Upload-Metadata: filename ";
	size_t len = strlen(name);
	char *text = malloc(sizeof(start) + (len + 2) / 3 * 4), *to;

	if (!text)
		return NULL;
	to = stpcpy(text, start);
	for (size_t i = 0; i < len; i += 3) {
		unsigned nr = len - i < 3 ? (unsigned)(len - i) : 3, bits = 0;

		for (unsigned k = 0; k < 3; k++)
			bits = bits << 8 | (k < nr ? (uint8_t)name[i + k] : 0);
		for (unsigned k = 0; k < 4; k++)
			*to++ = k > nr ? '=' :
				digits[bits >> (18 - 6 * k) & 63];
	}
	*to = '\0';
	return text;
}

/* tus+https://host/files/NAME: the endpoint, and what the upload is called. */
static struct error *tus_open(struct tus *tus, const char *url)
{
	AUTO_FREE char *path = remote_path(url);
	AUTO_FREE char *named = NULL;
	const char *name;

	if (!path)
		return error_nomem();
	name = strrchr(path, '/') + 1;
	if (asprintf(&named, "%s%s", *name && *name != '.' ? "" : NAME,
		     name) < 0) {
		named = NULL;
		return error_nomem();
	}
	url += strlen("tus+");
	tus->endpoint = strndup(url, (size_t)(strrchr(url, '/') + 1 - url));
	tus->masked = tus->endpoint ? remote_mask(tus->endpoint) : NULL;
	tus->metadata = metadata_of(named);
	if (!tus->masked || !tus->metadata)
		return error_nomem();
	TRY(transfer_create(tus->options, &tus->transfer));
	if (!tus->options->resume)
		return NULL;
	tus->resumed = true;
	return take_upload(tus, url);
}

struct error *carrier_tus_create(const char *url,
				 const struct remote_options *options,
				 struct carrier **ret)
{
	struct tus *tus = calloc(1, sizeof(*tus));
	struct error *err;

	if (!tus)
		return error_nomem();
	tus->carrier.ops = &tus_ops;
	tus->options = options;
	tus->secrets = true;
	err = tus_open(tus, url);
	if (err)
		tus_destroy(&tus->carrier);
	else
		*ret = &tus->carrier;
	return err;
}
