/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A greedy search: see zstd_match.h. Each place is looked up among those before
 * it by a hash of its next bytes, and compared with what lies the last distance
 * back. Where nothing is found the steps grow. All loads are little-endian: the
 * same sequences on every host.
 *
 * Branches that a predictor learns beat conditional moves here: what is found
 * at one place decides where the next one is, and only a guess gets ahead of
 * that.
 */
#include "zstd_match.h"

#include <assert.h>

#define STEP 2u
#define SKIP_SHIFT 5		/* so many bytes without match: longer steps */
#define SMALL_LEN 8192u

static inline uint64_t load(const uint8_t *p)
{
	return get_u64(p, false);
}

/* How a search is done. */
struct manner {
	unsigned log;		/* of the table's size */
	unsigned nr_hash;	/* bytes that are looked up */
	unsigned nr_equal;	/* and of these, that must be equal */
	bool adapts;		/* where literals are many it looks at every
				 * place, not only at every second; where they
				 * are few it tries the last distance first */
};

/* By what was best for size and time on kernel pages of 4 and of 64 KiB. In
 * large pages a short match is too often too far away to save anything. */
static const struct manner small_page = { 12, 5, 4, false };
static const struct manner small_page_fast = { 13, 4, 4, true };
static const struct manner large_page = { 13, 7, 7, false };
static const struct manner large_page_fast = { 13, 6, 6, true };

static inline unsigned hash(uint64_t bytes, const struct manner *manner)
{
	return (unsigned)((bytes << (64 - 8 * manner->nr_hash)) *
			  0x9e3779b185ebca87ull >> (64 - manner->log));
}

/* Whether the first NR of BYTES stand at P. */
static inline bool is_at(const uint8_t *p, uint64_t bytes, unsigned nr)
{
	return nr == 4 ? (uint32_t)bytes == get_u32(p, false) :
	       !((bytes ^ load(p)) << (64 - 8 * nr));
}

/* How many bytes from P and from Q on are equal; P ends at END, Q < P. */
static inline size_t equal_len(const uint8_t *p, const uint8_t *q,
			       const uint8_t *end)
{
	const uint8_t *start = p;

	for (; end - p >= 8; p += 8, q += 8) {
		uint64_t diff = load(p) ^ load(q);

		if (diff)
			return (size_t)(p - start) +
			       (unsigned)__builtin_ctzll(diff) / 8;
	}
	while (p < end && *p == *q)
		p++, q++;
	return (size_t)(p - start);
}

/* How many bytes before P and Q are equal, 8 at most; 0 if Q is too near to
 * START to tell. */
static inline size_t equal_len_back(const uint8_t *p, const uint8_t *q,
				    const uint8_t *start)
{
	uint64_t diff;

	if (q - start < 8)
		return 0;
	diff = load(p - 8) ^ load(q - 8);
	return diff ? (unsigned)__builtin_clzll(diff) / 8 : 8;
}

/* A number's code, how many bits follow it (from bit 8 on), and these (from 16
 * on). */
#define NUMBER(code, nr_bits, bits) \
	((uint32_t)(code) | (nr_bits) << 8 | (uint32_t)(bits) << 16)

/* RFC 8878, section 3.1.1.3.2.1.1. For the numbers with codes of their own, for
 * 2, 4 ... 32 that share one, and for 64. */
#define N1(code) NUMBER(code, 0, 0)
#define N2(code) NUMBER(code, 1, 0), NUMBER(code, 1, 1)
#define N4_(code, nr, first) \
	NUMBER(code, nr, first), NUMBER(code, nr, (first) + 1), \
	NUMBER(code, nr, (first) + 2), NUMBER(code, nr, (first) + 3)
#define N8_(code, nr, first) \
	N4_(code, nr, first), N4_(code, nr, (first) + 4)
#define N16_(code, nr, first) \
	N8_(code, nr, first), N8_(code, nr, (first) + 8)
