/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of codecs, and finding one in it by name, option letter or flag.
 */
#include "codec.h"

#include <string.h>

const struct codec_ops *const codecs[] = {
	&codec_zlib, &codec_lzo, &codec_snappy, &codec_zstd, NULL,
};

const struct codec_ops *codec_by_name(const char *name)
{
	for (unsigned i = 0; codecs[i]; i++)
		if (!strcmp(codecs[i]->name, name))
			return codecs[i];
	return NULL;
}

const struct codec_ops *codec_by_letter(char letter)
{
	for (unsigned i = 0; letter && codecs[i]; i++)
		if (codecs[i]->letter == letter)
			return codecs[i];
	return NULL;
}

const struct codec_ops *codec_by_flag(uint32_t flag)
{
	for (unsigned i = 0; codecs[i]; i++)
		if (codecs[i]->flag == flag)
			return codecs[i];
	return NULL;
}

struct error *codec_create(const struct codec_ops *ops, int level,
			   struct codec **ret)
{
	if (!ops->create)
		return error_create(ERROR_UNSUPPORTED,
				    "%s: this capdump was built without %s",
				    ops->name, ops->library);
	if (level == CODEC_LEVEL_DEFAULT)
		return ops->create(ops->level_default, ret);
	if (level == CODEC_LEVEL_FAST && ops->has_fast)
		return ops->create(level, ret);
	if (ops->level_min == ops->level_max)
		return error_create(ERROR_USAGE, "%s has no levels", ops->name);
	if (level < ops->level_min || level > ops->level_max)
		return error_create(ERROR_USAGE,
				    "%s has levels %d to %d, not %d", ops->name,
				    ops->level_min, ops->level_max, level);
	return ops->create(level, ret);
}

size_t codec_pack_checked(struct codec *codec, const void *src, size_t len,
			  void *dst, size_t cap, void *scratch, bool *wrong)
{
	size_t size = codec->ops->pack(codec, src, len, dst, cap);

	if (!size || (codec->ops->unpack(codec, dst, size, scratch, len) &&
		      !memcmp(src, scratch, len)))
		return size;
	*wrong = true;
	return 0;
}

void codec_destroy(struct codec *codec)
{
	if (codec)
		codec->ops->destroy(codec);
}
