/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own encoder of the zstd format (RFC 8878) for pages: one frame of one
 * block, which the plain decoder of every libzstd since 1.3 reads. It spends
 * nothing on what a page does not need: no dictionary, no window that moves, no
 * choice of strategies. The same bytes on every host.
 */
#ifndef CAPDUMP_CODEC_ZSTD_PAGE_H
#define CAPDUMP_CODEC_ZSTD_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/error.h"

/* Lengths of source that it takes. */
#define ZSTD_PAGE_LEN_MIN 512u
#define ZSTD_PAGE_LEN_MAX 65536u

/* State that is used again for each page; one thread at a time. About 350 KiB,
 * of which 4 KiB pages touch 60. */
struct zstd_page;

struct error *zstd_page_create(struct zstd_page **ret);
void zstd_page_destroy(struct zstd_page *page);		/* NULL is fine */

/*
 * Packs the LEN bytes at SRC into at most CAP at DST; writes nothing beyond
 * that. Returns the number of bytes; 0: they don't fit, or LEN is out of range.
 * What it returns depends on SRC, LEN, FAST and CAP only. FAST: literals are
 * stored raw.
 */
size_t zstd_page_pack(struct zstd_page *page, bool fast, const void *src,
		      size_t len, void *dst, size_t cap);

#endif
