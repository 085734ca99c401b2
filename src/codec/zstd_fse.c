/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finite state entropy, the writing side: see zstd_fse.h. */
#include "zstd_fse.h"

void zstd_fse_norm_make(const uint32_t *count, unsigned nr_symbols,
			uint32_t total, unsigned log,
			struct zstd_fse_norm *ret)
{
	/* 32.32; counts are below 2^17 */
	uint64_t scale = ((uint64_t)(1u << log) << 32) / total;
	int left = 1 << log;
	unsigned most = 0;

	ret->log = log;
	ret->nr_symbols = nr_symbols;
	for (unsigned s = 0; s < nr_symbols; s++) {
		int n = (int)((count[s] * scale + (1ull << 31)) >> 32);

		n += !n & (count[s] > 0);
		ret->states[s] = (int16_t)n;
		left -= n;
		most = n > ret->states[most] ? s : most;
	}
	/* the symbol with the most states loses or gains least; all of it, if
	 * it still has the most then */
	while (left < 0) {
		int take = ret->states[most] > -2 * left ? -left : 1;

		ret->states[most] = (int16_t)(ret->states[most] - take);
		left += take;
		for (unsigned s = 0; left && s < nr_symbols; s++)
			if (ret->states[s] > ret->states[most])
				most = s;
	}
	ret->states[most] = (int16_t)(ret->states[most] + left);
}

/* 256 * log2(n) for n from 1 to 512, by interpolation: 3 too much at most. */
static uint32_t log2_256(uint32_t n)
{
	unsigned high = zstd_high_bit(n);
	uint32_t part = ((n << 8) >> high) - 256;	/* 0..255 */

	/* log2(1 + x) is x + 0.344 x (1 - x), nearly */
	return (high << 8) + part + ((part * (256 - part) * 88) >> 16);
}

uint32_t zstd_fse_norm_cost(const struct zstd_fse_norm *norm,
			    const uint32_t *count, unsigned nr_symbols)
{
	uint32_t cost = 0;

	for (unsigned s = 0; s < nr_symbols; s++) {
		int n;

		if (!count[s])
			continue;
		n = s < norm->nr_symbols ? norm->states[s] : 0;
		if (!n)
			return UINT32_MAX;
		cost += count[s] * ((norm->log << 8) -
				    log2_256(n < 0 ? 1 : (uint32_t)n));
	}
	return cost;
}

/* How many symbols without states follow the first such one: 3 for each 2 bits
 * until fewer come. Returns the next symbol. */
static unsigned write_absent(const struct zstd_fse_norm *norm, unsigned symbol,
			     struct zstd_bits *bits)
{
	unsigned nr = 0;

	while (!norm->states[symbol + nr])
		nr++;
	symbol += nr;
	for (; nr >= 3; nr -= 3) {
		zstd_bits_add(bits, 3, 2);
		zstd_bits_flush(bits);
	}
	zstd_bits_add(bits, nr, 2);
	return symbol;
}

/* RFC 8878, section 4.1.1. */
uint8_t *zstd_fse_norm_write(const struct zstd_fse_norm *norm, uint8_t *buf,
			     uint8_t *end)
{
	int left = (1 << norm->log) + 1, threshold = 1 << norm->log;
	unsigned nr_bits = norm->log + 1, symbol = 0;
	bool absent = false;
	struct zstd_bits bits;

	if (!zstd_bits_init(&bits, buf, end))
		return NULL;
	zstd_bits_add(&bits, norm->log - ZSTD_FSE_LOG_MIN, 4);
	while (left > 1) {
		int n, spare;

		if (absent)
			symbol = write_absent(norm, symbol, &bits);
		n = norm->states[symbol++];
		absent = !n;
		/* so many small values take one bit less */
		spare = 2 * threshold - 1 - left;
		left -= n < 0 ? 1 : n;
		n++;
		if (n >= threshold)
			n += spare;
		zstd_bits_add(&bits, (uint64_t)n, nr_bits - (n < spare));
		zstd_bits_flush(&bits);
		while (left < threshold) {
			nr_bits--;
			threshold >>= 1;
		}
	}
	return zstd_bits_end(&bits);
}

/* Which symbol each state stands for. RFC 8878, section 4.1.1, "From
 * normalized distribution to decoding tables". */
static void spread(const struct zstd_fse_norm *norm, uint8_t *symbol_of)
{
	unsigned size = 1u << norm->log, mask = size - 1, at = 0, nr = 0;
	unsigned step = (size >> 1) + (size >> 3) + 3, last = size - 1;
	uint8_t in_turn[(1 << ZSTD_FSE_LOG_MAX) + 8];

	for (unsigned s = 0; s < norm->nr_symbols; s++) {
		int n = norm->states[s];

		if (n < 0) {
			symbol_of[last--] = (uint8_t)s;
			continue;
		}
		/* 8 at a time, what is too many is written over */
		for (int i = 0; i < n; i += 8)
			put_u64(in_turn + nr + i, s * 0x0101010101010101ull,
				false);
		nr += (unsigned)n;
	}
	for (unsigned i = 0; i < nr; i++) {
		symbol_of[at] = in_turn[i];
		do
			at = (at + step) & mask;
		while (at > last);
	}
}

void zstd_fse_table_make(const struct zstd_fse_norm *norm,
			 struct zstd_fse_table *ret)
{
	uint8_t symbol_of[1 << ZSTD_FSE_LOG_MAX];
	uint16_t first[ZSTD_FSE_SYMBOLS];
	unsigned size = 1u << norm->log, total = 0;

	ret->log = norm->log;
	spread(norm, symbol_of);
	for (unsigned s = 0; s < norm->nr_symbols; s++) {
		unsigned n = norm->states[s] < 0 ? 1 :
			     (unsigned)norm->states[s];
		unsigned out = n > 1 ? norm->log - zstd_high_bit(n - 1) :
			       norm->log;

		first[s] = (uint16_t)total;
		ret->symbols[s].find_state = (int32_t)(total - n);
		ret->symbols[s].nr_bits = (out << 16) - (n << out);
		total += n;
	}
	for (unsigned u = 0; u < size; u++)
		ret->next[first[symbol_of[u]]++] = (uint16_t)(size + u);
}

void zstd_fse_table_make_rle(unsigned symbol, struct zstd_fse_table *ret)
{
	ret->log = 0;
	ret->next[0] = 0;
	ret->symbols[symbol].find_state = 0;
	ret->symbols[symbol].nr_bits = 0;
}
