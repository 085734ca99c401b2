/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of verify share. */
#ifndef CAPDUMP_FORMATS_VERIFY_IMPL_H
#define CAPDUMP_FORMATS_VERIFY_IMPL_H

#include "kdump_read.h"
#include "verify.h"

#define VERIFY_MAX_BLOCKS (1u << 20)	/* 16 MiB, and as much to sort them */

struct verify {
	const struct image *image;
	const struct kdump_header *header;
	struct log *log;
	struct verify_report *report;
	uint64_t lowest_data;	/* offset of the first contents; UINT64_MAX */
	size_t max_blocks;	/* held at once when looking for overlaps; >= 4 */
};

void verify_problem(struct verify *verify, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Complains unless [offset, end) of the file is all zeroes. WHERE: "between
 * table and data". */
struct error *verify_zeroes(struct verify *verify, uint64_t offset,
			    uint64_t end, const char *where);

/* Header, sub-header, notes and what lies between them. */
struct error *verify_head(struct verify *verify);

/* Bitmap 2 within bitmap 1, nothing beyond max_mapnr. */
struct error *verify_bitmaps(struct verify *verify);

/* Every descriptor and page. */
struct error *verify_pages(struct verify *verify);

/* No two contents overlap unless they are the same. */
struct error *verify_overlaps(struct verify *verify);

#endif
