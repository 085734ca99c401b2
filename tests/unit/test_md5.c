/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MD5 by RFC 1321's test suite (A.5), and whatever the pieces it comes in. */
#include <string.h>

#include "../../src/sink/md5.h"
#include "unit.h"

static const struct {
	const char *text;
	const char *hash;
} known[] = {
	{ "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ "a", "0cc175b9c0f1b6a831c399e269772661" },
	{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
	{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	  "57edf4a22be3c955ac49da2e2107b67a" },
};

int main(void)
{
	char text[MD5_TEXT];
	struct md5 md5;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t len = strlen(known[i].text);

		for (size_t cut = 0; cut <= len; cut++) {
			md5_init(&md5);
			md5_add(&md5, known[i].text, cut);
			md5_add(&md5, known[i].text + cut, len - cut);
			md5_end(&md5, text);
			CHECK(!strcmp(text, known[i].hash));
		}
	}
	return unit_end();
}
