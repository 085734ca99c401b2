/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses from the crashed kernel's own symbol table (Linux
 * kernel/kallsyms.c, scripts/kallsyms.c), which VMCOREINFO names since 6.0.
 */
#ifndef CAPDUMP_KERNEL_KALLSYMS_H
#define CAPDUMP_KERNEL_KALLSYMS_H

#include "kernel.h"

struct kallsyms_symbol {
	const char *name;	/* asked for; at most 63 bytes */
	uint64_t vaddr;		/* answer; 0: there is none */
};

/*
 * Looks up NR symbols in one pass over the table. *FOUND: the table could be
 * read and agrees with VMCOREINFO's SYMBOL(_stext); else nothing is answered.
 * Bounded in time and memory whatever the table claims.
 */
struct error *kallsyms_find(const struct kernel *kernel, struct view *view,
			    struct kallsyms_symbol *symbols, size_t nr,
			    bool *found);

#define KALLSYMS_NAME_LEN 128	/* with its end; longer names are cut off */

/* What is at an address. */
struct kallsyms_place {
	uint64_t vaddr;		/* asked for */
	char name[KALLSYMS_NAME_LEN];	/* answer; "": no symbol is there */
	uint64_t start, size;	/* of the symbol, up to the next one; bytes */
};

/*
 * Names the symbols at NR addresses, which is what the kernel itself would print
 * (kernel/kallsyms.c: get_symbol_pos(): of several names for one address the
 * first). Only of the image from _stext on; modules are not in this table. *FOUND
 * and bounds as for kallsyms_find(): two passes, and a few dozen reads for each
 * address.
 */
struct error *kallsyms_name(const struct kernel *kernel, struct view *view,
			    struct kallsyms_place *places, size_t nr,
			    bool *found);

#endif
