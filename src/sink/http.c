/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An object on a server, by one PUT of known length: the server sees if it ends
 * early, and has nothing then. What fails in a way that may pass is begun again
 * from the first byte: pages are made anew, none is kept for that.
 *
 * The last bytes stay here until commit(), so that an object whose end nobody
 * wanted is never complete.
 */
#include "remote.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/progress.h"
#include "outcome.h"
#include "retry.h"
#include "sha256.h"

#define BUFFER (256u << 10)
#define REDIRECTS_MAX 5u

struct http_sink {
	struct sink sink;
	const struct remote_options *options;	/* borrowed */
	struct log *log;			/* borrowed */
	struct transfer *transfer;
	char *url;			/* changes with a redirection; owned */
	char *masked;			/* the same, for people; owned */
	bool secrets;			/* credentials may go there */
	unsigned nr_redirects;
	bool force;			/* what stands there is replaced */
	bool look;			/* first, whether something does */
	struct request *put;		/* under way; NULL: none is */
	struct progress_sent sent;
	struct sha256 sha;		/* of this try */
	struct retry retry;
	/* the object */
	uint64_t size, next;		/* of all; offset of the next byte */
	size_t len;			/* of them here: the last ones */
	uint8_t buf[BUFFER];
};

static bool is_presigned(const struct http_sink *http)
{
	return strchr(http->url, '?') != NULL;
}

static struct error *error_of(const struct http_sink *http,
			      const struct outcome *outcome)
{
	const struct remote_options *o = http->options;

	return outcome_error(outcome, http->masked, is_presigned(http),
			     http->secrets && (o->netrc || o->credentials));
}

/* Takes ERR, what a try has failed with, and says whether there is another. */
static struct error *try_again(struct http_sink *http,
			       const struct outcome *outcome,
			       struct error *err)
{
	err = retry_error(&http->retry, err, outcome->sent, http->size / 16,
			  outcome->retry_after);
	http->sent.retries = http->retry.nr;
	return err;
}

/* Whether the two URLs are of one server: scheme, name and port. */
static bool same_server(const char *a, const char *b)
{
	size_t len = (size_t)(strstr(a, "://") + 3 - a);

	len += strcspn(a + len, "/?#");
	return !strncasecmp(a, b, len) && strchr("/?#", b[len]);
}

/* The server wants it elsewhere. Credentials don't follow to another one. */
static struct error *follow(struct http_sink *http, struct outcome *outcome)
{
	char *url = outcome->redirect, *masked = remote_mask(url);
	struct error *err, *wrong = NULL;

	if (!masked)
		return error_nomem();
	if (++http->nr_redirects > REDIRECTS_MAX)
		err = error_create(ERROR_IO, "%s: redirected %u times, at last to %s",
				   http->masked, REDIRECTS_MAX, masked);
	else if (!strncasecmp(http->url, "https:", 6) &&
		 strncasecmp(url, "https:", 6))
		err = error_create(ERROR_IO, "%s: redirected to %s, where everybody can read it: not followed",
				   http->masked, masked);
	else if ((wrong = remote_check_url(url)))
		err = error_create(ERROR_IO, "%s: redirected: %s",
				   http->masked, error_message(wrong));
	else
		err = error_create(ERROR_AGAIN, "%s: redirected to %s",
				   http->masked, masked);
	error_destroy(wrong);
	if (error_kind(err) != ERROR_AGAIN) {
		free(masked);
		return err;
	}
	http->secrets = http->secrets && same_server(http->url, url);
	free(http->url);
	free(http->masked);
	http->url = url;
	http->masked = masked;
	http->retry.pause = 0;
	http->look = true;
	outcome->redirect = NULL;
	return err;
}

/* What follows from how a PUT ended: NULL, the object stands. */
static struct error *judge(struct http_sink *http, struct outcome *outcome)
{
	struct error *err;

	if (outcome_redirects(outcome))
		return follow(http, outcome);
	err = error_of(http, outcome);
	return !err || !outcome_passes(outcome) ? err :
	       try_again(http, outcome, err);
}

static void put_abort(struct http_sink *http)
{
	request_destroy(http->put);
	http->put = NULL;
}

static struct error *put_end(struct http_sink *http)
{
	struct outcome outcome = { 0 };
	struct error *err = request_end(http->put, &outcome);

	put_abort(http);
	if (!err)
		err = judge(http, &outcome);
	outcome_deinit(&outcome);
	return err;
}

static struct error *head(struct http_sink *http, struct outcome *ret)
{
	const struct request_spec spec = {
		.url = http->url,
		.secrets = http->secrets,
		.nothing = true,
	};

	return request_run(http->transfer, &spec, NULL, ret);
}

/* Whether the server is there, and nothing that is not to be replaced: told now,
 * and not when the dump is made. What else it says is for the PUT to hear. */
static struct error *first_look(struct http_sink *http)
{
	struct outcome outcome = { 0 };
	struct error *err = head(http, &outcome);

	if (!err && outcome.trouble) {
		err = error_of(http, &outcome);
		if (outcome_passes(&outcome))
			err = try_again(http, &outcome, err);
	} else if (!err && outcome.status == 200 && !http->force) {
		err = error_create(ERROR_IO, "%s exists; use -f to replace it",
				   http->masked);
	}
	outcome_deinit(&outcome);
	return err;
}

