/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine's physical memory as /proc/iomem tells of it: what is RAM, and
 * what of the RAM is taken. Where there is no /proc/iomem, the same can be
 * written down by hand (see iomem_parse()).
 */
#ifndef CAPDUMP_MACHINE_IOMEM_H
#define CAPDUMP_MACHINE_IOMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

#define IOMEM_MAX_TEXT ((size_t)1 << 20)	/* bytes */
#define IOMEM_MAX_RANGES 8192

enum iomem_kind {
	IOMEM_RAM,		/* "System RAM" that was there at boot */
	IOMEM_KERNEL,		/* the image of the kernel */
	IOMEM_RESERVED,		/* taken from the RAM, by whom is not told */
	IOMEM_CRASH,		/* "Crash kernel" */
	NR_IOMEM_KINDS
};

struct iomem_range {
	uint64_t paddr;		/* bytes */
	uint64_t end;		/* exclusive, above paddr */
	enum iomem_kind kind;
};

/* Ranges ascend by kind, then address; those of a kind are disjoint and do not
 * touch: neighbours were joined. */
struct iomem {
	struct iomem_range *ranges;	/* owned */
	size_t nr;
	size_t first[NR_IOMEM_KINDS + 1];	/* of each kind; last: nr */
};

/*
 * Parses LEN bytes of text, each line of which is either one of /proc/iomem's
 *
 *	  40210000-41faffff : Kernel code
 *
 * (Linux kernel/resource.c: r_show(); two blanks for each level; hexadecimal,
 * the end inclusive) or
 *
 *	0x40000000-0xffffffff=ram
 *	1G+7G=ram
 *
 * with ram, kernel, reserved or crash; addresses are decimal or 0x..., with K,
 * M, G or T; the end is inclusive, what follows "+" is a size. What '#' begins
 * is a comment. Other kinds of /proc/iomem's are passed over, as is RAM that
 * drivers added later ("System RAM (kmem)"). Memory that a crash kernel took
 * away from RAM counts as RAM, too. An error says which line is none, or that
 * there is no RAM; /proc/iomem shows addresses to root only.
 */
struct error *iomem_parse(const char *text, size_t len, struct iomem *ret);

/* /proc/iomem below ROOT (see machine_file.h). */
struct error *iomem_read(const char *root, struct iomem *ret);

/* Safe on one that is all zero. */
void iomem_deinit(struct iomem *iomem);

/* Bytes of RAM. */
uint64_t iomem_ram_size(const struct iomem *iomem);

/* Where RAM starts and ends. */
uint64_t iomem_ram_start(const struct iomem *iomem);
uint64_t iomem_ram_end(const struct iomem *iomem);

/* Whether a range of KIND has bytes in [paddr, end); *RET: the lowest such. */
bool iomem_overlaps(const struct iomem *iomem, enum iomem_kind kind,
		    uint64_t paddr, uint64_t end, struct iomem_range *ret);

/* What is in the way; each also of what comes before it. */
enum iomem_taken { IOMEM_TAKEN_NOTHING, IOMEM_TAKEN_KERNEL,
		   IOMEM_TAKEN_RESERVED };

/*
 * The highest address in [start, end), a multiple of ALIGN (a power of two), at
 * which SIZE bytes (above 0) of RAM are free of what is TAKEN. 0: there is none;
 * the first page is never given out. As Linux mm/memblock.c: __memblock_find_range_top_down().
 */
uint64_t iomem_find_free(const struct iomem *iomem, uint64_t size,
			 uint64_t align, uint64_t start, uint64_t end,
			 enum iomem_taken taken);

#endif
