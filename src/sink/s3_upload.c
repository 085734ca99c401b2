/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uploads in parts: see s3_upload.h. */
#include "s3_upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/stop.h"

#define COMPLETE_MAX 65536u	/* of the answer, which may begin with blanks */

/* What the store says of the object, by HEAD, until it says something. */
static struct error *look(struct s3_upload *upload, struct s3_answer *ret)
{
	static const struct s3_call call = { .method = "HEAD" };
	struct s3_store *store = &upload->store;
	struct error *err;

	for (;;) {
		bool passes = false;

		TRY(s3_once(store, &call, ret));
		err = s3_error(store, &ret->outcome, ret->code, NULL, &passes);
		if (!ret->outcome.trouble && !passes) {
			error_destroy(err);
			return NULL;
		}
		if (!err || !passes)
			return err;
		err = retry_error(&store->retry, err, 0, 0,
				  ret->outcome.retry_after);
		if (error_kind(err) != ERROR_AGAIN)
			return err;
		s3_answer_deinit(ret);
		log_warn(store->log, "%s", error_message(err));
		error_destroy(err);
		TRY(retry_pause(&store->retry));
	}
}

/* Something does, by ANSWER. */
static struct error *stands(struct s3_upload *upload,
			    const struct s3_answer *answer)
{
	const char *etag = s3_etag(answer);

	if (!upload->force)
		return error_create(ERROR_IO, "%s exists; use -f to replace it",
				    upload->store.masked);
	upload->before = strdup(etag ? etag : "");
	return upload->before ? NULL : error_nomem();
}

/* An answer to HEAD has no words; one to GET has, or the object. What may be written
 * and not read is for the upload to hear. */
static struct error *ask_why(struct s3_upload *upload)
{
	static const struct s3_call call = {
		.method = "GET",
		.header = "Range: bytes=0-0",
		.fine = "NoSuchKey",
	};
	struct s3_answer answer = { 0 };
	struct error *err = s3_run(&upload->store, &call, &answer);

	/* HEAD is refused by some that answer GET */
	if (answer.outcome.status == 200 || answer.outcome.status == 206) {
		error_destroy(err);
		err = stands(upload, &answer);
	} else if (err && (!strcmp(answer.code, "AccessDenied") || !*answer.code) &&
	    !answer.outcome.trouble && answer.outcome.status) {
		error_destroy(err);
		err = NULL;
	}
	s3_answer_deinit(&answer);
	return err;
}

/* WHY: what else the store says to us is told now, not later. */
static struct error *first_look(struct s3_upload *upload, bool why)
{
	struct s3_answer answer = { 0 };
	struct error *err = look(upload, &answer);

	if (!err && answer.outcome.status != 200) {
		err = why ? ask_why(upload) : NULL;
	} else if (!err) {
		err = stands(upload, &answer);
	}
	s3_answer_deinit(&answer);
	retry_reset(&upload->store.retry);
	return err;
}

struct error *s3_upload_create(struct s3_upload *upload, const char *url,
			       bool force, const struct remote_options *options,
			       struct log *log)
{
	struct error *err;

	*upload = (struct s3_upload){ .force = force };
	TRY(s3_store_init(&upload->store, url, options, log));
	err = first_look(upload, true);
	if (err)
		s3_upload_destroy(upload);
	return err;
}

static void parts_free(struct s3_upload *upload)
{
	for (unsigned i = 0; i < upload->nr; i++) {
		free(upload->parts[i].etag);
		free(upload->parts[i].offered);
	}
	free(upload->parts);
	upload->parts = NULL;
	upload->nr = 0;
}

struct error *s3_upload_parts(struct s3_upload *upload, unsigned nr)
{
	parts_free(upload);
	upload->parts = calloc(nr, sizeof(*upload->parts));
	if (!upload->parts)
		return error_nomem();
	upload->nr = nr;
	return NULL;
}

/* Parts that nobody sees cost their owner all the same. After a signal, too.
 * Whether it was there until now. */
