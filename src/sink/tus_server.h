/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tus server (tus.io, protocol 1.0.0) and its uploads: POST makes one, PATCH sends
 * its bytes, HEAD tells how many have come, OPTIONS what else the server does. An
 * upload has a URL that the server gives it.
 *
 * What may pass is ERROR_AGAIN; server->retry_after then has what the server asks for.
 */
#ifndef CAPDUMP_SINK_TUS_SERVER_H
#define CAPDUMP_SINK_TUS_SERVER_H

#include "transfer.h"

#define TUS_VERSION "1.0.0"
#define TUS_RESUMABLE "Tus-Resumable: " TUS_VERSION

/* By which PATCHes are checked (extension "checksum"). */
enum tus_sum { TUS_NO_SUM, TUS_SHA1, TUS_SHA256 };

struct tus_server {
	const struct remote_options *options;	/* borrowed */
	struct transfer *transfer;
	char *endpoint, *masked;	/* owned */
	char *metadata, *trial;		/* headers: what the dump is called, and what
					 * is tried before; owned */
	int64_t retry_after;	/* seconds; 0: not told */
	/* what it announces, and has not refused */
	bool concatenates, defers, terminates;
	enum tus_sum sum;
	unsigned nr_wrong;	/* sums since one was right */
	int64_t most;		/* bytes of an upload; -1: not told */
	bool unanswered;	/* the last POST: it may have made an upload */
	bool silent;		/* it did not answer the last DELETE: it gets no other */
};

/* What URL, tus+https://host/files/NAME, names: the endpoint, and the name. */
struct error *tus_server_init(struct tus_server *server, const char *url,
			      const struct remote_options *options);
void tus_server_deinit(struct tus_server *server);

/* Is there a server, and does it make uploads? What it says of itself is asked for,
 * and may be missing. */
struct error *tus_look(struct tus_server *server);

struct tus_upload {
	char *url;		/* NULL: there is none yet; owned */
	char *masked;		/* owned */
	char *location;		/* as the server has put it; owned */
	bool secrets;		/* credentials may go there */
	int64_t length;		/* that it is to have; -1: it is not told */
	/* what the server says that it is (Upload-Concat) */
	bool is_partial, is_final;
};

/* POST with HEADERS: "Name: value", the last is NULL. PATIENT: the answer may need as
 * long as all of a dump's bytes do to be copied. */
struct error *tus_create(struct tus_server *server, const char *const *headers,
			 bool patient, struct tus_upload *ret);

/* DELETE, after a signal, too. Whether it is gone. */
bool tus_terminate(struct tus_server *server, const struct tus_upload *upload);

/* The server has made an upload at LOCATION. */
struct error *tus_upload_take(const struct tus_server *server,
			      const char *location, struct tus_upload *ret);
void tus_upload_drop(struct tus_upload *upload);

/* HEAD: bytes that have come; -1: there is no such upload. */
struct error *tus_ask(struct tus_server *server, struct tus_upload *upload,
		      int64_t *ret);

/* Some bytes of an upload. */
struct tus_patch {
	uint64_t offset, size;
	const void *memory;	/* which has them, until the end; NULL: they are
				 * handed over by request_send() */
	uint64_t length;	/* of the upload, which is told now; 0: it is not */
	bool summed;		/* with their sum */
	struct request *request;	/* under way; NULL: none is */
	bool unanswered;	/* all of it was sent, and nobody knows what came of it */
};

/* Begins to send patch->size bytes, with their sum where they are in memory. */
struct error *tus_patch_start(struct tus_server *server,
			      const struct tus_upload *upload,
			      struct tus_patch *patch);

/* Waits for the answer. *SENT: the offset that this has got to. *GONE: there is no
 * such upload any more. */
struct error *tus_patch_end(struct tus_server *server,
			    const struct tus_upload *upload,
			    struct tus_patch *patch, uint64_t *sent, bool *gone);
void tus_patch_abort(struct tus_patch *patch);

#endif
