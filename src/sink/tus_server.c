/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tus server is asked: see tus_server.h. */
#include "tus_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/text.h"
#include "base64.h"
#include "outcome.h"
#include "sha1.h"
#include "sha256.h"

#define NAME "dump"	/* of an upload whose URL has none */
#define SUM_TEXT 96u	/* a header */
#define WRONG_MAX 3u	/* sums, one after the other */

static const char *masked(const struct tus_server *server,
			  const struct tus_upload *upload)
{
	return upload->masked ? upload->masked : server->masked;
}

static bool is_success(const struct outcome *outcome)
{
	return !outcome->trouble && outcome->status >= 200 &&
	       outcome->status < 300;
}

/* ERR (taken), which may pass. */
static struct error *again(struct tus_server *server, struct error *err,
			   int64_t retry_after)
{
	struct error *told = error_create(ERROR_AGAIN, "%s",
					  error_message(err));

	error_destroy(err);
	server->retry_after = retry_after;
	return told;
}

/* What tus means by some statuses, after which the same may succeed; NULL: OUTCOME is
 * another. */
static const char *may_pass(const struct outcome *outcome)
{
	switch (outcome->trouble ? 0 : outcome->status) {
	case 409:
		return "the server has got to another byte of the upload";
	case 423:	/* who was cut off, mostly */
		return "the server has somebody else who sends this upload";
	case 460:	/* of which the server has kept nothing */
		return "what came to the server is not what was sent";
	default:
		return NULL;
	}
}

