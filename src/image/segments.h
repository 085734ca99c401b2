/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Program headers come unsorted, touching and overlapping. This makes of them
 * what the rest of the program relies on: sorted and disjoint.
 */
#ifndef CAPDUMP_IMAGE_SEGMENTS_H
#define CAPDUMP_IMAGE_SEGMENTS_H

#include <stddef.h>

#include "image.h"

/*
 * Sorts *SEGMENTS (malloc'ed, may be moved) and cuts overlaps: where two cover
 * a byte, one with file contents there wins over one without, then the
 * one that came first (as all readers search program headers in order).
 * Neighbours that continue each other in memory and file are joined, empty
 * ones dropped. Each paddr + memsz must have been checked not to overflow.
 */
struct error *segments_normalize(struct segment **segments, size_t *nr);

#endif
