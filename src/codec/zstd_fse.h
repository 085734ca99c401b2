/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finite state entropy, the writing side (RFC 8878, section 4.1): how a
 * distribution of symbols over 2^log states is made, described and used.
 * Pure; any thread.
 */
#ifndef CAPDUMP_CODEC_ZSTD_FSE_H
#define CAPDUMP_CODEC_ZSTD_FSE_H

#include "zstd_bits.h"

/* The smallest that a description can say: RFC 8878, section 4.1.1. */
#define ZSTD_FSE_LOG_MIN 5u
#define ZSTD_FSE_LOG_MAX 9u

/* Match length codes: no alphabet has more (RFC 8878, section 3.1.1.3.2.1.1). */
#define ZSTD_FSE_SYMBOLS 53u

/* States of each symbol, 2^log in all; -1: one of the last ("less than 1"). */
struct zstd_fse_norm {
	int16_t states[ZSTD_FSE_SYMBOLS];
	unsigned nr_symbols;		/* the last that occurs + 1 */
	unsigned log;
};

/* What encodes by a distribution. */
struct zstd_fse_table {
	unsigned log;
	uint16_t next[1 << ZSTD_FSE_LOG_MAX];
	struct {
		int32_t find_state;
		uint32_t nr_bits;	/* 16.16, less what the state adds */
	} symbols[ZSTD_FSE_SYMBOLS];
};

/* Distributes 2^LOG states, by COUNT[NR_SYMBOLS] with a sum of TOTAL. At least
 * two symbols occur, the last one among them, and 2^LOG at most. */
void zstd_fse_norm_make(const uint32_t *count, unsigned nr_symbols,
			uint32_t total, unsigned log,
			struct zstd_fse_norm *ret);

/* Bits that COUNT[NR_SYMBOLS] would take, in 1/256; UINT32_MAX: there is a
 * symbol without a state. */
uint32_t zstd_fse_norm_cost(const struct zstd_fse_norm *norm,
			    const uint32_t *count, unsigned nr_symbols);

/* Writes the distribution's description to BUF, before END (exclusive);
 * returns where it ends, NULL: no room. */
uint8_t *zstd_fse_norm_write(const struct zstd_fse_norm *norm, uint8_t *buf,
			     uint8_t *end);

void zstd_fse_table_make(const struct zstd_fse_norm *norm,
			 struct zstd_fse_table *ret);

/* For one symbol that is all there is: it takes no bits. */
void zstd_fse_table_make_rle(unsigned symbol, struct zstd_fse_table *ret);

/* Encoding goes backward: the last symbol gives the state to begin with, each
 * one before it is added, and the state that is left ends the stream. */
static inline uint32_t zstd_fse_begin(const struct zstd_fse_table *t,
				      unsigned symbol)
{
	uint32_t sum = t->symbols[symbol].nr_bits;
	uint32_t nr_bits = (sum + (1 << 15)) >> 16;

	return t->next[(((nr_bits << 16) - sum) >> nr_bits) +
		       (uint32_t)t->symbols[symbol].find_state];
}

static inline void zstd_fse_add(const struct zstd_fse_table *t,
				struct zstd_bits *bits, uint32_t *state,
				unsigned symbol)
{
	uint32_t nr_bits = (*state + t->symbols[symbol].nr_bits) >> 16;

	zstd_bits_add(bits, *state & ((1u << nr_bits) - 1), nr_bits);
	*state = t->next[(*state >> nr_bits) +
			 (uint32_t)t->symbols[symbol].find_state];
}

static inline void zstd_fse_end(const struct zstd_fse_table *t,
				struct zstd_bits *bits, uint32_t state)
{
	zstd_bits_add(bits, state & ((1u << t->log) - 1), t->log);
}

static inline unsigned zstd_high_bit(uint32_t v)	/* V is not 0 */
{
	return 31 - (unsigned)__builtin_clz(v);
}

#endif
