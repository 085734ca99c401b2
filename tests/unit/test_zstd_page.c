/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our zstd encoder, page by page: at the borders of every number that the
 * format has, decoded by libzstd and by the second decoder (tests/zstd), which
 * also tells whether all that the encoder can write was in fact written.
 */
#include "../zstd/both.h"

#include "../zstd/made_page.h"
#include "unit.h"

#define LEN_MAX ZSTD_PAGE_LEN_MAX

static uint64_t rng = 88172645463325252u;
static struct zstd_page *encoder;
static struct rfc_seen seen;		/* in all */
static struct rfc_seen last;		/* in the last page's two frames */
static uint8_t page[LEN_MAX];

static void add_seen(void)
{
	unsigned long *sum = (unsigned long *)&seen;
	const unsigned long *more = (const unsigned long *)&last;

	for (size_t i = 0; i < sizeof(seen) / sizeof(*sum); i++)
		sum[i] += more[i];
}

/* Packs the page both ways, into CAP bytes; the sizes. */
static void pack_into(size_t len, size_t cap, size_t size[2])
{
	uint8_t *exact = malloc(len);	/* a byte beyond it is an error */

	memcpy(exact, page, len);
	memset(&last, 0, sizeof(last));
	for (unsigned fast = 0; fast < 2; fast++) {
		const char *why = both_pack(encoder, fast, exact, len, cap,
					    NULL, &size[fast], &last);

		if (!CHECK(!why))
			fprintf(stderr, "  %zu bytes, cap %zu, fast %u: %s\n",
				len, cap, fast, why);
	}
	free(exact);
	add_seen();
}

/* The same into one byte less than the page. True if both got smaller. */
static bool pack(size_t len)
{
	size_t size[2];

	pack_into(len, len - 1, size);
	return size[0] && size[1];
}

static void noise(size_t at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		page[at + i] = (uint8_t)(made_random(&rng) >> 32);
}

static void make(size_t len)
{
	uint8_t script[256];

	for (size_t i = 0; i < sizeof(script); i++)
		script[i] = (uint8_t)(made_random(&rng) >> 40);
	made_page(script, made_random(&rng) % sizeof(script), page, len);
}

static void lengths(void)
{
	static const size_t lens[] = {
		512, 513, 514, 519, 520, 575, 576, 767, 768, 769, 1023, 1024,
		1025, 4095, 4096, 4097, 8191, 8192, 8193, 16383, 16384, 16385,
		32767, 32768, 32769, 65533, 65534, 65535, 65536,
	};
	static const size_t refused[] = { 0, 1, 255, 256, 511, 65537 };
	size_t size[2];

	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		for (unsigned n = 0; n < 12; n++) {
			make(lens[i]);
			pack(lens[i]);
		}
		memset(page, 0, lens[i]);
		CHECK(pack(lens[i]));
		noise(0, lens[i]);
		CHECK(!pack(lens[i]));
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		uint8_t *big = calloc(1, 65537), out[64];

		for (unsigned fast = 0; fast < 2; fast++) {
			size[fast] = zstd_page_pack(encoder, fast, big,
						    refused[i], out, 64);
			CHECK(!size[fast]);
		}
		free(big);
	}
}

/* Whatever the limit is, it is kept; what fits with room to spare is the same
 * as without a limit. */
static void caps(void)
{
	size_t size[2], full[2];

	for (unsigned n = 0; n < 40; n++) {
		size_t len = n % 4 == 3 ? 8192 : 1024;

		make(len);
		pack_into(len, len - 1, full);
		for (size_t cap = 0; cap < len - 1; cap += n < 4 ? 1 : 37) {
			pack_into(len, cap, size);
			for (unsigned fast = 0; fast < 2; fast++)
				if (full[fast] && cap >= full[fast] + 16)
					CHECK(size[fast] == full[fast]);
		}
	}
}

/* Noise, then what stood DISTANCE before, LEN times; a byte that breaks it; and
 * zeroes. Some of the noise is at the start, so that much of it is forgotten
 * by nobody. */
static size_t one_match(size_t distance, size_t len, size_t zeroes)
{
	size_t at = distance;

	noise(0, distance < 64 ? distance : 64);
	if (distance > 64)
		memset(page + 64, 0, distance - 64);
	for (; at < distance + len; at++)
		page[at] = page[at - distance];
	page[at] = page[at - distance] ^ 0x55;
	at++;
	memset(page + at, 0, zeroes);
	at += zeroes;
	if (at >= 512)
		return at;
	memset(page + at, 0, 512 - at);
	return 512;
}

