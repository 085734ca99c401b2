/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the kdump reader share. */
#ifndef CAPDUMP_FORMATS_KDUMP_READ_IMPL_H
#define CAPDUMP_FORMATS_KDUMP_READ_IMPL_H

#include "kdump_format.h"
#include "kdump_read.h"

#define BITMAP_UNIT 4096u	/* bytes of a bitmap that are read at once */
#define BITMAP_UNIT_FRAMES (8u * BITMAP_UNIT)
#define MAX_INDEX 65536u	/* entries */

/* image->impl. Immutable once open. */
struct kdump {
	struct kdump_header header;
	/* index[i]: set bits of bitmap 2 before unit i * index_step */
	uint64_t *index;
	uint64_t index_step;	/* units */

	/* kdump_join(): all parts, this image among them, by frame; and the
	 * header of all together. NULL: it was not called. */
	struct image **parts;
	size_t nr_parts;
	struct kdump_header whole;
};

/* The part that has the contents of frame number PFN of the bitmaps; NULL: it
 * is missing. */
const struct image *kdump_part(const struct image *image, uint64_t pfn);
void kdump_parts_close(struct image *image);

/* Makes another part what is read. */
void kdump_unpacker_use(struct kdump_unpacker *unpacker,
			const struct image *image);

/* What the page that was unpacked last was packed as, if it was. */
const uint8_t *kdump_unpacker_packed(const struct kdump_unpacker *unpacker);

/*
 * Reads unit UNIT of a bitmap; bits at or beyond max_mapnr and what the file
 * does not hold come as zeroes.
 */
struct error *kdump_bitmap_read(const struct image *image,
				enum kdump_bitmap bitmap, uint64_t unit,
				uint8_t *buf);

/* Units up to the one that holds the last frame. */
static inline uint64_t kdump_nr_units(const struct kdump *kdump)
{
	return (kdump->header.nr_frames + BITMAP_UNIT_FRAMES - 1) /
	       BITMAP_UNIT_FRAMES;
}

/* The first unit at or after UNIT that may hold a set bit (what lies before it
 * is a hole of the file); kdump_nr_units() if there is none. */
uint64_t kdump_bitmap_skip(const struct image *image,
			   enum kdump_bitmap bitmap, uint64_t unit);

/* Whether the contents of a page are in the file. */
bool kdump_desc_reached(const struct image *image,
			const struct kdump_desc *desc);

/* kdump_image_ops.runs */
struct error *kdump_runs(const struct image *image, enum image_frames frames,
			 uint64_t paddr, uint64_t end, image_run_fn *fn,
			 void *arg);

/* The first descriptor at or after INDEX that may not be empty. */
uint64_t kdump_descs_skip(const struct image *image, uint64_t index);

/* Set bits among the first NR of BUF. */
uint64_t kdump_count_bits(const uint8_t *buf, uint64_t nr);

#endif
