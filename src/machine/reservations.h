/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that a crash kernel has to itself, as the running machine tells of
 * it, be it that crash kernel or the one before it.
 */
#ifndef CAPDUMP_MACHINE_RESERVATIONS_H
#define CAPDUMP_MACHINE_RESERVATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

enum reservation_source {
	RESERVATION_IOMEM,	/* "Crash kernel" of /proc/iomem */
	RESERVATION_CHOSEN,	/* /chosen of ppc64's device tree */
	RESERVATION_USABLE,	/* linux,usable-memory-range: this kernel is the
				 * crash kernel, and this its own memory */
	RESERVATION_CMA,	/* /sys/kernel/kexec/crash_cma_ranges */
	RESERVATION_SYMBOL,	/* the crashed kernel's crashk_res and
				 * crashk_low_res */
};

struct reservation {
	uint64_t paddr, end;	/* bytes, end exclusive */
	enum reservation_source source;
};

#define RESERVATIONS_MAX 64

struct reservations {
	struct reservation at[RESERVATIONS_MAX];
	size_t nr;
};

/*
 * All that is told below ROOT (see machine_file.h), in the order of the sources;
 * a range that two sources tell of is there once. What is not there is not an
 * error, what is damaged is.
 */
struct error *reservations_read(const char *root, struct reservations *ret);

const char *reservation_source_name(enum reservation_source source);

#endif
