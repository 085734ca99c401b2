/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File systems that are mounted (/proc/mounts) or should be (/etc/fstab). */
#ifndef CAPDUMP_CHECK_MOUNTS_H
#define CAPDUMP_CHECK_MOUNTS_H

#include <stdbool.h>

#include "machine.h"

struct mount {
	char *point;		/* owned; NULL: not known */
	char *type;		/* owned */
	bool read_only;
	bool in_memory;		/* gone with the kernel */
};

/* The file system that PATH is on. mount_deinit() in any case. */
struct error *mounts_find(const struct check_machine *machine,
			  const char *path, struct mount *ret);
void mount_deinit(struct mount *mount);

/* The mount point that /etc/fstab has for PATH if it is to be mounted at boot and
 * is not, owned by the caller; NULL: there is none. */
struct error *mounts_waiting(const struct check_machine *machine,
			     const char *path, char **ret);

/* Where DEVICE (a path, UUID=, LABEL=, PARTUUID= or PARTLABEL=) is mounted,
 * owned by the caller; NULL: nowhere. */
struct error *mounts_of_device(const struct check_machine *machine,
			       const char *device, char **ret);

#endif
