/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dump level leaves out: the tables. */
#include "filter.h"

/* Dropped if the level has any of these bits; LEVEL_ALWAYS: at any level
 * (makedumpfile(8), -d; its hwpoisoned and offline pages are never dumped). */
#define LEVEL_ALWAYS ~0u

static const struct {
	const char *name, *key;
	unsigned levels;
} classes[NR_CLASSES] = {
	[CLASS_KERNEL] = { "kernel pages", "kernel", 0 },
	[CLASS_SLAB] = { "slab pages", "slab", 0 },
	[CLASS_TABLE] = { "page tables", "page_tables", 0 },
	[CLASS_LARGE_KMALLOC] = { "large kmalloc pages", "large_kmalloc", 0 },
	[CLASS_ZSMALLOC] = { "zsmalloc pages", "zsmalloc", 0 },
	[CLASS_GUARD] = { "guard pages", "guard", 0 },
	[CLASS_CACHE] = { "page cache", "cache",
			  LEVEL_CACHE | LEVEL_CACHE_PRIVATE },
	[CLASS_CACHE_PRIVATE] = { "private page cache", "cache_private",
				  LEVEL_CACHE_PRIVATE },
	[CLASS_ANON] = { "anonymous pages", "anonymous", LEVEL_USER },
	[CLASS_HUGETLB] = { "hugetlb pages", "hugetlb", LEVEL_USER },
	[CLASS_FREE] = { "free pages", "free", LEVEL_FREE },
	[CLASS_UNACCEPTED] = { "unaccepted pages", "unaccepted", LEVEL_FREE },
	[CLASS_OFFLINE] = { "offline pages", "offline", LEVEL_ALWAYS },
	[CLASS_HWPOISON] = { "hardware-poisoned pages", "hwpoison",
			     LEVEL_ALWAYS },
	/* what of it is in a vmcore is its struct pages, or lies beside them */
	[CLASS_DEVICE] = { "device pages", "device", 0 },
	[CLASS_UNKNOWN] = { "pages without struct page", "unknown", 0 },
	[CLASS_LOST] = { "lost to fadump", "lost_to_fadump", LEVEL_ALWAYS },
	[CLASS_LEFT_OUT] = { "not in the input dump", "not_in_input",
			     LEVEL_ALWAYS },
	[CLASS_UNREACHED] = { "missing in the input", "missing_in_input",
			      LEVEL_ALWAYS },
};

const char *class_name(enum page_class class)
{
	return classes[class].name;
}

const char *class_key(enum page_class class)
{
	return classes[class].key;
}

bool level_drops(unsigned level, enum page_class class)
{
	unsigned levels = classes[class].levels;

	return levels == LEVEL_ALWAYS || (level & levels);
}
