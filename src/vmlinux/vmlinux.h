/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel's debugging symbols say of it, as the text that it would say of
 * itself: VMCOREINFO. All addresses are those that it was linked for.
 */
#ifndef CAPDUMP_VMLINUX_VMLINUX_H
#define CAPDUMP_VMLINUX_VMLINUX_H

#include <stddef.h>

#include "../base/error.h"

/*
 * Reads PATH, a kernel in ELF with debugging symbols, and makes *RET (owned by
 * the caller; *LEN bytes, lines). Errors name PATH. Takes seconds, and as much
 * memory as libdw takes (it maps the file, and unpacks what is compressed).
 */
struct error *vmlinux_describe(const char *path, char **ret, size_t *len);

#endif
