/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of pages apart from their struct page: which must never be
 * dropped, which an analyst needs first, which hold the memmap. Made once,
 * before the scan, from the kernel's page tables; immutable after.
 */
#ifndef CAPDUMP_CAPTURE_OVERLAY_H
#define CAPDUMP_CAPTURE_OVERLAY_H

#include "../base/sparseset.h"
#include "../kernel/kernel.h"

struct overlay {
	struct sparseset never_drop;	/* kernel image, what VMCOREINFO names */
	struct sparseset first;		/* those, kernel page tables, and all
					 * that is mapped in the vmalloc and
					 * module areas */
	struct sparseset late;	/* of them, what no reader with debug symbols
				 * needs: BTF, kallsyms */
	struct sparseset memmap;	/* the struct pages themselves */
};

/* A kernel that is not understood gives empty sets. What can't be read, or is
 * too much to remember, is warned about. */
struct error *overlay_create(const struct kernel *kernel, struct view *view,
			     struct log *log, struct overlay **ret);
void overlay_destroy(struct overlay *overlay);	/* NULL is fine */

/* False if it knows nothing of any frame of [first, end). */
bool overlay_may_have(const struct overlay *overlay, uint64_t first,
		      uint64_t end);

#endif