static bool abort_upload(struct s3_upload *upload)
{
	struct s3_store *store = &upload->store;
	AUTO_FREE char *query = NULL, *id = s3_upload_id(upload);
	const char *shown = id ? id : upload->id;
	struct s3_call call = {
		.method = "DELETE",
		.unstopped = true,
		.fine = "NoSuchUpload",
	};
	struct s3_answer answer = { 0 };
	struct error *err = NULL;
	bool passes, was_there;

	if (asprintf(&query, "uploadId=%s", upload->id) < 0) {
		query = NULL;
		err = error_nomem();
	}
	call.query = query;
	for (unsigned try = 0; query && try < 2; try++) {
		error_destroy(err);
		s3_answer_deinit(&answer);
		passes = true;
		err = s3_once(store, &call, &answer);
		if (!err && answer.outcome.status != 404)
			err = s3_error(store, &answer.outcome, answer.code,
				       NULL, &passes);
		if (!err || !passes)
			break;
	}
	if (err)
		log_warn(store->log, "an upload that was begun could not be removed, and its parts stay on the server: %s. Remove it: aws s3api abort-multipart-upload, with the bucket and the key of %s, --upload-id %s",
			 error_message(err), store->masked, shown);
	was_there = !err && answer.outcome.status < 300;
	error_destroy(err);
	s3_answer_deinit(&answer);
	return was_there;
}

static void give_up(struct s3_upload *upload)
{
	struct s3_store *store = &upload->store;
	AUTO_FREE char *id = upload->id ? s3_upload_id(upload) : NULL;

	if (upload->id && store->options->resume)
		log_warn(store->log, "the upload of %s is not complete, and its parts stay on the server: --resume goes on with them; --upload-id %s",
			 store->masked, id ? id : upload->id);
	else if (upload->id && abort_upload(upload))
		return;		/* it had not become an object */
	if (upload->maybe_stands)
		log_warn(store->log, "the server did not say what became of %s: what stands there may be the dump",
			 store->masked);
}

void s3_upload_destroy(struct s3_upload *upload)
{
	if (!upload->stands && upload->store.transfer)
		give_up(upload);
	if (upload->lost)
		s3_upload_tell(upload);
	parts_free(upload);
	free(upload->id);
	free(upload->before);
	s3_store_deinit(&upload->store);
}

static struct error *create(struct s3_upload *upload)
{
	static const struct s3_call call = {
		.method = "POST", .query = "uploads=", .body = true,
		.wants = "UploadId", .single = true,
	};
	struct s3_store *store = &upload->store;
	struct s3_answer answer = { 0 };
	struct error *err = s3_once(store, &call, &answer);
	bool refused = !err && s3_refused(&answer);
	char *id;

	if (!err)
		err = s3_judge(store, &call, &answer, 0);
	upload->lost |= err && !refused;
	if (!err) {
		id = s3_text(&answer, "UploadId");
		upload->id = id ? s3_encode(id, false) : NULL;
		free(id);
		if (!upload->id)
			err = error_nomem();
	}
	s3_answer_deinit(&answer);
	return err;
}

struct error *s3_upload_begin(struct s3_upload *upload)
{
	struct s3_store *store = &upload->store;
	struct error *err;

	if (upload->id)
		return NULL;
	TRY(s3_upload_resume(upload));
	while (!upload->id && (err = create(upload))) {
		if (error_kind(err) != ERROR_AGAIN)
			return err;
		log_warn(store->log, "%s", error_message(err));
		error_destroy(err);
		/* one that was begun all the same may be another machine's as well */
		TRY(retry_pause(&store->retry));
	}
	return NULL;
}

struct error *s3_part_start(struct s3_upload *upload, unsigned i,
			    struct s3_call *call, struct request **ret)
{
	AUTO_FREE char *query = NULL;
	struct error *err;

	if (asprintf(&query, "partNumber=%u&uploadId=%s", i + 1,
		     upload->id) < 0) {
		query = NULL;
		return error_nomem();
	}
	call->method = "PUT";
	call->query = query;
	call->body = call->wants_etag = true;
	err = s3_start(&upload->store, call, ret);
	call->query = NULL;
	return err;
}

struct error *s3_part_end(struct s3_upload *upload, unsigned i,
			  const struct s3_call *call, struct request **request)
{
	struct s3_answer answer;
	struct error *err = s3_end(request, &answer);
	const char *etag = err ? NULL : s3_etag(&answer);

	if (!err)
		err = s3_judge(&upload->store, call, &answer, call->size / 16);
	if (!err && !(upload->parts[i].etag = strdup(etag)))
		err = error_nomem();
	if (!err) {
		upload->parts[i].size = call->size;
		upload->store.got += call->size;
	}
	s3_answer_deinit(&answer);
	return err;
}

/* The list of parts. */
static char *list_print(const struct s3_upload *upload, unsigned nr,
			size_t *len)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, len);
	bool wrong;

	if (!file)
		return NULL;
	fputs("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
	      file);
	for (unsigned i = 0; i < nr; i++) {
		fprintf(file, "<Part><PartNumber>%u</PartNumber><ETag>", i + 1);
		for (const char *p = upload->parts[i].etag; *p; p++) {
			if (strchr("<>&\"", *p))
				fprintf(file, "&#%d;", *p);
			else
				putc(*p, file);
		}
		fputs("</ETag></Part>", file);
	}
	fputs("</CompleteMultipartUpload>", file);
	wrong = ferror(file);
	if (!fclose(file) && !wrong)
		return text;
	free(text);
	return NULL;
}

