/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks a kdump-compressed dump: that every field means what readers take it
 * for, and that every page decodes. At most 40 MiB of memory whatever the dump
 * claims.
 */
#ifndef CAPDUMP_FORMATS_VERIFY_H
#define CAPDUMP_FORMATS_VERIFY_H

#include "../codec/codec.h"
#include "../image/image.h"

#define VERIFY_MAX_LISTED 1000

struct verify_report {
	uint64_t nr_problems;
	/* pages; their sum is the number of bits in bitmap 2 */
	uint64_t nr_raw, nr_packed;	/* decoded, neither zero nor filler */
	uint64_t nr_zero;		/* decoded, all zeroes */
	uint64_t nr_unreadable;		/* could not be read at the crash */
	uint64_t nr_unreached;		/* empty descriptor */
	uint64_t nr_bad;		/* do not decode */
	uint64_t nr_unchecked;		/* their codec is not built in */
	const struct codec_ops *missing;	/* the first such; or NULL */
	uint64_t unreadable[VERIFY_MAX_LISTED];	/* frame numbers */
};

/*
 * Whether FILE is a dump that was just begun: empty, or without a header, or
 * marked incomplete with nothing in its bitmaps. What the header says is not
 * trusted.
 */
struct error *verify_has_metadata(const struct image_file *file, bool *ret);

/*
 * Checks an image opened by kdump_image_ops. Problems are printed to LOG as
 * LOG_ERROR, the first 100 of them, and counted; an error means that checking
 * itself failed.
 */
struct error *verify_dump(const struct image *image, struct log *log,
			  struct verify_report *report);

#endif
