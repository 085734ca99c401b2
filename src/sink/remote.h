/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets on a server: how they are named, and what was asked of the way to them.
 * The server is libcurl's business (transfer.h).
 */
#ifndef CAPDUMP_SINK_REMOTE_H
#define CAPDUMP_SINK_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/log.h"
#include "sink.h"

/* Strings are borrowed. */
struct remote_options {
	const char *ca_file;	/* --cacert: whom to trust; NULL: libcurl's */
	bool insecure;		/* --insecure: trust anybody */
	const char *netrc;	/* --netrc-file, not for s3://; NULL: none */
	const char *credentials;	/* --credentials: file of user:password; with
				 * netrc for s3:// alone */
	const char *s3_endpoint;	/* --s3-endpoint; NULL: AWS's */
	const char *s3_region;	/* --s3-region; NULL: AWS's environment tells */
	const char *known_hosts;	/* --known-hosts; NULL: the user's */
	const char *ssh_key;	/* --ssh-key: file; NULL: none */
	bool put_ranges;	/* --put-ranges */
	bool resume;		/* --resume: what was sent before is not sent again */
	uint64_t limit_rate;	/* bytes a second; 0: no limit */
	uint64_t retry_seconds;	/* after a failure, without getting further */
	uint64_t stall_seconds;	/* without a byte, until that is a failure */
};

#define REMOTE_RETRY_SECONDS 300
#define REMOTE_STALL_SECONDS 60

enum remote_kind { REMOTE_NONE, REMOTE_HTTP, REMOTE_S3, REMOTE_SFTP, REMOTE_FTP,
		   REMOTE_TUS };

/* By what URL's scheme says; REMOTE_NONE: by nothing that this file knows. */
enum remote_kind remote_kind(const char *url);

/* Whether nobody can read what goes there; ftp:// with a password is not ftp://
 * without. */
bool remote_is_private(const char *url);

/* The path of a URL as the server has it, %XX decoded: from /, or
 * from the folder in which a login begins. Owned by the caller; NULL without
 * memory. */
char *remote_path(const char *url);

/* Whether TEXT is a URL, s3://bucket/key too. A file of that name is
 * ./s3://bucket/key. */
bool remote_is_url(const char *text);

/* ERROR_USAGE unless URL is one that can be sent to. No message has what is
 * secret of a URL. */
struct error *remote_check_url(const char *url);

/* URL without what is secret: password and query. Owned by the caller; NULL
 * without memory. */
char *remote_mask(const char *url);

/* The first line of the file PATH, which nobody else may read: a URL that is a
 * secret itself. Owned by the caller. ERROR_USAGE. */
struct error *remote_read_url(const char *path, char **ret);

/* ERROR_USAGE if PATH, which WHAT names, can't be read, or by others, too. */
struct error *remote_check_secret(const char *path, const char *what);

/*
 * One object at URL, by what its scheme says, front to back; where it begins again
 * it asks for all once more (ERROR_AGAIN), after a pause that its begin() makes.
 * Asks the server at once whether something stands there, which is an error unless
 * SINK_FORCE. Strings and LOG are borrowed.
 */
struct error *sink_front_create(const char *url, unsigned flags,
				const struct remote_options *options,
				struct log *log, struct sink **ret);

/*
 * One upload to a tus server: in parts (SINK_PARTS) where the server announces that it
 * joins them, else front to back, as with OPTIONS' resume. Else as the other.
 */
struct error *sink_tus_create(const char *url, unsigned flags,
			      const struct remote_options *options,
			      struct log *log, struct sink **ret);

/*
 * One object, s3://bucket/key, in parts (SINK_PARTS): what was sent stays sent, and
 * what is lost is wanted once more. Else as the others.
 */
struct error *sink_s3_create(const char *url, unsigned flags,
			     const struct remote_options *options,
			     struct log *log, struct sink **ret);

/* The libcurl whose requests a store takes. It signs all headers since 7.86.0
 * (RELEASE-NOTES: "aws_sigv4: fix header computation"), and what x-amz-content-sha256
 * says of the body since 7.87.0 ("consult x-%s-content-sha256 for payload hash"). */
#define REMOTE_S3_LIBCURL 0x075700u
#define REMOTE_S3_NEEDS "7.87"

/* ERROR_USAGE unless OPTIONS tell where such objects are, and who sends. */
struct error *remote_check_s3(const struct remote_options *options);

/* Whether the two URLs are of one server: scheme, name and port. */
bool remote_same_server(const char *a, const char *b);

/* Whether other objects can be named after URL: one with a query may be signed for
 * that object. */
bool remote_has_neighbours(const char *url);

/* LEN bytes, at least 1, to URL and SUFFIX, tried again as a dump is. */
struct error *remote_put(const char *url, const char *suffix, unsigned flags,
			 const struct remote_options *options, struct log *log,
			 const void *buf, size_t len);

#endif
