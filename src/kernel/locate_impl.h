/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What locate.c and locate_text.c share. */
#ifndef CAPDUMP_KERNEL_LOCATE_IMPL_H
#define CAPDUMP_KERNEL_LOCATE_IMPL_H

#include "locate.h"
#include "locate_place.h"

#define LOCATE_UTS_LEN 65	/* Linux include/uapi/linux/utsname.h */
#define LOCATE_PLACES_MAX (1u << 24)

struct locate {
	const struct image *image;
	struct view *view;
	const struct vmcoreinfo *given;
	const char *release;	/* of given */
	struct log *log;
	struct vmcoreinfo *found;	/* owned until it is returned */
	unsigned nr_texts;	/* that were tried out */
	bool is_own;		/* found is the kernel's own text */
};

/* The kernel's page size, by what was given. */
uint64_t locate_page_size(const struct locate *l);

/* Whether the names of the kernel that was given are at PADDR. */
bool locate_is_named(const struct locate *l, uint64_t paddr);

/*
 * The kernel's own text becomes what is found, if its memory has it: found by its
 * names, or by what it begins with, which is all that there is without a PLACE.
 */
struct error *locate_own_text(struct locate *l, const struct space *space,
			      const struct place *place);
struct error *locate_search_text(struct locate *l, const struct place *place);

#endif
