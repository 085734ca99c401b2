/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Huffman coded literals: see zstd_huf.h. The lengths of codes are rounded
 * logarithms, then fitted to the code space: within a percent of the best tree,
 * without sorting. How a tree is written is fixed as well, so that no table is
 * made for it.
 */
#include "zstd_huf.h"

#define BITS_MAX 11u		/* RFC 8878, section 4.2.1 */
#define SPACE (1u << BITS_MAX)	/* of codes, in units of the longest */
#define CODE_MIN 512u	/* fewer literals: a tree saves next to nothing */
#define WORTH 48u		/* see is_worth() */

/* Symbols with code, by rising number, and how their codes are chosen. */
struct lengths {
	unsigned nr;
	uint8_t symbol[256];
	uint8_t nr_bits[256];
	uint8_t lack[256];	/* by how much the code is too long: 0 to 255 is
				 * not at all to one bit */
	int room;		/* of SPACE that is left; < 0: too much taken */
};

/* Of a code's weight: 0 is for symbols that don't occur, then from the longest
 * code on. RFC 8878, section 4.2.1.1. */
static const struct zstd_fse_norm weight_norm = {
	.states = { 8, 14, 12, 10, 8, 5, 2, 1, 1, 1, 1, -1 },
	.nr_symbols = 12,
	.log = 6,
};

void zstd_huf_init(struct zstd_huf *huf)
{
	uint8_t *end;

	zstd_fse_table_make(&weight_norm, &huf->weights);
	end = zstd_fse_norm_write(&weight_norm, huf->described,
				  huf->described + sizeof(huf->described));
	huf->described_len = (size_t)(end - huf->described);
}

/* LEN <= 65536: a part has no more than 16384 of one byte. */
static void count_bytes(const uint8_t *src, size_t len, uint32_t count[256])
{
	uint16_t part[4][256];	/* or each would wait for the one before it */
	size_t i = 0;

	memset(part, 0, sizeof(part));
	for (; i + 8 <= len; i += 8) {
		uint64_t v = get_u64(src + i, false);

		part[0][v & 0xff]++;
		part[1][v >> 8 & 0xff]++;
		part[2][v >> 16 & 0xff]++;
		part[3][v >> 24 & 0xff]++;
		part[0][v >> 32 & 0xff]++;
		part[1][v >> 40 & 0xff]++;
		part[2][v >> 48 & 0xff]++;
		part[3][v >> 56]++;
	}
	for (; i < len; i++)
		part[i % 4][src[i]]++;
	for (unsigned s = 0; s < 256; s++)
		count[s] = (uint32_t)part[0][s] + part[1][s] + part[2][s] +
			   part[3][s];
}

/*
 * Whether codes would save enough. Two literals taken by chance are equal once
 * in so many cases: in 256 if no byte is more frequent than another, and the
 * fewer, the shorter are the codes (the logarithm is the entropy of order 2,
 * never more than what a code takes).
 */
static bool is_worth(const uint32_t count[256], size_t len)
{
	uint64_t sum = 0;

	for (unsigned s = 0; s < 256; s++)
		sum += (uint64_t)count[s] * count[s];
	/* none is compared with itself */
	return (sum - len) * WORTH > (uint64_t)len * len;
}

/* The shortest code that takes no more than a symbol's share. */
static void share_space(const uint32_t count[256], size_t len,
			struct lengths *ret)
{
	/* 24.8 */
	uint32_t scale = (uint32_t)(((uint64_t)SPACE << 16) / len);
	unsigned nr = 0;

	for (unsigned s = 0; s < 256; s++) {
		ret->symbol[nr] = (uint8_t)s;
		nr += count[s] > 0;
	}
	ret->nr = nr;
	ret->room = SPACE;
	for (unsigned i = 0; i < nr; i++) {
		uint32_t share = (uint32_t)((uint64_t)count[ret->symbol[i]] *
					    scale >> 8);
		unsigned high = zstd_high_bit(share | 256) - 8;

		high = high < BITS_MAX ? high : BITS_MAX - 1;
		share >>= high;
		ret->nr_bits[i] = (uint8_t)(BITS_MAX - high);
		ret->lack[i] = share < 256 ? 0 : share > 511 ? 255 :
			       (uint8_t)(share - 256);
		ret->room -= 1 << high;
	}
}

/* Rare symbols took too much: from those that lose least by it. */
static void take_space(struct lengths *lengths)
{
	for (int limit = 31; lengths->room < 0; limit += 32) {
		for (unsigned i = 0; i < lengths->nr && lengths->room < 0;
		     i++) {
			unsigned n = lengths->nr_bits[i];

			if (lengths->lack[i] > limit || n == BITS_MAX)
				continue;
			lengths->room += 1 << (BITS_MAX - n - 1);
			lengths->nr_bits[i]++;
			lengths->lack[i] = 255;
		}
	}
}

