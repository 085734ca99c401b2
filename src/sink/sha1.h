/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-1 (FIPS 180-4), which a tus server knows at least: it tells what was damaged on
 * its way, nothing that anybody's safety depends on. OpenSSL's where libcurl has
 * brought it along, else our own. */
#ifndef CAPDUMP_SINK_SHA1_H
#define CAPDUMP_SINK_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_LEN 20

/* OpenSSL's (openssl/sha.h: SHA1()). */
typedef unsigned char *sha1_function(const unsigned char *buf, size_t len,
				     unsigned char *digest);

void sha1(const void *buf, size_t len, uint8_t digest[SHA1_LEN]);

#endif
