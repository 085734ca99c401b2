// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a reservation to the table that a dump has of it: kernel/crash_reserve.c and
 * kernel/crash_ranges.c as they are, with CMA areas that can fail.
 */
#include "stub.h"
#define LINUX_KEXEC_INTERNAL_H
#define LINUX_KALLSYMS_INTERNAL_H_
#include "kernel/crash_ranges.c"
#include "kernel/crash_reserve.c"

#define M	(1ULL << 20)

struct cma {
	phys_addr_t base;
	unsigned long size;
};
static struct cma areas[8];
static int area_cnt, attempts, bad, claims;
static phys_addr_t largest;	/* of the areas that can be had */

phys_addr_t cma_get_base(const struct cma *cma)
{
	return cma->base;
}

unsigned long cma_get_size(const struct cma *cma)
{
	return cma->size;
}

int cma_declare_contiguous(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
			   phys_addr_t alignment, unsigned int order_per_bit,
			   bool fixed, const char *name, struct cma **res)
{
	(void)base, (void)limit, (void)alignment, (void)order_per_bit, (void)fixed;
	(void)name;
	attempts++;
	size = ALIGN(size, pageblock_size);
	if (size > largest)
		return -ENOMEM;
	areas[area_cnt].base = 4096 * M - 256 * M * (area_cnt + 1);
	areas[area_cnt].size = size;
	*res = &areas[area_cnt++];
	return 0;
}

phys_addr_t memblock_end_of_DRAM(void)
{
	return 4096 * M;
}

phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end)
{
	(void)align, (void)start, (void)end;
	return 1024 * M - size;
}

void memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	(void)base, (void)size;
}

static void expect(bool holds, const char *what)
{
	claims++;
	if (holds)
		return;
	printf("%s\n%s", what, kernel_log);
	bad++;
}

/* entries for a reason, and whether one of them is this range */
static int count(u32 why)
{
	int nr = 0;

	for (int i = 0; i < CRASH_LEFT_OUT_MAX; i++)
		nr += crash_left_out[i].why == why;
	return nr;
}

static bool has(u32 why, u64 start, u64 size)
{
	for (int i = 0; i < CRASH_LEFT_OUT_MAX; i++)
		if (crash_left_out[i].why == why && crash_left_out[i].start == start &&
		    crash_left_out[i].end == start + size - 1)
			return true;
	return false;
}

static void boot(u64 cma_size, phys_addr_t cma_largest, int broken)
{
	memset(crash_left_out, 0, sizeof(crash_left_out));
	memset(areas, 0, sizeof(areas));
	crashk_cma_cnt = area_cnt = attempts = 0;
	kernel_log[0] = 0;
	largest = cma_largest;
	reserve_crashkernel_cma(cma_size);
	if (broken >= 0)
		areas[broken].size = 0;		/* it could not be activated */
	initcall_postcore();
	initcall_subsys();
}

static void check_regions(void)
{
	static char line[] = "crashkernel=256M";
	unsigned long long size, base, low = 0, cma = 0;
	bool high = false;

	/* none */
	boot(0, 0, -1);
	expect(count(CRASH_RANGE_UNUSED) == CRASH_LEFT_OUT_MAX, "nothing is left out");

	/* by the generic code */
	parse_crashkernel(line, 4096 * M, &size, &base, &low, &cma, &high);
	reserve_crashkernel_generic(size, base, low, high);
	boot(0, 0, -1);
	expect(has(CRASH_RANGE_CRASH, 768 * M, 256 * M), "the region");
	expect(count(CRASH_RANGE_UNUSED) == CRASH_LEFT_OUT_MAX - 1, "and nothing else");

	/* by an architecture itself, with a low one */
	crashk_res = (struct resource){ .start = 2048 * M, .end = 2304 * M - 1 };
	crashk_low_res = (struct resource){ .start = 16 * M, .end = 80 * M - 1 };
	boot(0, 0, -1);
	expect(has(CRASH_RANGE_CRASH, 2048 * M, 256 * M), "an architecture's region");
	expect(has(CRASH_RANGE_CRASH_LOW, 16 * M, 64 * M), "the low one");

	/* shrunk, then so far that the low one becomes the region, then to nothing */
	crashk_res.end = 2112 * M - 1;
	crashk_update_left_out();
	expect(has(CRASH_RANGE_CRASH, 2048 * M, 64 * M), "the shrunk region");
	expect(count(CRASH_RANGE_CRASH) == 1, "and not as it was before");
	expect(has(CRASH_RANGE_CRASH_LOW, 16 * M, 64 * M), "the low one as before");
	crashk_res = crashk_low_res;
	crashk_low_res = (struct resource){ };
	crashk_update_left_out();
	expect(has(CRASH_RANGE_CRASH, 16 * M, 64 * M), "the low one is the region");
	expect(!count(CRASH_RANGE_CRASH_LOW), "there is no low one");
	crashk_res = (struct resource){ };
	crashk_update_left_out();
	expect(count(CRASH_RANGE_UNUSED) == CRASH_LEFT_OUT_MAX, "all is given back");
}

