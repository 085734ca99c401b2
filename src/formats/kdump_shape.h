/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a machine lays out the structs of a dump's head: the length of its words,
 * and where it aligns numbers of 8 bytes.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_SHAPE_H
#define CAPDUMP_FORMATS_KDUMP_SHAPE_H

#include "kdump_format.h"

struct target;

struct kdump_shape {
	unsigned word;		/* bytes of an unsigned long: 4 or 8 */
	unsigned shift;		/* the header's fields from KDUMP_H_STATUS on
				 * stand so many bytes before that */
	uint8_t sub[KDUMP_S_NR_FIELDS];	/* offsets of the fields */
	uint8_t sub_len[7];	/* bytes by version, 1 to 6 */
};

/* The shape for a machine: what makedumpfile writes on it, and crash reads. */
const struct kdump_shape *kdump_shape_for(const struct target *target);

/*
 * The shape of the header at H, KDUMP_H_LEN bytes, of which those from
 * KDUMP_H_STATUS on may be missing (zero). Of machines of 32 bits the one that
 * FITS the sub-header has to be chosen yet.
 */
const struct kdump_shape *kdump_shape_of(const uint8_t *h);

/*
 * SHAPE, or one that differs from it in the sub-header only, if the sub-header at
 * S (KDUMP_S_LEN_MAX bytes) makes no sense but in that one. QEMU does not align
 * numbers for any machine, and writes a PC's head with words of 8 bytes if it has
 * anything at the top of 4 GiB (its ROM), whatever its CPU. END: bytes of the file
 * before the bitmaps.
 */
const struct kdump_shape *kdump_shape_fits(const struct kdump_shape *shape,
					   const uint8_t *h, const uint8_t *s,
					   uint64_t end);

/* The offset of a field of the header from KDUMP_H_STATUS on. */
static inline unsigned kdump_shape_at(const struct kdump_shape *shape,
				      unsigned field)
{
	return field - shape->shift;
}

uint32_t kdump_head_get(const struct kdump_shape *shape, const uint8_t *h,
			unsigned field, bool big_endian);

/* The offset of the timestamp. */
unsigned kdump_shape_time(const struct kdump_shape *shape);

/* timestamp.tv_sec (0) or tv_usec (1). */
uint64_t kdump_time_get(const struct kdump_shape *shape, const uint8_t *h,
			unsigned i, bool big_endian);
void kdump_time_put(const struct kdump_shape *shape, uint8_t *h, unsigned i,
		    uint64_t v, bool big_endian);

uint64_t kdump_sub_get(const struct kdump_shape *shape, const uint8_t *s,
		       enum kdump_sub_field field, bool big_endian);
void kdump_sub_put(const struct kdump_shape *shape, uint8_t *s,
		   enum kdump_sub_field field, uint64_t v, bool big_endian);

#endif
