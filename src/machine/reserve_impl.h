/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between reserve.c, which finds places, and reserve_notes.c, which tells. */
#ifndef CAPDUMP_MACHINE_RESERVE_IMPL_H
#define CAPDUMP_MACHINE_RESERVE_IMPL_H

#include "reserve.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* What became of one attempt. */
enum place_result {
	PLACE_OK,
	PLACE_NOWHERE,		/* no room for the main part */
	PLACE_NO_LOW,		/* none for the low one: it gives up both */
	PLACE_OVER_KERNEL,	/* ppc64: the kernel itself is there */
	PLACE_FIRST_CHUNK,	/* s390x: the first memory is too small */
	PLACE_BELOW_SIZE,	/* s390x: the base must be above the size */
	PLACE_NO_BASE,		/* RESERVE_FIXED, and there is no @ */
	PLACE_HANGS,		/* the kernel looks for ever */
};

struct place {
	enum place_result result;
	enum iomem_taken taken;	/* what was held to be in the way */
	uint64_t size;		/* as rounded by the architecture */
	uint64_t base;		/* asked for, or by rule; 0: none */
	uint64_t paddr;		/* found */
	uint64_t low_size, low_paddr;	/* low_size 0: none is wanted */
	bool fell_back;		/* to the memory that was not meant */
};

/* What addresses are multiples of, bytes. */
uint64_t reserve_align(const struct reserve_machine *machine,
		       const struct place *place);

/* SWIOTLB of the machine's kernel, bytes. */
uint64_t reserve_swiotlb(const struct reserve_machine *machine, uint64_t ram);

/* What the low part gets without ,low. */
uint64_t reserve_default_low(const struct reserve_machine *machine,
			     uint64_t ram);

void reserve_note(struct reserve_plan *plan, bool caution, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Why the words that count are those, and what the others lack. */
void reserve_notes_words(const struct reserve_machine *machine,
			 struct reserve_plan *plan);

/* Why the parts are where they are. */
void reserve_notes_place(const struct reserve_machine *machine,
			 struct reserve_plan *plan, const struct place *place);

/* What to look after, whatever was reserved. */
void reserve_notes_cautions(const struct reserve_machine *machine,
			    struct reserve_plan *plan,
			    const struct place *place);

#endif
