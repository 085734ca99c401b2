/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests by libcurl, several at a time. A body is in memory or handed over in
 * pieces as it is made; of what was handed over nothing is kept but libcurl's own
 * buffer of 256 KiB. What became of a request is a struct outcome, not an error:
 * errors are those of this machine, and signals.
 */
#ifndef CAPDUMP_SINK_TRANSFER_H
#define CAPDUMP_SINK_TRANSFER_H

#include "remote.h"

enum trouble {
	TROUBLE_NONE,		/* the server has answered: see status */
	TROUBLE_NAME,		/* its name was not found */
	TROUBLE_CONNECT,	/* nobody could be reached there */
	TROUBLE_BROKEN,		/* the connection, before the answer */
	TROUBLE_STALLED,	/* it took nothing, or did not answer */
	TROUBLE_CLOCK,		/* a certificate that is not valid now */
	TROUBLE_TRUST,		/* one that nobody vouches for, or of another */
	TROUBLE_OTHER,		/* what trying again won't change */
};

struct outcome {
	enum trouble trouble;
	int code;		/* libcurl's CURLcode */
	long status;		/* HTTP's; 0: no answer */
	int64_t retry_after;	/* seconds; 0: not told */
	int64_t length;		/* Content-Length; -1: not told */
	uint64_t sent;		/* bytes of the body that libcurl took */
	char *redirect;		/* where to; NULL: nowhere; owned */
	char said[200];		/* libcurl's words, or the server's; escaped */
};

void outcome_deinit(struct outcome *outcome);

struct transfer;
struct request;
struct curl;

/* ERROR_UNSUPPORTED without libcurl; errors of OPTIONS' files. */
struct error *transfer_create(const struct remote_options *options,
			      struct transfer **ret);
void transfer_destroy(struct transfer *transfer);	/* NULL is fine */

/* From now on a connection is shut down that libcurl does not come back from: request_watch.h. */
void transfer_watch(struct transfer *transfer);

/* ERROR_UNSUPPORTED unless this libcurl signs requests as stores want them. */
struct error *transfer_check_signing(const struct transfer *transfer);

/* A name and a password, or what signs requests, instead of what OPTIONS' files
 * have. */
struct error *transfer_set_user(struct transfer *transfer, const char *user,
				const char *password);

/* The two parts of --credentials' first line, divided by the first colon or the
 * LAST. Owned by the caller, also after an error. */
struct error *transfer_read_user(const char *path, bool last, char **user,
				 char **password);

/* Requests that are under way go on while one is waited for. */
struct request_spec {
	const char *url;
	const char *method;	/* NULL: libcurl's (GET; with a body PUT) */
	bool secrets;		/* credentials may go to URL */
	bool fresh;		/* by a connection of its own */
	bool nothing;		/* the answer has no body: HEAD */
	bool unstopped;		/* a signal does not end it, but a stall of 10 s */
	bool patient;		/* the answer may need long */
	bool at_once;		/* its body is not held back until the server
				 * wants it */
	bool body;		/* there is one, of SIZE bytes: */
	uint64_t size;
	const void *memory;	/* which has it, until the end; NULL: they are
				 * handed over by request_send() */
	const char *const *headers;	/* "Name: value", the last is NULL; NULL */
	const char *const *wanted;	/* names of the answer's; the same */
	size_t answer_max;	/* of its body kept, at least 2 KiB are */
	const char *sign;	/* CURLOPT_AWS_SIGV4's value; NULL: Basic */

	/* Sets more of libcurl's options: EASY is a CURL. */
	struct error *(*set_more)(const struct curl *curl, void *easy,
				  void *arg);
	void *arg;
};

/* SPEC, but for MEMORY, is used only here; libcurl may need SET_MORE's strings and
 * lists longer. Begins it; what comes of it is told at the end. */
struct error *request_start(struct transfer *transfer,
			    const struct request_spec *spec,
			    struct request **ret);

/* The next bytes of the body. *ENDED: there is an answer, or will be none:
 * request_end() tells; the rest is not wanted. */
struct error *request_send(struct request *request, const void *buf,
			   size_t len, bool *ended);

/* The same of what is taken now; the rest is taken in what follows, the next
 * request_send() at the latest: it stays as it is until then. The next bytes stand
 * behind it. */
struct error *request_offer(struct request *request, const void *buf,
			    size_t len, bool *ended);

/* Lets requests go on that can without waiting, and tells whether this one has
 * ended. */
struct error *request_poll(struct request *request, bool *ended);

/* Waits for the end. Then, until request_destroy(), the answer is here. */
struct error *request_end(struct request *request, struct outcome *ret);

/* The answer's body, ended by a 0; *LEN: its bytes, of which more may have been
 * than were kept. */
const char *request_answer(const struct request *request, uint64_t *len);

/* The header of SPEC's wanted[I]; NULL: the answer had none. At most 1 KiB. */
const char *request_header(const struct request *request, size_t i);

/* TEXT, of at most some KiB, is the server's: what of our secrets it says back becomes
 * "...", of long ones pieces, too. */
void request_hide(const struct request *request, char *text);

/* Ends it, too, where it is under way. NULL is fine. */
void request_destroy(struct request *request);

/* All of one request that needs nothing handed over. *ANSWER: still to be
 * destroyed; ANSWER may be NULL. */
struct error *request_run(struct transfer *transfer,
			  const struct request_spec *spec,
			  struct request **answer, struct outcome *ret);

#endif
