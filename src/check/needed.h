/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The libraries that an ELF program or library asks for (DT_NEEDED). */
#ifndef CAPDUMP_CHECK_NEEDED_H
#define CAPDUMP_CHECK_NEEDED_H

#include <stddef.h>
#include <stdint.h>

#define NEEDED_MAX 32

/*
 * Names in BYTES, which nobody vouches for; how many, at most NEEDED_MAX. 0, too,
 * for what is static, damaged or no ELF file. They point into BYTES and end with
 * NUL there.
 */
unsigned needed_find(const uint8_t *bytes, size_t len,
		     const char *ret[NEEDED_MAX]);

#endif
