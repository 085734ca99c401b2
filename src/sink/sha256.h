/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 (FIPS 180-4), of what goes to a server: OpenSSL's where libcurl has brought
 * it along, which knows the CPU's instructions for it, else our own. */
#ifndef CAPDUMP_SINK_SHA256_H
#define CAPDUMP_SINK_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32
#define SHA256_TEXT 65		/* hexadecimal, and a 0 */

/* OpenSSL's functions (openssl/sha.h: SHA256_Init() and so on, with a SHA256_CTX of
 * 112 bytes), which return 1; NULL: not there. */
struct sha256_library {
	int (*init)(void *context);
	int (*update)(void *context, const void *buf, size_t len);
	int (*final)(unsigned char *digest, void *context);
};

struct sha256 {
	struct sha256_library library;
	uint64_t context[32];
	uint32_t state[8];
	uint64_t len;		/* bytes so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *buf, size_t len);
void sha256_end(struct sha256 *sha, char text[SHA256_TEXT]);

/* The same, as it is hashed by others. */
void sha256_digest(struct sha256 *sha, uint8_t digest[SHA256_LEN]);
void sha256_print(const uint8_t digest[SHA256_LEN], char text[SHA256_TEXT]);

#endif
