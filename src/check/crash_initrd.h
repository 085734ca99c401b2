/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The crash kernel's initramfs, where the distributions put it. That it is the
 * one that was loaded, nobody tells. */
#ifndef CAPDUMP_CHECK_CRASH_INITRD_H
#define CAPDUMP_CHECK_CRASH_INITRD_H

#include "initramfs.h"

struct crash_initrd {
	char path[256];		/* empty: not found, and nothing of the rest */
	bool whole;		/* the dump is made within; else it starts the
				 * root file system's programs */
	char *bytes;		/* as it lies on disk; owned */
	size_t len;
	struct initramfs image;	/* of them */
	char *damaged;		/* why the image is not all of it; NULL: it is;
				 * owned */
};

/*
 * Looks below ROOT (machine/machine_file.h) for that of the kernel RELEASE, first
 * at NAMED (NULL: nothing is); with FADUMP, which boots the usual one, for that.
 * crash_initrd_deinit() in any case.
 */
struct error *crash_initrd_read(const char *root, const char *release,
				const char *named, bool fadump,
				struct crash_initrd *ret);
void crash_initrd_deinit(struct crash_initrd *initrd);

/* What keeps its files from being seen: a format, or a file system within; NULL:
 * nothing. */
const char *crash_initrd_closed(const struct crash_initrd *initrd);

/* Bytes that it takes unpacked, in pages of PAGE_SIZE; 0: not known. */
uint64_t crash_initrd_unpacked(const struct crash_initrd *initrd,
			       uint64_t page_size);

#endif
