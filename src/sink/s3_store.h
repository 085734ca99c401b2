/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One object in a store that speaks Amazon's S3: how it is named, who we are, and
 * single requests. Requests are signed by libcurl (SigV4); what it does not do is
 * done here: names in URLs as they are signed, queries that are sorted and have each
 * "=", and x-amz-content-sha256.
 *
 * Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version
 * 4)", and the operations' pages.
 */
#ifndef CAPDUMP_SINK_S3_STORE_H
#define CAPDUMP_SINK_S3_STORE_H

#include "retry.h"
#include "transfer.h"

/* Who sends, and where AWS has its machines. All owned. */
struct s3_account {
	char *key, *secret;
	char *token;	/* of a session; NULL: none */
	char *region;
};

struct error *s3_account_find(const struct remote_options *options,
			      struct s3_account *ret);
void s3_account_deinit(struct s3_account *account);

struct s3_store {
	const struct remote_options *options;	/* borrowed */
	struct log *log;			/* borrowed */
	struct transfer *transfer;
	char *masked;		/* s3://bucket/key, for people */
	char *url;		/* of the object */
	char *bucket_url;
	char *prefix;		/* the key, as it is written in queries */
	char *sign;		/* for libcurl */
	char *token;		/* a header; NULL: none */
	struct retry retry;
	uint64_t got;		/* bytes that stand: what retry goes by */
};

/* Where URL's object is, by OPTIONS; nobody is asked. */
struct error *s3_store_init(struct s3_store *store, const char *url,
			    const struct remote_options *options,
			    struct log *log);
void s3_store_deinit(struct s3_store *store);

/* A request. */
struct s3_call {
	const char *method;
	const char *query;	/* sorted and encoded; NULL: none */
	bool of_bucket;		/* not of the object */
	bool body;
	bool in_pieces;		/* its body comes by request_send() */
	bool at_once;		/* without asking whether the body is wanted */
	bool unstopped;		/* a signal does not end it */
	bool single;		/* libcurl must not send it twice */
	const void *memory;	/* else it is here, */
	uint64_t size;
	const char *digest;	/* and this its SHA-256; NULL: not known here */
	const char *header;	/* one more; NULL: none */
	size_t answer_max;
	const char *wants;	/* a tag that an answer has which is whole; NULL */
	bool wants_etag;	/* the same of the header */
	const char *fine;	/* an error's code that is none here; NULL */
};

/* What came of it. */
struct s3_answer {
	struct outcome outcome;
	struct request *request;	/* owned */
	char code[64];			/* of S3's errors, escaped; "": none */
};

void s3_answer_deinit(struct s3_answer *answer);

/* Whether the request is certain to have done nothing. */
bool s3_refused(const struct s3_answer *answer);

const char *s3_etag(const struct s3_answer *answer);	/* NULL: none */

struct error *s3_start(struct s3_store *store, const struct s3_call *call,
		       struct request **ret);

/* Waits for the end of what s3_start() began, which is *REQUEST, and takes it. */
struct error *s3_end(struct request **request, struct s3_answer *ret);

/* What the answer to CALL means: NULL, it is done; ERROR_AGAIN: try again, after
 * retry_pause(). Bytes are counted from GOT, STEP: see retry.h. */
struct error *s3_judge(struct s3_store *store, const struct s3_call *call,
		       const struct s3_answer *answer, uint64_t step);

/* A request that has nothing to be handed over, until it has succeeded or is given
 * up. */
struct error *s3_run(struct s3_store *store, const struct s3_call *call,
		     struct s3_answer *ret);

/* The same once, whatever comes of it. */
struct error *s3_once(struct s3_store *store, const struct s3_call *call,
		      struct s3_answer *ret);

/* The text of the first TAG in ANSWER's body, or in XML; NULL: none, or no memory.
 * Owned by the caller. */
char *s3_text(const struct s3_answer *answer, const char *tag);
char *s3_text_at(const char *xml, const char *tag);

/* What OUTCOME and S3's CODE mean; NULL: the request succeeded. SERVER_TIME: the
 * answer's Date. *PASSES: the same may succeed later. */
struct error *s3_error(const struct s3_store *store,
		       const struct outcome *outcome, const char *code,
		       const char *server_time, bool *passes);

/* The key as it is. Owned by the caller; NULL without memory. */
char *s3_key(const struct s3_store *store);

/* %XX of a URL become bytes; a 0 is none. The same. */
char *s3_decode(const char *text);

/* What is not unreserved in TEXT (RFC 3986 2.3), but for the '/' if KEEP_SLASH,
 * becomes %XX. NULL without memory. */
char *s3_encode(const char *text, bool keep_slash);

#endif
