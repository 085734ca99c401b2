/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 (FIPS 180-4), of what goes to a server. */
#ifndef CAPDUMP_SINK_SHA256_H
#define CAPDUMP_SINK_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_TEXT 65		/* hexadecimal, and a 0 */

struct sha256 {
	uint32_t state[8];
	uint64_t len;		/* bytes so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *buf, size_t len);
void sha256_end(struct sha256 *sha, char text[SHA256_TEXT]);

#endif
