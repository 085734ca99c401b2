/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second decoder (tests/zstd): what libzstd packs comes back, at every
 * level; broken frames are refused, and what it takes libzstd takes too.
 */
#include "../zstd/rfc8878.h"

#include <zstd.h>

#include "../zstd/made_page.h"
#include "unit.h"

#define MADE_MAX (300u << 10)

static uint64_t rng = 88172645463325252u;
static struct rfc_seen seen;

static void make(uint8_t *page, size_t len)
{
	uint8_t script[512];

	for (size_t i = 0; i < sizeof(script); i++)
		script[i] = (uint8_t)(made_random(&rng) >> 40);
	made_page(script, made_random(&rng) % sizeof(script), page, len);
}

/* SIZE bytes of OUT are the frame of LEN bytes of PAGE. */
static bool comes_back(const uint8_t *out, size_t size, const uint8_t *page,
		       size_t len)
{
	uint8_t *back = malloc(len ? len : 1);
	size_t back_len = 0;
	const char *why = rfc8878_decode(out, size, back, len, &back_len,
					 &seen);
	bool good = !why && back_len == len && !memcmp(page, back, len);

	if (!good)
		fprintf(stderr, "  %s\n", why ? why : "differs");
	free(back);
	return good;
}

static void levels(size_t len, unsigned nr)
{
	uint8_t *page = malloc(len), *out = malloc(ZSTD_compressBound(len));

	for (unsigned i = 0; i < nr; i++) {
		for (int level = -5; level <= 19; level += len > 65536 ? 4 : 1) {
			make(page, len);
			size_t size = ZSTD_compress(out,
						    ZSTD_compressBound(len),
						    page, len, level);
			CHECK(!ZSTD_isError(size) &&
			      comes_back(out, size, page, len));
		}
	}
	free(page);
	free(out);
}

/* A window smaller than the content, which is not told. */
static void small_window(void)
{
	uint8_t *page = malloc(MADE_MAX), *out = malloc(2 * MADE_MAX);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	for (int level = 1; level < 19; level += 3) {
		make(page, MADE_MAX);
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level);
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 14);
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
		size_t size = ZSTD_compress2(zstd, out, 2 * MADE_MAX, page,
					     MADE_MAX);
		CHECK(!ZSTD_isError(size) &&
		      comes_back(out, size, page, MADE_MAX));
	}
	ZSTD_freeCCtx(zstd);
	free(page);
	free(out);
}

/* What the decoder takes of a broken frame libzstd takes as well, and gives
 * the same for it. */
static void mutations(void)
{
	uint8_t page[4096], out[4300], mine[8192], theirs[8192];
	unsigned long taken = 0, refused = 0;
	unsigned nr = unit_rounds(60000);

	for (unsigned i = 0; i < nr; i++) {
		size_t size, mine_len = 0, len;

		make(page, sizeof(page));
		size = ZSTD_compress(out, sizeof(out), page, sizeof(page),
				     (int)(i % 7) - 1);
		for (unsigned n = i % 3 + 1; n; n--) {
			/* most of what can be wrong stands in front */
			size_t at = made_random(&rng) % (i % 2 ? size : 80);

			out[at % size] ^= 1u << made_random(&rng) % 8;
		}
		if (rfc8878_decode(out, size, mine, sizeof(mine), &mine_len,
				   NULL)) {
			refused++;
			continue;
		}
		len = ZSTD_decompress(theirs, sizeof(theirs), out, size);
		if (!CHECK(len == mine_len && !memcmp(mine, theirs, len)))
			break;
		taken++;
	}
	CHECK(taken > nr / 600 && refused > nr / 6);
}

/* A frame in hexadecimal digits, blanks between them. */
static const char *decode(const char *hex, size_t want)
{
	uint8_t bytes[256], back[1024];
	size_t len = 0, back_len = 0;
	const char *why;
	unsigned byte;
	int used;

	while (sscanf(hex, "%2x %n", &byte, &used) == 1) {
		bytes[len++] = (uint8_t)byte;
		hex += used;
	}
	why = rfc8878_decode(bytes, len, back, sizeof(back), &back_len, NULL);
	if (!why && back_len != want)
		return "another length";
	return why;
}

#define CHECK_REFUSED(hex, text)					\
	({								\
		const char *got = decode(hex, 0);			\
		if (!CHECK(got && strstr(got, text)))			\
			fprintf(stderr, "  got: %s\n", got ? got : "none"); \
	})

#define MAGIC "28 b5 2f fd "
/* one segment of 8 bytes, one compressed block of SIZE (as 3 header bytes) */
#define BLOCK(head) MAGIC "20 08 " head " "