static void match_lengths(void)
{
	static const unsigned borders[] = {
		4, 5, 8, 16, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83,
		99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65400,
	};

	for (size_t i = 0; i < sizeof(borders) / sizeof(*borders); i++)
		for (int more = -2; more <= 2; more++)
			for (size_t distance = 1; distance < 80; distance += 26)
				CHECK(pack(one_match(distance, borders[i] +
						     (unsigned)(more + 2) - 2,
						     40)));
	/* every length there is, up to some */
	for (unsigned len = 4; len < 300; len++)
		CHECK(pack(one_match(50, len, 300)));
	memset(page, 7, LEN_MAX);
	CHECK(pack(LEN_MAX));
	CHECK(last.codes[RFC_ML][51] == 2 && last.nr_matches == 2);
}

static void distances(void)
{
	for (unsigned shift = 0; shift < 16; shift++) {
		for (int more = -4; more <= 1; more++) {
			int distance = (1 << shift) + more;

			if (distance > 0)
				pack(one_match((size_t)distance, 60, 40));
		}
	}
	for (size_t distance = 65400; distance <= 65475; distance += 5)
		CHECK(pack(one_match(distance, 60, 0)));
	/* code 16: the last bytes are the first, and what is between is much
	 * the same; a match of its own at the very end is not looked for */
	memset(page, 0, LEN_MAX);
	CHECK(pack(LEN_MAX));
}

/* NR literals, a match with the first of them, and again. */
static void literal_lengths(void)
{
	static const unsigned borders[] = {
		1, 2, 8, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256,
		512, 1024, 2048, 4096, 8192, 16384, 32768, 65440,
	};

	for (size_t i = 0; i < sizeof(borders) / sizeof(*borders); i++) {
		for (unsigned nr = borders[i] < 3 ? 1 : borders[i] - 2;
		     nr < borders[i] + 3; nr++) {
			size_t at = nr, end = nr + 90 < 600 ? 600 : nr + 90;

			noise(0, nr);
			for (; at < end; at++)
				page[at] = page[at - (nr < 64 ? nr : 64)];
			pack(end);
			if (nr > 300)
				continue;
			/* the same in the middle, after a match */
			memset(page, 0, 400);
			noise(400, nr);
			memset(page + 400 + nr, 0, 200);
			CHECK(pack(600 + nr));
		}
	}
}

/* Sequences of their own each: NR of them. */
static void sequence_counts(void)
{
	bool had[200] = { false };

	/* thrice, since noise may repeat by chance: a sequence more or less */
	for (unsigned n = 0; n < 3 * 140; n++) {
		unsigned nr = n / 3 + 1;
		size_t at = 64;

		noise(0, 64);
		for (unsigned i = 0; i < nr; i++) {
			noise(at, 3);
			memcpy(page + at + 3, page + 20 + i % 23, 20);
			at += 23;
		}
		at = at < 512 ? 512 : at;
		pack(at);
		had[last.nr_matches / 2 < 200 ? last.nr_matches / 2 : 0] = true;
	}
	for (unsigned nr = 120; nr < 135; nr++)
		CHECK(had[nr]);
}

/* As many sequences as a page can have: 16 bytes of a few kinds in turn. */
static void many_sequences(void)
{
	for (unsigned kinds = 2; kinds < 4000; kinds = kinds * 3 / 2 + 1) {
		size_t unit = 5 + kinds % 3, nr = 8 * kinds;

		nr = nr < LEN_MAX ? nr : LEN_MAX;
		noise(0, nr);
		for (size_t at = nr; at + unit <= LEN_MAX; at += unit) {
			size_t from = made_random(&rng) % (nr - unit);

			memcpy(page + at, page + from, unit);
		}
		pack(LEN_MAX);
	}
}

/* The last distances again, with literals between and without. */
static void repeats(void)
{
	for (unsigned n = 0; n < 400; n++) {
		size_t distance[3], at = 600;

		noise(0, 600);
		for (unsigned i = 0; i < 3; i++)
			distance[i] = 20 + made_random(&rng) % 500;
		while (at < 4000) {
			size_t d = distance[made_random(&rng) % 3];
			size_t len = 5 + made_random(&rng) % 20;
			size_t nr = made_random(&rng) % 3;

			noise(at, nr);
			at += nr;
			for (; len; len--, at++)
				page[at] = page[at - d];
		}
		memset(page + at, 0, 4096 - at);
		pack(4096);
	}
}

/* Each kind of code with one value only, and with few. */
static void one_code(void)
{
	for (unsigned step = 8; step < 40; step++) {
		noise(0, LEN_MAX);
		/* literals, distance and length always the same */
		for (size_t at = 64; at + 32 <= 4096; at += step)
			for (size_t i = 4; i < step; i++)
				page[at + i] = page[at + i - 64 / step * step];
		pack(4096);
		/* equal but for one byte of each record */
		for (size_t at = step; at < 4096; at++)
			page[at] = page[at - step];
		for (size_t at = step / 2; at < 4096; at += step)
			page[at] = (uint8_t)(made_random(&rng) >> 32);
		CHECK(pack(4096));
	}
}

