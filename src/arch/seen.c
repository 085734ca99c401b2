/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An open-addressing hash set of page table addresses: see seen.h. */
#include "seen.h"

#include <stdlib.h>

#define FIRST_SIZE 4096		/* slots */

struct error *seen_init(struct seen *seen, size_t max)
{
	*seen = (struct seen){ .max = max, .size = FIRST_SIZE };
	seen->slots = calloc(seen->size, sizeof(*seen->slots));
	return seen->slots ? NULL : error_nomem();
}

void seen_deinit(struct seen *seen)
{
	free(seen->slots);
	*seen = (struct seen){ 0 };
}

/* The slot of KEY: where it is or where it would go. */
static uint64_t *slot_of(uint64_t *slots, size_t size, uint64_t key)
{
	/* Fibonacci hashing; page numbers differ in the low bits */
	size_t i = (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (size - 1);

	while (slots[i] && slots[i] != key)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static void grow(struct seen *seen)
{
	size_t size = seen->size * 2;
	uint64_t *slots = calloc(size, sizeof(*slots));

	if (!slots) {
		seen->max = seen->nr;
		return;
	}
	for (size_t i = 0; i < seen->size; i++)
		if (seen->slots[i])
			*slot_of(slots, size, seen->slots[i]) = seen->slots[i];
	free(seen->slots);
	seen->slots = slots;
	seen->size = size;
}

bool seen_add(struct seen *seen, uint64_t paddr, bool *full)
{
	uint64_t *slot = slot_of(seen->slots, seen->size, paddr + 1);

	*full = false;
	if (*slot)
		return false;
	if (seen->nr >= seen->max) {
		*full = true;
		return true;
	}
	*slot = paddr + 1;
	seen->nr++;
	if (seen->nr > seen->size / 2)
		grow(seen);
	return true;
}
