/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames judged by both decoders: see both.h. */
#include "both.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define GUARD 0x5a
#define GUARD_LEN 64

const char *both_decode(const void *frame, size_t size, const void *page,
			size_t len, struct rfc_seen *seen)
{
	uint8_t *back = malloc(len + 1);
	size_t back_len = 0;
	const char *why;

	back[len] = GUARD;
	if (ZSTD_findFrameCompressedSize(frame, size) != size)
		why = "libzstd: not one frame";
	else if (ZSTD_getFrameContentSize(frame, size) != len)
		why = "libzstd: another content size";
	else if (ZSTD_decompress(back, len, frame, size) != len)
		why = "libzstd does not decode it";
	else if (memcmp(back, page, len))
		why = "libzstd decodes something else";
	else
		why = rfc8878_decode(frame, size, back, len, &back_len, seen);
	if (!why && (back_len != len || memcmp(back, page, len)))
		why = "the second decoder decodes something else";
	if (!why && back[len] != GUARD)
		why = "a decoder writes beyond the page";
	free(back);
	return why;
}

const char *both_pack(struct zstd_page *encoder, bool fast, const void *page,
		      size_t len, size_t cap, void *frame, size_t *ret_size,
		      struct rfc_seen *seen)
{
	uint8_t *out = malloc(cap + GUARD_LEN), *copy = malloc(len + 1);
	const char *why = NULL;
	size_t size;

	memset(out, GUARD, cap + GUARD_LEN);
	memcpy(copy, page, len);
	size = zstd_page_pack(encoder, fast, page, len, out, cap);
	*ret_size = size;
	if (memcmp(copy, page, len))
		why = "the source was changed";
	for (size_t i = cap; i < cap + GUARD_LEN; i++)
		if (out[i] != GUARD)
			why = "wrote beyond cap";
	if (!why && size > cap)
		why = "longer than cap";
	if (!why && size)
		why = both_decode(out, size, page, len, seen);
	if (frame)
		memcpy(frame, out, cap);
	free(out);
	free(copy);
	return why;
}
