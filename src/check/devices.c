/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks: memory and CPUs that come and go after the crash kernel was loaded,
 * and devices whose struct pages the vmcore would lack. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/text.h"
#include "../machine/machine_file.h"
#include "checks.h"
#include "machine.h"

#define MAX_RULES ((size_t)1 << 20)
#define MAX_BLOCKS 65536u

static struct error *any_name(const struct check_machine *machine,
			      const char *folder, const char *prefix, bool *ret)
{
	char **names;
	size_t nr;

	TRY(check_names(machine, folder, prefix, &names, &nr));
	check_names_free(names, nr);
	*ret |= nr > 0;
	return NULL;
}

/* Whether memory may come or go: a slot of ACPI for it, a driver of a
 * hypervisor's, a logical partition, or a block that is offline (s390x's standby
 * memory). */
static struct error *memory_hotplugs(const struct check_machine *machine,
				     bool *ret)
{
	char **names, path[320], state[32];
	size_t nr;

	*ret = check_has(machine,
			 "/proc/device-tree/ibm,dynamic-reconfiguration-memory");
	TRY(any_name(machine, "/sys/bus/acpi/devices", "PNP0C80", ret));
	TRY(any_name(machine, "/sys/bus/virtio/drivers/virtio_mem", "virtio",
		     ret));
	TRY(any_name(machine, "/sys/bus/dax/drivers/kmem", "dax", ret));
	TRY(check_names(machine, "/sys/devices/system/memory", "memory",
			&names, &nr));
	for (size_t i = 0; i < nr && i < MAX_BLOCKS && !*ret; i++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/memory/%s/state", names[i]);
		*ret = check_word(machine, path, state, sizeof(state)) &&
		       !strcmp(state, "offline");
	}
	check_names_free(names, nr);
	return NULL;
}

/* The highest number of a list such as "0-3,8"; -1: none. */
static long list_end(const char *list)
{
	long last = -1;

	for (const char *p = list; *p; ) {
		char *end;

		last = strtol(p, &end, 10);
		if (end == p)
			return -1;
		p = *end ? end + 1 : end;
	}
	return last;
}

/* Whether a CPU may be added: the kernel has room for more than there are. */
static bool cpus_hotplug(const struct check_machine *machine)
{
	char possible[256], present[256];

	return check_word(machine, "/sys/devices/system/cpu/possible",
			  possible, sizeof(possible)) &&
	       check_word(machine, "/sys/devices/system/cpu/present",
			  present, sizeof(present)) &&
	       list_end(possible) > list_end(present);
}

/* Whether a line of udev rules that speak of kdump is for SUBSYSTEM. */
static bool rule_matches(const char *text, const char *subsystem)
{
	bool kdump = false, match = false;
	char want[64];

	snprintf(want, sizeof(want), "SUBSYSTEM==\"%s\"", subsystem);
	for (const char *line = text; *line; ) {
		size_t len = strcspn(line, "\n");

		if (line[strspn(line, " \t")] != '#') {
			kdump |= memmem(line, len, "kdump", 5) != NULL;
			match |= memmem(line, len, want, strlen(want)) != NULL;
		}
		line += len + (line[len] == '\n');
	}
	return kdump && match;
}

static struct error *has_rule(const struct check_machine *machine,
			      const char *subsystem, bool *ret)
{
	static const char *const folders[] = { "/etc/udev/rules.d",
		"/usr/lib/udev/rules.d", "/lib/udev/rules.d" };

	*ret = false;
	for (unsigned k = 0; k < 3 && !*ret; k++) {
		char **names;
		size_t nr;

		TRY(check_names(machine, folders[k], "", &names, &nr));
		for (size_t i = 0; i < nr && !*ret; i++) {
			AUTO_FREE char *text = NULL;
			char path[320];
			size_t len;

			snprintf(path, sizeof(path), "%s/%s", folders[k],
				 names[i]);
			/* udev, too, goes on after one that it can't read */
			error_destroy(machine_file_try(machine->root, path,
						       MAX_RULES, &text,
						       &len));
			*ret = text && rule_matches(text, subsystem);
		}
		check_names_free(names, nr);
	}
	return NULL;
}

/*
 * Many machines' kernels have room for CPUs that nobody ever adds, and a dump
 * lacks no more than their registers. On ppc64 they are in the crash kernel's
 * device tree, too, where the CPU that it starts on has to be (Linux 7.2
 * arch/powerpc/kexec/crash.c: arch_crash_handle_hotplug_event()).
 */
static void say_cpus(const struct check_machine *machine,
		     struct check_result *ret)
{
	if (!strncmp(machine->arch, "ppc64", 5))
		check_say(ret, CHECK_WARNING, "hotplug-cpu",
			  "CPUs may be added, and nothing tells the crash kernel: it may not start on one that came after it was loaded");
	else
		check_say(ret, CHECK_NOTICE, "hotplug-cpu",
			  "the kernel has room for more CPUs, and nothing tells the crash kernel: the dump will lack the registers of those that come after it was loaded");
}

/*
 * The ELF header that describes memory and CPUs to the crash kernel is made when
 * that is loaded. The kernel keeps it up to date itself if it can and was
 * asked to (Linux 7.2 kernel/crash_core.c: crash_check_hotplug_support(), and for
 * fadump arch/powerpc/kernel/fadump.c: hotplug_ready_show()); else it has to be
 * loaded again.
 */
