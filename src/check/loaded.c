/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks: what captures the crash (a crash kernel that was loaded, or the
 * firmware), and what memory it has. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../base/text.h"
#include "../machine/crashkernel.h"
#include "checks.h"
#include "machine.h"

#define LOW_END (1ull << 32)
#define REBOOT "; then reboot"

/* "256.0 MiB at a0000000-afffffff, ..." */
static void reserved_text(const struct check_machine *machine, char *buf,
			  size_t size)
{
	size_t used = 0;
	char amount[16];

	buf[0] = '\0';
	for (size_t i = 0; i < machine->reserved.nr && used < size; i++) {
		const struct reservation *r = &machine->reserved.at[i];

		used += (size_t)snprintf(buf + used, size - used,
			"%s%s at %" PRIx64 "-%" PRIx64 "%s", i ? ", " : "",
			text_size(r->end - r->paddr, amount), r->paddr,
			r->end - 1, r->source == RESERVATION_CMA ?
			" (CMA)" : "");
	}
}

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
		reserved_text(machine, where, sizeof(where));
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

/* The command that puts a word on the kernel's command line. */
static void fix_cmdline(const struct check_machine *machine,
			struct check_result *ret, const char *word)
{
	if (check_has(machine, "/usr/sbin/grubby") ||
	    check_has(machine, "/usr/bin/grubby"))
		check_fix(ret, "grubby --update-kernel=ALL --args=%s" REBOOT,
			  word);
	else if (check_has(machine, "/usr/sbin/update-grub"))
		check_fix(ret, "echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX %s\"' >> /etc/default/grub; update-grub"
			  REBOOT, word);
	else
		check_fix(ret, "add %s to the kernel's command line" REBOOT,
			  word);
}

static void say_nothing_reserved(const struct check_machine *machine,
				 struct check_result *ret)
{
	static const char text[] = "no memory is reserved for a crash kernel: ";
	struct crashkernel asked;

	crashkernel_parse(machine->cmdline, check_machine_ram(machine),
			  CRASHKERNEL_TAKES_HIGH, &asked);
	switch (asked.verdict) {
	case CRASHKERNEL_NONE:
		check_say(ret, CHECK_FATAL, "nothing-reserved",
			  "%sthere is no crashkernel= on the kernel's command line",
			  text);
		break;
	case CRASHKERNEL_INVALID:
		check_say(ret, CHECK_FATAL, "nothing-reserved", "%s%s", text,
			  asked.why);
		break;
	case CRASHKERNEL_OK:
		check_say(ret, CHECK_FATAL, "nothing-reserved",
			  "%sthe kernel did not find what %.*s asks for, or gave it back",
			  text, (int)asked.main.len, asked.main.text);
		check_fix(ret, "capdump reservation");
		return;
	}
	fix_cmdline(machine, ret, "crashkernel=512M");
}

struct error *check_reservation(const struct check_machine *machine,
				struct check_result *ret)
{
	char where[256];

	if (machine->reserved_why) {
		check_say(ret, CHECK_NOTICE, "unreadable",
			  "where memory is reserved can't be told: %s",
			  machine->reserved_why);
		return NULL;
	}
	if (nothing_reserved(machine)) {
		if (!machine->fadump_on)
			say_nothing_reserved(machine, ret);
		return NULL;
	}
	if (!strcmp(machine->arch, "x86_64") &&
	    check_reserved(machine, false) && !check_reserved(machine, true)) {
		check_say(ret, CHECK_WARNING, "no-low-memory",
			  "the crash kernel has no memory below 4 GiB: devices that reach no further do not work in it");
		fix_cmdline(machine, ret, "crashkernel=256M,low");
	}
	if (!ret->nr) {
		reserved_text(machine, where, sizeof(where));
		check_good(ret, "reserved: %s", *where ? where :
			   "its place is not told");
	}
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
