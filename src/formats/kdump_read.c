/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kdump-compressed dump as an image. A frame's descriptor is the one at the
 * number of set bits before it in bitmap 2: a sparse index of counts, made
 * once, and one unit of the bitmap a view give that number.
 */
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../codec/codec.h"
#include "kdump_read_impl.h"
#include "kdump_shape.h"

#define CACHED_DESCS 128u

/* A view's own state. All zero at first. */
struct scratch {
	const struct image *part;	/* what unit and descs are of */
	struct kdump_unpacker *unpacker;
	uint8_t *page;			/* the last page read */
	struct kdump_desc desc;		/* its own */
	uint64_t page_pfn_plus_1;	/* 0: none */
	enum page_state page_state;
	uint64_t unit_plus_1;		/* 0: none */
	uint64_t unit_rank;		/* set bits before the unit */
	uint8_t bits[BITMAP_UNIT];	/* of the unit */
	uint64_t counted;		/* of them, a multiple of 64; NR_COUNTED */
	uint64_t nr_counted;		/* are set */
	uint64_t first_desc;
	size_t nr_descs;
	struct kdump_desc descs[CACHED_DESCS];
};

const struct kdump_header *kdump_image_header(const struct image *image)
{
	const struct kdump *kdump = image->impl;

	if (image->ops != &kdump_image_ops)
		return NULL;
	return kdump->parts ? &kdump->whole : &kdump->header;
}

static bool kdump_probe(const uint8_t *head, size_t len)
{
	return len >= KDUMP_H_LEN &&
	       !memcmp(head, KDUMP_SIGNATURE, KDUMP_SIGNATURE_LEN);
}

static struct error *count_run(void *arg, uint64_t first, uint64_t end)
{
	*(uint64_t *)arg += end - first;
	return NULL;
}

/* Counts bitmap 2 and remembers the count at every index_step-th unit. */
static struct error *make_index(struct image *image, struct kdump *kdump)
{
	uint64_t nr = kdump_nr_units(kdump), count = 0, next = 0, i = 0;
	uint8_t buf[BITMAP_UNIT];

	kdump->index_step = (nr + MAX_INDEX - 1) / MAX_INDEX;
	kdump->index = calloc((size_t)(nr / kdump->index_step + 1),
			      sizeof(*kdump->index));
	if (!kdump->index)
		return error_nomem();
	for (uint64_t unit = 0; unit < nr; unit++) {
		unit = kdump_bitmap_skip(image, BITMAP_KEPT, unit);
		for (; next <= unit && next < nr; next += kdump->index_step)
			kdump->index[i++] = count;
		if (unit == nr)
			break;
		TRY(kdump_bitmap_read(image, BITMAP_KEPT, unit, buf));
		count += kdump_count_bits(buf, BITMAP_UNIT_FRAMES);
	}
	kdump->header.nr_kept = count;
	kdump->header.table_len = count * KDUMP_D_LEN;
	return NULL;
}

static struct error *describe(struct image *image, struct kdump *kdump)
{
	const struct kdump_header *h = &kdump->header;

	image->target = (struct target){
		.big_endian = h->big_endian,
		.page_shift = (unsigned)__builtin_ctz(h->block_size),
	};
	image->segments = calloc(1, sizeof(*image->segments));
	image->notes = calloc(1, sizeof(*image->notes));
	if (!image->segments || !image->notes)
		return error_nomem();
	image->nr_segments = 1;
	image->segments[0].paddr = h->first_pfn << image->target.page_shift;
	image->segments[0].memsz = h->nr_frames << image->target.page_shift;
	image->segments[0].filesz = image->segments[0].memsz;
	if (h->note_len) {
		image->nr_notes = 1;
		image->notes[0] = (struct note_extent){ h->note_offset,
							h->note_len };
	} else {	/* version 3 has the text alone */
		image->vmcoreinfo = (struct note_extent){
			h->vmcoreinfo_offset, h->vmcoreinfo_len };
	}
	TRY(kdump_machine_find(image, h, &image->target.elf_machine));
	/* a head may be wider than the machine */
	image->target.word_size =
		image->target.elf_machine == EM_386 ||
		image->target.elf_machine == EM_ARM ? 4 :
		(uint8_t)h->shape->word;
	return NULL;
}

