/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MD5 (RFC 1321): what a store's ETag of a part is, mostly. It tells a part that was
 * sent before from another, nothing that anybody's safety depends on. */
#ifndef CAPDUMP_SINK_MD5_H
#define CAPDUMP_SINK_MD5_H

#include <stddef.h>
#include <stdint.h>

#define MD5_TEXT 33		/* hexadecimal, and a 0 */

struct md5 {
	uint32_t state[4];
	uint64_t len;		/* bytes so far */
	uint8_t block[64];
};

void md5_init(struct md5 *md5);
void md5_add(struct md5 *md5, const void *buf, size_t len);
void md5_end(struct md5 *md5, char text[MD5_TEXT]);

#endif
