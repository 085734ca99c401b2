/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VMCOREINFO makes of struct page, on each of fuzz_machines. */
#ifndef CAPDUMP_TESTS_FUZZ_LAYOUT_H
#define CAPDUMP_TESTS_FUZZ_LAYOUT_H

#include "../../src/image/vmcoreinfo.h"
#include "../../src/kernel/layout.h"
#include "fuzz.h"

#define NR_FUZZ_MACHINES (sizeof(fuzz_machines) / sizeof(*fuzz_machines))

/* Whether it makes a layout. */
static inline bool fuzz_layout(const struct target *target,
			       const struct vmcoreinfo *vmcoreinfo,
			       struct page_layout *ret)
{
	struct error *err;
	struct log log;
	bool ok;

	*ret = (struct page_layout){ 0 };
	log_init(&log, fuzz_null(), 31);
	err = layout_init(ret, target, vmcoreinfo, &log);
	ok = !err;
	error_destroy(err);
	log_deinit(&log);
	return ok;
}

#endif
