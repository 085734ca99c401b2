// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the command line and what features require to the memory that is reserved:
 * kernel/crash_reserve.c as it is, on a memblock of at most two free ranges.
 */
#include "stub.h"
#define LINUX_KEXEC_INTERNAL_H
#define LINUX_KALLSYMS_INTERNAL_H_
#include "kernel/crash_reserve.c"

#define M	(1ULL << 20)
#define G	(1ULL << 30)
#define SIZE(r)	((r).end ? (r).end - (r).start + 1 : 0)

static struct range taken[8];
static int taken_cnt, attempts, bad;

phys_addr_t memblock_phys_mem_size(void)
{
	return memory[0].end - memory[0].start + memory[1].end - memory[1].start;
}

static bool is_free(phys_addr_t base, phys_addr_t size)
{
	for (int i = 0; i < taken_cnt; i++)
		if (base < taken[i].end && taken[i].start < base + size)
			return false;
	return true;
}

/* from the top, as memblock does */
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end)
{
	if (++attempts > 10) {
		printf("it tries for ever\n");
		exit(1);
	}
	for (int i = 1; i >= 0; i--) {
		phys_addr_t low = max(start, memory[i].start);
		phys_addr_t high = min(end, memory[i].end);

		if (high <= low || high - low < size)
			continue;
		for (phys_addr_t base = ALIGN_DOWN(high - size, align);
		     base >= max(low, 1); base -= align) {
			if (is_free(base, size)) {
				taken[taken_cnt++] = (struct range){ base, base + size };
				return base;
			}
			if (base < align)
				break;
		}
	}
	return 0;
}

void memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	if (!taken_cnt || taken[taken_cnt - 1].start != base ||
	    taken[taken_cnt - 1].end != base + size)
		abort();
	taken_cnt--;
}

enum machine { LARGE, ONE_GIB, SMALL, FULL_LOW, NO_HIGH, TWO_LOW, ACROSS, BITS_32 };

static const struct {
	struct range memory[2];
	phys_addr_t low_max, high_max, low_size;
	bool bits_32;
} machines[] = {
	[LARGE] = { { { M, 3 * G }, { 4 * G, 7 * G } }, 4 * G, 64ULL << 40, 256 * M },
	[ONE_GIB] = { { { M, G } }, 4 * G, 64ULL << 40, 256 * M },
	/* riscv: both limits are where memory ends */
	[SMALL] = { { { M, 512 * M } }, 512 * M, 512 * M, 128 * M },
	/* little memory below 4G */
	[FULL_LOW] = { { { M, 200 * M }, { 4 * G, 7 * G } }, 4 * G, 64ULL << 40, 128 * M },
	[NO_HIGH] = { { { M, 3 * G } }, 4 * G, 3 * G, 128 * M },
	/* 2047 MiB of low memory, and 6 GiB of high memory */
	[TWO_LOW] = { { { M, 2 * G }, { 4 * G, 10 * G } }, 4 * G, 64ULL << 40, 256 * M },
	/* a range that begins low and ends high; 3071 MiB are low */
	[ACROSS] = { { { M, 2 * G }, { 3 * G, 9 * G } }, 4 * G, 64ULL << 40, 256 * M },
	/* riscv with 32 bits: the limit of low memory is 0 */
	[BITS_32] = { { { M, 512 * M } }, 0, 512 * M, 128 * M, true },
};

