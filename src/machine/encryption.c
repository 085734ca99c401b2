/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory encryption, by the CPU's flags: see encryption.h. */
#include "encryption.h"

#include <string.h>

#include "../base/io.h"
#include "machine_file.h"
#include "root.h"

#define MAX_CPUINFO ((size_t)16 << 20)

/* Whether the first line of flags in /proc/cpuinfo has WORD. */
static bool has_flag(const char *flags, const char *word)
{
	size_t len = strlen(word), line = strcspn(flags, "\n");
	const char *p = flags;

	while ((p = strstr(p, word)) && (size_t)(p - flags) < line) {
		if (p[-1] == ' ' && (p[len] == ' ' || p[len] == '\n'))
			return true;
		p += len;
	}
	return false;
}

/*
 * Linux 7.2 arch/x86/include/asm/cpufeatures.h: sme, sev, hypervisor,
 * tdx_guest. A host that can do SEV has the flag, too; most of its guests lack
 * it, since their hypervisor does not show the register that kernel/cpu/amd.c:
 * early_detect_mem_encrypt() asks. Those of SEV-SNP have a device (since 5.19,
 * arch/x86/coco/sev/core.c: snp_init_platform_device()).
 */
struct error *encryption_find(const char *root, const char *cmdline,
			      enum reserve_encryption *ret)
{
	AUTO_FREE char *text = NULL;
	const char *flags;
	size_t len;

	*ret = RESERVE_GUEST;
	if (root_has(root, "/sys/devices/platform/sev-guest"))
		return NULL;
	*ret = RESERVE_PLAIN;
	TRY(machine_file_try(root, "/proc/cpuinfo", MAX_CPUINFO, &text, &len));
	flags = text ? strstr(text, "\nflags\t\t:") : NULL;
	if (!flags)
		return NULL;
	flags++;
	if (has_flag(flags, "tdx_guest") ||
	    (has_flag(flags, "sev") && has_flag(flags, "hypervisor")))
		*ret = RESERVE_GUEST;
	else if (has_flag(flags, "sme") && strstr(cmdline, "mem_encrypt=on"))
		*ret = RESERVE_SME;
	return NULL;
}
