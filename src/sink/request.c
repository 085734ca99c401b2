/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request by libcurl: see transfer.h. */
#include "request.h"

#ifdef HAVE_CURL
#include <assert.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../base/bytes.h"
#include "request_watch.h"

#define CONNECT_SECONDS 30
#define ANSWER_MIN 2048u	/* bytes of an answer that are looked at */
#define ANSWER_MORE (1u << 20)	/* beyond these: an answer may have no end */
#define VALUE_MAX 1024u		/* of a header that is kept */
#define HEADERS_MAX (256u << 10)	/* of an answer, bytes */

static size_t body_read(char *buf, size_t size, size_t nr, void *arg)
{
	struct request *r = arg;
	size_t n = min_u64(size * nr, r->left);

	if (!n && r->sent < r->size) {
		r->paused = true;
		return CURL_READFUNC_PAUSE;
	}
	if (n)
		memcpy(buf, r->from, n);
	r->from += n;
	r->left -= n;
	r->sent += n;
	return n;
}

/* What is in memory can be sent once more on another connection. */
static int body_seek(void *arg, curl_off_t offset, int origin)
{
	struct request *r = arg;

	if (!r->in_memory || origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > r->sent)
		return CURL_SEEKFUNC_FAIL;
	r->from -= r->sent - (uint64_t)offset;
	r->left += r->sent - (uint64_t)offset;
	r->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t answer_write(char *buf, size_t size, size_t nr, void *arg)
{
	struct request *r = arg;

	if (r->answer_len < r->answer_max)
		memcpy(r->answer + r->answer_len, buf,
		       min_u64(size * nr, r->answer_max - r->answer_len));
	r->answer_len += size * nr;
	r->too_long = r->answer_len > r->answer_max + ANSWER_MORE;
	return r->too_long ? 0 : size * nr;
}

static void values_free(struct request *r)
{
	for (unsigned i = 0; i < r->nr_wanted; i++) {
		free(r->values[i]);
		r->values[i] = NULL;
	}
}

/* LINE is not ended by a 0. A status line begins another answer. */
static size_t header_write(char *line, size_t size, size_t nr, void *arg)
{
	struct request *r = arg;
	size_t len = size * nr;

	r->header_len += len;
	r->endless = r->header_len > HEADERS_MAX;
	if (r->endless)
		return 0;
	if (len > 5 && !strncasecmp(line, "HTTP/", 5))
		values_free(r);
	while (len && strchr("\r\n \t", line[len - 1]))
		len--;
	for (unsigned i = 0; i < r->nr_wanted; i++) {
		size_t at = strlen(r->wanted[i]);

		if (len <= at || line[at] != ':' || r->values[i] ||
		    strncasecmp(line, r->wanted[i], at))
			continue;
		at++;
		while (at < len && (line[at] == ' ' || line[at] == '\t'))
			at++;
		if (len - at <= VALUE_MAX)
			r->values[i] = strndup(line + at, len - at);
	}
	return size * nr;
}

static struct error *set_trust(struct request *r,
			       const struct request_spec *spec)
{
	const struct remote_options *o = r->transfer->options;
	const struct transfer *t = r->transfer;

	REQUEST_SET(r, SSL_VERIFYPEER, o->insecure ? 0L : 1L);
	REQUEST_SET(r, SSL_VERIFYHOST, o->insecure ? 0L : 2L);
	if (o->ca_file)
		REQUEST_SET(r, CAINFO, o->ca_file);
	if (!spec->secrets)
		return NULL;
	if (o->netrc && !spec->sign) {
		REQUEST_SET(r, NETRC, (long)CURL_NETRC_REQUIRED);
		REQUEST_SET(r, NETRC_FILE, o->netrc);
	}
	if (t->user) {
		REQUEST_SET(r, USERNAME, t->user);
		REQUEST_SET(r, PASSWORD, t->password);
	}
	if (spec->sign) {
#if LIBCURL_VERSION_NUM >= 0x074b00
		REQUEST_SET(r, AWS_SIGV4, spec->sign);
#else
		return error_create(ERROR_UNSUPPORTED, "capdump was built with a libcurl older than 7.75, which signs no requests");
#endif
	} else if (o->netrc || t->user) {
		REQUEST_SET(r, HTTPAUTH, (long)CURLAUTH_BASIC);
	}
	return NULL;
}

static struct error *set_headers(struct request *r,
				 const struct request_spec *spec)
{
	for (size_t i = 0; spec->headers && spec->headers[i]; i++) {
		struct curl_slist *list = r->transfer->curl.curl_slist_append(
			r->headers, spec->headers[i]);

		if (!list)
			return error_nomem();
		r->headers = list;
	}
	if (r->headers)
		REQUEST_SET(r, HTTPHEADER, r->headers);
	for (size_t i = 0; spec->wanted && spec->wanted[i]; i++) {
		assert(i < REQUEST_WANTED);
		r->wanted[i] = strdup(spec->wanted[i]);
		if (!r->wanted[i])
			return error_nomem();
		r->nr_wanted++;
	}
	return NULL;
}

static struct error *set_body(struct request *r,
			      const struct request_spec *spec)
{
	uint64_t rate = r->transfer->options->limit_rate;

	r->size = spec->size;
	r->in_memory = spec->memory || !spec->size;
	r->from = spec->memory;
	r->left = spec->memory ? spec->size : 0;
	REQUEST_SET(r, UPLOAD, 1L);
	REQUEST_SET(r, UPLOAD_BUFFERSIZE, rate ? REQUEST_BUFFER_LIMITED :
		    REQUEST_BUFFER);
	REQUEST_SET(r, INFILESIZE_LARGE, (curl_off_t)spec->size);
	REQUEST_SET(r, READFUNCTION, body_read);
	REQUEST_SET(r, READDATA, r);
	REQUEST_SET(r, SEEKFUNCTION, body_seek);
	REQUEST_SET(r, SEEKDATA, r);
	if (spec->at_once)	/* libcurl asks, and does not wait */
		REQUEST_SET(r, EXPECT_100_TIMEOUT_MS, 0L);
	if (rate)
		REQUEST_SET(r, MAX_SEND_SPEED_LARGE, (curl_off_t)rate);
	return NULL;
}

static struct error *set_up(struct request *r, const struct request_spec *spec)
{
	const struct remote_options *o = r->transfer->options;

	REQUEST_SET(r, URL, spec->url);
	REQUEST_SET(r, ERRORBUFFER, r->error);
	REQUEST_SET(r, PRIVATE, r);
	REQUEST_SET(r, NOSIGNAL, 1L);
	REQUEST_SET(r, HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	REQUEST_SET(r, CONNECTTIMEOUT,
		    (long)min_u64(CONNECT_SECONDS, o->stall_seconds));
	REQUEST_SET(r, WRITEFUNCTION, answer_write);
	REQUEST_SET(r, WRITEDATA, r);
	REQUEST_SET(r, HEADERFUNCTION, header_write);
	REQUEST_SET(r, HEADERDATA, r);
	REQUEST_SET(r, USERAGENT, "capdump/" CAPDUMP_VERSION);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* a signal waits for no name server; an older libcurl does */
	r->transfer->curl.curl_easy_setopt(r->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	TRY(request_remember(r, spec));
	if (r->transfer->watch)
		TRY(watch_request(r->transfer->watch, r));
	TRY(set_trust(r, spec));
	TRY(set_headers(r, spec));
	if (spec->body)
		TRY(set_body(r, spec));
	if (spec->nothing)
		REQUEST_SET(r, NOBODY, 1L);
	if (spec->method)
		REQUEST_SET(r, CUSTOMREQUEST, spec->method);
	if (spec->fresh)
		REQUEST_SET(r, FRESH_CONNECT, 1L);
	return spec->set_more ? spec->set_more(&r->transfer->curl, r->easy,
					       spec->arg) : NULL;
}

static struct error *start(struct request *r)
{
	struct transfer *t = r->transfer;
	CURLMcode code = t->curl.curl_multi_add_handle(t->multi, r->easy);

	if (code)
		return error_create(ERROR_NOMEM, "libcurl: "
				    "curl_multi_add_handle() fails (%d)",
				    (int)code);
	r->running = true;
	r->next = t->first;
	t->first = r;
	return NULL;
}

struct error *request_start(struct transfer *transfer,
			    const struct request_spec *spec,
			    struct request **ret)
{
	struct request *r = calloc(1, sizeof(*r));
	struct error *err = NULL;

	if (!r)
		return error_nomem();
	r->transfer = transfer;
	r->unstopped = spec->unstopped;
	r->patient = spec->patient;
	r->answer_max = max_u64(spec->answer_max, ANSWER_MIN);
	r->answer = calloc(1, r->answer_max + 1);
	r->easy = transfer->curl.curl_easy_init();
	if (!r->answer || !r->easy)
		err = error_nomem();
	if (!err)
		err = set_up(r, spec);
	if (!err)
		err = start(r);
	if (err) {
		request_destroy(r);
		return err;
	}
	*ret = r;
	return NULL;
}

/* Whether the connection is worth a farewell: ftp and sftp would wait for the answer
 * to theirs. */
static bool is_alive(const struct request *r)
{
	return r->done && !r->stalled && r->code != CURLE_SEND_ERROR &&
	       r->code != CURLE_RECV_ERROR &&
	       r->code != CURLE_OPERATION_TIMEDOUT &&
	       r->code != CURLE_ABORTED_BY_CALLBACK;
}

static void leave(struct request *r)
{
	struct request **at = &r->transfer->first;
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (!r->running)
		return;
	if (!is_alive(r))
		r->transfer->curl.curl_easy_getinfo(
			r->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (fd != CURL_SOCKET_BAD)
		shutdown(fd, SHUT_RDWR);
	r->leaving = !is_alive(r);
	r->transfer->curl.curl_multi_remove_handle(r->transfer->multi,
						   r->easy);
	r->running = false;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

void request_destroy(struct request *r)
{
	if (!r)
		return;
	leave(r);
	if (r->easy)
		r->transfer->curl.curl_easy_cleanup(r->easy);
	if (r->headers)
		r->transfer->curl.curl_slist_free_all(r->headers);
	values_free(r);
	request_forget(r);
	for (unsigned i = 0; i < r->nr_wanted; i++)
		free(r->wanted[i]);
	free(r->answer);
	free(r);
}

bool request_starves(const struct request *r)
{
	return !r->in_memory && !r->left && r->sent < r->size;
}

uint64_t request_moved(struct request *r)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	int waiting = 0;

	r->transfer->curl.curl_easy_getinfo(r->easy, CURLINFO_ACTIVESOCKET,
					    &fd);
	if (fd == CURL_SOCKET_BAD || ioctl(fd, SIOCOUTQ, &waiting))
		waiting = 0;
	return r->sent + min_u64(r->answer_len, r->answer_max) -
	       (uint64_t)waiting;
}

struct error *request_send(struct request *r, const void *buf, size_t len,
			   bool *ended)
{
	struct error *err;

	err = transfer_work(r, WORK_TAKEN);	/* what was offered */
	assert(!r->in_memory && len <= r->size - r->sent);
	r->from = buf;
	r->left = len;
	if (!err)
		err = transfer_work(r, WORK_TAKEN);
	*ended = r->done;
	r->left = 0;
	return err;
}

struct error *request_offer(struct request *r, const void *buf, size_t len,
			    bool *ended)
{
	struct error *err;

	assert(!r->in_memory && len <= r->size - r->sent - r->left);
	assert(!r->left || r->from + r->left == buf);
	r->from = r->left ? r->from : buf;
	r->left += len;
	err = transfer_work(r, WORK_NOW);
	*ended = r->done;
	if (r->done)
		r->left = 0;
	return err;
}

struct error *request_poll(struct request *r, bool *ended)
{
	struct error *err = transfer_work(r, WORK_ONCE);

	*ended = r->done;
	return err;
}

struct error *request_end(struct request *r, struct outcome *ret)
{
	struct error *err = transfer_work(r, WORK_END);

	if (!err)
		err = request_outcome(r, ret);
	leave(r);
	return err;
}

const char *request_answer(const struct request *r, uint64_t *len)
{
	*len = r->answer_len;
	return r->answer;
}

const char *request_header(const struct request *r, size_t i)
{
	assert(i < r->nr_wanted);
	return r->values[i];
}

struct error *request_run(struct transfer *transfer,
			  const struct request_spec *spec,
			  struct request **answer, struct outcome *ret)
{
	struct request *r = NULL;
	struct error *err = request_start(transfer, spec, &r);

	if (!err)
		err = request_end(r, ret);
	if (answer && !err)
		*answer = r;
	else
		request_destroy(r);
	return err;
}
#endif
