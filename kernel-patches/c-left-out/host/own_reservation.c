// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table where the architecture reserves the region itself, and does not use the
 * generic code for that.
 */
#define OWN_RESERVATION
#include "stub.h"
#define LINUX_KEXEC_INTERNAL_H
#define LINUX_KALLSYMS_INTERNAL_H_
#include "kernel/crash_ranges.c"
#include "kernel/crash_reserve.c"

int main(void)
{
	const struct crash_range *r = crash_left_out;

	crashk_res.start = 0x10000000;
	crashk_res.end = 0x1fffffff;
	initcall_subsys();
	if (r->why != CRASH_RANGE_CRASH || r->start != crashk_res.start ||
	    r->end != crashk_res.end || r[1].why) {
		printf("%llx-%llx, %u, and %u\n", r->start, r->end, r->why, r[1].why);
		return 1;
	}
	printf("the region is named\n");
	return 0;
}
