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

#include "zstd_fse.h"
#include "zstd_page.h"

#define ZSTD_MATCH_LOG 13
#define ZSTD_MATCH_MIN 4u	/* the format's own is 3: that saves nothing */

/* A sequence's three codes. */
enum zstd_kind { ZSTD_LITERALS, ZSTD_OFFSET, ZSTD_MATCH, ZSTD_NR_KINDS };

/*
 * As the block has it: a code for each number, and the bits that say which of
 * the numbers with that code it is. The codes lie in one word: putting them
 * together by bytes takes the compiler twice as long as finding them.
 */
struct zstd_sequence {
	uint64_t bits;		/* literals', then match's, then offset's */
	uint32_t codes;		/* from the lowest byte on: literals' code, how
				 * many bits there are (48 at most), match's
				 * and offset's code */
};

static inline unsigned zstd_sequence_literals(const struct zstd_sequence *seq)
{
	return seq->codes & 0xff;
}

static inline unsigned zstd_sequence_nr_bits(const struct zstd_sequence *seq)
{
	return seq->codes >> 8 & 0xff;
}

static inline unsigned zstd_sequence_match(const struct zstd_sequence *seq)
{
	return seq->codes >> 16 & 0xff;
}

static inline unsigned zstd_sequence_offset(const struct zstd_sequence *seq)
{
	return seq->codes >> 24;
}

struct zstd_match {
	unsigned nr;
	size_t nr_literals;	/* of all, with those behind the last match */
	uint32_t count[ZSTD_NR_KINDS][ZSTD_FSE_SYMBOLS];	/* of codes */
	struct zstd_sequence sequences[ZSTD_PAGE_LEN_MAX / ZSTD_MATCH_MIN];
	uint8_t literals[ZSTD_PAGE_LEN_MAX + 32];	/* they are copied by 32 */
	uint16_t table[1 << ZSTD_MATCH_LOG];	/* where what hashes to this
						 * was last */
};

/* Of the LEN bytes at SRC, 64 to ZSTD_PAGE_LEN_MAX. FAST: literals will be
 * stored raw, so that matches are worth more time. */
void zstd_match_find(struct zstd_match *match, bool fast, const void *src,
		     size_t len);

#endif
