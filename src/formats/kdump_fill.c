/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared blocks: see kdump_fill.h. A direct-mapped table of words; the same
 * pages in the same order share the same blocks on every host. */
#include "kdump_fill.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "writer.h"

struct kdump_fill {
	struct codec *codec;	/* NULL: raw */
	uint32_t len;		/* of a page */
	uint8_t *page, *packed, *unpacked;	/* LEN bytes each */
	struct kdump_fill_state state;
};

struct error *kdump_fill_create(const struct codec_ops *ops, int level,
				uint32_t len, struct kdump_fill **ret)
{
	struct kdump_fill *fill = calloc(1, sizeof(*fill));
	struct error *err = NULL;

	if (!fill)
		return error_nomem();
	fill->len = len;
	fill->page = malloc(len);
	fill->packed = malloc(len);
	fill->unpacked = malloc(len);
	if (!fill->page || !fill->packed || !fill->unpacked)
		err = error_nomem();
	if (!err && ops)
		err = codec_create(ops, level, &fill->codec);
	if (err) {
		kdump_fill_destroy(fill);
		return err;
	}
	*ret = fill;
	return NULL;
}

void kdump_fill_destroy(struct kdump_fill *fill)
{
	if (!fill)
		return;
	codec_destroy(fill->codec);
	free(fill->page);
	free(fill->packed);
	free(fill->unpacked);
	free(fill);
}

struct kdump_desc *kdump_fill_find(struct kdump_fill *fill, uint64_t word)
{
	unsigned i = 0;

	if (word)
		i = 1 + (unsigned)((word * 0x9e3779b97f4a7c15u >> 32) %
				   (KDUMP_FILL_SLOTS - 1));
	if (fill->state.slots[i].word != word) {
		fill->state.slots[i].word = word;
		fill->state.slots[i].desc = (struct kdump_desc){ 0 };
	}
	return &fill->state.slots[i].desc;
}

struct kdump_desc *kdump_fill_unreadable(struct kdump_fill *fill)
{
	return &fill->state.unreadable;
}

const uint8_t *kdump_fill_pack(struct kdump_fill *fill,
			       struct kdump_desc *desc, uint64_t word,
			       bool *wrong)
{
	struct codec *codec = fill->codec;

	desc->size = fill->len;
	desc->flags = 0;
	if (desc == &fill->state.unreadable) {
		static const char text[] = UNREADABLE_TEXT;

		for (uint32_t i = 0; i < fill->len; i++)
			fill->page[i] = (uint8_t)text[i % (sizeof(text) - 1)];
		return fill->page;	/* raw: no codec needed to see it */
	}
	for (uint32_t i = 0; i < fill->len; i += 8)
		put_u64(fill->page + i, word, false);
	if (codec) {
		size_t size = codec_pack_checked(codec, fill->page, fill->len,
						 fill->packed, fill->len - 1,
						 fill->unpacked, wrong);

		if (size) {
			desc->size = (uint32_t)size;
			desc->flags = codec->ops->flag;
			return fill->packed;
		}
	}
	return fill->page;
}

void kdump_fill_save(const struct kdump_fill *fill,
		     struct kdump_fill_state *ret)
{
	*ret = fill->state;
}

void kdump_fill_restore(struct kdump_fill *fill,
			const struct kdump_fill_state *state)
{
	fill->state = *state;
}
