/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What requests have in common, and the loop in which they go on: see transfer.h. */
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

void outcome_deinit(struct outcome *outcome)
{
	free(outcome->redirect);
	outcome->redirect = NULL;
}

#ifdef HAVE_CURL
#include <stdio.h>

#include "../base/bytes.h"
#include "../base/progress.h"
#include "../base/stop.h"
#include "request.h"
#include "request_watch.h"

#define WATCH_SECONDS 5u	/* beyond what a stall may take */
#define POLL_MS 250		/* a signal waits no longer */
#define LAST_SECONDS 10u	/* nor that long after one */
#define ANSWER_SECONDS 900.0	/* a store that makes one of many parts sends blanks */

static void text_wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

struct error *transfer_read_user(const char *path, bool last, char **user,
				 char **password)
{
	FILE *file = fopen(path, "re");
	struct error *err = NULL;
	char *line = NULL, *colon = NULL;
	size_t size = 0;

	*user = *password = NULL;
	if (!file)
		return error_create(ERROR_USAGE, "--credentials %s: %m", path);
	if (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		colon = last ? strrchr(line, ':') : strchr(line, ':');
	}
	fclose(file);
	if (!colon)
		err = error_create(ERROR_USAGE,
				   "--credentials %s: its first line is not user:password",
				   path);
	else if (!(*user = strndup(line, (size_t)(colon - line))) ||
		 !(*password = strdup(colon + 1)))
		err = error_nomem();
	if (line)
		explicit_bzero(line, size);
	free(line);
	return err;
}

struct error *transfer_create(const struct remote_options *options,
			      struct transfer **ret)
{
	struct transfer *t = calloc(1, sizeof(*t));
	struct error *err = NULL;

	if (!t)
		return error_nomem();
	t->options = options;
	/* beside a file of passwords it is a store's: s3_account.c */
	if (options->credentials && !options->netrc)
		err = transfer_read_user(options->credentials, false, &t->user,
					 &t->password);
	if (!err)
		err = curl_load(&t->curl);
	if (!err && !(t->multi = t->curl.curl_multi_init()))
		err = error_nomem();
	if (err) {
		transfer_destroy(t);
		return err;
	}
	*ret = t;
	return NULL;
}

struct error *transfer_check_signing(const struct transfer *t)
{
	const curl_version_info_data *found =
		t->curl.curl_version_info(CURLVERSION_NOW);

	if (found->version_num >= REMOTE_S3_LIBCURL)
		return NULL;
	return error_create(ERROR_UNSUPPORTED,
			    "s3:// needs libcurl " REMOTE_S3_NEEDS " or newer; this is libcurl %s, which does not sign all that a store wants to be signed",
			    found->version);
}

struct error *transfer_set_user(struct transfer *t, const char *user,
				const char *password)
{
	text_wipe(&t->user);
	text_wipe(&t->password);
	t->user = strdup(user);
	t->password = strdup(password);
	return t->user && t->password ? NULL : error_nomem();
}

void transfer_destroy(struct transfer *t)
{
	if (!t)
		return;
	while (t->first)
		request_destroy(t->first);
	if (t->multi)
		t->curl.curl_multi_cleanup(t->multi);
	watch_destroy(t->watch);
	text_wipe(&t->user);
	text_wipe(&t->password);
	free(t);
}

void transfer_watch(struct transfer *t)
{
	if (!t->watch)
		t->watch = watch_create(t->options->stall_seconds +
					WATCH_SECONDS);
}

static CURLMcode perform(struct transfer *t)
{
	CURLMcode code;
	int running;

	watch_begin(t->watch);
	code = t->curl.curl_multi_perform(t->multi, &running);
	watch_end(t->watch);
	return code;
}

/* A limited rate makes pauses of its own. */
static double stall_seconds(const struct request *request)
{
	const struct remote_options *o = request->transfer->options;
	uint64_t pause = o->limit_rate ?
			 3 * REQUEST_BUFFER_LIMITED / o->limit_rate : 0;

	if (request->unstopped)
		return (double)min_u64(o->stall_seconds, LAST_SECONDS);
	if (request->patient)
		return ANSWER_SECONDS;
	return (double)max_u64(o->stall_seconds, pause);
}