/* Short copies of what stands a few bytes before, until END; returns that. */
static size_t short_copies(size_t at, size_t end)
{
	while (at < end) {
		/* all even: the encoder may look at every second place */
		size_t len = 9 + made_random(&rng) % 2 * 2;
		size_t back = 12 + made_random(&rng) % 20 * 2;

		memcpy(page + at, page + at - back, len);
		at += len;
		page[at++] = (uint8_t)(made_random(&rng) >> 32);
	}
	return at;
}

/* One sequence of large numbers, of a distance that no other has, among so many
 * small ones that the tables are the largest: as many bits at once as there can
 * be. */
static void wide(void)
{
	unsigned nr = 0;

	for (unsigned n = 0; n < 60; n++) {
		size_t at = 64;

		noise(0, at);
		at = short_copies(at, 27000);
		noise(at, 16400);
		at += 16400;
		memset(page + at, 0, 17200);
		at = short_copies(at + 17200, 64500 + n);
		pack(at);
		nr += last.logs[RFC_LL][9] && last.logs[RFC_ML][9] &&
		      last.codes[RFC_LL][33] && last.codes[RFC_ML][50];
	}
	CHECK(nr > 20);
}

/* A used encoder gives what a new one gives, after as many pages as any counter
 * of 16 bits has. */
static void states(void)
{
	uint8_t *out = malloc(LEN_MAX), *fresh_out = malloc(LEN_MAX);
	struct zstd_page *fresh;

	for (unsigned n = 0; n < 70000; n++) {
		size_t len = n % 1000 ? 512 : 4096, size;

		if (n % 16 == 0)
			make(len);
		else
			page[made_random(&rng) % len]++;
		size = zstd_page_pack(encoder, n & 1, page, len, out, len - 1);
		if (n % 100 && n < 65000)
			continue;
		CHECK_OK(zstd_page_create(&fresh));
		CHECK(zstd_page_pack(fresh, n & 1, page, len, fresh_out,
				     len - 1) == size &&
		      !memcmp(out, fresh_out, size));
		zstd_page_destroy(fresh);
	}
	free(out);
	free(fresh_out);
}

static void made(void)
{
	static const size_t lens[] = { 4096, 16384, 65536, 777 };

	for (unsigned n = 0; n < 4000; n++) {
		size_t len = lens[n % 64 ? n % 2 * 3 : n / 64 % 4];

		make(len);
		pack(len);
	}
}

/* Every feature that the encoder can write was seen, or the tests above do not
 * test it. What it never writes is not in the lists. */
static void features(void)
{
	static const char *const names[] = { "LL", "OF", "ML" };
	static const unsigned first[] = { 0, 0, 1 }, end[] = { 35, 16, 52 };

	CHECK(seen.content_size[2] == seen.frames &&
	      seen.blocks[2] == seen.frames);
	CHECK(seen.literals[0][0] && seen.literals[0][1] && seen.literals[0][3]);
	/* format 0 is for less literals than it codes */
	for (unsigned f = 1; f < 4; f++)
		CHECK(seen.literals[2][f]);
	CHECK(seen.nr_sequences[1] && seen.nr_sequences[2]);
	for (unsigned k = 0; k < RFC_NR_KINDS; k++) {
		for (unsigned m = 0; m < 3; m++)
			if (!CHECK(seen.modes[k][m]))
				fprintf(stderr, "  %s mode %u\n", names[k], m);
		for (unsigned log = 6; log <= (k == RFC_OF ? 8 : 9); log++)
			if (!CHECK(seen.logs[k][log]))
				fprintf(stderr, "  %s log %u\n", names[k], log);
		for (unsigned c = first[k]; c < end[k]; c++)
			if (!CHECK(seen.codes[k][c]))
				fprintf(stderr, "  %s code %u\n", names[k], c);
	}
	for (unsigned v = 0; v < 3; v++)
		CHECK(seen.repeats[0][v] && seen.repeats[1][v]);
	CHECK(seen.repeats[0][3]);
	CHECK(seen.overlaps && seen.tail_literals);
	/* libzstd up to 1.3.4 would not read these */
	CHECK(!seen.tiny_tables);
}

int main(void)
{
	CHECK_OK(zstd_page_create(&encoder));
	zstd_page_destroy(NULL);
	lengths();
	caps();
	match_lengths();
	distances();
	literal_lengths();
	sequence_counts();
	many_sequences();
	repeats();
	one_code();
	wide();
	states();
	made();
	features();
	zstd_page_destroy(encoder);
	return unit_end();
}
