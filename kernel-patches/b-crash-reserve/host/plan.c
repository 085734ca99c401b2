// SPDX-License-Identifier: GPL-2.0-or-later
/* The KUnit suite of kernel/crash_reserve.c, on the host. */
#include "kunit/test.h"
#define LINUX_KEXEC_INTERNAL_H
#define LINUX_KALLSYMS_INTERNAL_H_
#include "kernel/crash_reserve.c"
#include "kernel/crash_reserve_test.c"

/* A plan is made without them. */
phys_addr_t memblock_phys_mem_size(void)
{
	abort();
}

phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end)
{
	(void)size, (void)align, (void)start, (void)end;
	abort();
}

void memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	(void)base, (void)size;
	abort();
}

int main(void)
{
	struct kunit test = { 0 };

	for (struct kunit_case *c = kunit_suite->test_cases; c->run; c++)
		c->run(&test);
	printf("%zu plans, %d bad\n", ARRAY_SIZE(plan_cases), test.failed);
	return !!test.failed;
}
