/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check: whether the file systems that a dump's files go to have room for them.
 * What goes to one file system, to whatever folders, needs its room together.
 */
#ifndef CAPDUMP_CHECK_TARGET_ROOM_H
#define CAPDUMP_CHECK_TARGET_ROOM_H

#include "../capture/capture.h"
#include "../sink/targets.h"
#include "check.h"
#include "machine.h"

/* Zeroed at first. */
struct target_room {
	struct target_fs fs[CAPTURE_MAX_FILES];
	char *paths[CAPTURE_MAX_FILES];	/* of fs, as many; owned */
	size_t nr;
};

/* NR_FILES more go to the folder at FULL, which is PATH on the machine. */
struct error *target_room_add(struct target_room *room, const char *path,
			      const char *full, unsigned nr_files);
void target_room_deinit(struct target_room *room);

/* Against the dump, if it can be estimated, else against all of RAM. */
struct error *target_room_check(const struct target_room *room,
				const struct check_machine *machine,
				struct check_result *ret);

#endif
