/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zstd: each page is one frame with its content size, no dictionary and no
 * checksum. Packed by our own encoder (zstd_page.h), or at a level by libzstd;
 * one context serves all pages. Unpacked by libzstd.
 */
#include "codec.h"

#ifdef HAVE_ZSTD
#include <stdlib.h>
#include <zstd.h>

#include "zstd_page.h"

struct zstd {
	struct codec codec;
	struct zstd_page *page;		/* our own encoder, or */
	ZSTD_CCtx *compress;		/* libzstd's; the other is NULL */
	ZSTD_DCtx *decompress;
	bool fast;			/* of our own */
};

static void zstd_destroy(struct codec *codec)
{
	struct zstd *zstd = (struct zstd *)codec;

	zstd_page_destroy(zstd->page);
	ZSTD_freeCCtx(zstd->compress);
	ZSTD_freeDCtx(zstd->decompress);
	free(zstd);
}

/* The library allocates its tables with the first page; now is better. */
static bool zstd_warm_up(struct zstd *zstd)
{
	static const char page[4096];
	char out[sizeof(page)];
	size_t rc = ZSTD_compress2(zstd->compress, out, sizeof(out), page,
				   sizeof(page));

	return !ZSTD_isError(rc);
}

static struct error *zstd_library_create(struct zstd *zstd, int level)
{
	size_t rc;

	zstd->compress = ZSTD_createCCtx();
	if (!zstd->compress)
		return error_nomem();
	rc = ZSTD_CCtx_setParameter(zstd->compress, ZSTD_c_compressionLevel,
				    level);
	if (ZSTD_isError(rc))
		return error_create(ERROR_UNSUPPORTED, "libzstd %s: %s",
				    ZSTD_versionString(),
				    ZSTD_getErrorName(rc));
	return zstd_warm_up(zstd) ? NULL : error_nomem();
}

static struct error *zstd_create(int level, struct codec **ret)
{
	struct zstd *zstd = calloc(1, sizeof(*zstd));
	struct error *err;

	if (!zstd)
		return error_nomem();
	zstd->codec.ops = &codec_zstd;
	zstd->fast = level == CODEC_LEVEL_FAST;
	if (level == CODEC_LEVEL_DEFAULT || zstd->fast)
		err = zstd_page_create(&zstd->page);
	else
		err = zstd_library_create(zstd, level);
	zstd->decompress = ZSTD_createDCtx();
	if (!err && !zstd->decompress)
		err = error_nomem();
	if (err) {
		zstd_destroy(&zstd->codec);
		return err;
	}
	*ret = &zstd->codec;
	return NULL;
}

static size_t zstd_pack(struct codec *codec, const void *src, size_t len,
			void *dst, size_t cap)
{
	struct zstd *zstd = (struct zstd *)codec;
	size_t rc;

	if (len > CODEC_LEN_MAX)
		return 0;
	if (zstd->page)
		return zstd_page_pack(zstd->page, zstd->fast, src, len, dst,
				      cap);
	rc = ZSTD_compress2(zstd->compress, dst, cap < len ? cap : len, src,
			    len);
	return ZSTD_isError(rc) ? 0 : rc;
}

static bool zstd_unpack(struct codec *codec, const void *src, size_t src_len,
			void *dst, size_t len)
{
	struct zstd *zstd = (struct zstd *)codec;

	/* ZSTD_decompressDCtx() would take several frames in a row; crash
	 * takes them too, but a dump has one. */
	return ZSTD_findFrameCompressedSize(src, src_len) == src_len &&
	       ZSTD_decompressDCtx(zstd->decompress, dst, len, src, src_len)
	       == len;
}

static const char *zstd_version(void)
{
	return ZSTD_versionString();
}
#endif

const struct codec_ops codec_zstd = {
	.name = "zstd",
	.letter = 'z',
	.flag = 0x20,
	.level_min = 1,
	.level_max = 19,
	.level_default = CODEC_LEVEL_DEFAULT,
	.has_fast = true,
	.library = "libzstd",
#ifdef HAVE_ZSTD
	.version = zstd_version,
	.create = zstd_create,
	.destroy = zstd_destroy,
	.pack = zstd_pack,
	.unpack = zstd_unpack,
#endif
};