/* What OUTCOME, which is no success, means. */
static struct error *error_of(struct tus_server *server,
			      const struct tus_upload *upload,
			      const struct outcome *outcome)
{
	const struct remote_options *o = server->options;
	const char *name = masked(server, upload), *text = NULL;
	long status = outcome->status;
	struct error *err;

	if (!outcome->trouble && (status == 404 || status == 405 ||
				  status == 410))
		text = "there is no tus server: the URL is its endpoint, and ends with a / or with a name for the dump";
	if (!outcome->trouble && status == 412)
		text = "the server does not speak tus " TUS_VERSION;
	if (is_success(outcome))
		text = "that is no answer of a tus server";
	if (text)
		return error_create(ERROR_IO, "%s: HTTP %ld: %s", name, status,
				    text);
	text = may_pass(outcome);
	if (text)
		return again(server, error_create(ERROR_IO, "%s: HTTP %ld: %s",
						  name, status, text),
			     outcome->retry_after);
	err = outcome_error(outcome, name, false, upload->secrets &&
			    (o->netrc || o->credentials));
	return outcome_passes(outcome) ?
	       again(server, err, outcome->retry_after) : err;
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

/* Whether LIST, which is separated by commas, has WORD. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (const char *p = list; p && *p; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		while (n && (*p == ' ' || *p == '\t'))
			p++, n--;
		if (n >= len && !strncmp(p, word, len) &&
		    strspn(p + len, " \t") == n - len)
			return true;
	}
	return false;
}

/* What SERVER can do, by the lists of extensions and algorithms; NULL: none. */
static void take_extensions(struct tus_server *server, const char *extensions,
			    const char *sums, const char *most)
{
	server->most = number_of(most);
	server->concatenates = has_word(extensions, "concatenation");
	server->defers = has_word(extensions, "creation-defer-length");
	server->terminates = has_word(extensions, "termination");
	server->sum = !has_word(extensions, "checksum") ? TUS_NO_SUM :
		      has_word(sums, "sha256") ? TUS_SHA256 :
		      has_word(sums, "sha1") ? TUS_SHA1 : TUS_NO_SUM;
}

struct error *tus_look(struct tus_server *server)
{
	static const char *const wanted[] = { "Tus-Version", "Tus-Extension",
					      "Tus-Checksum-Algorithm",
					      "Tus-Max-Size", NULL };
	const struct tus_upload none = { .secrets = true };
	const struct request_spec spec = {
		.url = server->endpoint,
		.method = "OPTIONS",
		.secrets = true,
		.wanted = wanted,
	};
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	const char *version, *extensions;
	struct error *err;

	TRY(request_run(server->transfer, &spec, &answer, &outcome));
	version = request_header(answer, 0);
	extensions = request_header(answer, 1);
	err = outcome.trouble ? error_of(server, &none, &outcome) : NULL;
	if (!err && version && !has_word(version, TUS_VERSION))
		err = error_create(ERROR_IO, "%s: the server does not speak tus " TUS_VERSION,
				   server->masked);
	if (!err && extensions && !has_word(extensions, "creation"))
		err = error_create(ERROR_IO, "%s: the server lets nobody make an upload (it has no extension \"creation\")",
				   server->masked);
	take_extensions(server, is_success(&outcome) ? extensions : NULL,
			request_header(answer, 2), request_header(answer, 3));
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

struct error *tus_create(struct tus_server *server, const char *const *headers,
			 bool patient, struct tus_upload *ret)
{
	static const char *const wanted[] = { "Location", NULL };
	const struct request_spec spec = {
		.url = server->endpoint,
		.method = "POST",
		.secrets = true,
		/* else libcurl may send it again itself, and make two */
		.fresh = true,
		.body = true,
		.patient = patient,
		.headers = headers,
		.wanted = wanted,
	};
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	struct error *err;

	tus_upload_drop(ret);
	server->unanswered = true;
	TRY(request_run(server->transfer, &spec, &answer, &outcome));
	server->unanswered = outcome.trouble;
	server->silent &= outcome.trouble;
	err = !outcome.trouble && outcome.status == 201 ?
	      tus_upload_take(server, request_header(answer, 0), ret) :
	      error_of(server, ret, &outcome);
	if (err) {
		/* where it is was not to be had of the answer */
		server->unanswered |= outcome.status == 201;
		tus_upload_drop(ret);
	}
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

static void concat_take(struct tus_upload *upload, const char *concat)
{
	upload->is_partial = concat && !strcmp(concat, "partial");
	upload->is_final = concat && !strncmp(concat, "final", 5);
}

struct error *tus_ask(struct tus_server *server, struct tus_upload *upload,
		      int64_t *ret)
{
	static const char *const headers[] = { TUS_RESUMABLE, NULL };
	static const char *const wanted[] = { "Upload-Offset", "Upload-Length",
					      "Upload-Concat", NULL };
	const struct request_spec spec = {
		.url = upload->url,
		.secrets = upload->secrets,
		.nothing = true,
		.headers = headers,
		.wanted = wanted,
	};
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	struct error *err = NULL;

	*ret = -1;
	TRY(request_run(server->transfer, &spec, &answer, &outcome));
	if (is_success(&outcome)) {
		*ret = number_of(request_header(answer, 0));
		upload->length = number_of(request_header(answer, 1));
		concat_take(upload, request_header(answer, 2));
	}
	if (*ret < 0 && is_success(&outcome) && upload->is_final)
		err = again(server, error_create(ERROR_IO, "%s: the server has not joined the parts yet",
						 upload->masked), 0);
	else if (*ret < 0 && (outcome.trouble || (outcome.status != 404 &&
						  outcome.status != 410)))
		err = error_of(server, upload, &outcome);
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

bool tus_terminate(struct tus_server *server, const struct tus_upload *upload)
{
	static const char *const headers[] = { TUS_RESUMABLE, NULL };
	const struct request_spec spec = {
		.url = upload->url,
		.secrets = upload->secrets,
		.method = "DELETE",
		.unstopped = true,
		.headers = headers,
	};
	struct outcome outcome = { 0 };
	struct error *err;
	bool gone;

	if (server->silent)
		return false;
	err = request_run(server->transfer, &spec, NULL, &outcome);
	server->silent = err || outcome.trouble;
	gone = !err && (is_success(&outcome) || outcome.status == 404 ||
		       outcome.status == 410);

	error_destroy(err);
	outcome_deinit(&outcome);
	return gone;
}

/* Upload-Checksum of LEN bytes. */
static void sum_print(enum tus_sum sum, const void *buf, size_t len,
		      char text[SUM_TEXT])
{
	uint8_t digest[SHA256_LEN];
	struct sha256 sha;

	if (sum == TUS_SHA1) {
		sha1(buf, len, digest);
		base64_print(digest, SHA1_LEN,
			     stpcpy(text, "Upload-Checksum: sha1 "));
		return;
	}
	sha256_init(&sha);
	sha256_add(&sha, buf, len);
	sha256_digest(&sha, digest);
	base64_print(digest, SHA256_LEN,
		     stpcpy(text, "Upload-Checksum: sha256 "));
}

struct error *tus_patch_start(struct tus_server *server,
			      const struct tus_upload *upload,
			      struct tus_patch *patch)
{
	static const char *const wanted[] = { "Upload-Offset", NULL };
	char at[64], length[64], sum[SUM_TEXT];
	/* small ones are worth no question whether they are wanted */
	const char *headers[] = {
		TUS_RESUMABLE, at,
		"Content-Type: application/offset+octet-stream",
		patch->memory ? "Expect:" : "Expect: 100-continue",
		NULL, NULL, NULL
	}, **more = headers + 4;
	const struct request_spec spec = {
		.url = upload->url,
		.secrets = upload->secrets,
		.method = "PATCH",
		.fresh = !patch->memory,
		.body = true,
		.size = patch->size,
		.memory = patch->memory,
		.headers = headers,
		.wanted = wanted,
	};

	patch->summed = patch->memory && server->sum;
	if (patch->summed) {
		sum_print(server->sum, patch->memory, patch->size, sum);
		*more++ = sum;
	}
	if (patch->length) {
		snprintf(length, sizeof(length), "Upload-Length: %llu",
			 (unsigned long long)patch->length);
		*more++ = length;
	}
	snprintf(at, sizeof(at), "Upload-Offset: %llu",
		 (unsigned long long)patch->offset);
	return request_start(server->transfer, &spec, &patch->request);
}

void tus_patch_abort(struct tus_patch *patch)
{
	request_destroy(patch->request);
	patch->request = NULL;
}

/* What an answer that has something against a sum means; NULL: it has not. Servers
 * differ in what they take for one: lua-tus-server wants it in hexadecimal. */
static const char *sum_refused(struct tus_server *server,
			       const struct outcome *outcome)
{
	if (outcome->trouble ||
	    (outcome->status != 400 && outcome->status != 460))
		return NULL;
	if (outcome->status == 460 && ++server->nr_wrong < WRONG_MAX)
		return NULL;
	server->sum = TUS_NO_SUM;
	return outcome->status == 400 ?
	       "the server announces checksums and refuses one: it is sent without" :
	       "the server takes no checksum for right: it is sent without; the SHA-256 in the report tells what came";
}

/* What an answer to PATCH means. */
static struct error *judge(struct tus_server *server,
			   const struct tus_upload *upload,
			   const struct tus_patch *patch,
			   const struct outcome *outcome, bool *gone)
{
	uint64_t end = patch->offset + patch->size;
	int64_t offset = number_of(request_header(patch->request, 0));
	const char *text;
	struct error *err;

	if (is_success(outcome))
		server->nr_wrong = 0;
	if (is_success(outcome) && offset >= 0 && (uint64_t)offset == end)
		return NULL;
	if (is_success(outcome) && offset >= 0) {
		err = error_create(ERROR_IO, "%s: the server has kept %lld of %llu bytes",
				   masked(server, upload), (long long)offset,
				   (unsigned long long)end);
		return again(server, err, 0);
	}
	text = patch->summed ? sum_refused(server, outcome) : NULL;
	if (text)
		return again(server, error_create(ERROR_IO, "%s: HTTP %ld: %s",
						  masked(server, upload),
						  outcome->status, text), 0);
	if (outcome->trouble || (outcome->status != 404 &&
				 outcome->status != 410))
		return error_of(server, upload, outcome);
	*gone = true;
	err = error_create(ERROR_IO, "%s: the server has dropped the upload (HTTP %ld)",
			   masked(server, upload), outcome->status);
	return again(server, err, 0);
}

struct error *tus_patch_end(struct tus_server *server,
			    const struct tus_upload *upload,
			    struct tus_patch *patch, uint64_t *sent, bool *gone)
{
	struct outcome outcome = { 0 };
	struct error *err = request_end(patch->request, &outcome);

	*gone = false;
	*sent = patch->offset + outcome.sent;
	patch->unanswered = err || (outcome.trouble &&
				    outcome.sent == patch->size);
	if (!err)
		err = judge(server, upload, patch, &outcome, gone);
	tus_patch_abort(patch);
	outcome_deinit(&outcome);
	return err;
}

/* Upload-Metadata of what is called NAME. */
static char *metadata_of(const char *name)
{
	static const char start[] = "Upload-Metadata: filename ";
	size_t len = strlen(name);
	char *text = malloc(sizeof(start) + BASE64_TEXT(len));

	if (text)
		base64_print(name, len, stpcpy(text, start));
	return text;
}

struct error *tus_server_init(struct tus_server *server, const char *url,
			      const struct remote_options *options)
{
	AUTO_FREE char *path = remote_path(url);
	AUTO_FREE char *named = NULL;
	const char *name;

	*server = (struct tus_server){ .options = options };
	if (!path)
		return error_nomem();
	name = strrchr(path, '/') + 1;
	if (asprintf(&named, "%s%s.trial", *name && *name != '.' ? "" : NAME,
		     name) < 0) {
		named = NULL;
		return error_nomem();
	}
	url += strlen("tus+");
	server->endpoint = strndup(url, (size_t)(strrchr(url, '/') + 1 - url));
	server->masked = server->endpoint ? remote_mask(server->endpoint) : NULL;
	server->trial = metadata_of(named);
	*strrchr(named, '.') = '\0';
	server->metadata = metadata_of(named);
	if (!server->masked || !server->metadata || !server->trial)
		return error_nomem();
	return transfer_create(options, &server->transfer);
}

void tus_server_deinit(struct tus_server *server)
{
	transfer_destroy(server->transfer);
	free(server->endpoint);
	free(server->masked);
	free(server->metadata);
	free(server->trial);
	*server = (struct tus_server){ 0 };
}
