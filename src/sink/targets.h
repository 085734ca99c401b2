/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file systems that a dump's files are to go to: what lies on one of them
 * shares its room, whatever the folders are.
 */
#ifndef CAPDUMP_SINK_TARGETS_H
#define CAPDUMP_SINK_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

struct target_fs {
	const char *path;	/* the first folder on it; borrowed */
	uint64_t device;	/* st_dev */
	uint64_t room;		/* bytes that are free */
	unsigned nr_files;	/* of the dump's */
};

/*
 * NR_FILES more go to the folder at FULL, which is told as PATH: on one of the *NR
 * in LIST, or another one, for which LIST has room. ERROR_IO if FULL can't be
 * looked at.
 */
struct error *targets_add(struct target_fs *list, size_t *nr, const char *path,
			  const char *full, unsigned nr_files);

/* How many of NR_FILES go to folder I of NR, if they go to them in turn. */
static inline unsigned targets_share(unsigned nr_files, size_t i, size_t nr)
{
	return (unsigned)((nr_files + nr - 1 - i) / nr);
}

#endif
