/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which page tables a walk has visited: a set of addresses that never takes
 * more memory than it was allowed to.
 */
#ifndef CAPDUMP_ARCH_SEEN_H
#define CAPDUMP_ARCH_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

struct seen {
	uint64_t *slots;	/* 0: empty; else address + 1; owned */
	size_t size, nr;	/* slots (a power of two), members */
	size_t max;		/* members */
};

/* At most MAX members (a power of two), 16 bytes each at the worst; fewer when
 * memory runs out. */
struct error *seen_init(struct seen *seen, size_t max);
void seen_deinit(struct seen *seen);

/* Adds PADDR (not UINT64_MAX); false if it is a member already. *FULL: it has
 * not become one, for lack of room. */
bool seen_add(struct seen *seen, uint64_t paddr, bool *full);

#endif
