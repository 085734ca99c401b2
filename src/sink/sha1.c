/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-1: see sha1.h. Names are those of FIPS 180-4, 6.1. */
#include "sha1.h"

#include <string.h>

#include "../base/bytes.h"
#include "curl.h"

#define BLOCK 64u

static uint32_t rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

struct words {
	uint32_t a, b, c, d, e;
};

/* A step: F of b, c and d, with its constant and the word. */
static inline void step(struct words *h, uint32_t f, uint32_t w)
{
	uint32_t next = rotl(h->a, 5) + f + h->e + w;

	h->e = h->d;
	h->d = h->c;
	h->c = rotl(h->b, 30);
	h->b = h->a;
	h->a = next;
}

static void block_add(uint32_t sum[5], const uint8_t *p)
{
	struct words h = { sum[0], sum[1], sum[2], sum[3], sum[4] };
	uint32_t w[80];
	unsigned t;

	for (t = 0; t < 16; t++)
		w[t] = get_u32(p + 4 * t, true);
	for (; t < 80; t++)
		w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (t = 0; t < 20; t++)
		step(&h, (h.d ^ (h.b & (h.c ^ h.d))) + 0x5a827999u, w[t]);
	for (; t < 40; t++)
		step(&h, (h.b ^ h.c ^ h.d) + 0x6ed9eba1u, w[t]);
	for (; t < 60; t++)
		step(&h, ((h.b & h.c) | (h.d & (h.b | h.c))) + 0x8f1bbcdcu,
		     w[t]);
	for (; t < 80; t++)
		step(&h, (h.b ^ h.c ^ h.d) + 0xca62c1d6u, w[t]);
	sum[0] += h.a;
	sum[1] += h.b;
	sum[2] += h.c;
	sum[3] += h.d;
	sum[4] += h.e;
}

void sha1(const void *buf, size_t len, uint8_t digest[SHA1_LEN])
{
	uint32_t h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u,
			  0xc3d2e1f0u };
	uint8_t end[2 * BLOCK] = { 0 };
	const uint8_t *p = buf;
	size_t left = len, nr;
	sha1_function *library = curl_find_sha1();

	if (library && library(buf, len, digest))
		return;
	for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
		block_add(h, p);
	if (left)
		memcpy(end, p, left);
	end[left] = 0x80;
	nr = left < BLOCK - 8 ? 1 : 2;
	put_u64(end + nr * BLOCK - 8, (uint64_t)len * 8, true);
	for (size_t i = 0; i < nr; i++)
		block_add(h, end + i * BLOCK);
	for (unsigned i = 0; i < 5; i++)
		put_u32(digest + 4 * i, h[i], true);
}
