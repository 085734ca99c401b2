/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hardware errors that the kernel survived: it counts them by kind, since often
 * they are what led to a crash. Linux 7.2 kernel/vmcore_info.c: hwerr_data; the
 * kinds are enum hwerr_error_type, include/uapi/linux/vmcore.h.
 */
#ifndef CAPDUMP_KERNEL_HARDWARE_H
#define CAPDUMP_KERNEL_HARDWARE_H

#include "kernel.h"

#define HARDWARE_KINDS 16u	/* at most; Linux 7.2 has 5 */

struct hardware_error {
	uint32_t count;		/* since the kernel was booted */
	uint64_t last;		/* seconds since 1970 */
};

struct hardware_errors {
	bool known;
	unsigned nr;		/* of kinds */
	struct hardware_error kinds[HARDWARE_KINDS];
};

/* "memory" ...; NULL: a kind that is not known here */
const char *hardware_kind_name(unsigned kind);

/*
 * Reads them where VMCOREINFO says where they are and what they look like
 * (kernel-patches/d-vmcoreinfo); else *RET is not known. Needs has_space. An
 * ERROR_INVALID says what can't be read.
 */
struct error *hardware_errors_read(const struct kernel *kernel,
				   struct view *view,
				   struct hardware_errors *ret);

#endif
