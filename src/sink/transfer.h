/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One HTTP request at a time, by libcurl. The body of a PUT is handed over in
 * pieces as it is made; of what was handed over nothing is kept but libcurl's own
 * buffer of 64 KiB. What became of the request is a struct outcome, not an error:
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
	long status;		/* HTTP's; 0: no answer */
	int64_t retry_after;	/* seconds; 0: not told */
	int64_t length;		/* of HEAD: Content-Length; -1: not told */
	uint64_t sent;		/* bytes of the body that libcurl took */
	char *redirect;		/* where to; NULL: nowhere; owned */
	char said[200];		/* libcurl's words, or the server's; escaped */
};

void outcome_deinit(struct outcome *outcome);

struct transfer;

/* ERROR_UNSUPPORTED without libcurl; errors of OPTIONS' files. */
struct error *transfer_create(const struct remote_options *options,
			      struct transfer **ret);
void transfer_destroy(struct transfer *transfer);	/* NULL is fine */

/* SECRETS: whether credentials may go to URL. */
struct error *transfer_head(struct transfer *transfer, const char *url,
			    bool secrets, struct outcome *ret);

/* A PUT of SIZE bytes, at least 1. transfer_send(): *ENDED: there will be no more,
 * transfer_end() tells why. transfer_end() waits for the answer. Every
 * transfer_begin() is followed by transfer_end() or transfer_abort(). */
struct error *transfer_begin(struct transfer *transfer, const char *url,
			     bool secrets, uint64_t size);
struct error *transfer_send(struct transfer *transfer, const void *buf,
			    size_t len, bool *ended);
struct error *transfer_end(struct transfer *transfer, struct outcome *ret);
void transfer_abort(struct transfer *transfer);

#endif