/* What is left goes to those that lack most; all of it must be used. */
static void give_space(struct lengths *lengths)
{
	int wanted[16] = { 0 }, room = lengths->room, limit = 16;

	for (unsigned i = 0; i < lengths->nr; i++)
		wanted[lengths->lack[i] >> 4] +=
			1 << (BITS_MAX - lengths->nr_bits[i]);
	while (limit > 0 && wanted[limit - 1] <= room)
		room -= wanted[--limit];
	for (unsigned i = 0; i < lengths->nr; i++) {
		unsigned n = lengths->nr_bits[i];
		bool give = lengths->lack[i] >> 4 >= limit && n > 1;

		lengths->nr_bits[i] = (uint8_t)(n - give);
		lengths->lack[i] = give ? 0 : lengths->lack[i];
		lengths->room -= give << (BITS_MAX - n);
	}
	/* the rest, piece by piece: there is always one that fits, since codes
	 * and room are multiples of the shortest piece */
	for (limit = 16 * (limit - 1); lengths->room > 0; limit -= 64) {
		for (unsigned i = 0; i < lengths->nr && lengths->room > 0;
		     i++) {
			unsigned n = lengths->nr_bits[i];

			if (lengths->lack[i] < limit || n < 2 ||
			    1 << (BITS_MAX - n) > lengths->room)
				continue;
			lengths->room -= 1 << (BITS_MAX - n);
			lengths->nr_bits[i]--;
			lengths->lack[i] = 0;
		}
	}
}

/* Codes of these lengths: the longest are the smallest numbers, and among equal
 * ones the order is that of the symbols. Returns the longest length. */
static unsigned make_codes(const struct lengths *lengths, struct zstd_huf *huf)
{
	uint16_t nr[BITS_MAX + 1] = { 0 }, next[BITS_MAX + 1];
	unsigned longest = 0, first = 0;

	for (unsigned i = 0; i < lengths->nr; i++)
		nr[lengths->nr_bits[i]]++;
	for (unsigned n = BITS_MAX; n > 0; n--) {
		if (nr[n] && !longest)
			longest = n;
		next[n] = (uint16_t)first;
		first = (first + nr[n]) >> 1;
	}
	memset(huf->nr_bits, 0, sizeof(huf->nr_bits));
	for (unsigned i = 0; i < lengths->nr; i++) {
		unsigned s = lengths->symbol[i], n = lengths->nr_bits[i];

		huf->nr_bits[s] = (uint8_t)n;
		huf->code[s] = next[n]++;
	}
	return longest;
}

/*
 * The tree: the weights of all symbols before the last that occurs, whose own
 * follows from them. Two states take turns, the first with the even symbols.
 * RFC 8878, section 4.2.1.
 */
static uint8_t *write_tree(const struct zstd_huf *huf, unsigned last_symbol,
			   unsigned longest, uint8_t *buf, uint8_t *end)
{
	uint8_t weight_of[BITS_MAX + 1] = { 0 };
	const struct zstd_fse_table *t = &huf->weights;
	unsigned i = last_symbol;
	struct zstd_bits bits;
	uint32_t state[2];
	uint8_t *p;

	/* one weight would leave a state without a symbol */
	if (i < 2 || (size_t)(end - buf) < 1 + huf->described_len ||
	    !zstd_bits_init(&bits, buf + 1 + huf->described_len, end))
		return NULL;
	memcpy(buf + 1, huf->described, huf->described_len);
	for (unsigned n = 1; n <= longest; n++)
		weight_of[n] = (uint8_t)(longest + 1 - n);
	i--;
	state[i & 1] = zstd_fse_begin(t, weight_of[huf->nr_bits[i]]);
	i--;
	state[i & 1] = zstd_fse_begin(t, weight_of[huf->nr_bits[i]]);
	for (; i & 7; zstd_bits_flush(&bits)) {
		i--;
		zstd_fse_add(t, &bits, &state[i & 1],
			     weight_of[huf->nr_bits[i]]);
	}
	while (i) {
		for (unsigned k = 0; k < 4; k++) {	/* 8 x 6 bits at most */
			zstd_fse_add(t, &bits, &state[1],
				     weight_of[huf->nr_bits[--i]]);
			zstd_fse_add(t, &bits, &state[0],
				     weight_of[huf->nr_bits[--i]]);
		}
		zstd_bits_flush(&bits);
	}
	zstd_fse_end(t, &bits, state[1]);
	zstd_fse_end(t, &bits, state[0]);
	p = zstd_bits_close(&bits);
	if (!p || p - buf - 1 >= 128)
		return NULL;
	buf[0] = (uint8_t)(p - buf - 1);
	return p;
}

