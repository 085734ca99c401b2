/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which frames a dump has, as runs, found in its bitmaps; and those of bitmap 2
 * whose contents are not there, by their descriptors.
 */
#include "../base/bytes.h"
#include "../base/stop.h"
#include "kdump_read_impl.h"

#define DESCS_AT_ONCE 128u

struct runs {
	uint64_t first, end;	/* under way; empty: none */
	uint64_t from, to;	/* no frame outside is told */
	kdump_run_fn *fn;
	void *arg;
};

static struct error *runs_add(struct runs *runs, uint64_t first, uint64_t end)
{
	if (runs->first < runs->end && first == runs->end) {
		runs->end = end;
		return NULL;
	}
	if (runs->first < runs->end)
		TRY(runs->fn(runs->arg, runs->first, runs->end));
	runs->first = first;
	runs->end = end;
	return NULL;
}

/* What lies within from and to only. */
static struct error *runs_clip(struct runs *runs, uint64_t first, uint64_t end)
{
	first = max_u64(first, runs->from);
	end = min_u64(end, runs->to);
	return first < end ? runs_add(runs, first, end) : NULL;
}

/* The last run. */
static struct error *runs_finish(struct runs *runs)
{
	return runs_add(runs, UINT64_MAX, UINT64_MAX);
}

/* Runs within one unit whose first frame is BASE. */
static struct error *runs_scan(struct runs *runs, const uint8_t *buf,
			       uint64_t base)
{
	for (unsigned i = 0; i < BITMAP_UNIT_FRAMES; i += 64) {
		uint64_t word = get_u64(buf + i / 8, false);
		unsigned at = 0;

		while (at < 64 && word >> at) {
			unsigned from, len;

			at += (unsigned)__builtin_ctzll(word >> at);
			from = at;
			len = ~(word >> at) ?
			      (unsigned)__builtin_ctzll(~(word >> at)) : 64;
			at = from + len < 64 ? from + len : 64;
			TRY(runs_clip(runs, base + i + from, base + i + at));
		}
	}
	return NULL;
}

struct error *kdump_each_run(const struct image *image,
			     enum kdump_bitmap bitmap, kdump_run_fn *fn,
			     void *arg)
{
	struct runs runs = { .to = UINT64_MAX, .fn = fn, .arg = arg };
	const struct kdump *kdump = image->impl;
	uint64_t nr = kdump_nr_units(kdump);
	uint8_t buf[BITMAP_UNIT];

	for (uint64_t unit = 0; unit < nr; unit++) {
		unit = kdump_bitmap_skip(image, bitmap, unit);
		if (unit == nr)
			break;
		TRY(kdump_bitmap_read(image, bitmap, unit, buf));
		TRY(runs_scan(&runs, buf, kdump->header.first_pfn +
			      unit * BITMAP_UNIT_FRAMES));
	}
	return runs_finish(&runs);
}

/* The descriptor of the first page of UNIT. */
static struct error *unit_rank(const struct image *image, uint64_t unit,
			       uint64_t *ret)
{
	const struct kdump *kdump = image->impl;
	uint64_t at = unit / kdump->index_step * kdump->index_step;
	uint8_t buf[BITMAP_UNIT];

	*ret = kdump->index[unit / kdump->index_step];
	for (; at < unit; at++) {
		at = min_u64(kdump_bitmap_skip(image, BITMAP_KEPT, at), unit);
		if (at == unit)
			break;
		TRY(kdump_bitmap_read(image, BITMAP_KEPT, at, buf));
		*ret += kdump_count_bits(buf, BITMAP_UNIT_FRAMES);
	}
	return NULL;
}

bool kdump_desc_reached(const struct image *image,
			const struct kdump_desc *desc)
{
	return !kdump_desc_empty(desc) &&
	       image_file_has(&image->file, desc->offset, desc->size);
}

