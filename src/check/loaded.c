/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks: what captures the crash: a crash kernel that was loaded, or the
 * firmware. */
#include <string.h>

#include "checks.h"
#include "machine.h"

#define REBOOT "; then reboot"

static bool nothing_reserved(const struct check_machine *machine)
{
	return machine->crash_size <= 0 && !machine->reserved_why &&
	       !machine->reserved.nr;
}

static const char *load_command(const struct check_machine *machine)
{
	switch (machine->scripts) {
	case SCRIPTS_DEBIAN:
		return "kdump-config load";
	case SCRIPTS_FEDORA:
		return "kdumpctl restart";
	case SCRIPTS_SUSE:
		return "systemctl restart kdump";
	case SCRIPTS_NONE:
		break;
	}
	return "kexec -s -p KERNEL --initrd=INITRD --append=\"... nr_cpus=1 reset_devices\"";
}

/* Linux 7.2 kernel/kexec_core.c: kexec_load_permitted(). */
static bool loading_disabled(const struct check_machine *machine,
			     const char **ret)
{
	int64_t value;

	*ret = "kernel.kexec_load_disabled";
	if (check_number(machine, "/proc/sys/kernel/kexec_load_disabled",
			 &value) && value)
		return true;
	*ret = "kernel.kexec_load_limit_panic";
	return check_number(machine, "/proc/sys/kernel/kexec_load_limit_panic",
			    &value) && !value;
}

struct error *check_crash_kernel(const struct check_machine *machine,
				 struct check_result *ret)
{
	const char *sysctl;
	char where[256];

	/* Linux 7.2 fs/proc/vmcore.c: vmcore_init() */
	if (check_has(machine, "/proc/vmcore")) {
		check_say(ret, CHECK_FATAL, "crash-kernel-itself",
			  "this is the crash kernel: what is told here is not of the machine's own kernel");
		check_fix(ret, "write the dump, boot the machine again, and check it there");
		return NULL;
	}
	if (machine->loaded > 0) {
		check_reserved_text(machine, where, sizeof(where));
		check_good(ret, "a crash kernel is loaded%s%s",
			   *where ? "; it has " : "", where);
		return NULL;
	}
	if (machine->fadump_on)
		return NULL;
	if (machine->loaded < 0 && !check_has(machine, "/sys/kernel")) {
		check_say(ret, CHECK_NOTICE, "unreadable",
			  "whether a crash kernel is loaded can't be told: there is no /sys/kernel");
		return NULL;
	}
	if (machine->loaded < 0) {
		check_say(ret, CHECK_FATAL, "no-kexec",
			  "this kernel cannot load a crash kernel: it was built without crash dumps");
		check_fix(ret, "boot a kernel with CONFIG_CRASH_DUMP and CONFIG_KEXEC_FILE");
		return NULL;
	}
	if (nothing_reserved(machine)) {
		check_say(ret, CHECK_FATAL, "not-loaded",
			  "no crash kernel is loaded, and there is no memory to load it into");
	} else if (loading_disabled(machine, &sysctl)) {
		check_say(ret, CHECK_FATAL, "loading-disabled",
			  "no crash kernel is loaded, and %s forbids to load one until the next boot",
			  sysctl);
		check_fix(ret, "grep -rs kexec_load /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d"
			  REBOOT " without it");
		return NULL;
	} else {
		check_say(ret, CHECK_FATAL, "not-loaded",
			  "no crash kernel is loaded");
	}
	check_fix(ret, "%s", load_command(machine));
	return NULL;
}

static const char *fadump_file(const struct check_machine *machine)
{
	return check_has(machine, "/sys/kernel/fadump/registered") ?
	       "/sys/kernel/fadump/registered" :
	       "/sys/kernel/fadump_registered";
}

/* Linux 7.2 arch/powerpc/kernel/fadump.c: setup_fadump(). */
struct error *check_fadump(const struct check_machine *machine,
			   struct check_result *ret)
{
	bool asked = check_cmdline_has(machine, "fadump=on") ||
		     check_cmdline_has(machine, "fadump=nocma");
	bool power = !strncmp(machine->arch, "ppc64", 5);

	if (machine->fadump_on && machine->fadump_registered) {
		check_good(ret, "a firmware-assisted dump is registered");
	} else if (machine->fadump_on) {
		check_say(ret, machine->loaded > 0 ? CHECK_WARNING :
			  CHECK_FATAL, "not-registered",
			  "firmware-assisted dumps are enabled, but none is registered");
		check_fix(ret, "echo 1 > %s", fadump_file(machine));
	} else if (asked && power) {
		check_say(ret, CHECK_WARNING, "fadump-off",
			  "fadump= is on the kernel's command line, but not enabled: the firmware does not offer it, or memory for it was not found");
		check_fix(ret, "dmesg | grep -i fadump");
	}
	return NULL;
}