static inline void add_code(const struct zstd_huf *huf, struct zstd_bits *bits,
			    uint8_t symbol)
{
	zstd_bits_add(bits, huf->code[symbol], huf->nr_bits[symbol]);
}

/* Codes from the last literal to the first. */
static uint8_t *write_stream(const struct zstd_huf *huf, const uint8_t *src,
			     size_t len, uint8_t *buf, uint8_t *end)
{
	struct zstd_bits bits;

	if (!zstd_bits_init(&bits, buf, end))
		return NULL;
	while (len % 4)
		add_code(huf, &bits, src[--len]);
	zstd_bits_flush(&bits);
	for (; len; len -= 4) {
		add_code(huf, &bits, src[len - 1]);
		add_code(huf, &bits, src[len - 2]);
		add_code(huf, &bits, src[len - 3]);
		add_code(huf, &bits, src[len - 4]);
		zstd_bits_flush(&bits);
	}
	return zstd_bits_close(&bits);
}

/* Four streams, behind the sizes of the first three. RFC 8878, section
 * 3.1.1.3.1.6. */
static uint8_t *write_streams(const struct zstd_huf *huf, const uint8_t *src,
			      size_t len, uint8_t *buf, uint8_t *end)
{
	size_t part = (len + 3) / 4;
	uint8_t *p = buf + 6;

	if (end - buf < 6)
		return NULL;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t *start = p;

		p = write_stream(huf, src, i < 3 ? part : len - 3 * part, p,
				 end);
		if (!p)
			return NULL;
		if (i < 3)
			put_u16(buf + 2 * i, (uint16_t)(p - start), false);
		src += part;
	}
	return p;
}

/* RFC 8878, section 3.1.1.3.1.1: Raw_Literals_Block. */
static uint8_t *write_raw(const uint8_t *src, size_t len, uint8_t *buf,
			  uint8_t *end)
{
	unsigned format = len < 32 ? 0 : len < 4096 ? 1 : 3;
	size_t head = format ? format / 2 + 2 : 1;
	uint32_t v = (uint32_t)len << (format ? 4 : 3) | format << 2;

	if ((size_t)(end - buf) < head + len)
		return NULL;
	for (size_t i = 0; i < head; i++)
		buf[i] = (uint8_t)(v >> 8 * i);
	memcpy(buf + head, src, len);
	return buf + head + len;
}

/* The same section: Compressed_Literals_Block. NULL: it is not smaller than raw
 * literals, or there is no room. */
static uint8_t *write_coded(struct zstd_huf *huf, const uint32_t count[256],
			    const uint8_t *src, size_t len, uint8_t *buf,
			    uint8_t *end)
{
	/* the sizes have 10, 14 or 18 bits; format 0, for less literals than we
	 * code, is one stream */
	unsigned format = len < 1024 ? 1 : len < 16384 ? 2 : 3;
	unsigned nr_bits = 6 + 4 * format, longest;
	size_t head = (4 + 2 * nr_bits) / 8;
	struct lengths lengths;
	uint64_t v;
	uint8_t *p;

	if ((size_t)(end - buf) < head)
		return NULL;
	share_space(count, len, &lengths);
	if (lengths.nr < 2)
		return NULL;
	take_space(&lengths);
	give_space(&lengths);
	longest = make_codes(&lengths, huf);
	p = write_tree(huf, lengths.symbol[lengths.nr - 1], longest,
		       buf + head, end);
	if (p)
		p = write_streams(huf, src, len, p, end);
	if (!p || (size_t)(p - buf) >= len)
		return NULL;
	v = (uint64_t)(p - buf - (ptrdiff_t)head) << (4 + nr_bits) |
	    (uint64_t)len << 4 | format << 2 | 2;
	for (size_t i = 0; i < head; i++)
		buf[i] = (uint8_t)(v >> 8 * i);
	return p;
}

uint8_t *zstd_huf_write(struct zstd_huf *huf, bool code, const uint8_t *src,
			size_t len, uint8_t *buf, uint8_t *end)
{
	uint32_t count[256];
	uint8_t *p = NULL;

	if (code && len >= CODE_MIN) {
		count_bytes(src, len, count);
		if (is_worth(count, len))
			p = write_coded(huf, count, src, len, buf, end);
	}
	return p ? p : write_raw(src, len, buf, end);
}
