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
#include "reserve_rules.h"

/* Memory encryption of the machine: x86_64 only. */
enum reserve_encryption {
	RESERVE_PLAIN,
	RESERVE_SME,		/* host memory encryption */
	RESERVE_GUEST,		/* a SEV or TDX guest: DMA is bounced */
};

/* What is known of the machine; borrowed. */
struct reserve_machine {
	const struct reserve_arch *arch;
	unsigned kernel;	/* that ARCH is of; 0: 7.2 */
	const char *release;	/* of the running kernel; NULL: none is meant */
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
