/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks: what the memory map says of a reservation: room for the bounce
 * buffers of encrypted memory, and firmware's memory in it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/text.h"
#include "checks.h"
#include "machine.h"

#define MIB (1ull << 20)
#define SWIOTLB_MAX (1024 * MIB)
#define LEFT (128 * MIB)		/* what a crash kernel needs beside them,
					 * at least */

/* ALL_LOW: there is one reservation, below 4 GiB. */
static void fix_swiotlb(uint64_t swiotlb, bool all_low,
			struct check_result *ret)
{
	unsigned long mib = (unsigned long)(align_up(min_u64(swiotlb,
						SWIOTLB_MAX), 64 * MIB) / MIB);

	if (all_low)
		check_fix(ret, "add %luM to crashkernel= on the kernel's command line; then reboot",
			  mib);
	else
		check_fix(ret, "crashkernel=%luM,low on the kernel's command line; then reboot",
			  mib + 64);
}

struct error *check_encryption(const struct check_machine *machine,
			       struct check_result *ret)
{
	uint64_t all = check_reserved(machine, false);
	/* s390x's crash kernel sees its memory from 0 on, wherever that is
	 * (Linux 7.2 arch/s390/kernel/machine_kexec.c, setup.c: oldmem_data) */
	bool from_0 = !strcmp(machine->arch, "s390x");
	uint64_t low = from_0 ? all : check_reserved(machine, true);
	enum reserve_encryption encryption;
	uint64_t swiotlb;
	unsigned nr_cpus;
	char text[3][16];

	TRY(check_crash_words(machine, &encryption, &swiotlb, &nr_cpus));
	if (encryption == RESERVE_PLAIN || !all)
		return NULL;
	text_size(swiotlb, text[0]);
	text_size(low, text[1]);
	text_size(all, text[2]);
	if (!low && encryption == RESERVE_GUEST)
		check_say(ret, CHECK_FATAL, "no-swiotlb",
			  "memory is encrypted, and the crash kernel has none below 4 GiB for bounce buffers (SWIOTLB): its devices will not work");
	else if (low < swiotlb)
		check_say(ret, CHECK_WARNING, "swiotlb-low",
			  "memory is encrypted: the crash kernel wants %s below 4 GiB for bounce buffers (SWIOTLB) and has %s there",
			  text[0], text[1]);
	else if (all - swiotlb < LEFT)
		check_say(ret, CHECK_WARNING, "swiotlb-large",
			  "memory is encrypted: bounce buffers (SWIOTLB) take %s of the crash kernel's %s, and too little is left",
			  text[0], text[2]);
	else
		check_good(ret, "memory is encrypted: %s of bounce buffers (SWIOTLB) fit into %s below 4 GiB",
			   text[0], text[1]);
	if (ret->findings[0].severity != CHECK_OK)
		fix_swiotlb(swiotlb, low == all, ret);
	return NULL;
}

/*
 * Firmware's memory in a reservation. What a kernel reserved for its crash
 * kernel may itself be shown as reserved below it (arm64's
 * reserve_memblock_reserved_regions()), in as many pieces as memory has nodes:
 * then all of it is.
 */
static void check_overlap(const struct check_machine *machine,
			  const struct reservation *reserved,
			  const char *name, struct check_result *ret)
{
	uint64_t last = reserved->end - 1, taken = 0;
	const struct resource *r, *found = NULL;
	size_t at = 0;

	while ((r = resources_next(&machine->resources, &at, name,
				   reserved->paddr, last))) {
		uint64_t start = max_u64(r->paddr, reserved->paddr);

		taken += min_u64(r->last, last) - start + 1;
		/* what it lies within is no collision */
		if (!found && (r->paddr > reserved->paddr || r->last < last))
			found = r;
	}
	if (!found || taken >= reserved->end - reserved->paddr)
		return;
	check_say(ret, CHECK_WARNING, "firmware-memory",
		  "\"%s\" at %" PRIx64 "-%" PRIx64 " lies in the memory reserved for the crash kernel at %" PRIx64 "-%" PRIx64 ": it will be overwritten, or is missing there",
		  found->name, found->paddr, found->last, reserved->paddr,
		  last);
	check_fix(ret, "name another place, crashkernel=SIZE@BASE, on the kernel's command line (capdump reservation); then reboot");
}

/* Linux 7.2 arch/x86/kernel/e820.c: e820_type_to_string(); "reserved" below
 * RAM is what arm64 and riscv have for it. */
struct error *check_acpi(const struct check_machine *machine,
			 struct check_result *ret)
{
	static const char *const names[] = { "ACPI Tables",
		"ACPI Non-volatile Storage", "reserved" };
	const struct reservations *reserved = &machine->reserved;
	size_t at = 0;
	bool acpi = false;

	for (unsigned k = 0; k < 2; k++, at = 0)
		acpi |= resources_next(&machine->resources, &at, names[k], 0,
				       UINT64_MAX) != NULL;
	acpi |= check_has(machine, "/sys/firmware/acpi");
	if (!acpi || !reserved->nr)
		return NULL;
	for (size_t i = 0; i < reserved->nr; i++)
		for (unsigned k = 0; k < 3; k++)
			if (reserved->at[i].source != RESERVATION_CMA)
				check_overlap(machine, &reserved->at[i],
					      names[k], ret);
	if (!ret->nr)
		check_good(ret, "no memory of ACPI lies in a reservation");
	return NULL;
}
