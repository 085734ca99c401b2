/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compressors that are wrong: linked into the program with --wrap=. Of every
 * third page or so they pack another page, which differs in one bit, so that
 * nothing but the contents tells. Which page that is depends on its contents
 * only: dumps stay the same for every number of threads.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <snappy-c.h>
#include <zstd.h>

#include "../../src/codec/zstd_page.h"

size_t __real_zstd_page_pack(struct zstd_page *page, bool fast,
			     const void *src, size_t len, void *dst,
			     size_t cap);
size_t __wrap_zstd_page_pack(struct zstd_page *page, bool fast,
			     const void *src, size_t len, void *dst,
			     size_t cap);
size_t __real_ZSTD_compress2(ZSTD_CCtx *zstd, void *dst, size_t cap,
			     const void *src, size_t len);
size_t __wrap_ZSTD_compress2(ZSTD_CCtx *zstd, void *dst, size_t cap,
			     const void *src, size_t len);
snappy_status __real_snappy_compress(const char *src, size_t len, char *dst,
				     size_t *dst_len);
snappy_status __wrap_snappy_compress(const char *src, size_t len, char *dst,
				     size_t *dst_len);

/* What is packed in place of SRC, allocated; NULL: nothing is. */
static void *other_page(const void *src, size_t len)
{
	const uint8_t *bytes = src;
	uint8_t *other;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + bytes[i];
	if (len < 512 || sum % 3)
		return NULL;
	other = malloc(len);
	if (!other)
		abort();
	memcpy(other, src, len);
	other[sum % len] ^= 1;
	return other;
}

size_t __wrap_zstd_page_pack(struct zstd_page *page, bool fast,
			     const void *src, size_t len, void *dst,
			     size_t cap)
{
	void *other = other_page(src, len);
	size_t size = __real_zstd_page_pack(page, fast, other ? other : src,
					    len, dst, cap);

	free(other);
	return size;
}

size_t __wrap_ZSTD_compress2(ZSTD_CCtx *zstd, void *dst, size_t cap,
			     const void *src, size_t len)
{
	void *other = other_page(src, len);
	size_t rc = __real_ZSTD_compress2(zstd, dst, cap, other ? other : src,
					  len);

	free(other);
	return rc;
}

snappy_status __wrap_snappy_compress(const char *src, size_t len, char *dst,
				     size_t *dst_len)
{
	void *other = other_page(src, len);
	snappy_status rc = __real_snappy_compress(other ? other : src, len,
						  dst, dst_len);

	free(other);
	return rc;
}
