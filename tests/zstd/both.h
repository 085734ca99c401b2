/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of our page encoder, judged by both decoders: libzstd's and the one
 * from RFC 8878.
 */
#ifndef CAPDUMP_TESTS_BOTH_H
#define CAPDUMP_TESTS_BOTH_H

#include "../../src/codec/zstd_page.h"
#include "rfc8878.h"

/* NULL if the SIZE bytes at FRAME are the LEN bytes at PAGE for both decoders,
 * and no more than a page's frame may be; else what is wrong. */
const char *both_decode(const void *frame, size_t size, const void *page,
			size_t len, struct rfc_seen *seen);

/*
 * Packs the page into at most CAP bytes and holds all that the encoder promises
 * against it. Sets *RET_SIZE (0: raw). FRAME: where it is kept, of CAP bytes;
 * NULL: nowhere. NULL if all is well.
 */
const char *both_pack(struct zstd_page *encoder, bool fast, const void *page,
		      size_t len, size_t cap, void *frame, size_t *ret_size,
		      struct rfc_seen *seen);

#endif
