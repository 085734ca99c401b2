/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FIPS 180-4: 4.1.2, 4.2.2, 5.1.1, 5.3.3, 6.2. */
#include "sha256.h"

#include <stdio.h>
#include <string.h>

#include "../base/bytes.h"
#include "curl.h"

static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t n, unsigned by)
{
	return n >> by | n << (32 - by);
}

static void block_add(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64], a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	for (unsigned t = 0; t < 16; t++)
		w[t] = get_u32(block + t * 4, true);
	for (unsigned t = 16; t < 64; t++) {
		uint32_t x = w[t - 15], y = w[t - 2];

		w[t] = (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10) + w[t - 7] +
		       (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) + w[t - 16];
	}
	for (unsigned t = 0; t < 64; t++) {
		uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^
				   rotate(e, 25)) +
			      ((e & f) ^ (~e & g)) + constants[t] + w[t];
		uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
			      ((a & b) ^ (a & c) ^ (b & c));

		h = g;
		g = f;
		f = e;
		e = d + t1;
		d = c;
		c = b;
		b = a;
		a = t1 + t2;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void sha256_init(struct sha256 *sha)
{
	*sha = (struct sha256){ .state = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	} };
	curl_find_sha256(&sha->library);
	if (sha->library.init && sha->library.init(sha->context) != 1)
		sha->library = (struct sha256_library){ 0 };
}

void sha256_add(struct sha256 *sha, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	if (sha->library.init) {
		sha->library.update(sha->context, buf, len);
		return;
	}
	while (len) {
		size_t held = sha->len % 64;
		size_t n = min_u64(len, 64 - held);

		if (n == 64) {
			block_add(sha->state, from);
		} else {
			memcpy(sha->block + held, from, n);
			if (held + n == 64)
				block_add(sha->state, sha->block);
		}
		sha->len += n;
		from += n;
		len -= n;
	}
}

void sha256_digest(struct sha256 *sha, uint8_t digest[SHA256_LEN])
{
	uint64_t bits = sha->len * 8;
	uint8_t len[8];

	if (sha->library.init) {
		sha->library.final(digest, sha->context);
		return;
	}
	sha256_add(sha, "\x80", 1);
	while (sha->len % 64 != 56)
		sha256_add(sha, "", 1);
	put_u64(len, bits, true);
	sha256_add(sha, len, sizeof(len));
	for (unsigned i = 0; i < 8; i++)
		put_u32(digest + i * 4, sha->state[i], true);
}

void sha256_print(const uint8_t digest[SHA256_LEN], char text[SHA256_TEXT])
{
	for (unsigned i = 0; i < SHA256_LEN; i++)
		snprintf(text + i * 2, 3, "%02x", digest[i]);
}

void sha256_end(struct sha256 *sha, char text[SHA256_TEXT])
{
	uint8_t digest[SHA256_LEN];

	sha256_digest(sha, digest);
	sha256_print(digest, text);
}
