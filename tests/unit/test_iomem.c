/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory maps: /proc/iomem's and those written by hand; what is free in them. */
#include "../../src/machine/iomem.h"
#include "unit.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct iomem parse(const char *text)
{
	struct iomem iomem = { 0 };

	CHECK_OK(iomem_parse(text, strlen(text), &iomem));
	return iomem;
}

static bool has(const struct iomem *iomem, enum iomem_kind kind,
		uint64_t paddr, uint64_t end)
{
	for (size_t i = iomem->first[kind]; i < iomem->first[kind + 1]; i++)
		if (iomem->ranges[i].paddr == paddr &&
		    iomem->ranges[i].end == end)
			return true;
	return false;
}

static size_t count(const struct iomem *iomem, enum iomem_kind kind)
{
	return iomem->first[kind + 1] - iomem->first[kind];
}

/* arm64's: nested; what is not RAM; memory that came later. */
static const char proc[] =
	"08000000-0800ffff : GICD\n"
	"40000000-f7ffffff : System RAM\n"
	"  40210000-420fffff : Kernel code\n"
	"  42100000-424fffff : reserved\n"
	"  42500000-42ffffff : Kernel data\n"
	"  d0000000-dfffffff : Crash kernel\n"
	"f8000000-ffffffff : reserved\n"
	"100000000-1ffffffff : System RAM\n"
	"  1f0000000-1ffffffff : Crash kernel\n"
	"200000000-2ffffffff : System RAM (kmem)\n"
	"  300000000-3ffffffff : System RAM\n";

static void test_proc(void)
{
	struct iomem iomem = parse(proc);

	CHECK(count(&iomem, IOMEM_RAM) == 2 &&
	      has(&iomem, IOMEM_RAM, 0x40000000, 0xf8000000) &&
	      has(&iomem, IOMEM_RAM, 0x100000000, 0x200000000));
	CHECK(count(&iomem, IOMEM_KERNEL) == 2);
	CHECK(count(&iomem, IOMEM_RESERVED) == 1);
	CHECK(count(&iomem, IOMEM_CRASH) == 2 &&
	      has(&iomem, IOMEM_CRASH, 0xd0000000, 0xe0000000));
	CHECK(iomem_ram_size(&iomem) == 0xb8000000 + 4 * GIB);
	CHECK(iomem_ram_start(&iomem) == 0x40000000);
	CHECK(iomem_ram_end(&iomem) == 0x200000000);
	iomem_deinit(&iomem);
}

/* riscv64 shows it as reserved, too; s390x takes it from its RAM. */
static void test_crash(void)
{
	struct iomem iomem = parse(
		"80000000-bfffffff : System RAM\n"
		"  90000000-afffffff : Reserved\n"
		"    98000000-9fffffff : Crash kernel\n"
		"c0000000-cfffffff : Crash kernel\n");

	CHECK(has(&iomem, IOMEM_RESERVED, 0x90000000, 0x98000000) &&
	      has(&iomem, IOMEM_RESERVED, 0xa0000000, 0xb0000000) &&
	      count(&iomem, IOMEM_RESERVED) == 2);
	CHECK(count(&iomem, IOMEM_RAM) == 1 &&
	      has(&iomem, IOMEM_RAM, 0x80000000, 0xd0000000));
	iomem_deinit(&iomem);
}

static void test_plain(void)
{
	struct iomem iomem = parse(
		"# a machine\n"
		"1G+3G=ram\n"
		"0x40000000-0x41ffffff=kernel  # its image\n"
		"\n"
		"  2G+64M=reserved\n"
		"4G-8589934591=RAM\n"
		"200000000-2ffffffff : System RAM");

	CHECK(count(&iomem, IOMEM_RAM) == 1 &&
	      has(&iomem, IOMEM_RAM, GIB, 12 * GIB));
	CHECK(has(&iomem, IOMEM_KERNEL, GIB, GIB + 32 * MIB));
	CHECK(has(&iomem, IOMEM_RESERVED, 2 * GIB, 2 * GIB + 64 * MIB));
	iomem_deinit(&iomem);
	iomem = parse("0-0xffffffffffffffff=ram");
	CHECK(iomem_ram_end(&iomem) == UINT64_MAX);
	iomem_deinit(&iomem);
}