static const struct reservation {
	const char *command_line;
	enum machine machine;
	unsigned long long extra, extra_low;	/* required */
	unsigned long long size;		/* expected: of the region */
	unsigned long long base;		/* its place; 1: low, 2: high, 0: none */
	unsigned long long low_size;
	const char *state;			/* of the requirement in low memory */
} reservations[] = {
	/* nothing is required: as without the series */
	{ "crashkernel=256M", LARGE, 0, 0, 256 * M, 1, 0 },
	{ "crashkernel=256M@512M", LARGE, 0, 0, 256 * M, 512 * M, 0 },
	{ "crashkernel=256M@2900M", LARGE, 0, 0, 0, 0, 0 },
	{ "crashkernel=256M,high", LARGE, 0, 0, 256 * M, 2, 256 * M },
	{ "crashkernel=256M,high crashkernel=64M,low", LARGE, 0, 0, 256 * M, 2, 64 * M },
	{ "crashkernel=256M,high crashkernel=0,low", LARGE, 0, 0, 256 * M, 2, 0 },
	{ "crashkernel=2G-4G:128M,4G-:512M", LARGE, 0, 0, 512 * M, 1, 0 },
	{ "crashkernel=256M", FULL_LOW, 0, 0, 256 * M, 2, 128 * M },
	{ "crashkernel=256M,high", NO_HIGH, 0, 0, 256 * M, 1, 0 },
	{ "crashkernel=256M,high crashkernel=400M,low", FULL_LOW, 0, 0, 0, 0, 0 },
	{ "crashkernel=128M,high crashkernel=400M,low", FULL_LOW, 0, 0, 128 * M, 1, 0 },
	{ "crashkernel=5G", LARGE, 0, 0, 0, 0, 0 },
	{ "crashkernel=7G", LARGE, 0, 0, 0, 0, 0 },
	{ "quiet", LARGE, 0, 0, 0, 0, 0 },
	/* one range, both limits at its end: it took these for ever, or not at all */
	{ "crashkernel=500M", SMALL, 0, 0, 0, 0, 0 },
	{ "crashkernel=256M", SMALL, 0, 0, 256 * M, 1, 0 },
	{ "crashkernel=256M,high", SMALL, 0, 0, 256 * M, 1, 0 },
	/* one region grows */
	{ "crashkernel=256M", LARGE, 0, 64 * M, 320 * M, 1, 0, "included" },
	{ "crashkernel=256M", LARGE, 1, 64 * M - 1, 321 * M, 1, 0, "included" },
	{ "crashkernel=128M", SMALL, 0, 64 * M, 192 * M, 1, 0, "included" },
	{ "crashkernel=96M@512M", LARGE, 0, 64 * M, 96 * M, 512 * M, 0, "missing" },
	/* two */
	{ "crashkernel=256M,high", LARGE, M, 64 * M, 257 * M, 2, 256 * M, "included" },
	{ "crashkernel=256M,high", LARGE, 0, 512 * M, 256 * M, 2, 520 * M, "included" },
	{ "crashkernel=256M,high crashkernel=32M,low", LARGE, 0, 64 * M,
	  256 * M, 2, 72 * M, "included" },
	{ "crashkernel=256M,high crashkernel=0,low", LARGE, M, 64 * M,
	  257 * M, 2, 0, "missing" },
	/* what is required does not move it */
	{ "crashkernel=1G", TWO_LOW, 0, M, 1025 * M, 1, 0, "included" },
	{ "crashkernel=160M", FULL_LOW, 0, 64 * M, 160 * M, 1, 0, "missing" },
	{ "crashkernel=180M", FULL_LOW, M, M, 182 * M, 1, 0, "included" },
	{ "crashkernel=100M,high", FULL_LOW, 0, 160 * M, 100 * M, 2, 128 * M, "missing" },
	/* what is asked for does: from low to high memory, and back */
	{ "crashkernel=256M", FULL_LOW, M, 64 * M, 257 * M, 2, 128 * M, "included" },
	{ "crashkernel=256M", FULL_LOW, 0, 120 * M, 256 * M, 2, 128 * M, "included" },
	{ "crashkernel=256M", FULL_LOW, 0, 160 * M, 256 * M, 2, 128 * M, "missing" },
	{ "crashkernel=256M,high", NO_HIGH, 0, 64 * M, 320 * M, 1, 0, "included" },
	/* no room for all in high memory, but there is in the low region */
	{ "crashkernel=3070M,high", LARGE, 8 * M, 64 * M, 3070 * M, 2, 256 * M, "included" },
	{ "crashkernel=3070M,high crashkernel=72M,low", LARGE, 8 * M, 64 * M,
	  3070 * M, 2, 72 * M, "included" },
	{ "crashkernel=3070M,high crashkernel=71M,low", LARGE, 8 * M, 64 * M,
	  3070 * M, 2, 71 * M, "missing" },
	/* no room, or more than half of what is left of memory: what was asked for */
	{ "crashkernel=411M", ONE_GIB, 0, 306 * M, 717 * M, 1, 0, "included" },
	{ "crashkernel=411M", ONE_GIB, 0, 307 * M, 411 * M, 1, 0, "missing" },
	{ "crashkernel=450M", SMALL, 0, 64 * M, 450 * M, 1, 0, "missing" },
	{ "crashkernel=256M,high", FULL_LOW, 0, 512 * M, 256 * M, 2, 128 * M, "missing" },
	{ "crashkernel=150M", FULL_LOW, 0, 300 * M, 150 * M, 1, 0, "missing" },
	{ "crashkernel=1022M", ONE_GIB, 0, 100 * M, 0, 0, 0, "missing" },
	{ "crashkernel=256M", LARGE, 0, 3 * G, 256 * M, 1, 0, "missing" },
	{ "crashkernel=256M", LARGE, 0, ULLONG_MAX, 256 * M, 1, 0, "missing" },
	{ "crashkernel=256M", LARGE, ULLONG_MAX - 64 * M, 64 * M, 256 * M, 1, 0, "missing" },
	{ "crashkernel=256M,high", LARGE, 0, ULLONG_MAX, 256 * M, 2, 256 * M, "missing" },
	/* of low memory: 895.5 MiB beside 256 of 2047, 1407.5 beside 256 of 3071 */
	{ "crashkernel=256M", TWO_LOW, 0, 895 * M, 1151 * M, 1, 0, "included" },
	{ "crashkernel=256M", TWO_LOW, 0, 896 * M, 256 * M, 1, 0, "missing" },
	{ "crashkernel=256M,high", TWO_LOW, 0, 1143 * M, 256 * M, 2, 1151 * M, "included" },
	{ "crashkernel=256M,high", TWO_LOW, 0, 1144 * M, 256 * M, 2, 256 * M, "missing" },
	{ "crashkernel=256M", ACROSS, 0, 1407 * M, 1663 * M, 1, 0, "included" },
	{ "crashkernel=256M", ACROSS, 0, 1408 * M, 256 * M, 1, 0, "missing" },
	/* of all memory, both regions together: 967.5 MiB of 8191 - 6256 */
	{ "crashkernel=6000M,high", TWO_LOW, 72 * M, 1143 * M,
	  6072 * M, 2, 1151 * M, "included" },
	{ "crashkernel=6000M,high", TWO_LOW, 73 * M, 1143 * M, 6000 * M, 2, 256 * M, "missing" },
	/* what does not grow has no limit */
	{ "crashkernel=256M,high crashkernel=1200M,low", TWO_LOW, 0, 64 * M,
	  256 * M, 2, 1200 * M, "included" },
	/* never two regions with 32 bits, and it is at the end */
	{ "crashkernel=128M", BITS_32, 0, 0, 128 * M, 384 * M, 0 },
	{ "crashkernel=128M,high", BITS_32, 0, 0, 128 * M, 384 * M, 0 },
	{ "crashkernel=128M", BITS_32, 0, 64 * M, 192 * M, 320 * M, 0, "included" },
	{ "crashkernel=128M,high", BITS_32, M, 64 * M, 193 * M, 304 * M, 0, "included" },
	{ "crashkernel=128M", BITS_32, 0, 192 * M, 128 * M, 384 * M, 0, "missing" },
	/* off */
	{ "crashkernel=256M crashkernel_extra=off", LARGE, M, 64 * M,
	  256 * M, 1, 0, "missing" },
	{ "crashkernel=256M,high crashkernel_extra=off", LARGE, M, 512 * M,
	  256 * M, 2, 256 * M, "missing" },
	{ "crashkernel=256M crashkernel_extra=on", LARGE, 0, 64 * M,
	  320 * M, 1, 0, "included" },
	{ "crashkernel=256M crashkernel_extra=perhaps", LARGE, 0, 64 * M,
	  320 * M, 1, 0, "included" },
};

