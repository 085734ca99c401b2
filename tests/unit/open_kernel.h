/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel of a machine that was made, which has to open. */
#ifndef CAPDUMP_TESTS_OPEN_KERNEL_H
#define CAPDUMP_TESTS_OPEN_KERNEL_H

#include <stdlib.h>

#include "../../src/kernel/kernel.h"
#include "machine.h"

/* LOG may be NULL. */
static inline struct kernel *open_kernel(struct machine *m, struct log *log)
{
	struct kernel *kernel = NULL;

	machine_open(m);
	if (!CHECK_OK(kernel_open(&m->image, m->view, log, &kernel)))
		exit(unit_end());
	return kernel;
}

#endif
