/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks what is reserved, and holds it against what is expected. */
#ifndef CAPDUMP_TESTS_RESERVE_CHECK_H
#define CAPDUMP_TESTS_RESERVE_CHECK_H

#include "../../src/machine/reserve.h"
#include "unit.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* A server: low memory ends before 4 GiB. */
static const char server[] =
	"0x40000000-0xfdffffff=ram\n"
	"0x40000000-0x42ffffff=kernel\n"
	"4G+16G=ram\n";

struct want {
	unsigned high, low;	/* MiB */
};

static bool plan(const char *arch, unsigned kernel,
		 enum reserve_encryption encryption, const char *map,
		 const char *cmdline, struct reserve_plan *ret)
{
	struct reserve_machine machine = {
		.arch = reserve_arch_of(reserve_arch_name(arch), kernel),
		.kernel = reserve_kernel_known(kernel),
		.encryption = encryption, .cmdline = cmdline };
	struct iomem iomem;

	if (!CHECK(machine.arch) ||
	    !CHECK_OK(iomem_parse(map, strlen(map), &iomem)))
		return false;
	machine.iomem = &iomem;
	reserve_plan(&machine, ret);
	iomem_deinit(&iomem);
	return CHECK(ret->nr_notes);
}

static void check(const char *arch, unsigned kernel,
		  const char *map, const char *cmdline, struct want want)
{
	struct reserve_plan p;

	if (!plan(arch, kernel, RESERVE_PLAIN, map, cmdline, &p))
		return;
	if (CHECK(reserve_plan_size(&p, true) == want.high * MIB &&
		  reserve_plan_size(&p, false) == want.low * MIB))
		return;
	fprintf(stderr, "  %s, %s: high %llu MiB, low %llu MiB\n", arch,
		cmdline, (unsigned long long)reserve_plan_size(&p, true) / MIB,
		(unsigned long long)reserve_plan_size(&p, false) / MIB);
	for (unsigned i = 0; i < p.nr_notes; i++)
		fprintf(stderr, "    %s\n", p.notes[i].text);
}

static bool has_note(const struct reserve_plan *p, bool caution,
		     const char *text)
{
	for (unsigned i = 0; i < p->nr_notes; i++)
		if (p->notes[i].caution == caution &&
		    strstr(p->notes[i].text, text))
			return true;
	return false;
}

#endif
