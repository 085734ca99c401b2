/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel makes of the crashkernel= words on its command line: byte for
 * byte what Linux 7.2 does (kernel/crash_reserve.c: parse_crashkernel()), or
 * one of 5.10 and later, its oddities included, but telling why.
 */
#ifndef CAPDUMP_MACHINE_CRASHKERNEL_H
#define CAPDUMP_MACHINE_CRASHKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum crashkernel_verdict {
	CRASHKERNEL_NONE,	/* there is no crashkernel= */
	CRASHKERNEL_INVALID,	/* nothing is reserved; see why */
	CRASHKERNEL_OK,
};

/* Part of the command line, or empty. */
struct crashkernel_word {
	const char *text;
	size_t len;
};

#define CRASHKERNEL_MAX_IGNORED 8

struct crashkernel {
	enum crashkernel_verdict verdict;
	uint64_t size;
	uint64_t base;		/* of @; 0: anywhere */
	bool high;		/* of ,high: above what is low first */
	bool low_given;		/* there is a ,low that counts */
	uint64_t low_size;	/* if low_given; 0: none is wanted */
	uint64_t cma_size;	/* 0: none */
	char why[160];		/* CRASHKERNEL_INVALID: a clause */
	/* the words that count: main is the one without suffix, or ,high */
	struct crashkernel_word main, low, cma;
	/* words that have no effect, the first of them */
	struct crashkernel_word ignored[CRASHKERNEL_MAX_IGNORED];
	unsigned nr_ignored;	/* of all, may be more than are held */
};

/* What the architecture asks the parser for, and what older ones did. */
enum crashkernel_takes {
	CRASHKERNEL_TAKES_HIGH = 1,	/* ,high and ,low */
	CRASHKERNEL_TAKES_CMA = 2,
	/* x86 before 6.7: where crashkernel=SIZE is not valid ,high counts, and
	 * ,low counts without ,high, too; if not valid, it is not there */
	CRASHKERNEL_LENIENT = 4,
	/* before 6.17: ,cma is no ending, but part of a SIZE */
	CRASHKERNEL_NO_CMA = 8,
	/* before 6.12 (6.8 not, 6.12 has it): a size may be above all memory */
	CRASHKERNEL_ANY_SIZE = 16,
	/* before 6.0: for ranges memory is not rounded up */
	CRASHKERNEL_NO_ROUND = 32,
};

/*
 * CMDLINE is the kernel's command line, without a newline at its end; what RET
 * points at lies in it. RAM is the bytes that the kernel counts as memory. TAKES
 * is of enum crashkernel_takes.
 */
void crashkernel_parse(const char *cmdline, uint64_t ram, unsigned takes,
		       struct crashkernel *ret);

/*
 * A number as kernels read it, with K M G T P E (Linux 7.2 lib/cmdline.c:
 * memparse()): 0x is hexadecimal, 0 octal, too many digits wrap, and a unit
 * that is too much gives 2^64 - 1. *END: where it stops; TEXT if there is no
 * number.
 */
uint64_t crashkernel_number(const char *text, const char **end);

#endif
