/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-1 by RFC 3174's test suite (7.3) and OpenSSL's sums, base64 by RFC 4648's
 * vectors (10). */
#include <dlfcn.h>
#include <string.h>

#include "../../src/sink/base64.h"
#include "../../src/sink/sha1.h"
#include "unit.h"

/* Of TEXT, NR times. */
static const struct {
	const char *text;
	size_t nr;
	const char *sum;	/* in base64 */
} known[] = {
	{ "abc", 1, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "hJg+RBw70m66rkqh+VEp5eVGcPE=" },
	{ "a", 1000000, "NKqXPNTE2qT2Husr260nMWU0AW8=" },
	{ "0123456701234567012345670123456701234567012345670123456701234567", 10,
	  "3qNWos3dkMen7O3F67Vjk09GBFI=" },
	{ "x", 0, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=" },
	{ "x", 55, "zvc0uoGgJEeeCetadbbdrmLmq/E=" },
	{ "x", 56, "kBMFNnwlmVL056+DI/SA1Z+BM1s=" },
	{ "x", 64, "uy+j7nr7n1TG37XQIfFLH/5AwWM=" },
};

static const struct {
	const char *text, *base64;
} vectors[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void check_known(void)
{
	static char buf[1000000];
	char text[BASE64_TEXT(SHA1_LEN)];
	uint8_t digest[SHA1_LEN];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t len = strlen(known[i].text);

		for (size_t k = 0; k < known[i].nr; k++)
			memcpy(buf + k * len, known[i].text, len);
		sha1(buf, known[i].nr * len, digest);
		base64_print(digest, sizeof(digest), text);
		CHECK(!strcmp(text, known[i].sum));
	}
}

int main(void)
{
	char text[BASE64_TEXT(8)];

	check_known();
	if (dlopen("libcrypto.so.3", RTLD_NOW) ||
	    dlopen("libcrypto.so.1.1", RTLD_NOW))
		check_known();
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		CHECK(*base64_print(vectors[i].text, strlen(vectors[i].text),
				    text) == '\0');
		CHECK(!strcmp(text, vectors[i].base64));
	}
	return unit_end();
}