#define N4(code) N4_(code, 2, 0)
#define N8(code) N8_(code, 3, 0)
#define N16(code) N16_(code, 4, 0)
#define N32(code) N16_(code, 5, 0), N16_(code, 5, 16)

static const uint32_t literals_number[64] = {
	N1(0), N1(1), N1(2), N1(3), N1(4), N1(5), N1(6), N1(7), N1(8), N1(9),
	N1(10), N1(11), N1(12), N1(13), N1(14), N1(15), N2(16), N2(17), N2(18),
	N2(19), N4(20), N4(21), N8(22), N8(23), N16(24),
};

static const uint32_t match_number[128] = {
	N1(0), N1(1), N1(2), N1(3), N1(4), N1(5), N1(6), N1(7), N1(8), N1(9),
	N1(10), N1(11), N1(12), N1(13), N1(14), N1(15), N1(16), N1(17), N1(18),
	N1(19), N1(20), N1(21), N1(22), N1(23), N1(24), N1(25), N1(26), N1(27),
	N1(28), N1(29), N1(30), N1(31), N2(32), N2(33), N2(34), N2(35), N4(36),
	N4(37), N8(38), N8(39), N16(40), N16(41), N32(42),
};

/* What a search has found so far. */
struct found {
	struct zstd_sequence *sequence;
	uint8_t *literals;
	const uint8_t *anchor;		/* literals since the last match */
	uint32_t last[3];		/* distances */
	uint32_t (*count)[ZSTD_FSE_SYMBOLS];
};

/* RFC 8878, section 3.1.1.5: without literals before it, a value means one
 * distance further back than else (the last one can't be: its match would have
 * gone on). */
static inline uint32_t offset_value(struct found *found, uint32_t distance,
				    bool literals)
{
	uint32_t value = distance == found->last[0] ? 1 :
			 distance == found->last[1] ? 2 :
			 distance == found->last[2] ? 3 : 4;

	found->last[2] = value > 2 ? found->last[1] : found->last[2];
	found->last[1] = value > 1 ? found->last[0] : found->last[1];
	found->last[0] = distance;
	return value > 3 ? distance + 3 : value - !literals;
}

/* VALUE's in TABLE[NR]; beyond it each power of two has a code. */
static inline uint32_t number_of(const uint32_t *table, uint32_t nr,
				 uint32_t value)
{
	unsigned high, code;

	if (__builtin_expect(value < nr, 1))
		return table[value];
	high = zstd_high_bit(value);
	code = (table[nr - 1] & 0xff) + 1 + high - zstd_high_bit(nr);
	return NUMBER(code, high, value - (1u << high));
}

static inline void add_codes(struct found *found, uint32_t literals,
			     uint32_t offset, uint32_t match)
{
	uint32_t l = number_of(literals_number, 64, literals);
	uint32_t m = number_of(match_number, 128, match);
	uint32_t o = zstd_high_bit(offset);
	unsigned l_nr = l >> 8 & 0xff, m_nr = m >> 8 & 0xff;

	found->sequence->bits = (uint64_t)(offset - (1u << o)) <<
				(l_nr + m_nr) |
				(uint64_t)(m >> 16) << l_nr | l >> 16;
	found->sequence->codes = (l & 0xffff) + (m & 0xff00) +
				 ((m & 0xff) << 16) + o * 0x1000100;
	found->sequence++;
	found->count[ZSTD_LITERALS][l & 0xff]++;
	found->count[ZSTD_OFFSET][o]++;
	found->count[ZSTD_MATCH][m & 0xff]++;
}

/* The LEN bytes at P are what lies DISTANCE before them. */
static inline void add(struct found *found, const uint8_t *p,
		       const uint8_t *end, uint32_t distance, size_t len)
{
	size_t nr = (size_t)(p - found->anchor);

	if (__builtin_expect(nr <= 32 && end - found->anchor >= 32, 1))
		memcpy(found->literals, found->anchor, 32);
	else
		memcpy(found->literals, found->anchor, nr);
	found->literals += nr;
	add_codes(found, (uint32_t)nr, offset_value(found, distance, nr),
		  (uint32_t)len - 3);
	found->anchor = p + len;
}

