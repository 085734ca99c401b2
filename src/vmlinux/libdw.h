/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdw, loaded when it is wanted: a capture kernel's initramfs must not carry
 * it and the four libraries behind it for an option that is used on another
 * machine.
 */
#ifndef CAPDUMP_VMLINUX_LIBDW_H
#define CAPDUMP_VMLINUX_LIBDW_H

#ifdef HAVE_LIBDW
#include <elfutils/libdw.h>

#include "../base/error.h"

/* What is used of it; each becomes a pointer of that name. */
#define LIBDW_FUNCTIONS(X)						\
	X(dwarf_begin_elf) X(dwarf_end) X(dwarf_get_units) X(dwarf_tag)	\
	X(dwarf_child) X(dwarf_siblingof) X(dwarf_diename)		\
	X(dwarf_attr_integrate) X(dwarf_formudata) X(dwarf_formsdata)	\
	X(dwarf_formref_die) X(dwarf_aggregate_size) X(dwarf_srclang)	\
	X(dwarf_errmsg)

#define LIBDW_POINTER(name) __typeof__(&name) name;
struct libdw {
	void *handle;		/* dlopen()'s; NULL: not loaded */
	LIBDW_FUNCTIONS(LIBDW_POINTER)
};
#undef LIBDW_POINTER

/* ERROR_UNSUPPORTED says what to install. */
struct error *libdw_load(struct libdw *libdw);
void libdw_unload(struct libdw *libdw);
#endif

#endif
