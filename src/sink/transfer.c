/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP requests by libcurl: see transfer.h. */
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

void outcome_deinit(struct outcome *outcome)
{
	free(outcome->redirect);
	outcome->redirect = NULL;
}

#ifdef HAVE_CURL
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/progress.h"
#include "../base/stop.h"
#include "../base/text.h"
#include "curl.h"

#define POLL_MS 250		/* a signal waits no longer */
#define CONNECT_SECONDS 30
#define ANSWER_MAX 2048u	/* bytes of an answer that are looked at */
#define UPLOAD_BUFFER 65536l	/* libcurl's */

/* OpenSSL's include/openssl/x509_vfy.h: X509_V_ERR_CERT_NOT_YET_VALID, _EXPIRED */
#define VERIFY_NOT_YET 9
#define VERIFY_EXPIRED 10

struct transfer {
	const struct remote_options *options;	/* borrowed */
	struct curl curl;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *headers;
	char *user;			/* user:password; NULL; owned */
	char error[CURL_ERROR_SIZE];
	const uint8_t *next;		/* of the body, to be taken */
	size_t left;
	uint64_t sent, size;		/* of the body */
	bool running;			/* easy is in multi */
	bool paused, done, stalled;
	CURLcode code;			/* once done */
	char answer[ANSWER_MAX];
	size_t answer_len;
};

static size_t body_read(char *buf, size_t size, size_t nr, void *arg)
{
	struct transfer *t = arg;
	size_t n = min_u64(size * nr, t->left);

	if (!n && t->sent < t->size) {
		t->paused = true;
		return CURL_READFUNC_PAUSE;
	}
	if (n)
		memcpy(buf, t->next, n);
	t->next += n;
	t->left -= n;
	t->sent += n;
	return n;
}

static size_t answer_write(char *buf, size_t size, size_t nr, void *arg)
{
	struct transfer *t = arg;
	size_t n = min_u64(size * nr, ANSWER_MAX - 1 - t->answer_len);

	memcpy(t->answer + t->answer_len, buf, n);
	t->answer_len += n;
	return size * nr;
}

/* The first line of --credentials' file. */
static struct error *user_read(const char *path, char **ret)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;
	ssize_t len;

	*ret = NULL;
	if (!file)
		return error_create(ERROR_USAGE, "--credentials %s: %m", path);
	len = getline(ret, &size, file);
	fclose(file);
	if (len > 0)
		(*ret)[strcspn(*ret, "\r\n")] = '\0';
	if (len > 0 && strchr(*ret, ':'))
		return NULL;
	return error_create(ERROR_USAGE,
			    "--credentials %s: its first line is not user:password",
			    path);
}

struct error *transfer_create(const struct remote_options *options,
			      struct transfer **ret)
{
	struct transfer *t = calloc(1, sizeof(*t));
	struct error *err = NULL;

	if (!t)
		return error_nomem();
	t->options = options;
	if (options->credentials)
		err = user_read(options->credentials, &t->user);
	if (!err)
		err = curl_load(&t->curl);
	if (!err && (!(t->easy = t->curl.curl_easy_init()) ||
		     !(t->multi = t->curl.curl_multi_init()) ||
		     !(t->headers = t->curl.curl_slist_append(
			       NULL, "Expect: 100-continue"))))
		err = error_nomem();
	if (err) {
		transfer_destroy(t);
		return err;
	}
	*ret = t;
	return NULL;
}

void transfer_abort(struct transfer *t)
{
	if (t->running)
		t->curl.curl_multi_remove_handle(t->multi, t->easy);
	t->running = false;
}

void transfer_destroy(struct transfer *t)
{
	if (!t)
		return;
	transfer_abort(t);
	if (t->headers)
		t->curl.curl_slist_free_all(t->headers);
	if (t->easy)
		t->curl.curl_easy_cleanup(t->easy);
	if (t->multi)
		t->curl.curl_multi_cleanup(t->multi);
	if (t->user)
		explicit_bzero(t->user, strlen(t->user));
	free(t->user);
	free(t);
}

/* The first option that libcurl refuses is told; what it lacks at run time would
 * otherwise be a transfer without, say, a proof of who the server is. */
