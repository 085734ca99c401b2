/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What DWARF says: structs, arrays and enumerators of the table wanted.h. */
#ifndef CAPDUMP_VMLINUX_TYPES_H
#define CAPDUMP_VMLINUX_TYPES_H

#include <libelf.h>

#include "../base/error.h"
#include "wanted.h"

/*
 * Goes once through all compilation units of ELF (SIZE bytes) that are written
 * in C and fills in those of VALUES (nr_wanted_rows) that are of types: the
 * first complete definition counts. ERROR_UNSUPPORTED without libdw or without
 * debugging symbols; ERROR_INVALID if they make no sense.
 */
struct error *types_find(Elf *elf, uint64_t size, struct wanted_value *values);

#endif
