/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check: whether the crash kernel's initramfs has capdump, and all that it takes
 * to start it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../machine/machine_file.h"
#include "checks.h"
#include "initrd_programs.h"
#include "machine.h"

#define MAX_PROGRAM ((size_t)64 << 20)

static const char *rebuild_command(const struct check_machine *machine)
{
	switch (machine->scripts) {
	case SCRIPTS_FEDORA:
		return "echo 'extra_bins /usr/sbin/capdump' >> /etc/kdump.conf; kdumpctl rebuild";
	case SCRIPTS_DEBIAN:
		return "rm /var/lib/kdump/initrd.img-*; kdump-config symlinks $(uname -r); kdump-config try-reload";
	case SCRIPTS_SUSE:
		return "add /usr/sbin/capdump to KDUMP_REQUIRED_PROGRAMS in /etc/sysconfig/kdump; mkdumprd -f; systemctl restart kdump";
	case SCRIPTS_NONE:
		break;
	}
	return "build the crash kernel's initramfs again, with capdump in it";
}

/* kdump-tools boots the root file system, and makes the dump from there. */
static struct error *check_root_program(const struct check_machine *machine,
					struct check_result *ret)
{
	static const char *const paths[] = { "/usr/bin/makedumpfile",
		"/usr/sbin/makedumpfile", "/bin/makedumpfile" };
	AUTO_FREE char *bytes = NULL;
	size_t len = 0;
	unsigned i;

	for (i = 0; !bytes && i < 3; i++)
		TRY(machine_file_try(machine->root, paths[i], MAX_PROGRAM,
				     &bytes, &len));
	if (bytes && initrd_is_capdump(bytes, len)) {
		check_good(ret, "the crash kernel runs %s from disk, which is capdump",
			   paths[i - 1]);
		return NULL;
	}
	check_say(ret, CHECK_NOTICE, "capdump-not-used",
		  "kdump-tools makes dumps with makedumpfile, which %s",
		  bytes ? "is not capdump" : "is not installed");
	check_fix(ret, "dpkg-divert --rename --add /usr/bin/makedumpfile; ln -s $(command -v capdump) /usr/bin/makedumpfile");
	return NULL;
}

static struct error *check_image(const struct check_machine *machine,
				 struct check_result *ret)
{
	const struct crash_initrd *initrd = &machine->initrd;
	const struct initramfs *image = &initrd->image;
	const struct initramfs_entry *capdump = initrd_find_capdump(image);
	const struct initramfs_entry *peer =
		initramfs_find(image, "makedumpfile");
	char missing[256];
	unsigned nr;

	if (!capdump && !initrd->whole && machine->scripts == SCRIPTS_DEBIAN)
		return check_root_program(machine, ret);
	if (!capdump) {
		check_say(ret, CHECK_WARNING, "capdump-missing",
			  "capdump is not in %s%s", initrd->path, peer ?
			  "; makedumpfile is" : ", and neither is makedumpfile");
		check_fix(ret, "%s", rebuild_command(machine));
		return NULL;
	}
	nr = initrd_find_libraries(image, capdump, missing, sizeof(missing));
	if (*missing) {
		bool other = peer && !initrd_is_capdump(peer->bytes, peer->len);

		check_say(ret, initrd->whole && !other ? CHECK_FATAL :
			  CHECK_WARNING, "library-missing",
			  "capdump cannot start in %s, which lacks %s",
			  initrd->path, missing);
		check_fix(ret, "%s", rebuild_command(machine));
		return NULL;
	}
	check_good(ret, "capdump and the %u libraries it needs are in %s", nr,
		   initrd->path);
	return NULL;
}

struct error *check_initramfs(const struct check_machine *machine,
			      struct check_result *ret)
{
	const struct crash_initrd *initrd = &machine->initrd;
	const char *closed;

	if (!*initrd->path) {
		check_say(ret, CHECK_NOTICE, "initramfs-unknown",
			  "where the crash kernel's initramfs is, is not known: capdump and its libraries have to be in it");
		return NULL;
	}
	if (initrd->damaged) {
		check_say(ret, CHECK_WARNING, "initramfs-damaged",
			  "%s is damaged: %s", initrd->path, initrd->damaged);
		check_fix(ret, "%s", rebuild_command(machine));
		return NULL;
	}
	closed = crash_initrd_closed(initrd);
	if (!closed)
		return check_image(machine, ret);
	check_say(ret, CHECK_NOTICE, "initramfs-packed",
		  "%s is packed by %s, which is not looked into: it should hold capdump and its libraries",
		  initrd->path, closed);
	check_fix(ret, "%s %s | grep -E 'capdump|makedumpfile'",
		  machine->scripts == SCRIPTS_DEBIAN ? "lsinitramfs" :
		  "lsinitrd", initrd->path);
	return NULL;
}
