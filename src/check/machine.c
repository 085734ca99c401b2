/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks know of the machine: see machine.h. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../machine/machine_file.h"
#include "../machine/root.h"

#define MAX_FILE ((size_t)64 << 10)
#define LOW_END (1ull << 32)

bool check_word(const struct check_machine *machine, const char *path,
		char *buf, size_t size)
{
	AUTO_FREE char *text = NULL;
	struct error *err;
	size_t len;

	err = machine_file_try(machine->root, path, MAX_FILE, &text, &len);
	error_destroy(err);
	if (err || !text)
		return false;
	len = strcspn(text, "\n");
	if (len >= size)
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return true;
}

bool check_number(const struct check_machine *machine, const char *path,
		  int64_t *ret)
{
	char text[32], *end;

	if (!check_word(machine, path, text, sizeof(text)) || !*text)
		return false;
	*ret = strtoll(text, &end, 0);
	return !*end;
}

bool check_has(const struct check_machine *machine, const char *path)
{
	return root_has(machine->root, path);
}

bool check_cmdline_has(const struct check_machine *machine, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = machine->cmdline; (p = strstr(p, word)); p += len)
		if ((p == machine->cmdline || p[-1] == ' ') &&
		    (!p[len] || p[len] == ' ' || p[len] == '\n'))
			return true;
	return false;
}

uint64_t check_machine_ram(const struct check_machine *machine)
{
	uint64_t size = 0;
	size_t at = 0;
	const struct resource *r;

	if (machine->resources.hidden)
		return 0;
	while ((r = resources_next(&machine->resources, &at, "System RAM", 0,
				   UINT64_MAX)))
		size += r->last - r->paddr + 1;
	return size;
}

uint64_t check_reserved(const struct check_machine *machine, bool low)
{
	uint64_t size = 0;

	for (size_t i = 0; i < machine->reserved.nr; i++) {
		const struct reservation *r = &machine->reserved.at[i];
		uint64_t end = low ? min_u64(r->end, LOW_END) : r->end;

		if (r->source != RESERVATION_CMA && end > r->paddr)
			size += end - r->paddr;
	}
	return size;
}

/* What the machine says of its kernel, or a copy does not: then this one. */
static void read_names(struct check_machine *machine)
{
	struct utsname name;
	bool known = !uname(&name);

	if (!check_word(machine, "/proc/sys/kernel/osrelease",
			machine->release, sizeof(machine->release)) && known)
		snprintf(machine->release, sizeof(machine->release), "%s",
			 name.release);
	if (!check_word(machine, "/proc/sys/kernel/arch", machine->arch,
			sizeof(machine->arch)) && known)
		snprintf(machine->arch, sizeof(machine->arch), "%s",
			 name.machine);
}

/* Linux 7.2 kernel/kexec_core.c: kexec_kobj; up to 6.18 kernel/ksysfs.c.
 * arch/powerpc/kernel/fadump.c: fadump_init_files(), up to 5.18 beside it. */
static void read_state(struct check_machine *m)
{
	int64_t value;

	m->loaded = -1;
	if (check_number(m, "/sys/kernel/kexec/crash_loaded", &value) ||
	    check_number(m, "/sys/kernel/kexec_crash_loaded", &value))
		m->loaded = !!value;
	if (!check_number(m, "/sys/kernel/kexec/crash_size", &m->crash_size) &&
	    !check_number(m, "/sys/kernel/kexec_crash_size", &m->crash_size))
		m->crash_size = -1;
	m->fadump_there =
		check_number(m, "/sys/kernel/fadump/enabled", &value) ||
		check_number(m, "/sys/kernel/fadump_enabled", &value);
	m->fadump_on = m->fadump_there && value;
	m->fadump_registered =
		(check_number(m, "/sys/kernel/fadump/registered", &value) ||
		 check_number(m, "/sys/kernel/fadump_registered", &value)) &&
		value;
	if (check_has(m, "/usr/bin/kdumpctl"))
		m->scripts = SCRIPTS_FEDORA;
	else if (check_has(m, "/usr/sbin/kdump-config"))
		m->scripts = SCRIPTS_DEBIAN;
	else if (check_has(m, "/usr/sbin/mkdumprd"))
		m->scripts = SCRIPTS_SUSE;
}

static struct error *read_initrd(struct check_machine *machine)
{
	AUTO_FREE char *named = NULL;
	bool usual;

	TRY(check_setting(machine, "/etc/default/kdump-tools", "KDUMP_INITRD",
			  &named));
	/* the default is a link, to the file of this kernel */
	usual = !named || !*named ||
		!strcmp(named, "/var/lib/kdump/initrd.img");
	return crash_initrd_read(machine->root, machine->release,
				 usual ? NULL : named, machine->fadump_on,
				 &machine->initrd);
}

struct error *check_machine_read(const char *root, struct log *log,
				 struct check_machine *ret)
{
	struct error *err;
	size_t len;

	*ret = (struct check_machine){ .root = root, .log = log,
				       .nr_files = 1 };
	read_names(ret);
	read_state(ret);
	TRY(machine_file_read(root, "/proc/cmdline", MAX_FILE, &ret->cmdline,
			      &len));
	TRY(resources_read(root, &ret->resources));
	TRY(read_initrd(ret));
	err = reservations_read(root, &ret->reserved);
	if (!err)
		return NULL;
	ret->reserved_why = strdup(error_message(err));
	error_destroy(err);
	return ret->reserved_why ? NULL : error_nomem();
}

void check_machine_deinit(struct check_machine *machine)
{
	free(machine->cmdline);
	free(machine->reserved_why);
	resources_deinit(&machine->resources);
	crash_initrd_deinit(&machine->initrd);
}