static void expect(bool holds, const struct reservation *r, const char *what,
		   unsigned long long seen)
{
	if (holds)
		return;
	printf("%s, %llu and %llu required: %s, not %llu\n%s", r ? r->command_line : "-",
	       r ? r->extra : 0, r ? r->extra_low : 0, what, seen, kernel_log);
	bad++;
}

static void forget_all(enum machine machine)
{
	memcpy(memory, machines[machine].memory, sizeof(memory));
	arch_low_max = machines[machine].low_max;
	arch_high_max = machines[machine].high_max;
	arch_low_size = machines[machine].low_size;
	arch_64bit = !machines[machine].bits_32;
	arch_extra = true;
	crashk_res.start = crashk_res.end = 0;
	crashk_low_res.start = crashk_low_res.end = 0;
	memset(crash_requirements, 0, sizeof(crash_requirements));
	crash_requirements_cnt = taken_cnt = attempts = warned = errors = 0;
	crash_requirements_closed = false;
	crash_extra_enabled = true;
	kernel_log[0] = 0;
}

/* as the architectures' arch_reserve_crashkernel() */
static void reserve(char *command_line)
{
	unsigned long long size, base, low_size = 0;
	char *extra = strstr(command_line, "crashkernel_extra=");
	bool high = false;

	if (extra)
		parse_crashkernel_extra(strchr(extra, '=') + 1);
	if (!parse_crashkernel(command_line, memblock_phys_mem_size(), &size, &base,
			       &low_size, NULL, &high))
		reserve_crashkernel_generic(size, base, low_size, high);
}