static void test_bad(void)
{
	static const struct { const char *text, *error; } cases[] = {
		{ "", "no System RAM" },
		{ "00000000-00000000 : System RAM\n", "root only" },
		{ "  40000000-4fffffff : System RAM\n", "no System RAM" },
		{ "1G+1G=ram\nnonsense\n", "line 2" },
		{ "1G+1G\n", "line 1" },
		{ "1G=ram\n", "no START" },
		{ "1G+0=ram", "size is 0" },
		{ "2G+17179869183G=ram", "too large" },
		{ "1G+99999999999G=ram", "no START" },
		{ "2G-1G=ram", "below the start" },
		{ "1G+1G=rom", "none of ram" },
		{ "-1+1G=ram", "no START" },
		{ "1G+1G=", "none of ram" },
		{ "\x1b[2J=ram", "\\x1b" },
		{ "40000000-4fffffff:System RAM", "line 1" },
	};
	struct iomem iomem;
	char *many;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_ERROR(iomem_parse(cases[i].text, strlen(cases[i].text),
					&iomem), cases[i].error);
	many = malloc(25 * (IOMEM_MAX_RANGES + 1) + 1);
	if (CHECK(many)) {
		for (size_t i = 0; i <= IOMEM_MAX_RANGES; i++)
			sprintf(many + 25 * i, "%15zu00+16=ram\n", i + 1);
		CHECK_ERROR(iomem_parse(many, strlen(many), &iomem),
			    "more than");
	}
	free(many);
}

static void test_free(void)
{
	struct iomem iomem = parse(
		"0x40000000-0xffffffff=ram\n"
		"0xfc000000-0xffffffff=reserved\n"
		"0x80000000-0x81ffffff=kernel\n"
		"0x140000000-0x17fffffff=ram\n");
	uint64_t all = UINT64_MAX;

	CHECK(iomem_find_free(&iomem, 512 * MIB, 2 * MIB, 0, all, IOMEM_TAKEN_RESERVED) ==
	      0x160000000);
	CHECK(iomem_find_free(&iomem, 512 * MIB, 2 * MIB, 0, 4 * GIB, IOMEM_TAKEN_RESERVED) ==
	      0xdc000000);
	CHECK(iomem_find_free(&iomem, 512 * MIB, 2 * MIB, 0, 4 * GIB, IOMEM_TAKEN_KERNEL) ==
	      0xe0000000);
	/* below the kernel there is 1 GiB, above it less than 2 */
	CHECK(iomem_find_free(&iomem, GIB, 2 * MIB, 0, 0x90000000, IOMEM_TAKEN_RESERVED) ==
	      0x40000000);
	CHECK(iomem_find_free(&iomem, 2 * GIB, 2 * MIB, 0, all, IOMEM_TAKEN_KERNEL) == 0);
	CHECK(iomem_find_free(&iomem, 0x7e000000, 2 * MIB, 0, all, IOMEM_TAKEN_KERNEL) ==
	      0x82000000);
	/* exactly there, or not at all */
	CHECK(iomem_find_free(&iomem, MIB, MIB, 0x90000000, 0x90100000, IOMEM_TAKEN_RESERVED)
	      == 0x90000000);
	CHECK(iomem_find_free(&iomem, MIB, 2 * MIB, 0x90100000, 0x90200000, IOMEM_TAKEN_RESERVED) == 0);
	CHECK(iomem_find_free(&iomem, MIB, MIB, 0x81f00000, 0x82000000, IOMEM_TAKEN_RESERVED)
	      == 0);
	CHECK(iomem_find_free(&iomem, MIB, MIB, 0xfff80000, 0x100080000, IOMEM_TAKEN_RESERVED)
	      == 0);
	/* nothing is too large */
	CHECK(iomem_find_free(&iomem, all, MIB, 0, all, IOMEM_TAKEN_RESERVED) == 0);
	CHECK(iomem_find_free(&iomem, MIB, MIB, all, all, IOMEM_TAKEN_RESERVED) == 0);
	iomem_deinit(&iomem);
	/* the first page is never given out */
	iomem = parse("0-0xfffff=ram");
	CHECK(iomem_find_free(&iomem, 1 << 20, 4096, 0, all, IOMEM_TAKEN_RESERVED) == 0);
	CHECK(iomem_find_free(&iomem, (1 << 20) - 4096, 4096, 0, all, IOMEM_TAKEN_RESERVED) ==
	      4096);
	iomem_deinit(&iomem);
}

int main(void)
{
	test_proc();
	test_crash();
	test_plain();
	test_bad();
	test_free();
	return unit_end();
}
