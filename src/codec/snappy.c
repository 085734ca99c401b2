/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snappy: the raw format (no framing), which readers hand to
 * snappy_uncompress().
 */
#include "codec.h"

#ifdef HAVE_SNAPPY
#include <stdlib.h>
#include <string.h>
#include <snappy-c.h>

struct snappy {
	struct codec codec;
	size_t size;		/* of out: the library insists on its bound */
	char out[];
};

static struct error *snappy_create(int level, struct codec **ret)
{
	size_t size = snappy_max_compressed_length(CODEC_LEN_MAX);
	struct snappy *snappy = malloc(sizeof(*snappy) + size);

	(void)level;
	if (!snappy)
		return error_nomem();
	snappy->codec.ops = &codec_snappy;
	snappy->size = size;
	*ret = &snappy->codec;
	return NULL;
}

static void snappy_destroy(struct codec *codec)
{
	free(codec);
}

static size_t snappy_pack(struct codec *codec, const void *src, size_t len,
			  void *dst, size_t cap)
{
	struct snappy *snappy = (struct snappy *)codec;
	size_t out_len = snappy->size;

	if (len > CODEC_LEN_MAX ||
	    snappy_compress(src, len, snappy->out, &out_len) != SNAPPY_OK ||
	    out_len > cap)
		return 0;
	memcpy(dst, snappy->out, out_len);
	return out_len;
}

static bool snappy_unpack(struct codec *codec, const void *src,
			  size_t src_len, void *dst, size_t len)
{
	size_t out_len;

	(void)codec;
	return snappy_uncompressed_length(src, src_len, &out_len) ==
	       SNAPPY_OK && out_len == len &&
	       snappy_uncompress(src, src_len, dst, &out_len) == SNAPPY_OK &&
	       out_len == len;
}

/* The C interface has no version. */
static const char *snappy_version(void)
{
	return NULL;
}
#endif

const struct codec_ops codec_snappy = {
	.name = "snappy",
	.letter = 'p',
	.flag = 0x4,
	.library = "libsnappy",
#ifdef HAVE_SNAPPY
	.version = snappy_version,
	.create = snappy_create,
	.destroy = snappy_destroy,
	.pack = snappy_pack,
	.unpack = snappy_unpack,
#endif
};
