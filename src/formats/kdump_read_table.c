/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmaps, page descriptors and page contents of a dump, in pieces. */
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../codec/codec.h"
#include "kdump_read_impl.h"
#include "writer.h"

static uint64_t bitmap_offset(const struct kdump_header *h,
			      enum kdump_bitmap bitmap)
{
	return h->bitmap + (bitmap == BITMAP_PRESENT ? 0 : h->bitmap_len);
}

/* Clears the bits of unit UNIT that are another part's. */
static void keep_own(const struct kdump_header *h, uint64_t unit, uint8_t *buf)
{
	uint64_t base = unit * BITMAP_UNIT_FRAMES;

	if (h->start <= base && h->end >= base + BITMAP_UNIT_FRAMES)
		return;
	for (unsigned i = 0; i < BITMAP_UNIT_FRAMES; i++)
		if (base + i < h->start || base + i >= h->end)
			buf[i / 8] &= (uint8_t)~(1u << i % 8);
}

struct error *kdump_bitmap_read(const struct image *image,
				enum kdump_bitmap bitmap, uint64_t unit,
				uint8_t *buf)
{
	const struct kdump *kdump = image->impl;
	const struct kdump_header *h = &kdump->header;
	uint64_t start = unit * BITMAP_UNIT;
	uint64_t left = h->nr_frames - unit * BITMAP_UNIT_FRAMES;
	size_t len = (size_t)min_u64((left + 7) / 8, BITMAP_UNIT);

	memset(buf, 0, BITMAP_UNIT);
	TRY(image_file_read_exact(&image->file, buf, len,
				  bitmap_offset(h, bitmap) + start));
	if (left < BITMAP_UNIT_FRAMES && left % 8)
		buf[left / 8] &= (uint8_t)((1u << left % 8) - 1);
	if (h->split && bitmap == BITMAP_KEPT)
		keep_own(h, unit, buf);
	return NULL;
}

uint64_t kdump_bitmap_skip(const struct image *image,
			   enum kdump_bitmap bitmap, uint64_t unit)
{
	const struct kdump *kdump = image->impl;
	uint64_t start = bitmap_offset(&kdump->header, bitmap);
	uint64_t nr = kdump_nr_units(kdump);
	uint64_t at = image_file_next(&image->file, start + unit * BITMAP_UNIT);

	return min_u64((at - start) / BITMAP_UNIT, nr);
}

uint64_t kdump_count_bits(const uint8_t *buf, uint64_t nr)
{
	uint64_t count = 0, i;

	for (i = 0; i + 64 <= nr; i += 64)
		count += count_bits(get_u64(buf + i / 8, false));
	for (; i < nr; i++)
		count += buf[i / 8] >> i % 8 & 1;
	return count;
}

uint64_t kdump_descs_skip(const struct image *image, uint64_t index)
{
	const struct kdump *kdump = image->impl;
	const struct kdump_header *h = &kdump->header;
	uint64_t at = image_file_next(&image->file,
				      h->table + index * KDUMP_D_LEN);

	return at == UINT64_MAX ? h->nr_kept : (at - h->table) / KDUMP_D_LEN;
}

/* Of a descriptor that a cut-off stream has in part nothing is left. */
static void drop_parts(const struct image *image, uint64_t first, size_t nr,
		       uint8_t *buf)
{
	const struct kdump *kdump = image->impl;
	uint64_t table = kdump->header.table;

	for (size_t i = 0; image->file.cut_off && i < nr; i++)
		if (!image_file_has(&image->file,
				    table + (first + i) * KDUMP_D_LEN,
				    KDUMP_D_LEN))
			memset(buf + i * KDUMP_D_LEN, 0, KDUMP_D_LEN);
}

struct error *kdump_descs_read(const struct image *image, uint64_t first,
			       size_t nr, uint8_t *buf,
			       struct kdump_desc *descs, size_t *ret)
{
	const struct kdump *kdump = image->impl;
	const struct kdump_header *h = &kdump->header;
	bool big = h->big_endian;
	size_t len;

