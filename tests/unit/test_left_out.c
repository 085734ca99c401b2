/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of what a kernel leaves out: src/kernel/left_out.h. */
#include <stdlib.h>
#include <string.h>

#include "../../src/base/log.h"
#include "../../src/kernel/left_out.h"
#include "open_kernel.h"

#define TABLE_PADDR	0x800000ull
#define AT		"SYMBOL(crash_left_out)=ffff9a0040800000\n"
#define SIZE		"SIZE(crash_range)=24\n"

static void put_entry(uint8_t *at, uint64_t first, uint64_t last, uint32_t why,
		      bool big_endian)
{
	put_u64(at, first, big_endian);
	put_u64(at + 8, last, big_endian);
	put_u32(at + 16, why, big_endian);
	put_u32(at + 20, 0xffffffff, big_endian);
}

static void test_add(bool big_endian)
{
	struct left_out t = { .known = true };
	uint8_t e[LEFT_OUT_ENTRY];

	put_entry(e, 0x3000, 0x3fff, LEFT_OUT_CRASH, big_endian);
	left_out_add(&t, e, big_endian);
	put_entry(e, 0x1000, 0x1000, 77, big_endian);
	left_out_add(&t, e, big_endian);
	put_entry(e, 0x1000, 0x8fff, LEFT_OUT_CRASH_CMA, big_endian);
	left_out_add(&t, e, big_endian);
	/* unused; ends before it begins; no end that can be told */
	put_entry(e, 0x5000, 0x5fff, LEFT_OUT_UNUSED, big_endian);
	left_out_add(&t, e, big_endian);
	put_entry(e, 0x5000, 0x4fff, LEFT_OUT_CRASH, big_endian);
	left_out_add(&t, e, big_endian);
	put_entry(e, 0, UINT64_MAX, LEFT_OUT_CRASH, big_endian);
	left_out_add(&t, e, big_endian);
	if (!CHECK(t.nr == 3 && !t.more))
		return;
	CHECK(t.ranges[0].paddr == 0x1000 && t.ranges[0].end == 0x1001);
	CHECK(t.ranges[0].why == 77);
	CHECK(t.ranges[1].paddr == 0x1000 && t.ranges[1].end == 0x9000);
	CHECK(t.ranges[2].paddr == 0x3000 && t.ranges[2].end == 0x4000);

	while (t.nr < LEFT_OUT_RANGES) {
		put_entry(e, 0, t.nr, LEFT_OUT_LOW_1M, big_endian);
		left_out_add(&t, e, big_endian);
	}
	CHECK(!t.more);
	left_out_add(&t, e, big_endian);
	CHECK(t.more && t.nr == LEFT_OUT_RANGES);
}

/* What the table named by TEXT comes to: how many ranges, -1: it is not known. */
static int read_table(const char *text, uint64_t bad_paddr, bool warns)
{
	struct machine m;
	struct kernel *kernel;
	struct left_out t;
	struct log log;
	int nr;

	machine_init(&m, 4, 0);
	put_entry(m.mem + TABLE_PADDR, 0x5000, 0x5fff, LEFT_OUT_CRASH, false);
	put_entry(m.mem + TABLE_PADDR + 24, 0, 0xfff, 0, false);
	put_entry(m.mem + TABLE_PADDR + 48, 0x7000, 0x7fff, LEFT_OUT_FADUMP,
		  false);
	machine_say(&m, "%s", text);
	m.bad_paddr = bad_paddr;
	kernel = open_kernel(&m, NULL);
	log_init(&log, stderr, 0);
	if (!CHECK_OK(left_out_read(kernel, m.view, LEFT_OUT_MEMORY, &log, &t)))
		exit(unit_end());
	CHECK(log.nr_warnings == warns);
	CHECK(t.known || !t.nr);
	nr = t.known ? (int)t.nr : -1;
	log_deinit(&log);
	kernel_close(kernel);
	machine_close(&m);
	return nr;
}

static void test_read(void)
{
	CHECK(read_table("", 0, false) == -1);
	CHECK(read_table(AT SIZE "LENGTH(crash_left_out)=3\n", 0, false) == 2);
	CHECK(read_table(AT SIZE "LENGTH(crash_left_out)=2\n", 0, false) == 1);
	/* an entry of a newer kernel is longer */
	CHECK(read_table(AT "SIZE(crash_range)=48\nLENGTH(crash_left_out)=2\n",
			 0, false) == 2);
	CHECK(read_table(AT SIZE, 0, true) == -1);
	CHECK(read_table(AT "LENGTH(crash_left_out)=3\n", 0, true) == -1);
	CHECK(read_table(AT SIZE "LENGTH(crash_left_out)=1025\n", 0, true) ==
	      -1);
	CHECK(read_table(AT "SIZE(crash_range)=23\nLENGTH(crash_left_out)=3\n",
			 0, true) == -1);
	CHECK(read_table(AT "SIZE(crash_range)=257\nLENGTH(crash_left_out)=3\n",
			 0, true) == -1);
	CHECK(read_table("SYMBOL(crash_left_out)=8\n" SIZE
			 "LENGTH(crash_left_out)=3\n", 0, true) == -1);
	/* the table can't be read, in part */
	CHECK(read_table(AT SIZE "LENGTH(crash_left_out)=3\n", TABLE_PADDR,
			 true) == -1);
	CHECK(read_table(AT SIZE "LENGTH(crash_left_out)=1000\n",
			 TABLE_PADDR + 4096, true) == -1);
}

static void test_names(void)
{
	CHECK(!strcmp(left_out_key(LEFT_OUT_CRASH_CMA), "crash_cma"));
	CHECK(!strcmp(left_out_key(LEFT_OUT_DEVICE_MEMMAP), "device_memmap"));
	CHECK(!strcmp(left_out_key(8), "other"));
	CHECK(!strcmp(left_out_key(UINT32_MAX), "other"));
	CHECK(!strcmp(left_out_reason(UINT32_MAX), left_out_reason(0)));
}

int main(void)
{
	test_add(false);
	test_add(true);
	test_read();
	test_names();
	return unit_end();
}
