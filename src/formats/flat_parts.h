/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a dump a stream has sent, to settle what is left of it when the stream
 * was cut off.
 */
#ifndef CAPDUMP_FORMATS_FLAT_PARTS_H
#define CAPDUMP_FORMATS_FLAT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../image/image.h"

/* Streams of capdump, makedumpfile and QEMU are a handful of runs: head, bitmaps,
 * table and contents each grow on. */
#define FLAT_PARTS_MAX 128

/* Zeroed at first. */
struct flat_parts {
	/* of bytes [start, end), in no order; no two touch */
	struct flat_run { uint64_t start, end; } run[FLAT_PARTS_MAX];
	size_t nr;
	bool forgot;		/* there were more */
};

/* [offset, offset + len) came. */
void flat_parts_add(struct flat_parts *parts, uint64_t offset, uint64_t len);

/*
 * In the page table of IMAGE, a dump (not flattened), and of FD, the same file to be
 * written: a descriptor that did not come whole, or whose contents did not, becomes
 * empty, which means "not reached"; and the table is as long as it was to be.
 * Nothing if the stream came in too many pieces.
 */
struct error *flat_parts_settle(const struct flat_parts *parts,
				const struct image *image, int fd);

#endif