	*ret = 0;
	if (first >= h->nr_kept)
		return NULL;
	nr = (size_t)min_u64(nr, h->nr_kept - first);
	TRY(image_file_read(&image->file, buf, nr * KDUMP_D_LEN,
			    h->table + first * KDUMP_D_LEN, &len));
	*ret = len / KDUMP_D_LEN;
	drop_parts(image, first, *ret, buf);
	for (size_t i = 0; i < *ret; i++) {
		const uint8_t *p = buf + i * KDUMP_D_LEN;

		descs[i] = (struct kdump_desc){
			.offset = get_u64(p + KDUMP_D_OFFSET, big),
			.size = get_u32(p + KDUMP_D_SIZE, big),
			.flags = get_u32(p + KDUMP_D_FLAGS, big),
			.page_flags = get_u64(p + KDUMP_D_PAGE_FLAGS, big),
		};
	}
	return NULL;
}

#define MAX_CODECS 8

struct kdump_unpacker {
	const struct image *image;
	struct codec *codecs[MAX_CODECS];	/* created when needed */
	uint8_t *packed;			/* block_size bytes */
};

struct error *kdump_unpacker_create(const struct image *image,
				    struct kdump_unpacker **ret)
{
	struct kdump_unpacker *unpacker = calloc(1, sizeof(*unpacker));

	if (unpacker)
		unpacker->packed =
			malloc(kdump_image_header(image)->block_size);
	if (!unpacker || !unpacker->packed) {
		free(unpacker);
		return error_nomem();
	}
	unpacker->image = image;
	*ret = unpacker;
	return NULL;
}

void kdump_unpacker_use(struct kdump_unpacker *unpacker,
			const struct image *image)
{
	unpacker->image = image;
}

const uint8_t *kdump_unpacker_packed(const struct kdump_unpacker *unpacker)
{
	return unpacker->packed;
}

void kdump_unpacker_destroy(struct kdump_unpacker *unpacker)
{
	if (!unpacker)
		return;
	for (unsigned i = 0; i < MAX_CODECS; i++)
		codec_destroy(unpacker->codecs[i]);
	free(unpacker->packed);
	free(unpacker);
}

/* The codec of a descriptor's flags, made if there is none yet. */
static const char *find_codec(struct kdump_unpacker *unpacker, uint32_t flags,
			      struct codec **ret)
{
	const struct codec_ops *ops = codec_by_flag(flags);
	struct error *err;

	if (!ops)
		return "its flags name no codec that is known";
	if (!ops->create)
		return "its codec is not built in";
	for (unsigned i = 0; i < MAX_CODECS; i++) {
		if (!unpacker->codecs[i]) {
			err = codec_create(ops, CODEC_LEVEL_DEFAULT, &unpacker->codecs[i]);
			if (err) {
				error_destroy(err);
				unpacker->codecs[i] = NULL;
				return "its codec could not be started";
			}
		}
		*ret = unpacker->codecs[i];
		if ((*ret)->ops == ops)
			return NULL;
	}
	return "it has one codec too many";
}

const char *kdump_unpack(struct kdump_unpacker *unpacker,
			 const struct kdump_desc *desc, void *page)
{
	uint32_t block_size = kdump_image_header(unpacker->image)->block_size;
	const struct image_file *file = &unpacker->image->file;
	struct codec *codec = NULL;
	struct error *err;
	const char *why;

	if (desc->size > block_size)
		return "its contents are longer than a page";
	if (!desc->flags && desc->size != block_size)
		return "it is stored raw, but shorter than a page";
	if (desc->flags) {
		why = find_codec(unpacker, desc->flags, &codec);
		if (why)
			return why;
	}
	if (!image_file_has(file, desc->offset, desc->size))
		return "its contents are not in the file";
	err = image_file_read_exact(file, codec ? unpacker->packed : page,
				    desc->size, desc->offset);
	if (err) {
		error_destroy(err);
		return "its contents can't be read (or lie beyond the end of the file)";
	}
	if (codec && !codec->ops->unpack(codec, unpacker->packed, desc->size,
					 page, block_size))
		return "its contents don't decode to a page";
	return NULL;
}

bool kdump_page_unreadable(const void *page, size_t len)
{
	const size_t text_len = strlen(UNREADABLE_TEXT);
	const char *p = page;

	/* equal to itself one text later, and the text comes first */
	return len >= text_len && !memcmp(p, UNREADABLE_TEXT, text_len) &&
	       !memcmp(p, p + text_len, len - text_len);
}
