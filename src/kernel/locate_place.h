/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine says of a kernel's place: for locate.c only. */
#ifndef CAPDUMP_KERNEL_LOCATE_PLACE_H
#define CAPDUMP_KERNEL_LOCATE_PLACE_H

#include "../arch/arch.h"

/* A place where the kernel may be. */
struct place {
	struct view *view;
	const struct vmcoreinfo *given;
	bool big_endian;
	uint64_t names;		/* linked address of init_uts_ns.name */
	uint64_t paddr;		/* where that is in memory */
	uint64_t moved;		/* how much higher it runs than it was linked */
	bool doubtful;		/* another variant may be right if there is no
				 * linear map by this one */
	char lines[512];	/* of VMCOREINFO, that follow from the place */
};

struct place_rule {
	uint16_t elf_machine;
	uint64_t step;		/* what an image's place is a multiple of */
	unsigned nr_variants;	/* what the place leaves open is tried */

	/* Fills in moved and lines by the kernel's own variables. False: there
	 * is no kernel there, or no such variant. */
	bool (*settle)(struct place *place, unsigned variant);
};

/* NULL: not on this machine. */
const struct place_rule *place_rule_find(uint16_t elf_machine);

#endif
