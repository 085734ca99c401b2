/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Codecs: every page comes back, never more than CAP bytes are written, the
 * same page gives the same bytes, and broken input is refused.
 */
#include "../../src/codec/codec.h"

#include <limits.h>

#include "unit.h"

#define GUARD 0x5a

static uint64_t rng = 88172645463325252u;

static uint64_t next(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

/* Pages as memory has them: zero, words, text, noise, mixtures. */
static void fill(uint8_t *page, size_t len, unsigned kind)
{
	memset(page, 0, len);
	switch (kind % 5) {
	case 1:
		for (size_t i = 0; i < len; i += 64)
			page[i] = next();
		break;
	case 2:
		for (size_t i = 0; i + 6 <= len; i += 6)
			memcpy(page + i, &"one   two   three four  five  "
			       [next() % 5 * 6], 6);
		break;
	case 3:
		for (size_t i = 0; i < len; i++)
			page[i] = next();
		break;
	case 4:
		for (size_t i = 0; i + 8 <= len; i += 8) {
			uint64_t v = 0xffff888000000000u + next() % 4096 * 64;

			memcpy(page + i, &v, 8);
		}
		break;
	}
}

static void round_trip(struct codec *codec, size_t len)
{
	const struct codec_ops *ops = codec->ops;
	uint8_t *page = malloc(len), *back = malloc(len + 1);
	uint8_t *out = malloc(len + 64), *again = malloc(len);

	for (unsigned kind = 0; kind < 40; kind++) {
		size_t size, cap = len - 1;

		fill(page, len, kind);
		if (kind >= 20)		/* a tight limit now and then */
			cap = next() % len;
		memset(out, GUARD, len + 64);
		size = ops->pack(codec, page, len, out, cap);
		CHECK(size <= cap);
		for (size_t i = cap; i < len + 64; i++)
			if (out[i] != GUARD) {
				CHECK(!"wrote beyond the limit");
				break;
			}
		if (kind < 20 && kind % 5 != 3)
			CHECK(size > 0);
		if (kind % 5 == 3)
			CHECK(size == 0);
		if (!size)
			continue;
		CHECK(ops->pack(codec, page, len, again, cap) == size &&
		      !memcmp(out, again, size));
		back[len] = GUARD;
		CHECK(ops->unpack(codec, out, size, back, len) &&
		      !memcmp(page, back, len) && back[len] == GUARD);
		CHECK(!ops->unpack(codec, out, size, back, len - 1));
		CHECK(!ops->unpack(codec, out, size - 1, back, len));
		CHECK(!ops->unpack(codec, out, 0, back, len));
	}
	free(page);
	free(back);
	free(out);
	free(again);
}

/* Nothing but true or false may come of it (sanitizers watch the rest). */
static void mutate(struct codec *codec)
{
	uint8_t page[4096], out[4096], bad[4096], back[4097];
	size_t size;

	fill(page, sizeof(page), 2);
	size = codec->ops->pack(codec, page, sizeof(page), out, 4095);
	if (!CHECK(size > 0))
		return;
	back[4096] = GUARD;
	for (unsigned i = 0; i < 5000; i++) {
		memcpy(bad, out, size);
		for (unsigned n = next() % 4 + 1; n; n--)
			bad[next() % size] = next();
		codec->ops->unpack(codec, bad, next() % size + 1, back, 4096);
	}
	CHECK(back[4096] == GUARD);
	CHECK(codec->ops->unpack(codec, out, size, back, 4096));
}

/* A second codec gives the bytes of the first, whatever the first packed
 * before: no state is carried from page to page. */
static void stateless(const struct codec_ops *ops, int level)
{
	struct codec *a, *b;
	uint8_t page[4096], other[4096], x[4096], y[4096];
	size_t n;

	CHECK_OK(codec_create(ops, level, &a));
	CHECK_OK(codec_create(ops, level, &b));
	for (unsigned i = 0; i < 20; i++) {
		fill(other, sizeof(other), i + 1);
		fill(page, sizeof(page), i);
		ops->pack(a, other, sizeof(other), x, 4095);
		n = ops->pack(a, page, sizeof(page), x, 4095);
		CHECK(ops->pack(b, page, sizeof(page), y, 4095) == n);
		CHECK(!memcmp(x, y, n));
	}
	codec_destroy(a);
	codec_destroy(b);
}

/* Codecs that lie: the check finds each, and asks nothing of a raw page. */
static size_t lie_size;
static bool lie_unpacks, lie_differs;

static size_t lie_pack(struct codec *codec, const void *src, size_t len,
		       void *dst, size_t cap)
{
	(void)codec, (void)src, (void)len, (void)cap;
	memset(dst, 1, lie_size);
	return lie_size;
}

static bool lie_unpack(struct codec *codec, const void *src, size_t src_len,
		       void *dst, size_t len)
{
	(void)codec, (void)src;
	CHECK(src_len == lie_size && lie_size);
	memset(dst, 7, len);
	if (lie_differs)
		((uint8_t *)dst)[len - 1] = 8;
	return lie_unpacks;
}

static void checked(void)
{
	static const struct codec_ops ops = { .pack = lie_pack,
					      .unpack = lie_unpack };
	struct codec codec = { &ops };
	uint8_t page[4096], out[4096], scratch[4096];
	bool wrong = false;

	memset(page, 7, sizeof(page));
	lie_size = 0;
	CHECK(!codec_pack_checked(&codec, page, 4096, out, 4095, scratch,
				  &wrong) && !wrong);
	lie_size = 100;
	lie_unpacks = true;
	CHECK(codec_pack_checked(&codec, page, 4096, out, 4095, scratch,
				 &wrong) == 100 && !wrong);
	lie_differs = true;
	CHECK(!codec_pack_checked(&codec, page, 4096, out, 4095, scratch,
				  &wrong) && wrong);
	lie_differs = wrong = false;
	lie_unpacks = false;
	CHECK(!codec_pack_checked(&codec, page, 4096, out, 4095, scratch,
				  &wrong) && wrong);
	/* it stays told */
	lie_unpacks = true;
	CHECK(codec_pack_checked(&codec, page, 4096, out, 4095, scratch,
				 &wrong) == 100 && wrong);
}

static void one_codec(const struct codec_ops *ops)
{
	struct codec *codec;

	CHECK(codec_by_name(ops->name) == ops);
	CHECK(codec_by_letter(ops->letter) == ops);
	CHECK(codec_by_flag(ops->flag) == ops);
	if (!ops->create) {
		CHECK(!ops->pack && !ops->unpack && !ops->version);
		CHECK_ERROR(codec_create(ops, CODEC_LEVEL_DEFAULT, &codec), ops->library);
		return;
	}
	CHECK_ERROR(codec_create(ops, 1000, &codec), "level");
	CHECK_OK(codec_create(ops, CODEC_LEVEL_DEFAULT, &codec));
	round_trip(codec, 4096);
	round_trip(codec, 16384);
	round_trip(codec, CODEC_LEN_MAX);
	mutate(codec);
	codec_destroy(codec);
	stateless(ops, CODEC_LEVEL_DEFAULT);
	for (int level = ops->level_min; level < ops->level_max; level += 3) {
		CHECK_OK(codec_create(ops, level, &codec));
		round_trip(codec, 4096);
		codec_destroy(codec);
		stateless(ops, level);
	}
	if (!ops->has_fast) {
		CHECK_ERROR(codec_create(ops, CODEC_LEVEL_FAST, &codec),
			    "level");
		return;
	}
	CHECK_OK(codec_create(ops, CODEC_LEVEL_FAST, &codec));
	round_trip(codec, 4096);
	round_trip(codec, CODEC_LEN_MAX);
	mutate(codec);
	codec_destroy(codec);
	stateless(ops, CODEC_LEVEL_FAST);
}

int main(void)
{
	for (unsigned i = 0; codecs[i]; i++)
		one_codec(codecs[i]);
	CHECK(!codec_by_name("lz4"));
	CHECK(!codec_by_letter(0));
	CHECK(!codec_by_flag(8));
	checked();
	codec_destroy(NULL);
	return unit_end();
}
