/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The allocator's part of the shim (shim.c): left out for a program with
 * sanitizers, which bring their own.
 */
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

#define CALLER __builtin_return_address(0)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t nr, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

/* Where the library is that is spared. */
static uintptr_t spared, spared_end;

static int find_spared(struct dl_phdr_info *info, size_t size, void *name)
{
	(void)size;
	if (!strstr(info->dlpi_name, name))
		return 0;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];

		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_X))
			continue;
		spared = info->dlpi_addr + phdr->p_vaddr;
		spared_end = spared + phdr->p_memsz;
	}
	return 1;
}

static bool is_spared(const void *caller)
{
	char *name = getenv("FAULT_SPARE");

	if (name && !spared_end)
		dl_iterate_phdr(find_spared, name);
	return (uintptr_t)caller >= spared && (uintptr_t)caller < spared_end;
}

static bool alloc_fails(const void *caller)
{
	if (is_spared(caller) || !shim_strikes(ALLOC))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return alloc_fails(CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
	return alloc_fails(CALLER) ? NULL : __libc_calloc(nr, size);
}

void *realloc(void *p, size_t size)
{
	return alloc_fails(CALLER) ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t nr, size_t size)
{
	if (__builtin_mul_overflow(nr, size, &size)) {
		errno = ENOMEM;
		return NULL;
	}
	return alloc_fails(CALLER) ? NULL : __libc_realloc(p, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return alloc_fails(CALLER) ? NULL : __libc_memalign(align, size);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
	void *p = alloc_fails(CALLER) ? NULL : __libc_memalign(align, size);

	if (!p)
		return ENOMEM;
	*ret = p;
	return 0;
}
