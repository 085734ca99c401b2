/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base64.h"

#include <stdint.h>

char *base64_print(const void *bytes, size_t len, char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *from = bytes;

	for (size_t i = 0; i < len; i += 3) {
		unsigned nr = len - i < 3 ? (unsigned)(len - i) : 3, bits = 0;

		for (unsigned k = 0; k < 3; k++)
			bits = bits << 8 | (k < nr ? from[i + k] : 0u);
		for (unsigned k = 0; k < 4; k++)
			*text++ = k > nr ? '=' :
				  digits[bits >> (18 - 6 * k) & 63];
	}
	*text = '\0';
	return text;
}
