/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a bit stream of the zstd format: bits are added upward from the
 * lowest one of the first byte, and read backward from the last (RFC 8878,
 * sections 4.1 and 4.2.2).
 */
#ifndef CAPDUMP_CODEC_ZSTD_BITS_H
#define CAPDUMP_CODEC_ZSTD_BITS_H

#include "../base/bytes.h"

/* That a stream needs beyond its last byte: zstd_bits_flush() writes whole
 * words. */
#define ZSTD_BITS_SLACK 8

/* Between two flushes, no more than this may be added. */
#define ZSTD_BITS_MAX 56u

struct zstd_bits {
	uint64_t word;		/* not written yet, from the lowest bit on */
	unsigned nr;		/* bits in it; 7 at most after a flush */
	uint8_t *at;		/* where it goes; at == last: no room */
	uint8_t *last;		/* the last place for a word */
};

/* To the bytes from BUF to END (exclusive). False if that is not even room for
 * ZSTD_BITS_SLACK. */
static inline bool zstd_bits_init(struct zstd_bits *bits, uint8_t *buf,
				  uint8_t *end)
{
	if (end - buf < ZSTD_BITS_SLACK)
		return false;
	*bits = (struct zstd_bits){ .at = buf, .last = end - ZSTD_BITS_SLACK };
	return true;
}

/* VALUE has no bits above the NRth. */
static inline void zstd_bits_add(struct zstd_bits *bits, uint64_t value,
				 unsigned nr)
{
	bits->word |= value << bits->nr;
	bits->nr += nr;
}

static inline void zstd_bits_flush(struct zstd_bits *bits)
{
	unsigned nr_bytes = bits->nr / 8;

	put_u64(bits->at, bits->word, false);
	bits->at += nr_bytes;
	if (bits->at > bits->last)
		bits->at = bits->last;
	bits->word >>= 8 * nr_bytes;
	bits->nr %= 8;
}

/* Writes what is left; returns where the stream ends, NULL if it did not fit. */
static inline uint8_t *zstd_bits_end(struct zstd_bits *bits)
{
	zstd_bits_flush(bits);
	return bits->at < bits->last ? bits->at + (bits->nr > 0) : NULL;
}

/* The same, with the mark that a backward reader looks for. */
static inline uint8_t *zstd_bits_close(struct zstd_bits *bits)
{
	zstd_bits_add(bits, 1, 1);
	return zstd_bits_end(bits);
}

#endif
