/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An object on a server, by one PUT of known length: the server sees if it ends
 * early, and has nothing then. So what breaks begins again at the first byte.
 *
 * With --put-ranges by a PUT of a range (Content-Range) into an object that is there:
 * what came stays, says of itself that it is incomplete, and is gone on with. Few
 * servers do so (Apache's mod_dav does); whether this one does is tried first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/progress.h"
#include "carrier.h"
#include "outcome.h"

#define REDIRECTS_MAX 5u

struct http {
	struct carrier carrier;
	const struct remote_options *options;	/* borrowed */
	struct transfer *transfer;
	struct request *put;		/* under way; NULL: none is */
	uint64_t size, first;		/* of the object; where the PUT begins */
	char *url;			/* changes with a redirection; owned */
	char *masked;			/* the same, for people; owned */
	bool secrets;			/* credentials may go there */
	unsigned nr_redirects;
	bool force;
	bool begun, ours;		/* by --put-ranges; what stands there is */
	bool condition;			/* the server is to look whether something
					 * stands there, since we can't */
};

static bool is_presigned(const struct http *http)
{
	return strchr(http->url, '?') != NULL;
}

/* What OUTCOME means; NULL: the server has done what it was asked for. */
static struct error *error_of(struct http *http, const struct outcome *outcome)
{
	const struct remote_options *o = http->options;
	struct error *err = outcome_error(outcome, http->masked,
					  is_presigned(http), http->secrets &&
					  (o->netrc || o->credentials));

	if (!err || !outcome_passes(outcome))
		return err;
	return carrier_again(&http->carrier, err, outcome->retry_after);
}

/* The server wants it elsewhere. Credentials don't follow to another one. */
static struct error *follow(struct http *http, struct outcome *outcome)
{
	char *url = outcome->redirect, *masked = remote_mask(url);
	struct error *err, *wrong = NULL;

	if (!masked)
		return error_nomem();
	if (++http->nr_redirects > REDIRECTS_MAX)
		err = error_create(ERROR_IO, "%s: redirected %u times, at last to %s",
				   http->masked, REDIRECTS_MAX, masked);
	else if ((wrong = remote_check_url(url)))
		err = error_create(ERROR_IO, "%s: redirected: %s",
				   http->masked, error_message(wrong));
	else if (remote_kind(url) != REMOTE_HTTP)
		err = error_create(ERROR_IO, "%s: redirected to %s, which is not HTTP: not followed",
				   http->masked, masked);
	else if (remote_is_private(http->url) && !remote_is_private(url))
		err = error_create(ERROR_IO, "%s: redirected to %s, where everybody can read it: not followed",
				   http->masked, masked);
	else
		err = error_create(ERROR_AGAIN, "%s: redirected to %s",
				   http->masked, masked);
	error_destroy(wrong);
	if (error_kind(err) != ERROR_AGAIN) {
		free(masked);
		return err;
	}
	http->secrets = http->secrets && remote_same_server(http->url, url);
	free(http->url);
	free(http->masked);
	http->url = url;
	http->masked = masked;
	http->carrier.look = http->carrier.at_once = true;
	outcome->redirect = NULL;
	return err;
}

static struct error *head(struct http *http, struct outcome *ret)
{
	const struct request_spec spec = {
		.url = http->url,
		.secrets = http->secrets,
		.nothing = true,
	};

	return request_run(http->transfer, &spec, NULL, ret);
}

static char *range_of(uint64_t offset, uint64_t len, uint64_t size)
{
	char *text;

	return asprintf(&text, "Content-Range: bytes %llu-%llu/%llu",
			(unsigned long long)offset,
			(unsigned long long)(offset + len - 1),
			(unsigned long long)size) < 0 ? NULL : text;
}

/* A PUT of LEN bytes to URL; RANGE: its header, or NULL. */
static struct error *put_small(struct http *http, const char *url,
			       const char *range, const void *buf, size_t len)
{
	const char *const headers[] = { range, NULL };
	const struct request_spec spec = {
		.url = url,
		.secrets = http->secrets,
		.body = true,
		.size = len,
		.memory = buf,
		.headers = headers,
	};
	struct outcome outcome = { 0 };
	struct error *err = request_run(http->transfer, &spec, NULL, &outcome);

	if (!err)
		err = outcome_redirects(&outcome) ? follow(http, &outcome) :
		      error_of(http, &outcome);
	outcome_deinit(&outcome);
	return err;
}

/* Whether the object at URL is TEXT. */
static struct error *compare(struct http *http, const char *url,
			     const char *text, bool *same)
{
	const struct request_spec spec = { .url = url,
					   .secrets = http->secrets };
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	uint64_t len;
	const char *have;
	struct error *err;

	*same = false;
	TRY(request_run(http->transfer, &spec, &answer, &outcome));
	err = error_of(http, &outcome);
	have = request_answer(answer, &len);
	*same = !err && len == strlen(text) && !memcmp(have, text, len);
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

static struct error *drop(struct http *http, const char *url)
{
	const struct request_spec spec = { .url = url, .method = "DELETE",
					   .secrets = http->secrets };
	struct outcome outcome = { 0 };
	AUTO_FREE char *masked = NULL;
	struct error *err = NULL;

	TRY(request_run(http->transfer, &spec, NULL, &outcome));
	masked = remote_mask(url);
	if (outcome.trouble || outcome.status < 200 || outcome.status > 299)
		err = error_create(ERROR_IO, "%s is what was tried by --put-ranges, and can't be deleted (HTTP %ld)",
				   masked ? masked : "", outcome.status);
	outcome_deinit(&outcome);
	return err;
}

static struct error *try_at(struct http *http, const char *url, bool *works)
{
	AUTO_FREE char *range = range_of(2, 2, 8);
	struct error *err;

	*works = false;
	if (!range)
		return error_nomem();
	TRY(put_small(http, url, NULL, "01234567", 8));
	err = put_small(http, url, range, "ab", 2);
	if (!err)
		return compare(http, url, "01ab4567", works);
	if (error_kind(err) == ERROR_AGAIN)
		return err;
	error_destroy(err);
	return NULL;
}

/* A server may refuse ranges, or take one for all of the object (RFC 9110 14.5): that
 * is seen on an object that nobody needs. */
static struct error *try_ranges(struct http *http)
{
	AUTO_FREE char *url = NULL;
	struct error *err;
	bool works;

	if (asprintf(&url, "%s.trial-%llx", http->url, (unsigned long long)
		     (progress_now() * 1e6)) < 0) {
		url = NULL;
		return error_nomem();
	}
	err = try_at(http, url, &works);
	err = error_first(err, drop(http, url));
	if (!err && !works)
		err = error_create(ERROR_IO, "%s: the server does not put ranges into an object: send without --put-ranges",
				   http->masked);
	return err;
}

static bool is_missing(const struct outcome *outcome)
{
	return !outcome->trouble &&
	       (outcome->status == 404 || outcome->status == 410);
}

/* What the answer to a HEAD means where nothing is to be replaced. */
static struct error *judge_head(struct http *http, struct outcome *outcome)
{
	bool ranges = http->options->put_ranges;

	if (outcome_passes(outcome))
		return error_of(http, outcome);
	if (is_missing(outcome) || (outcome->status == 200 &&
				    http->options->resume))
		return NULL;
	if (outcome->status == 200)
		return error_create(ERROR_IO, "%s exists; use -f to replace it",
				    http->masked);
	if (ranges && outcome_redirects(outcome))
		return follow(http, outcome);
	return !ranges ? NULL :
	       error_create(ERROR_IO, "%s: the server does not tell whether something stands there (HTTP %ld); with -f it is sent all the same",
			    http->masked, outcome->status);
}

static struct error *http_look(struct carrier *carrier, bool force)
{
	struct http *http = (struct http *)carrier;
	struct outcome outcome = { 0 };
	struct error *err = head(http, &outcome);

	/* it stands there only if a range was put */
	force |= carrier->own && http->options->put_ranges;
	http->force = force;
	http->condition = !force && !is_missing(&outcome);
	if (!err && outcome.trouble)
		err = error_of(http, &outcome);
	else if (!err && !force)
		err = judge_head(http, &outcome);
	outcome_deinit(&outcome);
	return err || !http->options->put_ranges ? err : try_ranges(http);
}

/* Most refusals come before the first byte. */
static struct error *http_begin(struct carrier *carrier, uint64_t offset,
				uint64_t size)
{
	struct http *http = (struct http *)carrier;
	AUTO_FREE char *range = range_of(offset, size - offset, size);
	const char *const headers[] = {
		"Expect: 100-continue",
		http->options->put_ranges ? range :
		http->condition ? "If-None-Match: *" : NULL,
		NULL,
	};
	const struct request_spec spec = {
		.url = http->url,
		.secrets = http->secrets,
		.fresh = true,
		.body = true,
		.size = size - offset,
		.headers = headers,
	};

	if (!range)
		return error_nomem();
	http->size = size;
	http->first = offset;
	/* mod_dav deletes what a PUT has begun and did not end, but not what was
	 * there before */
	http->begun = true;
	http->ours = offset != 0;
	if (http->options->put_ranges && !offset)
		TRY(put_small(http, http->url, NULL, "", 0));
	http->ours = true;
	return request_start(http->transfer, &spec, &http->put);
}

static struct error *http_send(struct carrier *carrier, const void *buf,
			       size_t len, bool *ended)
{
	return request_send(((struct http *)carrier)->put, buf, len, ended);
}

static void http_abort(struct carrier *carrier)
{
	struct http *http = (struct http *)carrier;

	request_destroy(http->put);
	http->put = NULL;
}

/* What OUTCOME of a PUT means. */
static struct error *judge(struct http *http, struct outcome *outcome)
{
	bool conditional = http->condition;

	/* what stands there from now on may be our own */
	if (outcome->sent == http->size)
		http->condition = false;
	if (outcome_redirects(outcome))
		return follow(http, outcome);
	if (!conditional || outcome->trouble || outcome->status != 501)
		return error_of(http, outcome);
	http->condition = false;
	http->carrier.at_once = true;
	return error_create(ERROR_AGAIN, "%s: the server can't look whether something stands there (HTTP 501): it is not asked to",
			    http->masked);
}

static struct error *http_end(struct carrier *carrier, uint64_t *sent)
{
	struct http *http = (struct http *)carrier;
	struct outcome outcome = { 0 };
	struct error *err = request_end(http->put, &outcome);

	http_abort(carrier);
	*sent = http->first + outcome.sent;
	carrier->unsure |= err || (outcome.trouble && *sent == http->size);
	if (!err)
		err = judge(http, &outcome);
	outcome_deinit(&outcome);
	return err;
}

/* What the server says stands there, where it says so: some answer 2xx to what they
 * don't keep. */
static struct error *http_commit(struct carrier *carrier, uint64_t size,
				 uint64_t offset, const void *buf, size_t len)
{
	struct http *http = (struct http *)carrier;
	struct outcome outcome = { 0 };
	struct error *err;

	(void)offset, (void)buf, (void)len;
	if (is_presigned(http))
		return NULL;
	err = head(http, &outcome);
	/* it stands there, whatever is amiss here, and whoever wants an end now */
	if (err) {
		error_destroy(err);
		return NULL;
	}
	if (!outcome.trouble && outcome.status == 404)
		err = error_create(ERROR_IO, "%s: the server has taken it, and then says that nothing stands there (HTTP 404)",
				   http->masked);
	if (!outcome.trouble && outcome.status == 200 &&
	    outcome.length >= 0 && (uint64_t)outcome.length != size)
		err = error_create(ERROR_IO, "%s: %llu bytes were sent, the server has %lld",
				   http->masked, (unsigned long long)size,
				   (long long)outcome.length);
	outcome_deinit(&outcome);
	return err;
}

/* Bytes of the object that is there. */
static struct error *ranges_offset(struct carrier *carrier, uint64_t *ret)
{
	struct http *http = (struct http *)carrier;
	struct outcome outcome = { 0 };
	struct error *err;

	*ret = 0;
	/* what stood there was not emptied yet */
	if (http->begun && !http->ours)
		return NULL;
	err = head(http, &outcome);
	if (!err && (outcome.trouble || outcome_passes(&outcome)))
		err = error_of(http, &outcome);
	else if (!err && outcome.status == 200 && outcome.length >= 0)
		*ret = (uint64_t)outcome.length;
	else if (!err && !is_missing(&outcome) && !http->force && !http->ours)
		err = error_create(ERROR_IO, "%s: --resume: the server does not tell how much stands there (HTTP %ld): -f begins anew",
				   http->masked, outcome.status);
	outcome_deinit(&outcome);
	return err;
}

static struct error *ranges_read(struct carrier *carrier, uint64_t offset,
				 void *buf, size_t len)
{
	struct http *http = (struct http *)carrier;
	char range[80];
	const char *const headers[] = { range, NULL };
	const struct request_spec spec = {
		.url = http->url,
		.secrets = http->secrets,
		.headers = headers,
		.answer_max = len,
	};
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	const char *have;
	uint64_t nr;
	struct error *err = NULL;

	snprintf(range, sizeof(range), "Range: bytes=%llu-%llu",
		 (unsigned long long)offset,
		 (unsigned long long)(offset + len - 1));
	TRY(request_run(http->transfer, &spec, &answer, &outcome));
	have = request_answer(answer, &nr);
	if (!outcome.trouble && outcome.status == 206 && nr == len)
		memcpy(buf, have, len);
	else if (outcome.trouble || outcome.status >= 300)
		err = error_of(http, &outcome);
	else
		err = error_create(ERROR_IO, "%s: what is there can't be read back (HTTP %ld)",
				   http->masked, outcome.status);
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

static struct error *ranges_commit(struct carrier *carrier, uint64_t size,
				   uint64_t offset, const void *buf, size_t len)
{
	struct http *http = (struct http *)carrier;
	AUTO_FREE char *range = range_of(offset, len, size);

	if (!range)
		return error_nomem();
	if (len)
		TRY(put_small(http, http->url, range, buf, len));
	return http_commit(carrier, size, offset, buf, len);
}

static void http_destroy(struct carrier *carrier)
{
	struct http *http = (struct http *)carrier;

	http_abort(carrier);
	transfer_destroy(http->transfer);
	free(http->url);
	free(http->masked);
	free(http);
}

static const struct carrier_ops http_ops = {
	.name = "http",
	.look = http_look,
	.begin = http_begin,
	.send = http_send,
	.end = http_end,
	.abort = http_abort,
	.commit = http_commit,
	.destroy = http_destroy,
};

static const struct carrier_ops ranges_ops = {
	.name = "http",
	.keeps = true,
	.look = http_look,
	.offset = ranges_offset,
	.read = ranges_read,
	.begin = http_begin,
	.send = http_send,
	.end = http_end,
	.abort = http_abort,
	.commit = ranges_commit,
	.destroy = http_destroy,
};

struct error *carrier_http_create(const char *url,
				  const struct remote_options *options,
				  struct carrier **ret)
{
	struct http *http = calloc(1, sizeof(*http));
	struct error *err;

	if (!http)
		return error_nomem();
	http->carrier.ops = options->put_ranges ? &ranges_ops : &http_ops;
	http->options = options;
	http->secrets = true;
	http->url = strdup(url);
	http->masked = remote_mask(url);
	err = !http->url || !http->masked ? error_nomem() :
	      transfer_create(options, &http->transfer);
	if (err)
		http_destroy(&http->carrier);
	else
		*ret = &http->carrier;
	return err;
}
