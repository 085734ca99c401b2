/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By what rules kernels reserve: a row for each architecture and each version
 * that changed them. Read in the sources of
 *
 *	5.10.223, 6.1.176, 6.12.107, 7.2.13, 7.3.4 (Debian's linux-source),
 *	5.17-rc5, 5.19, 6.0-rc1, 6.2.12, 6.4.6, 6.8, 6.14, 6.17,
 *	of 6.5 x86's, of 6.6 those of arm64, loongarch, riscv and x86
 *
 * kernel/crash_core.c (since 6.9: kernel/crash_reserve.c), arch/x86/kernel/setup.c,
 * arch/{arm64,riscv}/mm/init.c, arch/{loongarch,s390}/kernel/setup.c,
 * arch/powerpc/kexec/core.c, and of each arch asm/crash_reserve.h. Where a
 * change lies between two of these the row says so.
 */
#ifndef CAPDUMP_MACHINE_RESERVE_RULES_H
#define CAPDUMP_MACHINE_RESERVE_RULES_H

#include <stdint.h>

/* A kernel's version, to be compared. */
#define RESERVE_LINUX(major, minor) ((major) * 1000u + (minor))
#define RESERVE_OLDEST RESERVE_LINUX(5, 10)	/* whose rules are known */
#define RESERVE_NEWEST RESERVE_LINUX(7, 3)
/* No version: the patches for arm64 of 2022 (v22, "support reserving
 * crashkernel above 4G"), of which 5.19 to 7.2 have parts. */
#define RESERVE_SERIES 1u

enum reserve_style {
	RESERVE_NONE,		/* crashkernel= is not known */
	RESERVE_GENERIC,
	RESERVE_FIXED,		/* only with @ */
	RESERVE_S390X,
	RESERVE_PPC64,
};

/* Where what is called low memory ends. */
enum reserve_low_limit {
	RESERVE_LOW_4G,
	RESERVE_LOW_4G_OR_END,	/* or where RAM ends, if that is lower */
	RESERVE_LOW_DMA,	/* arm64: the same, but all RAM is low if none
				 * lies below 4 GiB; firmware may say less */
};

enum reserve_quirk {
	/* crashkernel=SIZE without room in low memory goes above it, ,high
	 * without room above goes below */
	RESERVE_FALLS_UP = 1,
	RESERVE_FALLS_DOWN = 2,
	/* what is not to be low gets the highest free memory there is, which
	 * may be low, too */
	RESERVE_ANYWHERE = 4,
	/* the low part is made whatever the main part was asked for with */
	RESERVE_LOW_ALWAYS = 8,
	/* and also if the main part reaches down to where it would be */
	RESERVE_LOW_NEAR = 16,
	/* the low part without ,low is at least 8 MiB more than SWIOTLB */
	RESERVE_LOW_BY_SWIOTLB = 32,
	/* what others took is not looked at: it is early enough */
	RESERVE_FIRST = 64,
	/* ppc64: the crash kernel starts at 512 MiB at most */
	RESERVE_BASE_CAPPED = 128,
};

/* An architecture, as its kernels have been since a version. */
struct reserve_arch {
	const char *name;
	unsigned since;			/* RESERVE_LINUX() */
	enum reserve_style style;
	unsigned takes;			/* enum crashkernel_takes */
	unsigned quirks;
	uint64_t align;			/* of addresses, bytes */
	uint64_t fixed_align;		/* of those after @; 0: as align */
	uint64_t size_align;		/* 0: sizes are not rounded */
	enum reserve_low_limit low_limit;
	uint64_t high_end;		/* 0: the end of RAM */
	uint64_t default_low;		/* bytes, without ,low */
};

/* The name that the table has for it (x86_64, arm64 or aarch64, riscv64,
 * loongarch64, s390x, ppc64, ppc64le); NULL: it has none. */
const char *reserve_arch_name(const char *name);

/*
 * Of a NAME of reserve_arch_name() and KERNEL (RESERVE_LINUX() or
 * RESERVE_SERIES); a version that is not known has the rules of the nearest that
 * is. NULL: RESERVE_SERIES, and not arm64.
 */
const struct reserve_arch *reserve_arch_of(const char *name, unsigned kernel);

/* The version whose rules a kernel of that RELEASE ("6.1.0-50-amd64") has; 7.2 for
 * one that begins with no version. */
unsigned reserve_kernel_of(const char *release);

/* KERNEL, or the nearest version whose rules are known. */
unsigned reserve_kernel_known(unsigned kernel);

/* "7.2", "6.1.0-50-amd64": RESERVE_LINUX(); 0: begins with no version. */
unsigned reserve_kernel_parse(const char *release);

#endif