/* Whether this is a page of many literals, where a match is mostly text. */
static inline bool is_dense(const struct found *found, const uint8_t *literals,
			    size_t at)
{
	return (size_t)(found->literals - literals) * 2 > at;
}

/* A match reaches back to what lies between the places looked at. Inline: each
 * manner is built by itself, or shifts by what is not constant take 4 %. */
static inline __attribute__((always_inline))
void find(const uint8_t *start, const uint8_t *end, uint16_t *table,
	  const struct manner *manner, struct found *ret)
{
	struct found in_registers = *ret, *found = &in_registers;
	const uint8_t *p = start + 1, *limit = end - 8 - STEP;
	unsigned step = STEP;
	uint32_t last = 1;		/* that may go on here */

	/* all say: the first byte, which is a place like any other */
	memset(table, 0, sizeof(*table) << manner->log);
	while (p < limit) {
		uint32_t at = (uint32_t)(p - start), distance, before;
		uint64_t bytes = load(p);
		unsigned h = hash(bytes, manner);
		size_t len, back;

		if (manner->adapts && step == STEP &&
		    is_at(p + STEP - found->last[0], load(p + STEP), 4)) {
			p += STEP;
			distance = found->last[0];
			goto match;
		}
		before = at - table[h];
		table[h] = (uint16_t)at;
		if (is_at(p - last, bytes, 4)) {
			distance = last;
			goto match;
		}
		if (is_at(p - before, bytes, manner->nr_equal)) {
			distance = before;
			goto match;
		}
		/* the next place as well: its loads need not wait */
		p += step;
		bytes = load(p);
		h = hash(bytes, manner);
		before = at + step - table[h];
		table[h] = (uint16_t)(at + step);
		if (is_at(p - found->last[0], bytes, 4)) {
			distance = found->last[0];
		} else if (is_at(p - before, bytes, manner->nr_equal)) {
			distance = before;
		} else {
			p += step + ((size_t)(p - found->anchor) >> SKIP_SHIFT);
			last = found->last[0];
			continue;
		}
match:
		back = equal_len_back(p, p - distance, start);
		back = min_u64(back, (uint64_t)(p - found->anchor));
		len = equal_len(p, p - distance, end);
		add(found, p - back, end, distance, len + back);
		p += len;
		if (p >= limit)		/* nor is there so much to load */
			break;
		if (manner->adapts)
			step = is_dense(found, ret->literals,
					(size_t)(p - start)) ? 1 : STEP;
		table[hash(load(p - 2), manner)] = (uint16_t)(p - 2 - start);
		/* the last one ended here: only the one before it can go on */
		last = found->last[1] <= (uint32_t)(p - start) ?
		       found->last[1] : found->last[0];
	}
	*ret = in_registers;
}

void zstd_match_find(struct zstd_match *match, bool fast, const void *src,
		     size_t len)
{
	const uint8_t *start = src, *end = start + len;
	struct found found = {
		match->sequences, match->literals, start,
		{ 1, 4, 8 },		/* RFC 8878, section 3.1.1.5 */
		match->count,
	};
	size_t rest;

	memset(match->count, 0, sizeof(match->count));
	if (len > SMALL_LEN && fast)
		find(start, end, match->table, &large_page_fast, &found);
	else if (len > SMALL_LEN)
		find(start, end, match->table, &large_page, &found);
	else if (fast)
		find(start, end, match->table, &small_page_fast, &found);
	else
		find(start, end, match->table, &small_page, &found);
	rest = (size_t)(end - found.anchor);
	memcpy(found.literals, found.anchor, rest);
	match->nr = (unsigned)(found.sequence - match->sequences);
	match->nr_literals = (size_t)(found.literals - match->literals) + rest;
	/* each sequence stands for ZSTD_MATCH_MIN bytes at least, and a literal
	 * for itself: so neither array can have been too small */
	assert(ZSTD_MATCH_MIN * match->nr + match->nr_literals <= len);
}
