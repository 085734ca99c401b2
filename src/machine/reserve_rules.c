/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of rules: see reserve_rules.h. */
#include "reserve_rules.h"

#include <stddef.h>
#include <string.h>

#include "crashkernel.h"

#define KIB (1ull << 10)
#define MIB (1ull << 20)

#define HIGH CRASHKERNEL_TAKES_HIGH
#define CMA CRASHKERNEL_TAKES_CMA
#define UP RESERVE_FALLS_UP
#define DOWN RESERVE_FALLS_DOWN

#define X86_64(major, minor) .name = "x86_64", \
	.since = RESERVE_LINUX(major, minor), .style = RESERVE_GENERIC, \
	.align = 16 * MIB, .high_end = 64ull << 40, .default_low = 256 * MIB
#define ARM64(version) .name = "arm64", .since = (version), \
	.style = RESERVE_GENERIC, .align = 2 * MIB, \
	.low_limit = RESERVE_LOW_DMA, .high_end = 1ull << 52
#define RISCV64(major, minor) .name = "riscv64", \
	.since = RESERVE_LINUX(major, minor), .style = RESERVE_GENERIC, \
	.align = 2 * MIB, .low_limit = RESERVE_LOW_4G_OR_END
#define LOONGARCH64(major, minor) .name = "loongarch64", \
	.since = RESERVE_LINUX(major, minor), .align = 2 * MIB
#define PPC64(major, minor) .name = "ppc64", \
	.since = RESERVE_LINUX(major, minor), .style = RESERVE_PPC64, \
	.align = 4 * KIB

/* Of an architecture the last row that is not too new counts. */
static const struct reserve_arch table[] = {
	{ X86_64(5, 10), .takes = HIGH | CRASHKERNEL_LENIENT,
	  .fixed_align = MIB, .quirks = UP | RESERVE_ANYWHERE |
	  RESERVE_LOW_ALWAYS | RESERVE_LOW_BY_SWIOTLB },
	/* reserve_crashkernel_generic() of all, which 6.6 does not have */
	{ X86_64(6, 7), .takes = HIGH,
	  .quirks = UP | DOWN | RESERVE_LOW_BY_SWIOTLB },
	{ X86_64(6, 17), .takes = HIGH | CMA,
	  .quirks = UP | DOWN | RESERVE_LOW_BY_SWIOTLB },

	{ ARM64(RESERVE_SERIES), .takes = HIGH, .default_low = 256 * MIB,
	  .quirks = UP | RESERVE_ANYWHERE | RESERVE_LOW_NEAR },
	{ ARM64(RESERVE_LINUX(5, 10)), .size_align = 4 * KIB },
	/* ,low alone makes a low part, and there is no way to high memory
	 * without ,high; not in 5.17 */
	{ ARM64(RESERVE_LINUX(5, 19)), .takes = HIGH, .size_align = 4 * KIB,
	  .quirks = RESERVE_ANYWHERE },
	{ ARM64(RESERVE_LINUX(6, 2)), .takes = HIGH, .size_align = 4 * KIB,
	  .default_low = 128 * MIB,
	  .quirks = UP | RESERVE_ANYWHERE | RESERVE_LOW_NEAR },
	/* 6.4 not, 6.6 has it; 6.5 has the text that describes it */
	{ ARM64(RESERVE_LINUX(6, 5)), .takes = HIGH, .size_align = 4 * KIB,
	  .default_low = 128 * MIB, .quirks = UP | DOWN },
	{ ARM64(RESERVE_LINUX(6, 7)), .takes = HIGH, .default_low = 128 * MIB,
	  .quirks = UP | DOWN },
	{ ARM64(RESERVE_LINUX(7, 3)), .takes = HIGH | CMA,
	  .default_low = 128 * MIB, .quirks = UP | DOWN },

	{ .name = "riscv64", .since = RESERVE_LINUX(5, 10) },
	/* 5.10 not, 5.17 has it */
	{ RISCV64(5, 13), .size_align = 4 * KIB,
	  .quirks = UP | RESERVE_ANYWHERE },
	{ RISCV64(6, 6), .takes = HIGH, .size_align = 4 * KIB,
	  .default_low = 128 * MIB, .quirks = UP | DOWN },
	{ RISCV64(6, 7), .takes = HIGH, .default_low = 128 * MIB,
	  .quirks = UP | DOWN },
	{ RISCV64(7, 3), .takes = HIGH | CMA, .default_low = 128 * MIB,
	  .quirks = UP | DOWN },

	{ .name = "loongarch64", .since = RESERVE_LINUX(5, 10) },
	{ LOONGARCH64(6, 1), .style = RESERVE_FIXED, .fixed_align = 1 },
	/* 6.2 not, 6.4 has it */
	{ LOONGARCH64(6, 4), .style = RESERVE_GENERIC },
	{ LOONGARCH64(6, 7), .style = RESERVE_GENERIC, .takes = HIGH,
	  .default_low = 128 * MIB, .quirks = UP | DOWN },

	{ .name = "s390x", .since = RESERVE_LINUX(5, 10),
	  .style = RESERVE_S390X, .align = MIB, .size_align = MIB },

	{ PPC64(5, 10), .size_align = 64 * KIB, .quirks = RESERVE_FIRST },
	{ PPC64(6, 1), .size_align = 64 * KIB,
	  .quirks = RESERVE_FIRST | RESERVE_BASE_CAPPED },
	/* 6.14 not, 6.17 has it */
	{ PPC64(6, 15), .quirks = RESERVE_BASE_CAPPED },
	/* 6.17 not, 7.2 has it */
	{ PPC64(7, 2), .takes = CMA, .quirks = RESERVE_BASE_CAPPED },
};

