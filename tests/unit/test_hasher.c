/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hasher's thread finds is what sha256.h finds, of bytes that come in pieces
 * of any size, for one sum and then another; without its thread, too. */
#include <stdlib.h>
#include <string.h>

#include "../../src/sink/hasher.h"
#include "unit.h"

#define BYTES (1u << 20)

static void check(struct hasher *hasher, const uint8_t *bytes)
{
	struct sha256 sums[2], want;
	char have[SHA256_TEXT], text[SHA256_TEXT];

	for (unsigned i = 0; i < 2; i++) {
		size_t at = i, n = 1;

		sha256_init(&sums[i]);
		for (; at < BYTES; at += n, n = n * 3 + 1) {
			if (n > BYTES - at)
				n = BYTES - at;
			hasher_add(hasher, &sums[i], bytes + at, n);
		}
	}
	hasher_wait(hasher);
	hasher_wait(hasher);		/* for nothing */
	for (unsigned i = 0; i < 2; i++) {
		sha256_init(&want);
		sha256_add(&want, bytes + i, BYTES - i);
		sha256_end(&want, text);
		sha256_end(&sums[i], have);
		CHECK(!strcmp(have, text));
	}
}

/* Bytes that change after hasher_wait() are hashed as they were. */
static void check_wait(struct hasher *hasher, uint8_t *bytes)
{
	struct sha256 sha, want;
	char have[SHA256_TEXT], text[SHA256_TEXT];

	sha256_init(&sha);
	sha256_init(&want);
	for (unsigned i = 0; i < 50; i++) {
		memset(bytes, (int)i, BYTES / 16);
		sha256_add(&want, bytes, BYTES / 16);
		hasher_add(hasher, &sha, bytes, BYTES / 16);
		hasher_wait(hasher);
	}
	sha256_end(&want, text);
	sha256_end(&sha, have);
	CHECK(!strcmp(have, text));
}

int main(void)
{
	struct hasher hasher, none = { .started = false };
	uint8_t *bytes = malloc(BYTES);

	if (!bytes)
		return 1;
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	hasher_init(&hasher);
	printf("with a thread: %d\n", hasher.started);
	check(&hasher, bytes);
	check(&none, bytes);
	check_wait(&hasher, bytes);
	check_wait(&none, bytes);
	hasher_deinit(&hasher);
	hasher_deinit(&none);
	free(bytes);
	return unit_end();
}