static void warn_codec(const struct image *image, uint32_t status,
		       struct log *log)
{
	for (size_t i = 0; codecs[i]; i++)
		if (status & codecs[i]->flag && !codecs[i]->create)
			log_warn(log,
				 "%s: is compressed with %s, which is not built in: no such page can be read",
				 image->path, codecs[i]->name);
}

static struct error *kdump_open(struct image *image, struct log *log)
{
	struct kdump *kdump = calloc(1, sizeof(*kdump));

	if (!kdump)
		return error_nomem();
	image->impl = kdump;
	image->can_map = false;
	TRY(kdump_header_read(&image->file, &kdump->header));
	image_file_extend(&image->file, kdump->header.table);
	if (kdump->header.split && !image->part)
		return error_create(ERROR_UNSUPPORTED,
				    "is one part of a dump made with --split: name all of its parts, behind --reassemble (of a dump, dmesg, triage or diff) or as they are (info, verify)");
	TRY(describe(image, kdump));
	TRY(kdump_each_run(image, BITMAP_PRESENT, count_run,
			   &kdump->header.nr_present));
	TRY(make_index(image, kdump));
	image_file_extend(&image->file,
			  kdump->header.table + kdump->header.table_len);
	if (kdump->header.table + kdump->header.table_len > image->file.size)
		log_warn(log,
			 "%s: ends at %" PRIu64 ", within its page table (%" PRIu64 " to %" PRIu64 ")",
			 image->path, image->file.size, kdump->header.table,
			 kdump->header.table + kdump->header.table_len);
	warn_codec(image, kdump->header.status, log);
	return NULL;
}

static void kdump_close(struct image *image)
{
	struct kdump *kdump = image->impl;

	if (!kdump)
		return;
	kdump_parts_close(image);
	free(kdump->index);
	free(kdump);
}

static size_t kdump_scratch_size(const struct image *image)
{
	(void)image;
	return sizeof(struct scratch);
}

static void kdump_scratch_deinit(void *p)
{
	struct scratch *scratch = p;

	kdump_unpacker_destroy(scratch->unpacker);
	free(scratch->page);
}

/* Makes UNIT the scratch's. */
static struct error *unit_load(const struct image *image,
			       struct scratch *scratch, uint64_t unit)
{
	const struct kdump *kdump = image->impl;
	uint64_t from = unit / kdump->index_step * kdump->index_step;
	uint64_t rank = kdump->index[unit / kdump->index_step];

	if (scratch->unit_plus_1 == unit + 1)
		return NULL;
	scratch->unit_plus_1 = 0;
	scratch->counted = scratch->nr_counted = 0;
	for (; from <= unit; from++) {
		from = min_u64(kdump_bitmap_skip(image, BITMAP_KEPT, from),
			       unit);
		TRY(kdump_bitmap_read(image, BITMAP_KEPT, from,
				      scratch->bits));
		if (from < unit)
			rank += kdump_count_bits(scratch->bits,
						 BITMAP_UNIT_FRAMES);
	}
	scratch->unit_rank = rank;
	scratch->unit_plus_1 = unit + 1;
	return NULL;
}

/* Set bits before bit BIT of the unit. Nearly all pages come by ascending frame:
 * what was counted for the last one is not counted again. */
static uint64_t rank_in_unit(struct scratch *scratch, uint64_t bit)
{
	uint64_t word = align_down(bit, 64);

	if (word < scratch->counted)
		scratch->counted = scratch->nr_counted = 0;
	scratch->nr_counted += kdump_count_bits(
		scratch->bits + scratch->counted / 8, word - scratch->counted);
	scratch->counted = word;
	return scratch->nr_counted +
	       count_bits(get_u64(scratch->bits + word / 8, false) &
			  ((1ull << bit % 64) - 1));
}

static struct error *desc_load(const struct image *image,
			       struct scratch *scratch, uint64_t index,
			       struct kdump_desc *ret)
{
	uint8_t buf[CACHED_DESCS * KDUMP_D_LEN];

	if (index < scratch->first_desc ||
	    index - scratch->first_desc >= scratch->nr_descs) {
		scratch->nr_descs = 0;
		scratch->first_desc = index;
		TRY(kdump_descs_read(image, index, CACHED_DESCS, buf,
				     scratch->descs, &scratch->nr_descs));
	}
	*ret = (struct kdump_desc){ 0 };	/* cut off: not reached */
	if (scratch->nr_descs)
		*ret = scratch->descs[index - scratch->first_desc];
	return NULL;
}

