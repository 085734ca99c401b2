/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the crash kernel is told on its command line, and what follows for
 * encrypted memory: see machine.h. */
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../machine/crashkernel.h"
#include "../machine/encryption.h"
#include "machine.h"

#define MIB (1ull << 20)
#define SWIOTLB_DEFAULT (64 * MIB)	/* Linux 7.2 include/linux/swiotlb.h:
					 * IO_TLB_DEFAULT_SIZE */
#define SWIOTLB_MAX (1024 * MIB)
#define SLAB 2048u			/* IO_TLB_SIZE */
#define MAX_CPUS 8192u

/* The number behind WORD ("swiotlb=") on the crash kernel's command line, as far
 * as the scripts' settings tell; 0: none is there. */
static struct error *crash_number(const struct check_machine *machine,
				  const char *word, uint64_t *ret)
{
	static const char *const files[] = { "/etc/sysconfig/kdump",
					     "/etc/default/kdump-tools" };
	static const char *const keys[] = { "KDUMP_COMMANDLINE_APPEND",
		"KDUMP_CMDLINE_APPEND", "KDUMP_COMMANDLINE", "KDUMP_CMDLINE" };

	*ret = 0;
	for (unsigned i = 0; i < 8; i++) {
		AUTO_FREE char *line = NULL;
		const char *at, *end;

		TRY(check_setting(machine, files[i / 4], keys[i % 4], &line));
		at = line ? strstr(line, word) : NULL;
		if (!at)
			continue;
		*ret = crashkernel_number(at + strlen(word), &end);
		return NULL;
	}
	return NULL;
}

/*
 * Bytes of SWIOTLB that a crash kernel with SIZE bytes of memory sets up: 6 % of
 * them in a guest, within bounds (Linux 7.2 arch/x86/mm/mem_encrypt.c:
 * mem_encrypt_setup_arch()), or what swiotlb= says, in slabs of 2 KiB. The scripts
 * pass the machine's own words on, too.
 */
static struct error *swiotlb_size(const struct check_machine *machine,
				  bool guest, uint64_t size, uint64_t *ret)
{
	static const char word[] = "swiotlb=";
	const char *at = strstr(machine->cmdline, word), *end;
	uint64_t slabs;

	*ret = guest ? max_u64(SWIOTLB_DEFAULT, min_u64(size / 100 * 6,
							SWIOTLB_MAX)) :
	       SWIOTLB_DEFAULT;
	TRY(crash_number(machine, word, &slabs));
	if (!slabs && at)
		slabs = crashkernel_number(at + strlen(word), &end);
	if (slabs)
		*ret = min_u64(slabs, UINT32_MAX) * SLAB;
	return NULL;
}

/* s390x tells of itself; other architectures' guests (arm64 realms) do not. */
static struct error *find_encryption(const struct check_machine *machine,
				     enum reserve_encryption *ret)
{
	int64_t value;

	*ret = RESERVE_PLAIN;
	if (check_number(machine, "/sys/firmware/uv/prot_virt_guest",
			 &value) && value)
		*ret = RESERVE_GUEST;
	else if (!strcmp(machine->arch, "x86_64"))
		return encryption_find(machine->root, machine->cmdline, ret);
	return NULL;
}

struct error *check_crash_words(const struct check_machine *machine,
				enum reserve_encryption *encryption,
				uint64_t *swiotlb, unsigned *nr_cpus)
{
	uint64_t nr;

	TRY(find_encryption(machine, encryption));
	TRY(swiotlb_size(machine, *encryption == RESERVE_GUEST,
			 check_reserved(machine, false), swiotlb));
	TRY(crash_number(machine, "nr_cpus=", &nr));
	*nr_cpus = (unsigned)max_u64(min_u64(nr, MAX_CPUS), 1);
	return NULL;
}
