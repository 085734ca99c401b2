/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check: whether the crash kernel's initramfs has capdump, and all that it takes
 * to start it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../machine/machine_file.h"
#include "checks.h"
#include "machine.h"
#include "needed.h"

#define MAX_LIBRARIES 64
#define MAX_PROGRAM ((size_t)64 << 20)

/* A text that is in every capdump, by whatever name, and in nothing else. */
static const char mark[] = "capdump: unreadable page";

static bool is_capdump(const void *bytes, size_t len)
{
	return memmem(bytes, len, mark, strlen(mark)) != NULL;
}

/* capdump, by either name. */
static const struct initramfs_entry *find_capdump(const struct initramfs *image)
{
	static const char *const names[] = { "capdump", "makedumpfile" };

	for (unsigned i = 0; i < 2; i++) {
		const struct initramfs_entry *entry =
			initramfs_find(image, names[i]);

		if (entry && is_capdump(entry->bytes, entry->len))
			return entry;
	}
	return NULL;
}

/* Libraries that ENTRY needs, and these need; RET: names of those that are not
 * there. How many there are in all. */
static unsigned find_libraries(const struct initramfs *image,
			       const struct initramfs_entry *entry,
			       char *missing, size_t size)
{
	const char *names[MAX_LIBRARIES], *more[NEEDED_MAX];
	unsigned nr = 0, done = 0;
	size_t used = 0;

	missing[0] = '\0';
	for (;;) {
		unsigned nr_more = entry ? needed_find(entry->bytes,
						       entry->len, more) : 0;

		for (unsigned i = 0; i < nr_more && nr < MAX_LIBRARIES; i++) {
			unsigned k = 0;

			while (k < nr && strcmp(names[k], more[i]))
				k++;
			if (k == nr)
				names[nr++] = more[i];
		}
		if (done == nr)
			return nr;
		entry = initramfs_find(image, names[done]);
		if (!entry && used < size)
			used += (size_t)snprintf(missing + used, size - used,
						 "%s%s", used ? ", " : "",
						 names[done]);
		done++;
	}
}

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
	if (bytes && is_capdump(bytes, len)) {
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
	const struct initramfs_entry *capdump = find_capdump(image);
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
	nr = find_libraries(image, capdump, missing, sizeof(missing));
	if (*missing) {
		bool other = peer && !is_capdump(peer->bytes, peer->len);

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
