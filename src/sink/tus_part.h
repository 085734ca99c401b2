/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes of a dump that follow each other, as a partial upload (extension
 * concatenation of tus 1.0.0). What fails and may pass is tried again here, from
 * memory; so no page is made twice for it.
 */
#ifndef CAPDUMP_SINK_TUS_PART_H
#define CAPDUMP_SINK_TUS_PART_H

#include "retry.h"
#include "sha256.h"
#include "tus_line.h"

/* What all parts of a dump share. */
struct tus_way {
	struct tus_server server;
	struct log *log;		/* borrowed */
	struct retry retry;
	struct progress_sent sent;
	uint64_t stored;		/* bytes that the server has: what retry
					 * goes by */
	unsigned nr_unknown;		/* uploads that may have been made */
};

/* Takes ERR. NULL: it may pass, and there is another try now. */
struct error *tus_way_wait(struct tus_way *way, struct error *err);

struct tus_part {
	struct tus_upload upload;	/* its URL is NULL: nothing is sent yet */
	struct tus_line line;		/* from the first byte on, until it stands */
	uint64_t start, size;		/* in the dump; TUS_UNTIL_END */
	uint64_t next;			/* offset in the dump of its next byte */
	bool stands;
	struct sha256 sha;
	uint8_t digest[SHA256_LEN];	/* of what stands */
};

#define TUS_UNTIL_END UINT64_MAX

void tus_part_init(struct tus_part *part, uint64_t start, uint64_t size);

/* Forgets what came; the upload stays where it is. */
void tus_part_deinit(struct tus_part *part);

/* Makes the upload. */
struct error *tus_part_open(struct tus_part *part, struct tus_way *way);

/* The next LEN bytes, collected in pieces of PIECE; NULL: zeroes. ERROR_AGAIN: the
 * server has dropped it. */
struct error *tus_part_put(struct tus_part *part, struct tus_way *way,
			   size_t piece, const void *buf, uint64_t len);

/* All its bytes came, at least one: waits until it stands. The same. */
struct error *tus_part_end(struct tus_part *part, struct tus_way *way);

#endif
