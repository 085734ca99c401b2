/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was in memory that CMA had given to users and that is in no segment: of a
 * firmware-assisted dump the area that the firmware copied memory to
 * (src/machine/fadump.h), which is counted as a class of its own; and what a kernel
 * says that it left out (left_out_map.h). Its struct pages speak of what was there.
 * Not damage, and not missing: lost by design.
 */
#ifndef CAPDUMP_CAPTURE_LOST_H
#define CAPDUMP_CAPTURE_LOST_H

#include <stdio.h>

#include "../filter/filter.h"
#include "../kernel/kernel.h"

/* The longest area that is counted. Linux takes a quarter of memory at most, of
 * itself a twentieth. */
#define LOST_MAX_BYTES (1ull << 40)

struct lost {
	bool known;		/* the area was looked at */
	uint64_t pages[NR_CLASSES];	/* frames of the area, in no segment,
				 * by what their struct pages say */
	uint64_t nr;		/* of them, those that held something */
};

/* Counts what lay in [PADDR, END). Where there is nothing or the struct pages are
 * not known, or it is more than LOST_MAX_BYTES, RET->known is false. */
struct error *lost_count(const struct kernel *kernel, uint64_t paddr,
			 uint64_t end, struct lost *ret);

/* Whether pages of CLASS are counted in nr. */
bool lost_class(enum page_class class);

/* An object of JSON: pages of each such class. null if they are not known, or
 * LOST is NULL. */
void lost_print_json(const struct lost *lost, FILE *file);

#endif
