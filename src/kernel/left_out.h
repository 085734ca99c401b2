/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the crashed kernel itself says of memory that is in no segment: tables of
 * ranges that are left out on purpose, and why, and of devices' memory that holds
 * struct pages (kernel-patches/c-left-out; Linux kernel/crash_ranges.c). No
 * released kernel has them: without them, nothing is known.
 */
#ifndef CAPDUMP_KERNEL_LEFT_OUT_H
#define CAPDUMP_KERNEL_LEFT_OUT_H

#include "kernel.h"

/* Linux include/linux/crash_ranges.h: enum crash_range_why */
enum left_out_why {
	LEFT_OUT_UNUSED,
	LEFT_OUT_CRASH,		/* crash kernel */
	LEFT_OUT_CRASH_LOW,
	LEFT_OUT_CRASH_CMA,	/* crashkernel=SIZE,cma */
	LEFT_OUT_FADUMP,
	LEFT_OUT_FADUMP_CMA,	/* a part of it */
	LEFT_OUT_LOW_1M,
	LEFT_OUT_DEVICE_MEMMAP,
};

enum left_out_table { LEFT_OUT_MEMORY, LEFT_OUT_MEMMAPS };

struct left_out_range {
	uint64_t paddr, end;	/* bytes; end exclusive */
	uint32_t why;		/* enum left_out_why, or a newer kernel's */
};

#define LEFT_OUT_RANGES 64u

struct left_out {
	bool known;		/* the kernel has the table, and it was read */
	unsigned nr;
	bool more;		/* there are more than LEFT_OUT_RANGES */
	struct left_out_range ranges[LEFT_OUT_RANGES];	/* ascending */
};

#define LEFT_OUT_ENTRY 24u	/* bytes of an entry that are understood */

/* The entry at BYTES (LEFT_OUT_ENTRY of them) goes to its place in RET, if it is
 * used and is a range. */
void left_out_add(struct left_out *ret, const uint8_t *bytes, bool big_endian);

/* Reads TABLE. A table that the kernel names, but that can't be read or makes no
 * sense, is a warning. */
struct error *left_out_read(const struct kernel *kernel, struct view *view,
			    enum left_out_table table, struct log *log,
			    struct left_out *ret);

/* "CMA area, the crash kernel's" */
const char *left_out_reason(uint32_t why);
/* "crash_cma", for JSON */
const char *left_out_key(uint32_t why);

#endif
