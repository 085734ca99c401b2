/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How one object gets to a server front to back, by one protocol. What the
 * protocols share (tries, pauses, what was sent already, sums) is the sink's
 * (front.c).
 *
 * Each call returns ERROR_AGAIN for what may pass; the carrier then says in
 * `retry_after` and `at_once` what else it knows.
 */
#ifndef CAPDUMP_SINK_CARRIER_H
#define CAPDUMP_SINK_CARRIER_H

#include "remote.h"

struct carrier;

struct carrier_ops {
	const char *name;

	/* What came stands at the target before all has: it is to say of itself
	 * that it is incomplete until commit(). */
	bool keeps;

	/* Whether the server is there, and nothing that is not to be replaced.
	 * What else it says is for the upload to hear. */
	struct error *(*look)(struct carrier *carrier, bool force);

	/* Bytes of what was sent before that the server has: the upload goes on
	 * there, or at 0 where they can't be. NULL: always at 0. */
	struct error *(*offset)(struct carrier *carrier, uint64_t *ret);

	/* Reads LEN bytes at OFFSET of those. NULL: there is no way to. */
	struct error *(*read)(struct carrier *carrier, uint64_t offset,
			      void *buf, size_t len);

	/* An upload of SIZE bytes, of which those from OFFSET on follow, at least
	 * one. *ENDED: no more are taken, end() tells why; end() waits for the
	 * answer. Each begin() is followed by end() or abort(). *SENT: bytes that
	 * this upload has got to. */
	struct error *(*begin)(struct carrier *carrier, uint64_t offset,
			       uint64_t size);
	struct error *(*send)(struct carrier *carrier, const void *buf,
			      size_t len, bool *ended);
	struct error *(*end)(struct carrier *carrier, uint64_t *sent);
	void (*abort)(struct carrier *carrier);

	/* All SIZE bytes are there: makes an object of them. LEN bytes at OFFSET
	 * become BUF, where ops->keeps. After ERROR_AGAIN it is called once more,
	 * unless carrier->anew: then it is begun again. */
	struct error *(*commit)(struct carrier *carrier, uint64_t size,
				uint64_t offset, const void *buf, size_t len);
	void (*destroy)(struct carrier *carrier);
};

struct carrier {
	const struct carrier_ops *ops;
	int64_t retry_after;	/* seconds that the server asks for; 0: it
				 * does not */
	bool at_once;		/* again, but not for a failure: it is to be
				 * sent to another place, or in another way */
	bool anew;		/* from the first byte on, whatever is there */
	const char *location;	/* where the object is to stand, if not at the
				 * URL, for people; NULL */
	const char *left;	/* what stays there of an object that is not whole,
				 * for people, unless all is said of it; NULL */
	unsigned nr_unknown;	/* objects that may be there without a byte, since the
				 * server did not say that it has made them */
	bool look;		/* first, since nobody has looked there */
	bool own;		/* what came of another level may be there */
	bool unsure;		/* an upload had all its bytes, and the server did not
				 * say what became of it */
};

/* By a PUT of known length. */
struct error *carrier_http_create(const char *url,
				  const struct remote_options *options,
				  struct carrier **ret);

/* To NAME.part by sftp or ftp, renamed at the end. */
struct error *carrier_inbox_create(const char *url,
				   const struct remote_options *options,
				   struct carrier **ret);

/* An upload to a tus server. */
struct error *carrier_tus_create(const char *url,
				 const struct remote_options *options,
				 struct carrier **ret);

/* ERR (taken), which may pass, as ERROR_AGAIN. */
struct error *carrier_again(struct carrier *carrier, struct error *err,
			    int64_t retry_after);

#endif
