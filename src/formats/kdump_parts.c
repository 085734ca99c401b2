/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump in several files, as makedumpfile --split writes it: each has the whole
 * head and both bitmaps, and descriptors and contents of the pages of one range
 * of frames, the first of them first in its table.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "kdump_read_impl.h"

static const struct kdump_header *header_of(const struct image *part)
{
	const struct kdump *kdump = part->impl;

	return &kdump->header;
}

const struct image *kdump_part(const struct image *image, uint64_t pfn)
{
	const struct kdump *kdump = image->impl;

	if (!kdump->parts)
		return image;
	for (size_t i = 0; i < kdump->nr_parts; i++) {
		const struct kdump_header *h = header_of(kdump->parts[i]);

		if (pfn >= h->start && pfn < h->end)
			return kdump->parts[i];
	}
	return NULL;
}

void kdump_parts_close(struct image *image)
{
	struct kdump *kdump = image->impl;

	for (size_t i = 0; i < kdump->nr_parts; i++)
		if (kdump->parts[i] != image)
			image_close(kdump->parts[i]);
	free(kdump->parts);
}

/* Why two files are no parts of one dump; NULL: they may be, by their heads. */
static const char *head_differs(const struct kdump_header *a,
				const struct kdump_header *b)
{
	if (memcmp(a->utsname, b->utsname, sizeof(a->utsname)))
		return "the kernel's name";
	if (a->timestamp != b->timestamp ||
	    a->timestamp_usec != b->timestamp_usec)
		return "the time";
	if (a->nr_frames != b->nr_frames || a->first_pfn != b->first_pfn ||
	    a->block_size != b->block_size)
		return "the memory's size";
	if (a->level != b->level)
		return "the dump level";
	return a->big_endian != b->big_endian || a->nr_cpus != b->nr_cpus ||
	       a->phys_base != b->phys_base ? "the header" : NULL;
}

static struct error *bitmaps_differ(const struct image *a,
				    const struct image *b,
				    enum kdump_bitmap bitmap, bool *ret)
{
	uint8_t bits[2][BITMAP_UNIT];
	uint64_t nr = kdump_nr_units(a->impl);

	for (uint64_t unit = 0; !*ret; unit++) {
		unit = min_u64(kdump_bitmap_skip(a, bitmap, unit),
			       kdump_bitmap_skip(b, bitmap, unit));
		if (unit >= nr)
			break;
		TRY(stop_check());
		TRY(kdump_bitmap_read(a, bitmap, unit, bits[0]));
		TRY(kdump_bitmap_read(b, bitmap, unit, bits[1]));
		*ret = memcmp(bits[0], bits[1], BITMAP_UNIT);
	}
	return NULL;
}

static struct error *check_same(const struct image *a, const struct image *b)
{
	const char *what = head_differs(header_of(a), header_of(b));
	bool differ = false;

	if (!what)
		TRY(bitmaps_differ(a, b, BITMAP_PRESENT, &differ));
	if (!what && !differ)
		TRY(bitmaps_differ(a, b, BITMAP_NAMED, &differ));
	if (!what && !differ)
		return NULL;
	return error_create(ERROR_INVALID,
			    "%s and %s are not of one dump: they differ in %s",
			    a->path, b->path, what ? what : "the bitmaps");
}

static int by_frame(const void *a, const void *b)
{
	const struct kdump_header *x = header_of(*(struct image *const *)a);
	const struct kdump_header *y = header_of(*(struct image *const *)b);

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

static void warn_missing(struct kdump_header *whole, uint64_t start,
			 uint64_t end, struct log *log)
{
	if (start >= end)
		return;
	whole->complete = false;
	log_warn(log, "no part has the pages of frames %#" PRIx64 " to %#" PRIx64 ": they are missing",
		 whole->first_pfn + start, whole->first_pfn + end - 1);
}

/* The parts are in order. */
static struct error *check_ranges(struct kdump *kdump, struct log *log)
{
	struct kdump_header *whole = &kdump->whole;
	const struct image *last = NULL;
	uint64_t at = 0;

	for (size_t i = 0; i < kdump->nr_parts; i++) {
		const struct image *part = kdump->parts[i];
		const struct kdump_header *h = header_of(part);

		whole->complete &= h->complete && !part->file.cut_off;
		if (h->start == h->end)
			continue;
		if (h->start < at)
			return error_create(ERROR_INVALID,
					    "%s and %s both have the pages of frame %#" PRIx64,
					    last->path, part->path,
					    h->first_pfn + h->start);
		warn_missing(whole, at, h->start, log);
		at = h->end;
		last = part;
	}
	warn_missing(whole, at, whole->nr_frames, log);
	return NULL;
}

static struct error *add_part(struct kdump *kdump, const char *path,
			      struct log *log)
{
	static const struct image_ops *const ops[] = {
		&kdump_image_ops, NULL
	};
	struct image *part;

	TRY(image_open(path, ops, IMAGE_PART, log, &part));
	kdump->parts[kdump->nr_parts++] = part;
	kdump->whole.nr_kept += header_of(part)->nr_kept;
	return check_same(kdump->parts[0], part);
}

struct error *kdump_join(struct image *image, const char *const *paths,
			 size_t nr, struct log *log)
{
	struct kdump *kdump = image->impl;

	if (nr >= KDUMP_PARTS_MAX)
		return error_create(ERROR_UNSUPPORTED,
				    "%zu parts: more than %u are not read",
				    nr + 1, KDUMP_PARTS_MAX);
	kdump->whole = kdump->header;
	kdump->parts = calloc(nr + 1, sizeof(*kdump->parts));
	if (!kdump->parts)
		return error_nomem();
	kdump->parts[kdump->nr_parts++] = image;
	for (size_t i = 0; i < nr; i++)
		TRY(add_part(kdump, paths[i], log));
	for (size_t i = 0; i <= nr; i++)
		if (!header_of(kdump->parts[i])->split)
			return error_create(ERROR_INVALID,
					    "%s: is no part of a dump, but a whole one",
					    kdump->parts[i]->path);
	qsort(kdump->parts, kdump->nr_parts, sizeof(*kdump->parts), by_frame);
	kdump->whole.split = false;
	kdump->whole.nr_parts = (unsigned)kdump->nr_parts;
	return check_ranges(kdump, log);
}
