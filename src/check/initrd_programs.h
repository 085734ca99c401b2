/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump and libraries in an initramfs. */
#ifndef CAPDUMP_CHECK_INITRD_PROGRAMS_H
#define CAPDUMP_CHECK_INITRD_PROGRAMS_H

#include "initramfs.h"

/* Whether a program is capdump, whatever its name. */
bool initrd_is_capdump(const void *bytes, size_t len);

/* capdump, by either name; NULL: it is not there. */
const struct initramfs_entry *initrd_find_capdump(const struct initramfs *image);

/* Libraries that ENTRY needs, and these need; MISSING, of SIZE bytes: names of those
 * that are not there. How many there are in all. */
unsigned initrd_find_libraries(const struct initramfs *image,
			       const struct initramfs_entry *entry,
			       char *missing, size_t size);

#endif
