/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entropy coders of our zstd encoder by themselves: literals of every
 * count, alphabet and skew, which no page could bring, in a frame of their own;
 * and distributions, described and read back by the second decoder.
 */
#include "../../src/codec/zstd_huf.h"

#include "../zstd/both.h"
#include "../zstd/entropy.h"
#include "../zstd/made_page.h"
#include "unit.h"

#define LEN_MAX 65536u

static uint64_t rng = 88172645463325252u;
static struct zstd_huf huf;
static struct rfc_seen seen;
static uint8_t src[LEN_MAX], out[2 * LEN_MAX];

static uint64_t next(unsigned below)
{
	return (made_random(&rng) >> 20) % below;
}

/* The first LEN bytes of src as a frame without matches. ROOM: for the
 * literals section; returns what it took. */
static size_t frame(bool code, size_t len, size_t room)
{
	uint8_t *section = out + 13, *end;
	uint32_t head;
	const char *why;

	put_u32(out, 0xfd2fb528, false);
	out[4] = 2 << 6;
	out[5] = 7 << 3;	/* a window of 128 KiB: a block may be longer
				 * than the content */
	put_u32(out + 6, (uint32_t)len, false);
	memset(section, 0x5a, room + 64);
	end = zstd_huf_write(&huf, code, src, len, section, section + room);
	for (unsigned i = 0; i < 64; i++)
		if (section[room + i] != 0x5a)
			return CHECK(!"wrote beyond the end");
	if (!end)
		return 0;
	if (!CHECK(end <= section + room))
		return 0;
	*end++ = 0;
	head = (uint32_t)(end - section) << 3 | 2 << 1 | 1;
	for (unsigned i = 0; i < 3; i++)
		out[10 + i] = (uint8_t)(head >> 8 * i);
	why = both_decode(out, (size_t)(end - out), src, len, &seen);
	if (!CHECK(!why))
		fprintf(stderr, "  %zu literals: %s\n", len, why);
	return (size_t)(end - section) - 1;
}

/* Both ways, and with too little room. */
static void literals(size_t len)
{
	size_t raw = frame(false, len, len + 64);
	size_t size = frame(true, len, len + 64);

	CHECK(raw && size && size <= raw);
	if (raw > len + 3)
		CHECK(!"raw literals with a head of more than 3 bytes");
	for (unsigned i = 0; i < 3; i++)
		frame(true, len, next((unsigned)len + 8));
}

/* LEN of NR symbols from FIRST on: the more often the lower, if SKEW. */
static void fill(size_t len, unsigned nr, unsigned first, unsigned skew)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t v = next(nr);

		for (unsigned k = 0; k < skew; k++)
			v = next((unsigned)v + 1);
		src[i] = (uint8_t)(first + v);
	}
}

static void counts(void)
{
	static const unsigned borders[] = {
		4095, 4096, 16383, 16384, 16387, 65535, 65536,
	};
	static const unsigned alphabets[] = { 1, 2, 3, 16, 100, 256 };

	for (unsigned a = 0; a < 6; a++) {
		for (size_t len = 1; len < 1100; len++) {
			fill(len, alphabets[a], a % 2 ? 0 : 90, (unsigned)len %
			     4);
			literals(len);
		}
		for (unsigned i = 0; i < 7; i++) {
			fill(borders[i], alphabets[a], 1, i % 3);
			literals(borders[i]);
		}
	}
}