static void look_what_is_done(struct transfer *t)
{
	CURLMsg *message;
	int nr;

	while ((message = t->curl.curl_multi_info_read(t->multi, &nr))) {
		struct request *r = t->first;

		while (r && r->easy != message->easy_handle)
			r = r->next;
		if (message->msg != CURLMSG_DONE || !r)
			continue;
		r->done = true;
		r->code = message->data.result;
	}
}

/* What went on during SECONDS; a request that nothing happens to is done. */
static void look_what_moved(struct transfer *t, double seconds)
{
	for (struct request *r = t->first; r; r = r->next) {
		uint64_t moved;

		if (r->done)
			continue;
		moved = request_moved(r);
		if (moved != r->moved || request_starves(r))
			r->idle = 0;
		else
			r->idle += seconds;
		r->moved = moved;
		if (r->answer_len)
			r->telling += seconds;
		if (r->idle > stall_seconds(r) || r->telling >
		    (r->unstopped ? LAST_SECONDS : ANSWER_SECONDS))
			r->stalled = r->done = true;
	}
}

struct error *transfer_work(struct request *request, enum work work)
{
	struct transfer *t = request->transfer;
	double last = progress_now(), now;
	uint64_t sent;

	while (!request->done && (work == WORK_END || work == WORK_ONCE ||
				  request->left)) {
		if (!request->unstopped)
			TRY(stop_check());
		if (request->paused && request->left) {
			request->paused = false;
			t->curl.curl_easy_pause(request->easy, CURLPAUSE_CONT);
		}
		sent = request->sent;
		if (perform(t))
			return error_create(ERROR_NOMEM, "libcurl: "
					    "curl_multi_perform() fails");
		look_what_is_done(t);
		now = progress_now();
		look_what_moved(t, now - last);
		last = now;
		if (work == WORK_ONCE ||
		    (work == WORK_NOW && request->sent == sent))
			break;
		/* what took some may take more at once */
		if (!request->done && request->sent == sent &&
		    (work == WORK_END || request->left))
			t->curl.curl_multi_poll(t->multi, NULL, 0, POLL_MS,
						NULL);
	}
	return NULL;
}

#else

/* Without one there are no requests. */
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

void transfer_watch(struct transfer *transfer)
{
	(void)transfer;
}

struct error *transfer_read_user(const char *path, bool last, char **user,
				 char **password)
{
	(void)path, (void)last;
	*user = *password = NULL;
	return NULL;
}

struct error *transfer_check_signing(const struct transfer *transfer)
{
	(void)transfer;
	return NULL;
}

struct error *transfer_set_user(struct transfer *transfer, const char *user,
				const char *password)
{
	(void)transfer, (void)user, (void)password;
	return NULL;
}

struct error *request_start(struct transfer *transfer,
			    const struct request_spec *spec,
			    struct request **ret)
{
	(void)transfer, (void)spec, (void)ret;
	return NULL;
}

struct error *request_send(struct request *request, const void *buf,
			   size_t len, bool *ended)
{
	(void)request, (void)buf, (void)len;
	*ended = true;
	return NULL;
}

struct error *request_offer(struct request *request, const void *buf,
			    size_t len, bool *ended)
{
	(void)request, (void)buf, (void)len;
	*ended = true;
	return NULL;
}

struct error *request_poll(struct request *request, bool *ended)
{
	(void)request;
	*ended = true;
	return NULL;
}

struct error *request_end(struct request *request, struct outcome *ret)
{
	(void)request, (void)ret;
	return NULL;
}

const char *request_answer(const struct request *request, uint64_t *len)
{
	(void)request;
	*len = 0;
	return "";
}

const char *request_header(const struct request *request, size_t i)
{
	(void)request, (void)i;
	return NULL;
}

void request_hide(const struct request *request, char *text)
{
	(void)request, (void)text;
}

void request_destroy(struct request *request)
{
	(void)request;
}

struct error *request_run(struct transfer *transfer,
			  const struct request_spec *spec,
			  struct request **answer, struct outcome *ret)
{
	(void)transfer, (void)spec, (void)answer, (void)ret;
	return NULL;
}
#endif
