/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zlib codec by zlib, for a build without libdeflate: each page is a zlib
 * stream (RFC 1950), which readers hand to uncompress(). Level 1 by default, as
 * makedumpfile has it (Z_BEST_SPEED). compress2() sets up 256 KiB for every
 * call; here one state serves all pages.
 */
#include "codec.h"

#ifndef HAVE_LIBDEFLATE
#ifdef HAVE_ZLIB
#include <stdlib.h>
#include <zlib.h>

struct zlib {
	struct codec codec;
	z_stream deflate, inflate;
};

/* compress2()'s. Less memory means a shorter hash table to clear for each
 * page, but more blocks a page: 4 to 7 were slower and their output larger. */
#define ZLIB_MEM_LEVEL 8

static void zlib_destroy(struct codec *codec)
{
	struct zlib *zlib = (struct zlib *)codec;

	deflateEnd(&zlib->deflate);
	inflateEnd(&zlib->inflate);
	free(zlib);
}

static struct error *zlib_create(int level, struct codec **ret)
{
	struct zlib *zlib = calloc(1, sizeof(*zlib));
	int rc;

	if (!zlib)
		return error_nomem();
	zlib->codec.ops = &codec_zlib;
	rc = deflateInit2(&zlib->deflate, level, Z_DEFLATED, MAX_WBITS,
			  ZLIB_MEM_LEVEL, Z_DEFAULT_STRATEGY);
	if (rc == Z_OK)
		rc = inflateInit(&zlib->inflate);
	if (rc != Z_OK) {
		zlib_destroy(&zlib->codec);
		return rc == Z_MEM_ERROR ? error_nomem() :
		       error_create(ERROR_UNSUPPORTED, "zlib %s: error %d",
				    zlibVersion(), rc);
	}
	*ret = &zlib->codec;
	return NULL;
}

static size_t zlib_pack(struct codec *codec, const void *src, size_t len,
			void *dst, size_t cap)
{
	z_stream *z = &((struct zlib *)codec)->deflate;

	if (len > CODEC_LEN_MAX || deflateReset(z) != Z_OK)
		return 0;
	z->next_in = (Bytef *)src;
	z->avail_in = len;
	z->next_out = dst;
	z->avail_out = cap < len ? cap : len;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? z->total_out : 0;
}

static bool zlib_unpack(struct codec *codec, const void *src, size_t src_len,
			void *dst, size_t len)
{
	z_stream *z = &((struct zlib *)codec)->inflate;

	if (len > CODEC_LEN_MAX || src_len > UINT32_MAX ||
	    inflateReset(z) != Z_OK)
		return false;
	z->next_in = (Bytef *)src;
	z->avail_in = src_len;
	z->next_out = dst;
	z->avail_out = len;
	return inflate(z, Z_FINISH) == Z_STREAM_END && z->total_out == len;
}
#endif

const struct codec_ops codec_zlib = {
	.name = "zlib",
	.letter = 'c',
	.flag = 0x1,
	.level_min = 1,
	.level_max = 9,
	.level_default = 1,
	.library = "zlib",
#ifdef HAVE_ZLIB
	.version = zlibVersion,
	.create = zlib_create,
	.destroy = zlib_destroy,
	.pack = zlib_pack,
	.unpack = zlib_unpack,
#endif
};
#endif
