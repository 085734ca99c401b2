/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All of /proc/iomem by name (machine/iomem.h has the RAM alone): Linux
 * kernel/resource.c: r_show().
 */
#ifndef CAPDUMP_CHECK_RESOURCES_H
#define CAPDUMP_CHECK_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

struct resource {
	uint64_t paddr, last;	/* inclusive */
	const char *name;	/* points into the text */
};

struct resources {
	char *text;		/* owned */
	struct resource *at;	/* owned; in the file's order: what lies within
				 * another follows it */
	size_t nr;
	bool hidden;		/* all addresses are 0: not read by root */
};

/* No such file: empty. Lines that are none are passed over. */
struct error *resources_read(const char *root, struct resources *ret);
void resources_deinit(struct resources *resources);

/* The next one after *AT that has bytes in [paddr, last] and whose name begins
 * so, without regard to case; NULL: there is none. *AT starts at 0. */
const struct resource *resources_next(const struct resources *resources,
				      size_t *at, const char *name,
				      uint64_t paddr, uint64_t last);

#endif
