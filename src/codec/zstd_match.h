/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds what repeats in a page: its sequences, each of some literals and then
 * a match with what stands earlier in the page (RFC 8878, section
 * 3.1.1.3.2.1.1).
 */
#ifndef CAPDUMP_CODEC_ZSTD_MATCH_H
#define CAPDUMP_CODEC_ZSTD_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZSTD_PAGE_MAX 65536u
#define ZSTD_MATCH_LOG 14
#define ZSTD_MATCH_MIN 4u	/* the format's own is 3: that saves nothing */

/* Before and behind the page, so that no loop has to look for its ends. */
#define ZSTD_PAGE_SLACK 64

struct zstd_sequence {
	uint16_t literals;
	uint16_t match;		/* its length - 3 */
	uint32_t offset;	/* RFC 8878's Offset_Value: 1 to 3 are the last
				 * three distances, else a distance + 3 */
};

struct zstd_match {
	unsigned nr;
	size_t nr_literals;	/* of all, with those behind the last match */
	struct zstd_sequence sequences[ZSTD_PAGE_MAX / ZSTD_MATCH_MIN];
	uint8_t literals[ZSTD_PAGE_MAX + ZSTD_PAGE_SLACK];
	uint8_t page[ZSTD_PAGE_MAX + 2 * ZSTD_PAGE_SLACK];
	uint16_t table[1 << ZSTD_MATCH_LOG];	/* where what hashes to this
						 * was last */
};

/* Of the LEN bytes at SRC, 64 to ZSTD_PAGE_MAX. FAST: literals will be stored
 * raw, so that matches are worth more time. */
void zstd_match_find(struct zstd_match *match, bool fast, const void *src,
		     size_t len);

#endif