/* Whether what stands there is what was sent: after an answer that got lost, and to
 * be sure. */
static struct error *check_object(struct s3_upload *upload, uint64_t size,
				  bool was_lost)
{
	struct s3_answer answer = { 0 };
	struct error *err = look(upload, &answer);
	const struct outcome *o = &answer.outcome;
	const char *etag = err ? NULL : s3_etag(&answer);
	bool same = etag && upload->before && !strcmp(etag, upload->before);

	/* it was said to stand there, whatever is amiss since */
	if (err && !was_lost) {
		error_destroy(err);
		err = NULL;
	} else if (!err && o->status == 404 && was_lost) {
		err = error_create(ERROR_IO, "%s: the server has dropped the upload (NoSuchUpload): a rule for such as are not completed may be too strict",
				   upload->store.masked);
	} else if (!err && o->status == 404) {
		err = error_create(ERROR_IO, "%s: the server has taken it, and then says that nothing stands there (HTTP 404)",
				   upload->store.masked);
	} else if (!err && o->status == 200 && o->length >= 0 &&
		   (uint64_t)o->length != size) {
		err = error_create(ERROR_IO, "%s: %llu bytes were sent, the server has %lld",
				   upload->store.masked,
				   (unsigned long long)size,
				   (long long)o->length);
	} else if (!err && was_lost && (o->status != 200 || same)) {
		err = error_create(ERROR_IO, "%s: the answer to the end of the upload got lost, and what stands there tells nothing: it may be the dump (HTTP %ld)",
				   upload->store.masked, o->status);
	}
	if (!answer.outcome.trouble && o->status == 404)
		upload->maybe_stands = false;
	s3_answer_deinit(&answer);
	return err;
}

struct error *s3_upload_complete(struct s3_upload *upload, unsigned nr,
				 uint64_t size)
{
	size_t len = 0;
	AUTO_FREE char *list = list_print(upload, nr, &len);
	AUTO_FREE char *query = NULL;
	char digest[SHA256_TEXT];
	struct s3_call call = {
		.method = "POST", .body = true, .memory = list, .size = len,
		.digest = digest, .answer_max = COMPLETE_MAX,
		.header = "Content-Type: application/xml",
		.fine = "NoSuchUpload", .wants = "ETag",
	};
	unsigned nr_tries = upload->store.retry.nr;
	struct sha256 sha;
	struct s3_answer answer = { 0 };
	struct error *err;
	bool lost;

	if (!list || asprintf(&query, "uploadId=%s", upload->id) < 0) {
		query = NULL;
		return error_nomem();
	}
	sha256_init(&sha);
	sha256_add(&sha, list, len);
	sha256_end(&sha, digest);
	call.query = query;
	/* after a try whose answer got lost there is no such upload any more */
	err = s3_run(&upload->store, &call, &answer);
	lost = !err && *answer.code;
	upload->maybe_stands = upload->store.retry.nr != nr_tries ||
			       !s3_refused(&answer) || lost;
	s3_answer_deinit(&answer);
	if (!err)
		err = check_object(upload, size, lost);
	upload->stands = !err;
	return err;
}

struct error *s3_upload_put(struct s3_upload *upload, const void *buf,
			    uint64_t len)
{
	char digest[SHA256_TEXT];
	const struct s3_call call = {
		.method = "PUT", .body = true, .memory = buf, .size = len,
		.digest = digest,
	};
	unsigned nr = upload->store.retry.nr;
	struct s3_answer answer = { 0 };
	struct sha256 sha;
	struct error *err;

	sha256_init(&sha);
	sha256_add(&sha, buf, len);
	sha256_end(&sha, digest);
	err = s3_run(&upload->store, &call, &answer);
	upload->maybe_stands = upload->store.retry.nr != nr ||
			       !s3_refused(&answer);
	s3_answer_deinit(&answer);
	if (!err)
		err = check_object(upload, len, false);
	upload->stands = !err;
	return err;
}

struct error *s3_put(const char *url, bool force,
		     const struct remote_options *options, struct log *log,
		     const void *buf, size_t len)
{
	struct s3_upload upload = { .force = force };
	struct error *err;

	TRY(s3_store_init(&upload.store, url, options, log));
	err = first_look(&upload, false);
	if (!err)
		err = s3_upload_put(&upload, buf, len);
	upload.maybe_stands = false;
	s3_upload_destroy(&upload);
	return err;
}
