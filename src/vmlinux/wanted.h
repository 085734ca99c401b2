/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * THE table of what is looked up in a kernel's debugging symbols: the names that
 * kernels say of themselves in VMCOREINFO and that src/kernel and src/arch ask
 * for, those that makedumpfile -i asks for, and those by which a kernel is found
 * in memory.
 */
#ifndef CAPDUMP_VMLINUX_WANTED_H
#define CAPDUMP_VMLINUX_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As the keys of VMCOREINFO: KIND(name). */
enum wanted_kind {
	WANTED_SYMBOL,		/* address of a symbol, as linked */
	WANTED_SIZE,		/* of a struct, union or typedef; bytes */
	WANTED_OFFSET,		/* struct.member, bytes */
	WANTED_LENGTH,		/* elements of an array: a variable, or
				 * struct.member */
	WANTED_NUMBER,		/* an enumerator */
	NR_WANTED_KINDS
};

struct wanted {
	enum wanted_kind kind;
	const char *name;
	const char *within;	/* NUMBER: the enum; SIZE: the enum that has the
				 * name, if it is one */
	bool hidden;		/* others are derived from it; not a line */
};

extern const struct wanted wanted_rows[];
extern const size_t nr_wanted_rows;

/* What was found; one for each row. */
struct wanted_value {
	bool found;
	uint64_t number;	/* of a negative one, two's complement */
};

/* "SYMBOL" and so on. */
const char *wanted_kind_name(enum wanted_kind kind);

/* The value of a row by its kind, enum (NULL: any) and name; NULL if there is no
 * such row or it was not found. VALUES has nr_wanted_rows of them. */
const uint64_t *wanted_find(const struct wanted_value *values,
			    enum wanted_kind kind, const char *within,
			    const char *name);

#endif