#define NR_ROWS (sizeof(table) / sizeof(table[0]))

const char *reserve_arch_name(const char *name)
{
	static const struct { const char *other, *name; } others[] = {
		{ "aarch64", "arm64" }, { "amd64", "x86_64" },
		{ "ppc64le", "ppc64" }, { "ppc64el", "ppc64" },
		{ "loong64", "loongarch64" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].other, name))
			name = others[i].name;
	for (size_t i = 0; i < NR_ROWS; i++)
		if (!strcmp(table[i].name, name))
			return table[i].name;
	return NULL;
}

unsigned reserve_kernel_known(unsigned kernel)
{
	if (kernel == RESERVE_SERIES)
		return kernel;
	return kernel < RESERVE_OLDEST ? RESERVE_OLDEST :
	       kernel > RESERVE_NEWEST ? RESERVE_NEWEST : kernel;
}

const struct reserve_arch *reserve_arch_of(const char *name, unsigned kernel)
{
	const struct reserve_arch *found = NULL;

	kernel = reserve_kernel_known(kernel);
	for (size_t i = 0; i < NR_ROWS; i++) {
		const struct reserve_arch *row = &table[i];

		if (!strcmp(row->name, name) && row->since <= kernel &&
		    (row->since == RESERVE_SERIES) ==
		    (kernel == RESERVE_SERIES))
			found = row;
	}
	return found;
}

/* Digits up to three; NULL: there are none, or more. */
static const char *small_number(const char *text, unsigned *ret)
{
	const char *p = text;

	for (*ret = 0; *p >= '0' && *p <= '9'; p++)
		if (p - text < 3)
			*ret = *ret * 10 + (unsigned)(*p - '0');
	return p > text && p - text <= 3 ? p : NULL;
}

unsigned reserve_kernel_parse(const char *release)
{
	unsigned major, minor;
	const char *p = small_number(release, &major);

	if (!p || *p != '.' || !small_number(p + 1, &minor) || !major)
		return 0;
	return RESERVE_LINUX(major, minor);
}

unsigned reserve_kernel_of(const char *release)
{
	unsigned kernel = reserve_kernel_parse(release);

	return reserve_kernel_known(kernel ? kernel : RESERVE_LINUX(7, 2));
}
