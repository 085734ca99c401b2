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

#endif
