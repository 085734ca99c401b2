/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our zstd encoder: the input is a script of which a page is made
 * (tests/zstd/made_page.h), or the page itself. Packed both ways into any room,
 * decoded by libzstd and by the second decoder. One encoder serves all pages of
 * the run; now and then a new one must give the same.
 */
#include "../zstd/both.h"

#include "../zstd/made_page.h"
#include "fuzz.h"

/* The large ones take their time. */
static const uint32_t lens[] = {
	4096, 512, 65536, 4096, 513, 512, 8193, 4096, 1024, 2048, 512, 4097,
	777, 4096, 16384, 600,
};

static void check(const char *why)
{
	if (!why)
		return;
	fprintf(stderr, "fuzz_zstd: %s\n", why);
	abort();
}

/* Room for a page's frame: mostly all that there may be. */
static size_t room(struct fuzz_source *source, size_t len)
{
	unsigned kind = fuzz_u8(source);
	size_t cap = fuzz_u16(source);

	return kind < 128 ? len - 1 : kind < 192 ? cap % len :
	       kind < 224 ? cap % 64 : len - 1 - cap % 64;
}

static void new_encoder(bool fast, const uint8_t *page, size_t len, size_t cap,
			const uint8_t *frame, size_t size)
{
	struct zstd_page *encoder;
	uint8_t *again = malloc(cap ? cap : 1);

	FUZZ_CHECK(fuzz_ok(zstd_page_create(&encoder)));
	FUZZ_CHECK(zstd_page_pack(encoder, fast, page, len, again, cap) ==
		   size);
	FUZZ_CHECK(!memcmp(again, frame, size));
	zstd_page_destroy(encoder);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct zstd_page *encoder;
	struct fuzz_source source = { bytes, len };
	unsigned kind = fuzz_u8(&source);
	size_t page_len = lens[kind % 16], cap = room(&source, page_len);
	uint8_t *page, *frame = malloc(cap ? cap : 1);
	size_t size;

	if (!encoder)
		FUZZ_CHECK(fuzz_ok(zstd_page_create(&encoder)));
	if (kind & 128)		/* any other length */
		page_len = 512 + fuzz_u16(&source) % 4096;
	if (cap >= page_len)
		cap = page_len - 1;
	/* of exactly that size: a byte before or behind it is an error */
	page = malloc(page_len);
	if (kind & 64) {
		memset(page, 0, page_len);
		memcpy(page, source.bytes, source.len < page_len ? source.len :
		       page_len);
	} else {
		made_page(source.bytes, source.len, page, page_len);
	}
	for (unsigned fast = 0; fast < 2; fast++) {
		check(both_pack(encoder, fast, page, page_len, cap, frame,
				&size, NULL));
		if (len % 16 == 0)
			new_encoder(fast, page, page_len, cap, frame, size);
	}
	free(page);
	free(frame);
	return 0;
}
