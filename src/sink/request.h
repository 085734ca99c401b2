/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What transfer.c, request.c and request_outcome.c know of each other. */
#ifndef CAPDUMP_SINK_REQUEST_H
#define CAPDUMP_SINK_REQUEST_H

#ifdef HAVE_CURL
#include "curl.h"
#include "transfer.h"

/* libcurl's, for what is sent: at a limited rate there is a pause after each. */
#define REQUEST_BUFFER 262144l
#define REQUEST_BUFFER_LIMITED 65536l
#define REQUEST_WANTED 4u	/* headers, at most */
#define REQUEST_SECRETS 32u

struct transfer {
	const struct remote_options *options;	/* borrowed */
	struct curl curl;
	CURLM *multi;
	char *user, *password;		/* NULL: none; owned */
	struct request *first;		/* those that are under way */
	struct watch *watch;		/* NULL: nobody watches; owned */
};

struct request {
	struct transfer *transfer;	/* borrowed */
	struct request *next;		/* under way, too */
	CURL *easy;
	struct curl_slist *headers;
	const uint8_t *from;		/* of the body, to be taken */
	uint64_t left;
	uint64_t sent, size;		/* of the body */
	bool in_memory, unstopped, patient;
	bool running;			/* easy is in multi */
	bool leaving;			/* nobody waits for what it is still to say */
	bool paused, done, stalled;
	CURLcode code;			/* once done */
	uint64_t moved;			/* see request_moved() */
	double idle;			/* seconds since that has changed */
	char *answer;
	size_t answer_max;		/* a 0 comes behind */
	uint64_t answer_len;		/* of all of it, unless it is */
	bool too_long;			/* so that the rest was not read */
	uint64_t header_len;		/* before it */
	bool endless;			/* that is more than any answer has */
	double telling;			/* seconds since it began */
	unsigned nr_wanted;
	char *wanted[REQUEST_WANTED];	/* names; owned */
	char *values[REQUEST_WANTED];	/* owned; NULL: not there */
	unsigned nr_secrets;
	char *secrets[REQUEST_SECRETS];	/* owned */
	bool mute;			/* nor are all of them known */
	char error[CURL_ERROR_SIZE];
};

/* The first option that libcurl refuses is told; what it lacks at run time would
 * otherwise be a transfer without, say, a proof of who the server is. */
#define REQUEST_SET(request, option, value)				\
	do {								\
		const struct curl *set_curl = &(request)->transfer->curl; \
		CURLcode set_code = set_curl->curl_easy_setopt(		\
			(request)->easy, CURLOPT_##option, value);	\
		if (set_code)						\
			return error_create(ERROR_UNSUPPORTED,		\
				"libcurl refuses " #option ": %s",	\
				set_curl->curl_easy_strerror(set_code)); \
	} while (0)

enum work {
	WORK_ONCE,
	WORK_NOW,	/* as long as it takes what is left of the request */
	WORK_TAKEN,	/* until it has taken that */
	WORK_END,	/* until it is done with the request */
};

/* Lets libcurl work; the latter two wait for the server. */
struct error *transfer_work(struct request *request, enum work work);

/* Whether bytes are handed over piece by piece and the next are not there yet: then
 * nobody waits for the server. */
bool request_starves(const struct request *request);

/* What changes as long as anything goes to the server or comes from it: bytes
 * that it has not acknowledged yet are in the system's buffers. */
uint64_t request_moved(struct request *request);

struct error *request_outcome(struct request *request, struct outcome *ret);

/* Remembers what request_hide() hides: the password, a query's values, and of what
 * libcurl sends the headers that prove who we are. */
struct error *request_remember(struct request *request,
			       const struct request_spec *spec);
void request_forget(struct request *request);
#endif

#endif
