/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An object that is sent in parts: what a store knows of it, and what it is asked
 * for. Source: Amazon S3 User Guide, "Uploading and copying objects using multipart
 * upload", and its limits. */
#ifndef CAPDUMP_SINK_S3_UPLOAD_H
#define CAPDUMP_SINK_S3_UPLOAD_H

#include "md5.h"
#include "s3_store.h"
#include "sha256.h"

#define S3_PARTS_MAX 10000u
#define S3_PART_MIN (5ull << 20)	/* of all but the last */

struct s3_part {
	char *etag;		/* NULL: it does not stand there; owned */
	uint64_t size;
	uint8_t sha256[SHA256_LEN];
	char *offered;		/* the ETag of what an earlier run has sent; NULL:
				 * nothing, or it is another; owned */
	uint64_t offered_size;
};

struct s3_upload {
	struct s3_store store;
	char *id;		/* as it is written in queries; NULL: not begun */
	char *before;		/* the ETag of what stood there; NULL: nothing */
	bool force;
	bool stands;		/* the object */
	unsigned nr_earlier;	/* uploads of the key that are not ours; UINT_MAX:
				 * it is not known */
	bool lost;		/* nobody knows whether one more was begun */
	bool maybe_stands;	/* nor whether there is an object */
	unsigned nr;		/* of parts, as planned */
	struct s3_part *parts;	/* owned */
};

/* Names URL's object; parts come later. Asks whether something stands there, which
 * is an error unless FORCE, and whether we are known. */
struct error *s3_upload_create(struct s3_upload *upload, const char *url,
			       bool force, const struct remote_options *options,
			       struct log *log);

/* Gives it up unless it stands: nothing is left there, or a warning tells, as it
 * does where an object may stand all the same. */
void s3_upload_destroy(struct s3_upload *upload);

/* Room for NR parts. */
struct error *s3_upload_parts(struct s3_upload *upload, unsigned nr);

/* CreateMultipartUpload, the first time; or what --resume goes on with. */
struct error *s3_upload_begin(struct s3_upload *upload);

/* Begins part I, by CALL's size and what is known of the body. */
struct error *s3_part_start(struct s3_upload *upload, unsigned i,
			    struct s3_call *call, struct request **ret);

/* Takes *REQUEST, part I by CALL, after its end. ERROR_AGAIN: see s3_judge(). */
struct error *s3_part_end(struct s3_upload *upload, unsigned i,
			  const struct s3_call *call, struct request **request);

/* Looks for what earlier runs have left: goes on with that, with --resume, or tells
 * of it. */
struct error *s3_upload_resume(struct s3_upload *upload);

/* Warns of an upload whose beginning got no answer, if there may be one. Nothing tells
 * it from that of another machine, so it is left alone; it has no parts. */
void s3_upload_tell(struct s3_upload *upload);

/* Its name as a shell takes it. Owned by the caller; NULL without memory. */
char *s3_upload_id(const struct s3_upload *upload);

/* Whether part I, of SIZE bytes and MD5, is there already; afterwards it is no more
 * offered. */
bool s3_part_stands(struct s3_upload *upload, unsigned i, uint64_t size,
		    struct md5 *md5);

/* All parts below NR stand: makes the object of them. */
struct error *s3_upload_complete(struct s3_upload *upload, unsigned nr,
				 uint64_t size);

/* The whole object of LEN bytes by one request. */
struct error *s3_upload_put(struct s3_upload *upload, const void *buf,
			    uint64_t len);

/* The same of an object that is nothing more. */
struct error *s3_put(const char *url, bool force,
		     const struct remote_options *options, struct log *log,
		     const void *buf, size_t len);

#endif
