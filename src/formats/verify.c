/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verifying a dump: bitmaps, zeroes between the parts, and the report. */
#include "verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "kdump_read_impl.h"
#include "kdump_shape.h"
#include "verify_impl.h"

#define MAX_PRINTED 100

void verify_problem(struct verify *verify, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list args;

	if (verify->report->nr_problems++ > MAX_PRINTED)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	log_print(verify->log, LOG_ERROR, "%s: %s", verify->image->path,
		  verify->report->nr_problems > MAX_PRINTED ?
		  "more problems are counted, but not printed" :
		  text ? text : "a problem");
}

static bool all_zero(const uint8_t *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

/* The first byte of [offset, end) that is not zero; END if there is none. */
static struct error *find_nonzero(const struct image_file *file,
				  uint64_t offset, uint64_t end, uint64_t *ret)
{
	uint8_t buf[65536];
	size_t len;

	for (; offset < end; offset += len) {
		offset = min_u64(image_file_next(file, offset), end);
		TRY(image_file_read(file, buf,
				    (size_t)min_u64(end - offset, sizeof(buf)),
				    offset, &len));
		if (!len)
			break;	/* the end of the file */
		if (all_zero(buf, len))
			continue;
		for (size_t i = 0; i < len; i++) {
			if (buf[i]) {
				*ret = offset + i;
				return NULL;
			}
		}
	}
	*ret = end;
	return NULL;
}

struct error *verify_zeroes(struct verify *verify, uint64_t offset,
			    uint64_t end, const char *where)
{
	uint64_t at = end;

	TRY(find_nonzero(&verify->image->file, offset, end, &at));
	if (at < end)
		verify_problem(verify,
			       "there is something at %" PRIu64 ", %s", at,
			       where);
	return NULL;
}

/* Frames of one unit that are kept but not present. */
static void check_subset(struct verify *verify, uint64_t unit,
			 const uint8_t *present, const uint8_t *kept)
{
	for (unsigned i = 0; i < BITMAP_UNIT; i++) {
		uint8_t odd = kept[i] & (uint8_t)~present[i];

		if (!odd)
			continue;
		verify_problem(verify,
			       "bitmaps: page %#" PRIx64 " is in the dump, but not in memory",
			       unit * BITMAP_UNIT_FRAMES + 8 * i +
			       (unsigned)__builtin_ctz(odd));
		return;
	}
}

/* Bits of the byte that max_mapnr lies in, and all after it. */
static struct error *check_tail(struct verify *verify,
				enum kdump_bitmap bitmap)
{
	const struct kdump_header *h = verify->header;
	uint64_t start = h->bitmap +
			 (bitmap == BITMAP_KEPT ? h->bitmap_len : 0);
	unsigned rest = h->nr_frames % 8;
	uint8_t last = 0;

	if (rest)
		TRY(image_file_read_exact(&verify->image->file, &last, 1,
					  start + h->nr_frames / 8));
	if (last >> rest && rest)
		verify_problem(verify,
			       "bitmap %u: bits beyond max_mapnr are set",
			       bitmap + 1);
	return verify_zeroes(verify, start + (h->nr_frames + 7) / 8,
			     start + h->bitmap_len,
			     bitmap == BITMAP_KEPT ?
			     "in bitmap 2 beyond max_mapnr" :
			     "in bitmap 1 beyond max_mapnr");
}

struct error *verify_bitmaps(struct verify *verify)
{
	uint64_t nr = kdump_nr_units(verify->image->impl);
	uint8_t present[BITMAP_UNIT], kept[BITMAP_UNIT];

	for (uint64_t unit = 0; unit < nr; unit++) {
		unit = kdump_bitmap_skip(verify->image, BITMAP_KEPT, unit);
		if (unit == nr)
			break;
		TRY(kdump_bitmap_read(verify->image, BITMAP_PRESENT, unit,
				      present));
		TRY(kdump_bitmap_read(verify->image, BITMAP_KEPT, unit, kept));
		check_subset(verify, unit, present, kept);
	}
	TRY(check_tail(verify, BITMAP_PRESENT));
	return check_tail(verify, BITMAP_KEPT);
}

static struct error *check_table_end(struct verify *verify)
{
	const struct kdump_header *h = verify->header;
	uint64_t end = h->table + h->table_len;

	if (end > verify->image->file.size)
		verify_problem(verify,
			       "the file ends at %" PRIu64 ", its page table at %" PRIu64,
			       verify->image->file.size, end);
	else if (h->complete && verify->lowest_data != UINT64_MAX &&
		 verify->lowest_data > end)
		/* a stream that was cut off has descriptors there whose bits
		 * of bitmap 2 had not come yet */
		return verify_zeroes(verify, end, verify->lowest_data,
				     "between page table and contents");
	return NULL;
}

struct error *verify_has_metadata(const struct image_file *file, bool *ret)
{
	const struct kdump_shape *shape;
	uint8_t head[KDUMP_H_LEN];
	uint64_t end;
	size_t len;
	bool big;

	TRY(image_file_read(file, head, sizeof(head), 0, &len));
	*ret = false;
	if (all_zero(head, len))
		return NULL;
	*ret = true;
	big = kdump_big_endian(head);
	if (len < sizeof(head) ||
	    memcmp(head, KDUMP_SIGNATURE, KDUMP_SIGNATURE_LEN) ||
	    !(kdump_head_get(kdump_shape_of(head), head, KDUMP_H_STATUS, big) &
	      KDUMP_STATUS_INCOMPLETE))
		return NULL;	/* not ours to explain */
	shape = kdump_shape_of(head);
	end = (UINT64_C(1) +
	       kdump_head_get(shape, head, KDUMP_H_SUB_HDR_SIZE, big) +
	       kdump_head_get(shape, head, KDUMP_H_BITMAP_BLOCKS, big)) *
	      kdump_head_get(shape, head, KDUMP_H_BLOCK_SIZE, big);
	if (file->size < end && !file->cut_off)
		*ret = false;
	return NULL;
}

struct error *verify_dump(const struct image *image, struct log *log,
			  struct verify_report *report)
{
	struct verify verify = {
		.image = image,
		.header = kdump_image_header(image),
		.log = log,
		.report = report,
		.lowest_data = UINT64_MAX,
		.max_blocks = VERIFY_MAX_BLOCKS,
	};

	*report = (struct verify_report){ 0 };
	TRY(verify_head(&verify));
	TRY(verify_bitmaps(&verify));
	TRY(verify_pages(&verify));
	TRY(check_table_end(&verify));
	return verify_overlaps(&verify);
}