/* Trees of every depth, up to what 11 bits can not hold any more. */
static void trees(void)
{
	for (unsigned nr = 1; nr <= 256; nr++) {
		for (unsigned skew = 0; skew < 6; skew++) {
			size_t len = 64 + next(5000);

			fill(len, nr, (unsigned)next(257 - nr), skew);
			literals(len);
		}
	}
	for (unsigned nr = 2; nr < 24; nr++) {
		/* each half as often as the one before; and Fibonacci's */
		for (unsigned kind = 0; kind < 2; kind++) {
			size_t len = 0;
			size_t a = 1, b = 1;

			for (unsigned s = 0; s < nr; s++) {
				size_t n = kind ? a : (size_t)1 << s;

				for (; n && len < LEN_MAX; n--)
					src[len++] = (uint8_t)(s * 11);
				b += a;
				a = b - a;
			}
			if (len >= 64)
				literals(len);
		}
	}
	/* one symbol but for one, wherever it stands */
	for (unsigned s = 0; s < 256; s++) {
		memset(src, 129, 4096);
		src[next(4096)] = (uint8_t)s;
		literals(4096);
		src[next(4096)] = (uint8_t)(s * 7);
		literals(1000 + s);
	}
}

/* COUNT as the encoder distributes it, seen by the decoder. */
static void distribution(const uint32_t *count, unsigned nr, uint32_t total,
			 unsigned log)
{
	struct zstd_fse_norm norm;
	struct fse_cells cells;
	uint8_t bytes[128], *end;
	const uint8_t *p = bytes;
	unsigned states[ZSTD_FSE_SYMBOLS] = { 0 };
	const char *why;
	size_t len;

	zstd_fse_norm_make(count, nr, total, log, &norm);
	end = zstd_fse_norm_write(&norm, bytes, bytes + sizeof(bytes));
	if (!CHECK(end && norm.log == log && norm.nr_symbols == nr))
		return;
	len = (size_t)(end - bytes);
	why = fse_describe(&p, &len, 9, nr - 1, &cells, &seen);
	if (!CHECK(!why && !len && cells.log == log)) {
		fprintf(stderr, "  %s, %zu left\n", why ? why : "taken", len);
		return;
	}
	for (unsigned i = 0; i < 1u << log; i++)
		states[cells.cells[i].symbol]++;
	for (unsigned s = 0; s < nr; s++) {
		int want = norm.states[s] < 0 ? 1 : norm.states[s];

		if (!CHECK(states[s] == (unsigned)want &&
			   !states[s] == !count[s]))
			break;
	}
	/* no room: never a byte beyond it */
	for (size_t room = 0; room < (size_t)(end - bytes); room++) {
		uint8_t small[128];

		memset(small, 0x5a, sizeof(small));
		CHECK(!zstd_fse_norm_write(&norm, small, small + room));
		for (size_t i = room; i < sizeof(small); i++)
			if (small[i] != 0x5a) {
				CHECK(!"wrote beyond the end");
				break;
			}
	}
}

static void distributions(void)
{
	for (unsigned n = 0; n < 60000; n++) {
		unsigned nr = (unsigned)next(ZSTD_FSE_SYMBOLS - 1) + 2, used = 0;
		uint32_t count[ZSTD_FSE_SYMBOLS] = { 0 }, total = 0;
		/* all symbols must find a state */
		unsigned log = (unsigned)next(4) + 6, rare = (unsigned)next(5);

		for (unsigned s = 0; s < nr; s++) {
			count[s] = s + 1 < nr && next(5) < rare ? 0 :
				   next(3) ? (uint32_t)next(3) + 1 :
				   (uint32_t)next(n % 2 ? 16000 / nr : 200) + 1;
			total += count[s];
			used += count[s] > 0;
		}
		if (used > 1)
			distribution(count, nr, total, log);
	}
}

static void features(void)
{
	/* format 0 is for less literals than it codes */
	for (unsigned f = 1; f < 4; f++)
		CHECK(seen.literals[2][f]);
	CHECK(seen.literals[0][0] && seen.literals[0][1] && seen.literals[0][3]);
	for (unsigned bits = 1; bits <= 11; bits++)
		if (!CHECK(seen.tree_bits[bits]))
			fprintf(stderr, "  trees of %u bits\n", bits);
	CHECK(seen.zero_runs);
}

int main(void)
{
	zstd_huf_init(&huf);
	counts();
	trees();
	distributions();
	features();
	return unit_end();
}