static void check_reservation(const struct reservation *r)
{
	char command_line[200], text[4096] = "", line[100];

	forget_all(r->machine);
	strcpy(command_line, r->command_line);
	if (r->extra)
		crash_reserve_require("anywhere", r->extra);
	if (r->extra_low)
		crash_reserve_require_low("bounce buffer", r->extra_low);
	reserve(command_line);

	expect(SIZE(crashk_res) == r->size, r, "size", SIZE(crashk_res));
	expect(SIZE(crashk_low_res) == r->low_size, r, "low size", SIZE(crashk_low_res));
	if (r->base == 1)
		expect(crashk_res.end <= arch_low_max, r, "low", crashk_res.start);
	else if (r->base == 2)
		expect(crashk_res.start >= arch_low_max, r, "high", crashk_res.start);
	else
		expect(crashk_res.start == r->base, r, "base", crashk_res.start);
	expect(taken_cnt == !!r->size + !!r->low_size, r, "regions", taken_cnt);
	expect(!warned, r, "no warning", warned);
	/* a failed attempt is no error if a later one succeeds */
	expect(!r->size || !errors, r, "no error", errors);

	crash_requirements_emit(text);
	if (!r->state) {
		expect(!text[0], r, "nothing in sysfs", strlen(text));
		return;
	}
	sprintf(line, " %s bounce buffer\n", r->state);
	expect(strstr(text, line), r, r->state, 0);
	sprintf(line, "crashkernel: bounce buffer needs %llu MB%s\n",
		crash_requirements[crash_requirements_cnt - 1].size >> 20,
		strcmp(r->state, "included") ? ", not included" : "");
	expect(!r->size || strstr(kernel_log, line), r, line, 0);
}

static void check_requirements(void)
{
	char command_line[] = "crashkernel=256M", text[4096];
	static const char * const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };

	/* of the same name: the last; 0 takes it back */
	forget_all(LARGE);
	crash_reserve_require_low("one", 512 * M);
	crash_reserve_require("two", 3 * M);
	crash_reserve_require_low("one", 16 * M);
	crash_reserve_require("two", 0);
	reserve(command_line);
	expect(SIZE(crashk_res) == 272 * M, NULL, "272M", SIZE(crashk_res));
	crash_requirements_emit(text);
	expect(!strcmp(text, "16777216 included one\n"), NULL, "one in sysfs", 0);
	expect(!strstr(kernel_log, "two"), NULL, "two is not in the log", 0);

	/* too late */
	crash_reserve_require("late", M);
	expect(warned == 1 && strstr(kernel_log, "late"), NULL, "a warning", warned);
	crash_requirements_emit(text);
	expect(!strstr(text, "late"), NULL, "late is ignored", 0);

	/* an architecture where nothing can be added */
	forget_all(LARGE);
	arch_extra = false;
	crash_reserve_require_low("one", 64 * M);
	reserve(command_line);
	expect(SIZE(crashk_res) == 256 * M, NULL, "256M", SIZE(crashk_res));
	expect(!crash_requirements_emit(text), NULL, "nothing in sysfs", strlen(text));
	expect(!strstr(kernel_log, "one"), NULL, "one is not in the log", 0);
	crash_reserve_require_low("late", M);
	expect(!warned, NULL, "no warning", warned);

	/* more than there is room for */
	forget_all(LARGE);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		crash_reserve_require(names[i], M);
	expect(warned == 1, NULL, "one warning", warned);
	reserve(command_line);
	expect(SIZE(crashk_res) == 264 * M, NULL, "264M", SIZE(crashk_res));
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(reservations); i++)
		check_reservation(&reservations[i]);
	check_requirements();
	printf("%zu reservations, %d bad\n", ARRAY_SIZE(reservations), bad);
	return !!bad;
}
