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

#include "zstd_fse.h"

#define HASH_BYTES 5u		/* that must be equal, but for chance */
#define SKIP_SHIFT 5		/* so many bytes without match: longer steps */
#define SMALL_LEN 8192u		/* pages up to it: the small table */
#define SMALL_LOG 12u

static inline uint64_t load(const uint8_t *p)
{
	return get_u64(p, false);
}

static inline unsigned hash(uint64_t bytes, unsigned log)
{
	return (unsigned)((bytes << (64 - 8 * HASH_BYTES)) *
			  0x9e3779b185ebca87ull >> (64 - log));
}

/* Whether the first NR of 8 bytes are equal. */
static inline bool equal(uint64_t a, uint64_t b, unsigned nr)
{
	return !((a ^ b) << (64 - 8 * nr));
}

/* How many bytes from P and from Q on are equal; P ends at END, behind which
 * there is slack. Q < P. */
static inline size_t equal_len(const uint8_t *p, const uint8_t *q,
			       const uint8_t *end)
{
	size_t left = (size_t)(end - p), len;

	for (len = 0; len < left; len += 8) {
		uint64_t diff = load(p + len) ^ load(q + len);

		if (diff) {
			len += (unsigned)__builtin_ctzll(diff) / 8;
			break;
		}
	}
	return len < left ? len : left;
}

/* How many bytes before P and Q are equal, 8 at most. There is slack. */
static inline size_t equal_len_back(const uint8_t *p, const uint8_t *q)
{
	uint64_t diff = load(p - 8) ^ load(q - 8);

	return diff ? (unsigned)__builtin_clzll(diff) / 8 : 8;
}

/* What a search has found so far. */
struct found {
	struct zstd_sequence *sequence;
	uint8_t *literals;
	uint8_t *anchor;		/* literals since the last match */
	uint32_t last[3];		/* distances */
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

/* The LEN bytes at P are what lies DISTANCE before them. */
static inline void add(struct found *found, uint8_t *p, uint32_t distance,
		       size_t len)
{
	size_t nr = (size_t)(p - found->anchor);

	memcpy(found->literals, found->anchor, 32);	/* most are few */
	if (__builtin_expect(nr > 32, 0))
		memcpy(found->literals + 32, found->anchor + 32, nr - 32);
	found->literals += nr;
	*found->sequence++ = (struct zstd_sequence){
		.literals = (uint16_t)nr,
		.match = (uint16_t)(len - 3),
		.offset = offset_value(found, distance, nr),
	};
	found->anchor = p + len;
}

/* Looks at every STEPth place, a match reaches back to what lies between. */
static inline void find(uint8_t *start, uint8_t *end, uint16_t *table,
			unsigned log, unsigned step, struct found *found)
{
	uint8_t *p = start + 1, *limit = end - 8 - step;
	uint32_t last = 1;		/* that may go on here */

	while (p < limit) {
		uint32_t at = (uint32_t)(p - start), distance, before;
		uint64_t bytes = load(p);
		unsigned h = hash(bytes, log);
		size_t len, back;

		before = at - table[h];
		table[h] = (uint16_t)at;
		if (equal(bytes, load(p - last), 4)) {
			distance = last;
			goto match;
		}
		if (equal(bytes, load(p - before), HASH_BYTES)) {
			distance = before;
			goto match;
		}
		/* the next place as well: its loads need not wait */
		p += step;
		bytes = load(p);
		h = hash(bytes, log);
		before = at + step - table[h];
		table[h] = (uint16_t)(at + step);
		if (equal(bytes, load(p - found->last[0]), 4)) {
			distance = found->last[0];
		} else if (equal(bytes, load(p - before), HASH_BYTES)) {
			distance = before;
		} else {
			p += step + ((size_t)(p - found->anchor) >> SKIP_SHIFT);
			last = found->last[0];
			continue;
		}
match:
		back = equal_len_back(p, p - distance);
		back = min_u64(back, (uint64_t)(p - found->anchor));
		back = min_u64(back, (uint64_t)(p - start) - distance);
		len = equal_len(p, p - distance, end);
		add(found, p - back, distance, len + back);
		p += len;
		table[hash(load(p - 2), log)] = (uint16_t)(p - 2 - start);
		/* the last one ended here: only the one before it can go on */
		last = found->last[1] <= (uint32_t)(p - start) ?
		       found->last[1] : found->last[0];
	}
}

void zstd_match_find(struct zstd_match *match, bool fast, const void *src,
		     size_t len)
{
	uint8_t *start = match->page + ZSTD_PAGE_SLACK, *end = start + len;
	unsigned log = len > SMALL_LEN ? ZSTD_MATCH_LOG : SMALL_LOG;
	struct found found = {
		match->sequences, match->literals, start,
		{ 1, 4, 8 },		/* RFC 8878, section 3.1.1.5 */
	};
	size_t rest;

	memcpy(start, src, len);
	/* all say: the first byte, which is a place like any other */
	memset(match->table, 0, sizeof(*match->table) << log);
	if (fast)
		find(start, end, match->table, log, 1, &found);
	else
		find(start, end, match->table, log, 2, &found);
	rest = (size_t)(end - found.anchor);
	memcpy(found.literals, found.anchor, rest);
	match->nr = (unsigned)(found.sequence - match->sequences);
	match->nr_literals = (size_t)(found.literals - match->literals) + rest;
}
