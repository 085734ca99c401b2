/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which parts a dump becomes, and those of them that are collected in memory since
 * what stands in them comes out of order: what lies before the data.
 */
#ifndef CAPDUMP_SINK_S3_PARTS_H
#define CAPDUMP_SINK_S3_PARTS_H

#include "hasher.h"
#include "s3_upload.h"

/*
 * Parts of HEAD bytes up to BORDER, the first multiple at or above the data's start;
 * then of DATA bytes. They are as large where that is 6 MiB at most: some stores want
 * all parts but the last alike (Cloudflare's R2).
 */
struct s3_plan {
	uint64_t head, data;	/* sizes */
	uint64_t border;
	uint64_t data_start;	/* of the dump's data */
	unsigned nr_head, nr;
};

/* ERROR_UNSUPPORTED: more than a store takes. */
struct error *s3_plan_init(struct s3_plan *plan,
			   const struct dump_layout *layout);
unsigned s3_plan_part(const struct s3_plan *plan, uint64_t offset);
uint64_t s3_plan_start(const struct s3_plan *plan, unsigned part);

/* Bytes of a part that have come, in runs. */
#define S3_RUNS 8u

struct s3_buffer {
	uint8_t *bytes;		/* plan.head of them, mapped; NULL: free. Zeroes
				 * take no memory */
	uint8_t *folded;	/* what byte each block of 4 KiB is full of that takes
				 * none either; NULL: none is; owned */
	unsigned part;
	unsigned nr_runs;	/* ascending, none touches another */
	struct { uint64_t from, to; } runs[S3_RUNS];
	struct request *request;	/* under way; NULL */
	struct s3_call call;
	char digest[SHA256_TEXT];
};

/*
 * As many as may lack bytes at a time: the first part, which has the status; that of
 * bitmap 2; that in which bitmap 2 ends; that of descriptors; that in which the data
 * begins.
 */
#define S3_BUFFERS 5u

struct s3_parts {
	struct s3_plan plan;
	struct s3_upload upload;
	uint64_t pad_start, pad_end;	/* zeroes that nobody hands over */
	struct hasher hasher;	/* of bytes in these, too */
	struct s3_buffer buffers[S3_BUFFERS];
	struct sha256 sha;	/* of the first part's bytes */
	uint64_t hashed;	/* so many of them; they are the hasher's */
	struct s3_buffer *sending;	/* NULL: none is under way */
	struct s3_buffer *copy;	/* of a part of data; NULL: none */
	uint64_t copied;	/* its bytes */
	uint64_t nr_sent;	/* bytes */
};

/* LEN bytes of part PART at OFFSET of the dump, all in it. A part of which all is
 * there is sent, unless it is the first. */
struct error *s3_parts_put(struct s3_parts *parts, unsigned part,
			   uint64_t offset, const void *buf, uint64_t len);

/* Nothing more comes for the first part but the status: what of it is one byte over and
 * over, as most of a bitmap, is kept as that. */
void s3_parts_fold(struct s3_parts *parts);

/* Where the next bytes of data, AT in PART, may be put for s3_parts_copy() to find them
 * there; NULL: nowhere. As long as there is a buffer free, or s3_parts_put() was not
 * called. */
uint8_t *s3_parts_place(struct s3_parts *parts, unsigned part, uint64_t at);
bool s3_parts_full(struct s3_parts *parts);

/* LEN bytes of data, AT in PART, are sent as they are: copied where a buffer is to spare,
 * so that the last part, which is shorter than it was begun, need not be made anew. */
void s3_parts_copy(struct s3_parts *parts, unsigned part, uint64_t at,
		   const void *buf, uint64_t len);

/* Whether all LEN bytes of PART, with SHA256, are there; they are sent then, and
 * stand. */
struct error *s3_parts_send_copy(struct s3_parts *parts, unsigned part,
				 uint64_t len, const uint8_t *sha256,
				 bool *ret);

/* Looks whether the part that is being sent stands; END: waits until it does. */
struct error *s3_parts_poll(struct s3_parts *parts, bool end);

/* All of the first part has come, of a dump of SIZE bytes: begins to hash it. */
void s3_parts_hash(struct s3_parts *parts, uint64_t size);

/* All that does not stand of the parts before the data, of a dump of SIZE bytes; the
 * first comes last. What did not come are zeroes. */
struct error *s3_parts_finish(struct s3_parts *parts, uint64_t size);

/* The part's bytes, which are all there is of the dump. */
struct error *s3_parts_whole(struct s3_parts *parts, uint64_t size);

/* A part that stands, the LAST, can't become shorter: its pages were to come again,
 * and have not. */
struct error *s3_parts_check_end(const struct s3_parts *parts, unsigned last,
				 uint64_t size);

/* What there is to tell of the first NR, which did not come in order. */
void s3_parts_tell(const struct s3_parts *parts, unsigned nr,
		   struct progress_sent *ret);

void s3_parts_deinit(struct s3_parts *parts);

#endif
