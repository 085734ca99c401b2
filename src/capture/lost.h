/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a firmware-assisted dump loses: pages of the area that the firmware copied
 * memory to (src/machine/fadump.h). They are in no segment, yet have struct pages
 * that speak of what CMA had put there. Not damage, and not missing: lost by
 * design, and counted as a class of their own.
 */
#ifndef CAPDUMP_CAPTURE_LOST_H
#define CAPDUMP_CAPTURE_LOST_H

#include <stdio.h>

#include "../filter/filter.h"
#include "../kernel/kernel.h"
#include "../machine/fadump.h"

struct lost {
	bool known;		/* the area was looked at */
	uint64_t pages[NR_CLASSES];	/* frames of the area, in no segment,
				 * by what their struct pages say */
	uint64_t nr;		/* of them, those that held something */
};

/* Counts what lay in FADUMP's area. Where the area or the struct pages are not
 * known, or it is too large to be counted, RET->known is false. */
struct error *lost_count(const struct kernel *kernel,
			 const struct fadump *fadump, struct lost *ret);

/* Whether pages of CLASS are counted in nr. */
bool lost_class(enum page_class class);

/* An object of JSON: pages of each such class. null if they are not known, or
 * LOST is NULL. */
void lost_print_json(const struct lost *lost, FILE *file);

#endif