static struct error *check_subsystem(const struct check_machine *machine,
				     const char *subsystem, const char *what,
				     struct check_result *ret)
{
	char path[64];
	int64_t value;
	bool rule;

	snprintf(path, sizeof(path), "/sys/devices/system/%s/crash_hotplug",
		 subsystem);
	if (check_number(machine, machine->fadump_on ?
			 "/sys/kernel/fadump/hotplug_ready" : path, &value) &&
	    value == 1) {
		check_good(ret, "%s may come and go: the kernel tells its crash kernel",
			   what);
		return NULL;
	}
	TRY(has_rule(machine, subsystem, &rule));
	if (rule) {
		check_good(ret, "%s may come and go: a udev rule loads the crash kernel again",
			   what);
		return NULL;
	}
	if (!strcmp(subsystem, "cpu"))
		say_cpus(machine, ret);
	else
		check_say(ret, CHECK_WARNING, "hotplug-memory",
			  "memory may be added or taken away, and nothing tells the crash kernel: the dump will lack what came after it was loaded");
	if (machine->fadump_on)
		check_fix(ret, "a udev rule for SUBSYSTEM==\"%s\" that registers fadump again",
			  subsystem);
	else
		check_fix(ret, "kexec -s -p ... (Linux 6.6 on x86_64 keeps it up to date), or a udev rule for SUBSYSTEM==\"%s\" that restarts kdump",
			  subsystem);
	return NULL;
}

struct error *check_hotplug(const struct check_machine *machine,
			    struct check_result *ret)
{
	bool memory;

	if (machine->loaded <= 0 && !machine->fadump_on)
		return NULL;
	TRY(memory_hotplugs(machine, &memory));
	if (memory)
		TRY(check_subsystem(machine, "memory", "memory", ret));
	if (cpus_hotplug(machine) && !machine->fadump_on)
		TRY(check_subsystem(machine, "cpu", "CPUs", ret));
	return NULL;
}

/* Whether the kernel tells of struct pages within the namespace, or, if that
 * has no place in the memory map, of any. */
static bool memmap_told(const struct check_machine *machine,
			const char *namespace)
{
	uint64_t paddr = 0, last = UINT64_MAX;
	const struct resource *r;
	size_t at = 0;

	while ((r = resources_next(&machine->resources, &at, namespace, 0,
				   UINT64_MAX)))
		if (!strcmp(r->name, namespace)) {
			paddr = r->paddr;
			last = r->last;
			break;
		}
	at = 0;
	return resources_next(&machine->resources, &at,
			      "Device Backed Vmemmap", paddr, last);
}

/* Linux 7.2 drivers/nvdimm/pfn_devs.c: mode_show(), resource_show() (which has no
 * answer for a device without a driver), size_show(). */
static void check_pfn(const struct check_machine *machine, const char *name,
		      struct check_result *ret)
{
	char path[320], mode[16], namespace[64] = "", amount[2][16];
	char word[CHECK_WORD_SIZE];
	uint64_t reserved = check_reserved(machine, false);
	int64_t value, size = 0;

	snprintf(path, sizeof(path), "/sys/bus/nd/devices/%s/mode", name);
	if (!check_word(machine, path, mode, sizeof(mode)))
		return;
	snprintf(path, sizeof(path), "/sys/bus/nd/devices/%s/resource", name);
	if (!check_number(machine, path, &value))
		return;
	snprintf(path, sizeof(path), "/sys/bus/nd/devices/%s/namespace", name);
	check_word(machine, path, namespace, sizeof(namespace));
	snprintf(path, sizeof(path), "/sys/bus/nd/devices/%s/size", name);
	check_number(machine, path, &size);
	if (!strcmp(mode, "pmem") && !memmap_told(machine, namespace)) {
		check_say(ret, CHECK_WARNING, "memmap-missing",
			  "the struct pages of %s (%s) lie on the device, and this kernel does not tell its crash kernel: the vmcore will lack them",
			  *namespace ? namespace : name, name);
		check_fix(ret, "ndctl create-namespace -f -e %s --map=mem (which destroys what is on it)",
			  *namespace ? check_quote(namespace, word) :
			  "NAMESPACE");
	} else if (!strcmp(mode, "ram") && reserved && size > 0 &&
		   (uint64_t)size / 64 > reserved / 4) {
		check_say(ret, CHECK_WARNING, "memmap-large",
			  "with a driver for %s (%s) in its initramfs the crash kernel makes %s of struct pages for it, of the %s it has",
			  *namespace ? namespace : name, name,
			  text_size((uint64_t)size / 64, amount[0]),
			  text_size(reserved, amount[1]));
		check_fix(ret, "leave nd_pmem and device_dax out of the crash kernel's initramfs, or reserve more");
	} else {
		check_good(ret, "the struct pages of %s (%s) will be in the vmcore",
			   *namespace ? namespace : name, name);
	}
}

struct error *check_device_memmap(const struct check_machine *machine,
				  struct check_result *ret)
{
	static const char *const prefixes[] = { "pfn", "dax" };

	for (unsigned k = 0; k < 2; k++) {
		char **names;
		size_t nr;

		TRY(check_names(machine, "/sys/bus/nd/devices", prefixes[k],
				&names, &nr));
		for (size_t i = 0; i < nr; i++)
			check_pfn(machine, names[i], ret);
		check_names_free(names, nr);
	}
	return NULL;
}