#define SET(option, value)						\
	do {								\
		CURLcode set_code = t->curl.curl_easy_setopt(		\
			t->easy, CURLOPT_##option, value);		\
		if (set_code)						\
			return error_create(ERROR_UNSUPPORTED,		\
				"libcurl refuses " #option ": %s",	\
				t->curl.curl_easy_strerror(set_code));	\
	} while (0)

static struct error *set_trust(struct transfer *t, bool secrets)
{
	const struct remote_options *o = t->options;

	SET(SSL_VERIFYPEER, o->insecure ? 0L : 1L);
	SET(SSL_VERIFYHOST, o->insecure ? 0L : 2L);
	if (o->ca_file)
		SET(CAINFO, o->ca_file);
	if (!secrets)
		return NULL;
	if (o->netrc) {
		SET(NETRC, (long)CURL_NETRC_REQUIRED);
		SET(NETRC_FILE, o->netrc);
	}
	if (t->user)
		SET(USERPWD, t->user);
	if (o->netrc || t->user)
		SET(HTTPAUTH, (long)CURLAUTH_BASIC);
	return NULL;
}

static struct error *set_up(struct transfer *t, const char *url, bool secrets)
{
	const struct remote_options *o = t->options;

	t->curl.curl_easy_reset(t->easy);
	t->next = NULL;
	t->left = t->answer_len = 0;
	t->sent = t->size = 0;
	t->paused = t->done = t->stalled = false;
	t->code = CURLE_OK;
	t->error[0] = '\0';
	SET(URL, url);
	SET(ERRORBUFFER, t->error);
	SET(NOSIGNAL, 1L);
	SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CONNECTTIMEOUT, (long)min_u64(CONNECT_SECONDS, o->stall_seconds));
	SET(WRITEFUNCTION, answer_write);
	SET(WRITEDATA, t);
	SET(USERAGENT, "capdump/" CAPDUMP_VERSION);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* a signal waits for no name server; an older libcurl does */
	t->curl.curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	return set_trust(t, secrets);
}

static struct error *start(struct transfer *t)
{
	CURLMcode code = t->curl.curl_multi_add_handle(t->multi, t->easy);

	if (code)
		return error_create(ERROR_NOMEM, "libcurl: "
				    "curl_multi_add_handle() fails (%d)",
				    (int)code);
	t->running = true;
	return NULL;
}

/* What changes as long as anything goes to the server or comes from it: bytes
 * that it has not acknowledged yet are in the system's buffers. */
static uint64_t moved(struct transfer *t)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	int waiting = 0;

	t->curl.curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (fd == CURL_SOCKET_BAD || ioctl(fd, SIOCOUTQ, &waiting))
		waiting = 0;
	return t->sent + t->answer_len - (uint64_t)waiting;
}

/* A limited rate makes pauses of its own. */
static double stall_seconds(const struct remote_options *o)
{
	uint64_t pause = o->limit_rate ? 3 * UPLOAD_BUFFER / o->limit_rate : 0;

	return (double)max_u64(o->stall_seconds, pause);
}

static void look_whether_done(struct transfer *t)
{
	CURLMsg *message;
	int nr;

	while ((message = t->curl.curl_multi_info_read(t->multi, &nr))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		t->done = true;
		t->code = message->data.result;
	}
}

/* Lets libcurl work until it has taken what is left or, if TO_END, is done. */
static struct error *work(struct transfer *t, bool to_end)
{
	double since = progress_now(), now;
	uint64_t last = moved(t), next;
	int running;

	while (!t->done && (to_end || t->left)) {
		TRY(stop_check());
		if (t->paused && t->left) {
			t->paused = false;
			t->curl.curl_easy_pause(t->easy, CURLPAUSE_CONT);
		}
		if (t->curl.curl_multi_perform(t->multi, &running))
			return error_create(ERROR_NOMEM, "libcurl: "
					    "curl_multi_perform() fails");
		look_whether_done(t);
		next = moved(t);
		now = progress_now();
		if (next != last)
			since = now;
		last = next;
		if (now - since > stall_seconds(t->options)) {
			t->stalled = t->done = true;
			return NULL;
		}
		if (!t->done && (to_end || t->left))
			t->curl.curl_multi_poll(t->multi, NULL, 0, POLL_MS,
						NULL);
	}
	return NULL;
}

static enum trouble trouble_of(struct transfer *t)
{
	long verify = 0;

