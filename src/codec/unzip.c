/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gzip by libdeflate or zlib, zstd by libzstd: see unzip.h. */
#include "unzip.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

#if defined(HAVE_LIBDEFLATE)
#include <libdeflate.h>
#elif defined(HAVE_ZLIB)
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

#define FIRST_SIZE ((size_t)1 << 20)

/* A whole member or frame into at most CAP bytes. */
enum unzip_result { UNZIP_DONE, UNZIP_BAD, UNZIP_MORE, UNZIP_NOMEM };

typedef enum unzip_result unzip_fn(const uint8_t *src, size_t len,
				   uint8_t *dst, size_t cap, size_t *used,
				   size_t *made);

#if defined(HAVE_LIBDEFLATE)
static enum unzip_result unzip_gzip(const uint8_t *src, size_t len,
				    uint8_t *dst, size_t cap, size_t *used,
				    size_t *made)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result result;

	if (!d)
		return UNZIP_NOMEM;
	result = libdeflate_gzip_decompress_ex(d, src, len, dst, cap, used,
					       made);
	libdeflate_free_decompressor(d);
	return result == LIBDEFLATE_SUCCESS ? UNZIP_DONE :
	       result == LIBDEFLATE_INSUFFICIENT_SPACE ? UNZIP_MORE :
	       UNZIP_BAD;
}
#elif defined(HAVE_ZLIB)
static enum unzip_result unzip_gzip(const uint8_t *src, size_t len,
				    uint8_t *dst, size_t cap, size_t *used,
				    size_t *made)
{
	z_stream z = { .next_in = (uint8_t *)src, .next_out = dst };
	int rc;

	/* both are below 4 GiB: what is asked for is */
	z.avail_in = (unsigned)min_u64(len, UINT32_MAX);
	z.avail_out = (unsigned)min_u64(cap, UINT32_MAX);
	if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK)
		return UNZIP_NOMEM;
	rc = inflate(&z, Z_FINISH);
	*used = z.total_in;
	*made = z.total_out;
	inflateEnd(&z);
	return rc == Z_STREAM_END ? UNZIP_DONE :
	       rc == Z_BUF_ERROR && !z.avail_out ? UNZIP_MORE :
	       rc == Z_MEM_ERROR ? UNZIP_NOMEM : UNZIP_BAD;
}
#else
#define unzip_gzip NULL
#endif

#ifdef HAVE_ZSTD
static enum unzip_result unzip_zstd(const uint8_t *src, size_t len,
				    uint8_t *dst, size_t cap, size_t *used,
				    size_t *made)
{
	/* the frame alone, and all of it: that takes no window */
	size_t frame = ZSTD_findFrameCompressedSize(src, len), result;
	ZSTD_DCtx *d;

	if (ZSTD_isError(frame))
		return UNZIP_BAD;
	d = ZSTD_createDCtx();
	if (!d)
		return UNZIP_NOMEM;
	result = ZSTD_decompressDCtx(d, dst, cap, src, frame);
	ZSTD_freeDCtx(d);
	*used = frame;
	*made = result;
	return !ZSTD_isError(result) ? UNZIP_DONE :
	       ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall ?
	       UNZIP_MORE : UNZIP_BAD;
}
#else
#define unzip_zstd NULL
#endif

struct format {
	const char *name;
	const char *magic;
	unsigned len;
	unzip_fn *unzip;	/* NULL: not in this build */
};

static const struct format formats[] = {
	{ "gzip", "\x1f\x8b", 2, unzip_gzip },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, unzip_zstd },
	{ "xz", "\xfd\x37zXZ", 5, NULL },
	{ "lzma", "\x5d\0\0", 3, NULL },
	{ "bzip2", "BZh", 3, NULL },
	{ "lzo", "\x89LZO", 4, NULL },
	{ "lz4", "\x02\x21\x4c\x18", 4, NULL },
	{ "lz4", "\x04\x22\x4d\x18", 4, NULL },
};

static const struct format *find(const uint8_t *src, size_t len)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (len >= formats[i].len &&
		    !memcmp(src, formats[i].magic, formats[i].len))
			return &formats[i];
	return NULL;
}

const char *unzip_format(const uint8_t *src, size_t len)
{
	const struct format *format = find(src, len);

	return format ? format->name : NULL;
}

struct error *unzip(const uint8_t *src, size_t len, size_t max, uint8_t **ret,
		    size_t *ret_len, size_t *used)
{
	const struct format *format = find(src, len);
	enum unzip_result result;
	size_t cap = FIRST_SIZE;

	*ret = NULL;
	if (!format || !format->unzip)
		return error_create(ERROR_UNSUPPORTED, "%s is not unpacked",
				    format ? format->name : "this");
	/* the size is not told, and anybody could claim one: twice as much
	 * each time, and anew */
	while (cap < max && cap / 4 < len)
		cap *= 2;
	for (;; cap *= 2) {
		if (cap > max)
			cap = max;
		*ret = malloc(cap);
		if (!*ret)
			return error_nomem();
		result = format->unzip(src, len, *ret, cap, used, ret_len);
		if (result == UNZIP_DONE) {
			/* what is packed well is far below the guess */
			uint8_t *less = realloc(*ret, *ret_len ? *ret_len : 1);

			*ret = less ? less : *ret;
			return NULL;
		}
		free(*ret);
		*ret = NULL;
		if (result == UNZIP_NOMEM)
			return error_nomem();
		if (result == UNZIP_BAD)
			return error_create(ERROR_INVALID,
					    "what %s packed is damaged",
					    format->name);
		if (cap == max)
			return error_create(ERROR_INVALID,
					    "unpacked it has more than %zu bytes",
					    max);
	}
}
