/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the frames of a fixed set of made pages to standard output, each
 * behind its length: built for two kinds of machines, both must write the same.
 * usage: frames [PAGES]
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../src/base/bytes.h"
#include "../../src/codec/zstd_page.h"
#include "made_page.h"

static const uint32_t lens[] = { 4096, 512, 4096, 777, 8192, 4096, 65536, 4097 };

static bool write_frame(const uint8_t *frame, size_t size)
{
	uint8_t head[4];

	put_u32(head, (uint32_t)size, false);
	return fwrite(head, sizeof(head), 1, stdout) == 1 &&
	       fwrite(frame, 1, size, stdout) == size;
}

int main(int argc, char **argv)
{
	static uint8_t page[65536], frame[65536], script[300];
	uint64_t rng = 88172645463325252u;
	unsigned nr = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;
	struct zstd_page *encoder;

	if (zstd_page_create(&encoder))
		return 1;
	for (unsigned n = 0; n < nr; n++) {
		size_t len = lens[n % 8];

		for (size_t i = 0; i < sizeof(script); i++)
			script[i] = (uint8_t)(made_random(&rng) >> 40);
		made_page(script, made_random(&rng) % sizeof(script), page,
			  len);
		for (unsigned fast = 0; fast < 2; fast++) {
			size_t size = zstd_page_pack(encoder, fast, page, len,
						     frame, len - 1);

			if (!write_frame(frame, size))
				return 1;
		}
	}
	zstd_page_destroy(encoder);
	return fclose(stdout) != 0;
}