static struct error *reach(struct http_sink *http)
{
	struct error *err;

	while ((err = first_look(http)) &&
	       error_kind(err) == ERROR_AGAIN) {
		log_warn(http->log, "%s", error_message(err));
		error_destroy(err);
		TRY(retry_pause(&http->retry));
	}
	http->look = false;
	retry_reset(&http->retry);
	return err;
}

/* Most refusals come before the first byte. */
static struct error *put_begin(struct http_sink *http)
{
	static const char *const headers[] = { "Expect: 100-continue", NULL };
	const struct request_spec spec = {
		.url = http->url,
		.secrets = http->secrets,
		.fresh = true,
		.body = true,
		.size = http->size,
		.headers = headers,
	};

	return request_start(http->transfer, &spec, &http->put);
}

static struct error *http_begin(struct sink *sink,
				const struct dump_layout *layout)
{
	struct http_sink *http = (struct http_sink *)sink;

	assert(layout->size);
	put_abort(http);
	TRY(retry_pause(&http->retry));
	if (http->look)
		TRY(reach(http));
	http->size = layout->size;
	http->next = http->len = 0;
	sha256_init(&http->sha);
	return put_begin(http);
}

static struct error *flush(struct http_sink *http)
{
	bool ended = false;

	assert(http->put);
	TRY(request_send(http->put, http->buf, http->len, &ended));
	http->sent.bytes += http->len;
	sha256_add(&http->sha, http->buf, http->len);
	http->len = 0;
	if (!ended || http->next == http->size)
		return NULL;
	return put_end(http);
}

/* Bytes that follow; NULL: zeroes. */
static struct error *append(struct http_sink *http, const uint8_t *buf,
			    uint64_t len)
{
	while (len) {
		size_t n;

		if (http->len == BUFFER)
			TRY(flush(http));
		n = min_u64(len, BUFFER - http->len);
		if (buf) {
			memcpy(http->buf + http->len, buf, n);
			buf += n;
		} else {
			memset(http->buf + http->len, 0, n);
		}
		http->len += n;
		http->next += n;
		len -= n;
	}
	return NULL;
}

static struct error *http_put(struct sink *sink, uint64_t offset,
			      const void *buf, size_t len)
{
	struct http_sink *http = (struct http_sink *)sink;

	assert(offset >= http->next && offset + len <= http->size);
	TRY(append(http, NULL, offset - http->next));
	return append(http, buf, len);
}

static struct error *http_barrier(struct sink *sink)
{
	(void)sink;
	return NULL;
}

static struct error *http_drain(struct sink *sink, uint64_t *ret)
{
	*ret = ((struct http_sink *)sink)->next;
	return NULL;
}

/* What the server says stands there, where it says so: some answer 2xx to what they
 * don't keep. */
static struct error *check_length(struct http_sink *http)
{
	struct outcome outcome = { 0 };
	struct error *err;

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
	    outcome.length >= 0 && (uint64_t)outcome.length != http->size)
		err = error_create(ERROR_IO, "%s: %llu bytes were sent, the server has %lld",
				   http->masked,
				   (unsigned long long)http->size,
				   (long long)outcome.length);
	outcome_deinit(&outcome);
	return err;
}

static struct error *http_commit(struct sink *sink, uint64_t offset,
				 const void *buf, size_t len, uint64_t size)
{
	struct http_sink *http = (struct http_sink *)sink;

	(void)offset, (void)buf;
	assert(!len && size == http->size && http->next <= size);
	TRY(append(http, NULL, size - http->next));
	TRY(flush(http));
	TRY(put_end(http));
	TRY(check_length(http));
	sha256_end(&http->sha, http->sent.sha256);
	return NULL;
}

static uint64_t http_room(struct sink *sink)
{
	(void)sink;
	return UINT64_MAX;
}

static const struct progress_sent *http_sent(const struct sink *sink)
{
	return &((const struct http_sink *)sink)->sent;
}

static void http_destroy(struct sink *sink)
{
	struct http_sink *http = (struct http_sink *)sink;

	put_abort(http);
	transfer_destroy(http->transfer);
	free(http->url);
	free(http->masked);
	free(http);
}

static const struct sink_ops http_ops = {
	.name = "http",
	.order = SINK_ASCENDING,
	.rewrites = false,
	.begin = http_begin,
	.data = http_put,
	.meta = http_put,
	.barrier = http_barrier,
	.drain = http_drain,
	.commit = http_commit,
	.room = http_room,
	.sent = http_sent,
	.destroy = http_destroy,
};

struct error *sink_http_create(const char *url, unsigned flags,
			       const struct remote_options *options,
			       struct log *log, struct sink **ret)
{
	struct http_sink *http = calloc(1, sizeof(*http));
	struct error *err;

	if (!http)
		return error_nomem();
	http->sink.ops = &http_ops;
	http->options = options;
	http->retry.seconds = options->retry_seconds;
	http->log = log;
	http->secrets = true;
	http->force = flags & SINK_FORCE;
	http->url = strdup(url);
	http->masked = remote_mask(url);
	err = !http->url || !http->masked ? error_nomem() :
	      transfer_create(options, &http->transfer);
	if (!err)
		err = reach(http);
	if (err) {
		http_destroy(&http->sink);
		return err;
	}
	*ret = &http->sink;
	return NULL;
}
