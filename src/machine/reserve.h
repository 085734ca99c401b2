/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel will set aside for its crash kernel: from its command line, the
 * machine's memory and the rules of its architecture, with the reasons.
 *
 * Sizes are what the kernel reserves. An address is certain only where the
 * command line names it: the kernel takes the highest memory that is free, and
 * what it took for itself by then, it does not tell anybody.
 */
#ifndef CAPDUMP_MACHINE_RESERVE_H
#define CAPDUMP_MACHINE_RESERVE_H

#include "crashkernel.h"
#include "iomem.h"

/* Whose rules. */
enum reserve_kernel {
	RESERVE_LINUX_7_2,	/* kernel/crash_reserve.c and what it calls */
	RESERVE_SERIES,		/* the patches for arm64 of 2022 (v22, "support
				 * reserving crashkernel above 4G"), of which
				 * kernels before 7.2 have parts */
};

/* Memory encryption of the machine: x86_64 only. */
enum reserve_encryption {
	RESERVE_PLAIN,
	RESERVE_SME,		/* host memory encryption */
	RESERVE_GUEST,		/* a SEV or TDX guest: DMA is bounced */
};

enum reserve_style { RESERVE_GENERIC, RESERVE_S390X, RESERVE_PPC64 };

/* Where what is called low memory ends. */
enum reserve_low_limit {
	RESERVE_LOW_4G,
	RESERVE_LOW_4G_OR_END,	/* or where RAM ends, if that is lower */
	RESERVE_LOW_DMA,	/* arm64: the same, but all RAM is low if none
				 * lies below 4 GiB; firmware may say less */
};

struct reserve_arch {
	const char *name;
	enum reserve_style style;
	unsigned takes;			/* enum crashkernel_takes */
	uint64_t align;			/* of addresses, bytes */
	enum reserve_low_limit low_limit;
	uint64_t high_end;		/* 0: the end of RAM */
	uint64_t default_low;		/* bytes, without ,low */
	bool low_by_swiotlb;		/* 8 MiB more than SWIOTLB, if larger */
};

/* By name (x86_64, arm64 or aarch64, riscv64, loongarch64, s390x, ppc64,
 * ppc64le); NULL: none. */
const struct reserve_arch *reserve_arch_find(const char *name);

/* What is known of the machine; borrowed. */
struct reserve_machine {
	const struct reserve_arch *arch;
	enum reserve_kernel kernel;
	enum reserve_encryption encryption;
	const char *cmdline;
	const struct iomem *iomem;
};

enum reserve_part {
	RESERVE_MAIN,
	RESERVE_LOW_PART,	/* in low memory, beside a high main part */
	RESERVE_CMA,
};

struct reserve_region {
	enum reserve_part part;
	uint64_t size;
	bool high;		/* at or above the end of low memory */
	bool exact;		/* starts at START */
	uint64_t start, end;	/* it lies within; exclusive */
};

#define RESERVE_MAX_REGIONS 3
#define RESERVE_MAX_NOTES 24

struct reserve_note {
	bool caution;		/* else it is a reason */
	char text[320];
};

struct reserve_plan {
	struct crashkernel asked;
	uint64_t ram;		/* bytes the kernel counts as memory */
	uint64_t low_limit;	/* where low memory ends */
	struct reserve_region regions[RESERVE_MAX_REGIONS];
	unsigned nr_regions;
	bool certain;		/* else it depends on what the kernel took
				 * before, and the likelier case is told */
	struct reserve_note notes[RESERVE_MAX_NOTES];
	unsigned nr_notes;
};

/* No regions: nothing is reserved; the notes say why. MACHINE's cmdline must
 * outlive RET. */
void reserve_plan(const struct reserve_machine *machine,
		  struct reserve_plan *ret);

/* Bytes of the regions above (HIGH) or in low memory, CMA's left out. */
uint64_t reserve_plan_size(const struct reserve_plan *plan, bool high);

/* Bytes of CMA's region. */
uint64_t reserve_plan_cma(const struct reserve_plan *plan);

#endif
