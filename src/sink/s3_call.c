/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single requests to a store: see s3_store.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/text.h"
#include "s3_store.h"
#include "sha256.h"

#define ANSWER_MAX 4096u	/* an error's */
#define CODE_MAX 1024u
#define ETAG_MAX 256u		/* there are 10,000 in memory */

/* headers that are wanted */
static const char *const wanted[] = { "ETag", "Date", NULL };
enum { WANTED_ETAG, WANTED_DATE };

void s3_answer_deinit(struct s3_answer *answer)
{
	outcome_deinit(&answer->outcome);
	request_destroy(answer->request);
	answer->request = NULL;
}

bool s3_refused(const struct s3_answer *answer)
{
	const struct outcome *o = &answer->outcome;

	if (o->trouble != TROUBLE_NONE)
		return o->trouble != TROUBLE_BROKEN &&
		       o->trouble != TROUBLE_STALLED &&
		       o->trouble != TROUBLE_OTHER;
	/* without a code it may be somebody's on the way */
	return o->status >= 300 && o->status < 500 && *answer->code;
}

const char *s3_etag(const struct s3_answer *answer)
{
	const char *etag = request_header(answer->request, WANTED_ETAG);

	return etag && strlen(etag) <= ETAG_MAX ? etag : NULL;
}

struct error *s3_start(struct s3_store *store, const struct s3_call *call,
		       struct request **ret)
{
	static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	const char *headers[4] = { 0 };
	AUTO_FREE char *url = NULL;
	char sum[sizeof("x-amz-content-sha256: ") + SHA256_TEXT];
	struct request_spec spec = {
		.method = call->method,
		.secrets = true,
		.nothing = !strcmp(call->method, "HEAD"),
		.body = call->body,
		.size = call->size,
		.memory = call->memory,
		.headers = headers,
		.wanted = wanted,
		.answer_max = call->answer_max ? call->answer_max : ANSWER_MAX,
		.sign = store->sign,
		.unstopped = call->unstopped,
		.at_once = call->at_once,
		/* what breaks on a connection that was used before, libcurl sends
		 * once more by another without a word */
		.fresh = call->single,
	};
	size_t nr = 0;

	snprintf(sum, sizeof(sum), "x-amz-content-sha256: %s",
		 call->digest ? call->digest :
		 call->in_pieces ? "UNSIGNED-PAYLOAD" : empty);
	headers[nr++] = sum;
	if (store->token)
		headers[nr++] = store->token;
	if (call->header)
		headers[nr++] = call->header;
	if (asprintf(&url, "%s%s%s", call->of_bucket ? store->bucket_url :
		     store->url, call->query ? "?" : "",
		     call->query ? call->query : "") < 0) {
		url = NULL;
		return error_nomem();
	}
	spec.url = url;
	return request_start(store->transfer, &spec, ret);
}

char *s3_text(const struct s3_answer *answer, const char *tag)
{
	uint64_t len;

	return s3_text_at(request_answer(answer->request, &len), tag);
}

char *s3_text_at(const char *from, const char *tag)
{
	static const struct { const char *name; char byte; } entities[] = {
		{ "&amp;", '&' }, { "&quot;", '"' }, { "&lt;", '<' },
		{ "&gt;", '>' }, { "&apos;", '\'' }, { "&#34;", '"' },
	};
	size_t tag_len = strlen(tag), nr = sizeof(entities) / sizeof(*entities);
	size_t len;
	char *text, *to;

	while ((from = strchr(from, '<')) &&
	       (strncmp(from + 1, tag, tag_len) || from[tag_len + 1] != '>'))
		from++;
	if (!from)
		return NULL;
	from += tag_len + 2;
	/* one that is cut off is none */
	len = strcspn(from, "<");
	if (from[len] != '<')
		return NULL;
	to = text = strndup(from, len);
	if (!text)
		return NULL;
	for (from = text; *from; from++) {
		size_t i = 0;

		*to = *from;
		for (; *from == '&' && i < nr; i++) {
			if (strncmp(from, entities[i].name,
				    strlen(entities[i].name)))
				continue;
			*to = entities[i].byte;
			from += strlen(entities[i].name) - 1;
			break;
		}
		to++;
	}
	*to = '\0';
	return text;
}

struct error *s3_end(struct request **request, struct s3_answer *ret)
{
	struct error *err;
	uint64_t len = 0;
	const char *text;

	*ret = (struct s3_answer){ .request = *request };
	*request = NULL;
	err = request_end(ret->request, &ret->outcome);
	if (err)
		return err;
	text = request_answer(ret->request, &len);
	/* an answer of 200 may be an error, too */
	if (ret->outcome.status >= 300 || strstr(text, "<Error>")) {
		AUTO_FREE char *code = s3_text(ret, "Code");
		AUTO_FREE char *escaped = NULL;

		if (code && strlen(code) < CODE_MAX) {
			request_hide(ret->request, code);
			escaped = text_escape(code, strlen(code));
		}
		snprintf(ret->code, sizeof(ret->code), "%s",
			 escaped ? escaped : "");
	}
	return NULL;
}

/* Whether an answer that seems to be good lacks what it is for: libcurl takes one for
 * whole that ends within its headers. */
static bool lacks(const struct s3_call *call, const struct s3_answer *answer)
{
	AUTO_FREE char *text = call->wants ? s3_text(answer, call->wants) :
			       NULL;

	return (call->wants && (!text || !*text)) ||
	       (call->wants_etag && !s3_etag(answer));
}

struct error *s3_judge(struct s3_store *store, const struct s3_call *call,
		       const struct s3_answer *answer, uint64_t step)
{
	const struct outcome *outcome = &answer->outcome;
	const char *date = request_header(answer->request, WANTED_DATE);
	AUTO_FREE char *shown = date ? strdup(date) : NULL;
	bool passes = false;
	struct error *err;

	if (call->fine && !strcmp(answer->code, call->fine))
		return NULL;
	if (shown)
		request_hide(answer->request, shown);
	err = s3_error(store, outcome, answer->code, shown, &passes);
	if (!err && lacks(call, answer)) {
		passes = true;
		err = error_create(ERROR_IO, "%s: the server's answer has no %s: it was cut off, or that is no S3 store (--s3-endpoint)",
				   store->masked, call->wants ? call->wants :
				   "ETag");
	}
	if (!err || !passes)
		return err;
	return retry_error(&store->retry, err, store->got + outcome->sent,
			   step, outcome->retry_after);
}

struct error *s3_once(struct s3_store *store, const struct s3_call *call,
		      struct s3_answer *ret)
{
	struct request *request = NULL;

	*ret = (struct s3_answer){ 0 };
	TRY(s3_start(store, call, &request));
	return s3_end(&request, ret);
}

struct error *s3_run(struct s3_store *store, const struct s3_call *call,
		     struct s3_answer *ret)
{
	struct error *err;

	for (;;) {
		err = s3_once(store, call, ret);
		if (!err)
			err = s3_judge(store, call, ret, call->size / 16);
		if (!err || error_kind(err) != ERROR_AGAIN)
			return err;
		s3_answer_deinit(ret);
		log_warn(store->log, "%s", error_message(err));
		error_destroy(err);
		TRY(retry_pause(&store->retry));
	}
}
