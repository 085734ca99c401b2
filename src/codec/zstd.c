/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zstd: each page is one frame with its content size, no dictionary and no
 * checksum. Level 1 by default, as makedumpfile has it; one context serves all
 * pages.
 */
#include "codec.h"

#ifdef HAVE_ZSTD
#include <stdlib.h>
#include <zstd.h>

struct zstd {
	struct codec codec;
	ZSTD_CCtx *compress;
	ZSTD_DCtx *decompress;
};

static void zstd_destroy(struct codec *codec)
{
	struct zstd *zstd = (struct zstd *)codec;

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

static struct error *zstd_create(int level, struct codec **ret)
{
	struct zstd *zstd = calloc(1, sizeof(*zstd));
	size_t rc;

	if (!zstd)
		return error_nomem();
	zstd->codec.ops = &codec_zstd;
	zstd->compress = ZSTD_createCCtx();
	zstd->decompress = ZSTD_createDCtx();
	if (!zstd->compress || !zstd->decompress) {
		zstd_destroy(&zstd->codec);
		return error_nomem();
	}
	rc = ZSTD_CCtx_setParameter(zstd->compress, ZSTD_c_compressionLevel,
				    level);
	if (ZSTD_isError(rc)) {
		zstd_destroy(&zstd->codec);
		return error_create(ERROR_UNSUPPORTED, "libzstd %s: %s",
				    ZSTD_versionString(),
				    ZSTD_getErrorName(rc));
	}
	if (!zstd_warm_up(zstd)) {
		zstd_destroy(&zstd->codec);
		return error_nomem();
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
	.level_min = -50,
	.level_max = 19,
	.level_default = 1,
	.library = "libzstd",
#ifdef HAVE_ZSTD
	.version = zstd_version,
	.create = zstd_create,
	.destroy = zstd_destroy,
	.pack = zstd_pack,
	.unpack = zstd_unpack,
#endif
};
