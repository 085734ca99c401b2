/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory a crash kernel needs to write a dump, part by part, and the
 * crashkernel= to recommend for it. What was not read from the machine is a
 * default of the architecture, and is said to be one: need.c says where each
 * comes from.
 *
 *	need_init(&asked, name, release);	what is known goes into asked
 *	need_plan(&asked, false, &need);
 *	need_advise(&asked, &machine, &advice);
 *
 * Pure; any thread.
 */
#ifndef CAPDUMP_MACHINE_NEED_H
#define CAPDUMP_MACHINE_NEED_H

#include "reserve.h"

enum need_part {
	NEED_KERNEL,	/* its image, from first to last byte */
	NEED_PAGES,	/* struct pages of the memory that it sees */
	NEED_BOOT,	/* taken before it counts: page tables, per-CPU areas,
			 * hash tables, tables of the firmware's */
	NEED_UNPACKED,	/* its initramfs, which stays in memory */
	NEED_PACKED,	/* the same as it was loaded: until it is unpacked */
	NEED_KERNEL_USE,	/* slabs, stacks, modules, drivers' buffers */
	NEED_CPUS,	/* of CPUs beyond the first */
	NEED_SWIOTLB,	/* bounce buffers for DMA */
	NEED_PROGRAMS,	/* init, udev and what they start */
	NEED_CAPDUMP,	/* capdump itself */
	NEED_OUTPUT,	/* page cache of what is written */
	NEED_CMA,	/* what is idle in the CMA area that it sets up by
			 * default: only some pages may go there */
	NEED_MARGIN,
	NR_NEED_PARTS
};

/* What is known of the machine; need_init() first. */
struct need_asked {
	const struct reserve_arch *arch;
	unsigned version;		/* of the kernel, that ARCH is of */
	enum reserve_encryption encryption;
	uint64_t page_size;		/* bytes */
	uint64_t struct_page_size;	/* bytes */
	uint64_t ram;			/* bytes of the machine; fadump only */
	uint64_t kernel;		/* bytes of NEED_KERNEL; 0: not known */
	uint64_t packed, unpacked;	/* of the initramfs; 0: not known */
	uint64_t swiotlb;		/* bytes, if there is any */
	uint64_t capdump;		/* bytes that capdump wants */
	unsigned nr_cpus;		/* of the crash kernel, from 1 on */
	bool fadump;			/* the machine's own kernel makes the
					 * dump after a reset (ppc64) */
};

struct need {
	uint64_t bytes[NR_NEED_PARTS];
	bool assumed[NR_NEED_PARTS];	/* a default, not read anywhere */
	/* the most at one time, without the margin: when the initramfs is being
	 * unpacked, and when capdump runs */
	uint64_t boot, run;
	uint64_t total;		/* to be reserved, rounded up; without what
				 * belongs below 4 GiB if the rest is above */
	uint64_t low;		/* and that, rounded; 0: nothing */
};

struct need_advice {
	struct need need;
	char words[96];		/* for the command line */
	bool checked;		/* against a memory map: else the next three say
				 * nothing */
	bool granted;		/* the kernel would reserve all of it */
	bool certain;		/* see reserve.h */
	uint64_t high_bytes, low_bytes;	/* what it would reserve */
};

/*
 * Defaults for the architecture NAME (any of reserve_arch_name()'s) and a kernel
 * of that RELEASE (reserve_kernel_of()). False: nothing is known of NAME.
 */
bool need_init(struct need_asked *asked, const char *name,
	       const char *release);

/* Bytes of SWIOTLB by MACHINE's command line, or the kernel's default: a crash
 * kernel is usually given the same words. */
uint64_t need_swiotlb(const struct reserve_machine *machine);

/* HIGH: the crash kernel's memory lies above 4 GiB, and some more below. */
void need_plan(const struct need_asked *asked, bool high, struct need *ret);

/*
 * The words to recommend. MACHINE's memory map says whether they can be had; NULL:
 * it is not known. Its cmdline is that of the machine; crashkernel= words in it
 * are left out of the account, the others stay.
 */
struct error *need_advise(const struct need_asked *asked,
			  const struct reserve_machine *machine,
			  struct need_advice *ret);

/* "kernel image"; for JSON "kernel_image". */
const char *need_part_name(enum need_part part);
const char *need_part_key(enum need_part part);

enum need_verdict {
	NEED_MET,
	NEED_TIGHT,	/* into the margin */
	NEED_NOT_MET,
};

/* What a reservation is worth: MAIN bytes, above 4 GiB (HIGH) with LOW bytes
 * below it, or below it as a whole (LOW is not looked at). */
enum need_verdict need_judge(const struct need_asked *asked, bool high,
			     uint64_t main, uint64_t low);

#endif
