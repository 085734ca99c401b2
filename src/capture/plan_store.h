/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plan remembers of the windows that are not loaded: their sets,
 * packed, as far as its memory goes. What is not here is scanned again.
 */
#ifndef CAPDUMP_CAPTURE_PLAN_STORE_H
#define CAPDUMP_CAPTURE_PLAN_STORE_H

#include "../base/pageset.h"

struct plan_store {
	uint64_t left;		/* bytes it may still take */
	uint64_t **windows;	/* each owned; NULL: not here */
	size_t nr_windows;
};

/* LEFT: bytes for what is packed, beside 8 for each window. */
struct error *plan_store_init(struct plan_store *store, size_t nr_windows,
			      uint64_t left);
void plan_store_deinit(struct plan_store *store);

/*
 * Keeps NR sets over the same frames, the second and all after it subsets of
 * the first, if there is room. Each 4,096 frames of which none is in the first
 * set take 8 bytes; else a set takes 8 to 16 and 8 for each word of 64 frames
 * that is neither empty nor full (the first set) or the first set's.
 */
void plan_store_put(struct plan_store *store, size_t window,
		    struct pageset *const *sets, unsigned nr);

/* Whether WINDOW is here; then fills the sets, which are empty and over the
 * frames that they had at plan_store_put(). */
bool plan_store_get(const struct plan_store *store, size_t window,
		    struct pageset *const *sets, unsigned nr);

#endif