static struct error *page_load(const struct image *image,
			       struct scratch *scratch, uint64_t pfn,
			       enum page_state *ret)
{
	const struct kdump_header *h = kdump_image_header(image);
	uint64_t bit = pfn % BITMAP_UNIT_FRAMES;
	struct kdump_desc *desc = &scratch->desc;

	*ret = PAGE_UNREADABLE;
	if (!scratch->page)
		scratch->page = malloc(h->block_size);
	if (!scratch->page)
		return error_nomem();
	if (!scratch->unpacker)
		TRY(kdump_unpacker_create(image, &scratch->unpacker));
	TRY(unit_load(image, scratch, pfn / BITMAP_UNIT_FRAMES));
	if (!(scratch->bits[bit / 8] >> bit % 8 & 1)) {
		*ret = PAGE_ABSENT;
		return NULL;
	}
	TRY(desc_load(image, scratch, scratch->unit_rank +
		      rank_in_unit(scratch, bit), desc));
	if (!kdump_desc_empty(desc) &&
	    !kdump_unpack(scratch->unpacker, desc, scratch->page) &&
	    !kdump_page_unreadable(scratch->page, h->block_size))
		*ret = PAGE_OK;
	return NULL;
}

static void part_choose(struct scratch *scratch, const struct image *part)
{
	if (scratch->part == part)
		return;
	scratch->part = part;
	scratch->unit_plus_1 = 0;
	scratch->nr_descs = 0;
	if (scratch->unpacker)
		kdump_unpacker_use(scratch->unpacker, part);
}

static enum page_state page_get(const struct image *image,
				struct scratch *scratch, uint64_t pfn)
{
	const struct image *part = kdump_part(image, pfn);

	if (!part)
		return PAGE_ABSENT;
	if (scratch->page_pfn_plus_1 != pfn + 1) {
		scratch->page_pfn_plus_1 = 0;
		part_choose(scratch, part);
		/* an error here is this page's alone */
		error_destroy(page_load(part, scratch, pfn,
					&scratch->page_state));
		scratch->page_pfn_plus_1 = pfn + 1;
	}
	return scratch->page_state;
}

static enum page_state kdump_read(const struct image *image, void *p,
				  uint64_t paddr, void *buf, size_t len,
				  const struct segment *segment)
{
	const struct kdump_header *h = kdump_image_header(image);
	uint64_t page_size = h->block_size;
	struct scratch *scratch = p;
	enum page_state all = PAGE_OK;

	(void)segment;
	while (len) {
		uint64_t in = paddr % page_size;
		size_t n = (size_t)min_u64(len, page_size - in);
		enum page_state state = page_get(image, scratch,
						 paddr / page_size -
						 h->first_pfn);

		if (state == PAGE_OK)
			memcpy(buf, scratch->page + in, n);
		else if (all != PAGE_UNREADABLE)
			all = state;
		buf = (uint8_t *)buf + n;
		paddr += n;
		len -= n;
	}
	return all;
}

/* A raw page is one that did not get smaller by the codec that the head names:
 * it is tried with each page (makedumpfile 1.7.8 makedumpfile.c:
 * write_kdump_pages_cyclic(); QEMU 7.2 dump/dump.c: write_dump_pages()). */
static enum page_state kdump_read_block(const struct image *image, void *p,
					uint64_t paddr, void *buf, size_t len,
					struct image_block *block)
{
	struct scratch *scratch = p;
	uint64_t pfn = (paddr >> image->target.page_shift) -
		       kdump_image_header(image)->first_pfn;
	enum page_state state = page_get(image, scratch, pfn);
	const struct kdump_desc *desc = &scratch->desc;

	if (state != PAGE_OK)
		return state;
	memcpy(buf, scratch->page, len);
	if (!desc->flags)
		*block = (struct image_block){
			scratch->page, len,
			kdump_image_header(scratch->part)->status &
			KDUMP_STATUS_CODECS };
	else if (desc->size < len)
		*block = (struct image_block){
			kdump_unpacker_packed(scratch->unpacker), desc->size,
			desc->flags };
	return PAGE_OK;
}

const struct image_ops kdump_image_ops = {
	.name = "kdump-compressed dump",
	.probe = kdump_probe,
	.open = kdump_open,
	.read = kdump_read,
	.read_block = kdump_read_block,
	.runs = kdump_runs,
	.scratch_size = kdump_scratch_size,
	.scratch_deinit = kdump_scratch_deinit,
	.close = kdump_close,
};