static void check_cma(void)
{
	boot(256 * M, 256 * M, -1);
	expect(has(CRASH_RANGE_CRASH_CMA, 3840 * M, 256 * M), "one area");
	expect(count(CRASH_RANGE_CRASH_CMA) == 1, "only one");

	boot(256 * M, 64 * M, -1);
	expect(count(CRASH_RANGE_CRASH_CMA) == 4 && crashk_cma_cnt == 4, "four areas");

	/* one of them was not activated: it is in the dump */
	boot(256 * M, 64 * M, 1);
	expect(count(CRASH_RANGE_CRASH_CMA) == 3 && crashk_cma_cnt == 3, "three areas");
	expect(!has(CRASH_RANGE_CRASH_CMA, 3584 * M, 64 * M), "not the second");
	expect(has(CRASH_RANGE_CRASH_CMA, 3072 * M, 64 * M), "but the fourth");
	expect(crashk_cma_ranges[1].start == 3328 * M, "the third has moved up");
	expect(strstr(kernel_log, "was not activated"), "the log says so");

	boot(256 * M, 256 * M, 0);
	expect(!count(CRASH_RANGE_CRASH_CMA) && !crashk_cma_cnt, "no area");
}

/* An area is of whole pageblocks, in the count and in the log, too. */
static void check_pageblocks(void)
{
	boot(256 * M, 0, -1);
	expect(attempts == 8, "256M down to 2M");
	boot(3 * M, 64 * M, -1);
	expect(has(CRASH_RANGE_CRASH_CMA, 3840 * M, 4 * M), "two of 2M");
	expect(strstr(kernel_log, "reserved: 4 MB in 1 ranges"), "4 MB");

	pageblock_size = 512 * M;
	boot(256 * M, 4096 * M, -1);
	expect(has(CRASH_RANGE_CRASH_CMA, 3840 * M, 512 * M), "one of 512M");
	expect(strstr(kernel_log, "reserved: 512 MB in 1 ranges"), "512 MB");
	boot(1100 * M, 1024 * M, -1);
	expect(crashk_cma_cnt == 2 && attempts == 3, "twice two of them");
	expect(strstr(kernel_log, "reserved: 2048 MB in 2 ranges"), "2048 MB");
	boot(256 * M, 0, -1);
	expect(attempts == 1, "one attempt");
	expect(strstr(kernel_log, "256 MB requested, 0 MB reserved in 0 ranges"), "none");
	pageblock_size = SZ_2M;
}

static void check_full(void)
{
	boot(0, 0, -1);
	for (int i = 0; i < CRASH_LEFT_OUT_MAX; i++)
		crash_left_out_add(i * M, i * M + 4095, CRASH_RANGE_FADUMP);
	expect(!kernel_log[0], "there is room");
	crash_left_out_add(0, M - 1, CRASH_RANGE_LOW_1M);
	expect(strstr(kernel_log, "no entry"), "the log says that the table is full");
	expect(count(CRASH_RANGE_FADUMP) == CRASH_LEFT_OUT_MAX, "what was there stays");
	crash_left_out_remove(CRASH_RANGE_FADUMP);
	crash_left_out_add(0, M - 1, CRASH_RANGE_LOW_1M);
	expect(has(CRASH_RANGE_LOW_1M, 0, M), "there is room again");

	/* the most that can be: both regions, all of CMA, fadump's two, and 1M */
	static_assert(2 + CRASHKERNEL_CMA_RANGES_MAX + 2 + 1 <= CRASH_LEFT_OUT_MAX,
		      "the table is large enough");
}

static void check_vmcoreinfo(void)
{
	kernel_log[0] = 0;
	crash_ranges_vmcoreinfo_setup();
	expect(strstr(kernel_log, "SIZE(crash_range)=24\n"), "the size of an entry");
	expect(strstr(kernel_log, "LENGTH(crash_left_out)=16\n"), "and the number");
	expect(strlen(kernel_log) == 165, "165 bytes");
}

int main(void)
{
	check_regions();
	check_cma();
	check_pageblocks();
	check_full();
	check_vmcoreinfo();
	printf("%d claims, %d bad\n", claims, bad);
	return !!bad;
}
