/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Program headers come unsorted, touching and overlapping. This makes of them
 * what the rest of the program relies on: sorted and disjoint.
 */
#ifndef CAPDUMP_IMAGE_SEGMENTS_H
#define CAPDUMP_IMAGE_SEGMENTS_H

#include <stddef.h>

#include "image.h"

/* So many are held at most, 4 MiB of them; to sort them takes 16 MiB for a
 * moment. */
#define SEGMENTS_MAX (1u << 17)

/* ERROR_UNSUPPORTED that says so. */
struct error *segments_too_many(void);

/*
 * Sorts *SEGMENTS (malloc'ed, may be moved) and cuts overlaps: where two cover
 * a byte, one with file contents there wins over one without, then the
 * one that came first (as all readers search program headers in order).
 * Neighbours that continue each other in memory and file are joined, empty
 * ones dropped. Each paddr + memsz must have been checked not to overflow.
 * ERROR_UNSUPPORTED if they are more than SEGMENTS_MAX, before or after; then,
 * as on any error, none is left.
 */
struct error *segments_normalize(struct segment **segments, size_t *nr);

/*
 * Takes [paddr, end) out of normalized segments (which may be moved); *RET: how
 * many bytes of it they had. Without memory they are as they were.
 */
struct error *segments_cut(struct segment **segments, size_t *nr,
			   uint64_t paddr, uint64_t end, uint64_t *ret);

#endif
