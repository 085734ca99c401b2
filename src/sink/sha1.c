/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-1: see sha1.h. Names are those of FIPS 180-4, 6.1. */
#include "sha1.h"

#include <string.h>

#include "../base/bytes.h"

#define BLOCK 64u

static uint32_t rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* The function and the constant of step T. */
static uint32_t f(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999u;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1u;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
	return (b ^ c ^ d) + 0xca62c1d6u;
}

static void block_add(uint32_t h[5], const uint8_t *p)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], next;

	for (unsigned t = 0; t < 16; t++)
		w[t] = get_u32(p + 4 * t, true);
	for (unsigned t = 16; t < 80; t++)
		w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (unsigned t = 0; t < 80; t++) {
		next = rotl(a, 5) + f(t, b, c, d) + e + w[t];
		e = d;
		d = c;
		c = rotl(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sha1(const void *buf, size_t len, uint8_t digest[SHA1_LEN])
{
	uint32_t h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u,
			  0xc3d2e1f0u };
	uint8_t end[2 * BLOCK] = { 0 };
	const uint8_t *p = buf;
	size_t left = len, nr;

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
