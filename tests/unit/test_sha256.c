/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 by the examples of FIPS 180-2 and of NIST's CAVP (SHA256ShortMsg.rsp), and
 * whatever the pieces it comes in. */
#include <dlfcn.h>
#include <string.h>

#include "../../src/sink/sha256.h"
#include "unit.h"

static const struct {
	const char *text;
	const char *hash;
} known[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "\xd3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
	{ "\x11\xaf", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98" },
};

static void check_known(void)
{
	char text[SHA256_TEXT];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct sha256 sha;

		sha256_init(&sha);
		sha256_add(&sha, known[i].text, strlen(known[i].text));
		sha256_end(&sha, text);
		CHECK(!strcmp(text, known[i].hash));
	}
}

/* A million times "a", in pieces of 1 to 200 bytes. */
static void check_pieces(void)
{
	char text[SHA256_TEXT], piece[200];
	struct sha256 sha;
	size_t left = 1000000, n = 1;

	memset(piece, 'a', sizeof(piece));
	sha256_init(&sha);
	while (left) {
		n = n % sizeof(piece) + 1;
		if (n > left)
			n = left;
		sha256_add(&sha, piece, n);
		left -= n;
	}
	sha256_end(&sha, text);
	CHECK(!strcmp(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

int main(void)
{
	struct sha256 sha;
	bool there;

	sha256_init(&sha);
	CHECK(!sha.library.init);	/* nothing is loaded */
	check_known();
	check_pieces();
	there = dlopen("libcrypto.so.3", RTLD_NOW) ||
		dlopen("libcrypto.so.1.1", RTLD_NOW);
	sha256_init(&sha);
	CHECK(!sha.library.init || there);
	printf("with OpenSSL: %d\n", sha.library.init != NULL);
	check_known();
	check_pieces();
	return unit_end();
}
