/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in an initramfs: archives of cpio's newc format one after the other,
 * packed or not (Linux Documentation/driver-api/early-userspace/
 * buffer-format.rst, init/initramfs.c: unpack_to_rootfs()), which nobody vouches
 * for. All is held in memory, within bounds.
 */
#ifndef CAPDUMP_CHECK_INITRAMFS_H
#define CAPDUMP_CHECK_INITRAMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

#define INITRAMFS_MAX_PACKED ((size_t)512 << 20)	/* bytes */
#define INITRAMFS_MAX_UNPACKED ((size_t)1 << 30)	/* of all archives,
							 * of a real one */
#define INITRAMFS_MAX_ENTRIES ((size_t)262144)
#define INITRAMFS_MAX_ARCHIVES 16

struct initramfs_entry {
	const char *name;	/* ends with NUL; without "./" or "/" */
	const char *own;	/* without its folders */
	uint32_t mode;		/* as st_mode */
	const uint8_t *bytes;	/* of a file, or the target of a link */
	size_t len;
};

struct initramfs {
	struct initramfs_entry *entries;	/* owned */
	size_t nr;
	uint8_t *unpacked[INITRAMFS_MAX_ARCHIVES];	/* owned */
	unsigned nr_unpacked;
	size_t unpacked_len;	/* of all */
	const char *closed;	/* a part could not be opened: the format that
				 * packed it; NULL: all is there */
};

/* BYTES must outlive RET. What is packed may take up to MAX_UNPACKED bytes of
 * memory, of all archives together: a few bytes can hold that much.
 * ERROR_INVALID: it is none, damaged or too large, and where; what came before is
 * in RET then. initramfs_close() in any case. */
struct error *initramfs_open(const uint8_t *bytes, size_t len,
			     size_t max_unpacked, struct initramfs *ret);
void initramfs_close(struct initramfs *initramfs);

/* The file of that name in whatever folder, behind symbolic links; NULL: there
 * is none, or a link leads nowhere. */
const struct initramfs_entry *initramfs_find(const struct initramfs *initramfs,
					     const char *name);

#endif