/* Takes the pages of UNIT out of its bits whose contents are not there. */
static struct error *drop_unreached(const struct image *image, uint64_t unit,
				    uint8_t *bits)
{
	struct kdump_desc descs[DESCS_AT_ONCE];
	uint8_t buf[DESCS_AT_ONCE * KDUMP_D_LEN];
	bool ended = false;	/* the table is cut off */
	size_t nr = 0, at = 0;
	uint64_t rank;

	TRY(unit_rank(image, unit, &rank));
	for (unsigned i = 0; i < BITMAP_UNIT_FRAMES; i++) {
		if (!(bits[i / 8] >> i % 8 & 1))
			continue;
		if (at == nr && !ended) {
			TRY(kdump_descs_read(image, rank, DESCS_AT_ONCE, buf,
					     descs, &nr));
			rank += nr;
			at = 0;
			ended = !nr;
		}
		if (ended || !kdump_desc_reached(image, &descs[at]))
			bits[i / 8] &= (uint8_t)~(1u << i % 8);
		at++;
	}
	return NULL;
}

/* The bits of UNIT's frames that are of FRAMES. What is named is held to be
 * present, too, whatever bitmap 1 says. */
static struct error *unit_read(const struct image *image,
			       enum image_frames frames, uint64_t unit,
			       uint8_t *bits)
{
	uint8_t more[BITMAP_UNIT];

	if (frames == FRAMES_HELD) {
		TRY(kdump_bitmap_read(image, BITMAP_KEPT, unit, bits));
		return drop_unreached(image, unit, bits);
	}
	TRY(kdump_bitmap_read(image, BITMAP_NAMED, unit, bits));
	if (frames == FRAMES_NAMED)
		return NULL;
	TRY(kdump_bitmap_read(image, BITMAP_PRESENT, unit, more));
	for (unsigned i = 0; i < BITMAP_UNIT; i++)
		bits[i] |= more[i];
	return NULL;
}

static uint64_t unit_skip(const struct image *image, enum image_frames frames,
			  uint64_t unit)
{
	uint64_t next = kdump_bitmap_skip(image, BITMAP_KEPT, unit);

	return frames != FRAMES_PRESENT ? next :
	       min_u64(next, kdump_bitmap_skip(image, BITMAP_PRESENT, unit));
}

struct bytes {			/* for kdump_runs(): frames as bytes */
	uint64_t paddr, end;
	unsigned shift;
	image_run_fn *fn;
	void *arg;
};

static struct error *bytes_run(void *arg, uint64_t first, uint64_t end)
{
	const struct bytes *b = arg;

	return b->fn(b->arg, max_u64(first << b->shift, b->paddr),
		     min_u64(end << b->shift, b->end));
}

static struct error *file_runs(const struct image *image,
			       enum image_frames frames, uint64_t paddr,
			       uint64_t end, image_run_fn *fn, void *arg)
{
	const struct kdump *kdump = image->impl;
	const struct kdump_header *h = &kdump->header;
	unsigned shift = (unsigned)__builtin_ctz(h->block_size);
	struct bytes bytes = { paddr, end, shift, fn, arg };
	struct runs runs = { .fn = bytes_run, .arg = &bytes };
	uint64_t unit, nr = kdump_nr_units(kdump);
	uint8_t bits[BITMAP_UNIT];

	if (paddr >= end)
		return NULL;
	runs.from = max_u64(paddr >> shift, h->first_pfn);
	runs.to = ((end - 1) >> shift) + 1;
	if (frames == FRAMES_HELD && h->split) {
		runs.from = max_u64(runs.from, h->first_pfn + h->start);
		runs.to = min_u64(runs.to, h->first_pfn + h->end);
	}
	if (runs.from >= runs.to)
		return NULL;
	for (unit = (runs.from - h->first_pfn) / BITMAP_UNIT_FRAMES; unit < nr;
	     unit++) {
		uint64_t base;

		unit = unit_skip(image, frames, unit);
		base = h->first_pfn + unit * BITMAP_UNIT_FRAMES;
		if (unit >= nr || base >= runs.to)
			break;
		TRY(stop_check());
		TRY(unit_read(image, frames, unit, bits));
		TRY(runs_scan(&runs, bits, base));
	}
	return runs_finish(&runs);
}

/* All parts have the same bitmaps. */
struct error *kdump_runs(const struct image *image, enum image_frames frames,
			 uint64_t paddr, uint64_t end, image_run_fn *fn,
			 void *arg)
{
	const struct kdump *kdump = image->impl;

	if (frames != FRAMES_HELD || !kdump->parts)
		return file_runs(image, frames, paddr, end, fn, arg);
	for (size_t i = 0; i < kdump->nr_parts; i++)
		TRY(file_runs(kdump->parts[i], frames, paddr, end, fn, arg));
	return NULL;
}