	if (t->stalled)
		return TROUBLE_STALLED;
	switch (t->code) {
	case CURLE_OK:
		return TROUBLE_NONE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return TROUBLE_NAME;
	case CURLE_COULDNT_CONNECT:
		return TROUBLE_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return t->sent ? TROUBLE_STALLED :
		       strstr(t->error, "Resolving") ? TROUBLE_NAME :
		       TROUBLE_CONNECT;
	case CURLE_PEER_FAILED_VERIFICATION:
		t->curl.curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT,
					  &verify);
		return verify == VERIFY_NOT_YET || verify == VERIFY_EXPIRED ||
		       strstr(t->error, "not yet") ||
		       strstr(t->error, "expired") ? TROUBLE_CLOCK :
		       TROUBLE_TRUST;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return TROUBLE_TRUST;
	case CURLE_SSL_CONNECT_ERROR:
		return strstr(t->error, "wrong version") ? TROUBLE_OTHER :
		       TROUBLE_BROKEN;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_FAIL_REWIND:
		return TROUBLE_BROKEN;
	default:
		return TROUBLE_OTHER;
	}
}

/* What the server says, where it does so as stores do: <Message>. */
static void said(struct transfer *t, struct outcome *ret)
{
	const char *text = t->error[0] ? t->error :
			   t->curl.curl_easy_strerror(t->code);
	size_t len;
	AUTO_FREE char *escaped = NULL;

	if (!t->code) {
		t->answer[t->answer_len] = '\0';
		text = strstr(t->answer, "<Message>");
		text = text ? text + strlen("<Message>") : "";
	}
	len = t->code ? strlen(text) : strcspn(text, "<");
	escaped = text_escape(text, len);
	snprintf(ret->said, sizeof(ret->said), "%s", escaped ? escaped : "");
}

static struct error *outcome_fill(struct transfer *t, struct outcome *ret)
{
	curl_off_t length = -1, after = 0;
	char *redirect = NULL;

	*ret = (struct outcome){ .trouble = trouble_of(t), .sent = t->sent };
	t->curl.curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE,
				  &ret->status);
	t->curl.curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
	t->curl.curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
				  &length);
	t->curl.curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &redirect);
	ret->retry_after = after;
	ret->length = length;
	said(t, ret);
	if (redirect && !(ret->redirect = strdup(redirect)))
		return error_nomem();
	/* an answer to what it has not read is none */
	if (!ret->trouble && t->sent < t->size && ret->status < 300)
		ret->trouble = TROUBLE_BROKEN;
	return NULL;
}

struct error *transfer_end(struct transfer *t, struct outcome *ret)
{
	struct error *err = work(t, true);

	if (!err)
		err = outcome_fill(t, ret);
	transfer_abort(t);
	return err;
}

struct error *transfer_head(struct transfer *t, const char *url, bool secrets,
			    struct outcome *ret)
{
	TRY(set_up(t, url, secrets));
	SET(NOBODY, 1L);
	TRY(start(t));
	return transfer_end(t, ret);
}

struct error *transfer_begin(struct transfer *t, const char *url, bool secrets,
			     uint64_t size)
{
	TRY(set_up(t, url, secrets));
	t->size = size;
	SET(UPLOAD, 1L);
	SET(UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	SET(INFILESIZE_LARGE, (curl_off_t)size);
	SET(READFUNCTION, body_read);
	SET(READDATA, t);
	SET(HTTPHEADER, t->headers);
	SET(FRESH_CONNECT, 1L);
	if (t->options->limit_rate)
		SET(MAX_SEND_SPEED_LARGE, (curl_off_t)t->options->limit_rate);
	return start(t);
}

struct error *transfer_send(struct transfer *t, const void *buf, size_t len,
			    bool *ended)
{
	struct error *err;

	t->next = buf;
	t->left = len;
	err = work(t, false);
	*ended = t->done;
	t->left = 0;
	return err;
}

#else

struct error *transfer_create(const struct remote_options *options,
			      struct transfer **ret)
{
	(void)options, (void)ret;
	return error_create(ERROR_UNSUPPORTED,
			    "this capdump was built without libcurl (make CURL=0): it can't send to a URL");
}

void transfer_destroy(struct transfer *transfer)
{
	(void)transfer;
}

struct error *transfer_head(struct transfer *transfer, const char *url,
			    bool secrets, struct outcome *ret)
{
	(void)transfer, (void)url, (void)secrets, (void)ret;
	return NULL;
}

struct error *transfer_begin(struct transfer *transfer, const char *url,
			     bool secrets, uint64_t size)
{
	(void)transfer, (void)url, (void)secrets, (void)size;
	return NULL;
}

struct error *transfer_send(struct transfer *transfer, const void *buf,
			    size_t len, bool *ended)
{
	(void)transfer, (void)buf, (void)len;
	*ended = true;
	return NULL;
}

struct error *transfer_end(struct transfer *transfer, struct outcome *ret)
{
	(void)transfer, (void)ret;
	return NULL;
}

void transfer_abort(struct transfer *transfer)
{
	(void)transfer;
}
#endif