static void refused(void)
{
	CHECK(!decode(MAGIC "20 03 19 00 00 61 62 63", 3));
	CHECK_REFUSED("", "not of zstd");
	CHECK_REFUSED("28 b5 2f fc 20 03 19 00 00 61 62 63", "not of zstd");
	CHECK_REFUSED(MAGIC "30 03 19 00 00 61 62 63", "unused or reserved");
	CHECK_REFUSED(MAGIC "28 03 19 00 00 61 62 63", "unused or reserved");
	CHECK_REFUSED(MAGIC "24 03 19 00 00 61 62 63", "not supported");
	CHECK_REFUSED(MAGIC "21 01 03 19 00 00 61 62 63", "not supported");
	CHECK_REFUSED(MAGIC "20 04 19 00 00 61 62 63", "not as long");
	CHECK_REFUSED(MAGIC "20 02 19 00 00 61 62 63", "too large");
	CHECK_REFUSED(MAGIC "20 03 18 00 00 61 62 63", "cut off");
	CHECK_REFUSED(MAGIC "20 03 19 00 00 61 62 63 64", "bytes after");
	CHECK_REFUSED(MAGIC "20 03 1f 00 00 61 62 63", "reserved type");
	CHECK_REFUSED(MAGIC "a0 03 00 00", "cut off");
	/* 8 raw literals in a block of 10 bytes are too large for the window */
	CHECK_REFUSED(BLOCK("55 00 00") "40 61 62 63 64 65 66 67 68 00",
		      "too large");
	/* literals: 3 of them, no sequences; then a byte more, and one less */
	CHECK(!decode(MAGIC "00 00 2d 00 00 18 61 62 63 00", 3));
	CHECK(!decode(MAGIC "20 05 1d 00 00 29 61 00", 5));
	CHECK_REFUSED(BLOCK("35 00 00") "18 61 62 63 00 00", "bytes after");
	CHECK_REFUSED(BLOCK("1d 00 00") "18 61 62", "cut off");
	CHECK_REFUSED(BLOCK("25 00 00") "18 61 62 63", "cut off");
	CHECK_REFUSED(BLOCK("1d 00 00") "49 61 00", "more than a block");
	/* treeless literals without a tree before */
	CHECK_REFUSED(BLOCK("35 00 00") "13 40 00 ff ff 00", "no tree");
	/* one sequence: reserved bits of the modes, a table of a block before,
	 * a code that there is not, no bit stream, no end mark in it */
	CHECK_REFUSED(BLOCK("3d 00 00") "08 61 01 01 01 01 01",
		      "reserved bits");
	CHECK_REFUSED(BLOCK("3d 00 00") "08 61 01 fc 01 01 01", "no table");
	CHECK_REFUSED(BLOCK("3d 00 00") "08 61 01 54 24 00 00",
		      "that there is not");
	CHECK_REFUSED(BLOCK("45 00 00") "08 61 01 54 01 00 04 00",
		      "without an end mark");
	CHECK_REFUSED(BLOCK("35 00 00") "08 61 01 54 01 00", "cut off");
	/* a literal and 7 bytes at offset 1 (the first repeat); then a bit
	 * that nobody reads; then at offset 4, and no literal left */
	CHECK(!decode(BLOCK("45 00 00") "08 61 01 54 01 00 04 01", 8));
	CHECK_REFUSED(BLOCK("45 00 00") "08 61 01 54 01 00 04 02",
		      "left over");
	CHECK_REFUSED(BLOCK("45 00 00") "08 61 01 54 01 01 04 02",
		      "beyond the window");
	CHECK_REFUSED(BLOCK("45 00 00") "08 61 01 54 02 00 04 01",
		      "more literals");
	CHECK_REFUSED(BLOCK("45 00 00") "08 61 01 54 01 00 05 01",
		      "may hold");
}

/* Frames that zstd's own list of errata gives, by the rules of the format. */
static void errata(void)
{
	/* a truncated state of weights; an offset of 0 */
	CHECK_REFUSED(MAGIC "00 00 55 00 00 72 80 01 04 20 7e 1f 02 aa 00",
		      "weights");
	CHECK_REFUSED(MAGIC "00 00 45 00 00 08 00 02 00 2f 43 0b ae", "");
	CHECK(!decode(MAGIC "20 27 c5 00 00 80 f3 f1 f0 ec eb c6 c5 c7 f0 9d "
		      "43 00 00 00 e0 e0 06 58 01 00 60 3e 52", 39));
}

static void features(void)
{
	static const char *const names[] = { "LL", "OF", "ML" };

	for (unsigned f = 0; f < 4; f++)
		CHECK(seen.literals[0][f] && seen.literals[2][f]);
	CHECK(seen.literals[3][1]);
	CHECK(seen.tree_direct && seen.tree_fse && seen.tree_bits[11]);
	CHECK(seen.blocks[0] && seen.blocks[1] && seen.blocks[2]);
	for (unsigned k = 0; k < RFC_NR_KINDS; k++)
		for (unsigned m = 0; m < 4; m++)
			if (!CHECK(seen.modes[k][m]))
				fprintf(stderr, "  %s mode %u\n", names[k], m);
	for (unsigned i = 0; i < 4; i++)
		CHECK((i == 3 || seen.repeats[1][i]) && seen.repeats[0][i]);
	CHECK(seen.content_size[1] && seen.content_size[2] &&
	      seen.content_size[4] && seen.content_size[0]);
	CHECK(seen.less_than_one && seen.zero_runs && seen.overlaps &&
	      seen.tail_literals);
}

int main(void)
{
	levels(200, unit_rounds(20));
	levels(1000, unit_rounds(20));
	levels(4096, 40);
	levels(65536, 2);
	levels(MADE_MAX, 1);
	small_window();
	refused();
	errata();
	mutations();
	features();
	return unit_end();
}
