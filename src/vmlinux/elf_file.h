/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's ELF file: its symbols, and what it has at an address. */
#ifndef CAPDUMP_VMLINUX_ELF_FILE_H
#define CAPDUMP_VMLINUX_ELF_FILE_H

#include <gelf.h>

#include "../base/error.h"
#include "../image/image.h"
#include "wanted.h"

#define BUILD_ID_MAX 64		/* bytes; GNU ld's SHA-1 has 20 */

struct elf_file {
	int fd;			/* owned */
	Elf *elf;		/* owned */
	uint64_t size;		/* of the file, bytes */
	struct target target;	/* .page_shift 0: not known */
	uint8_t build_id[BUILD_ID_MAX];
	size_t build_id_len;	/* 0: none */
};

/* Opens PATH. ERROR_UNSUPPORTED: no linked kernel in ELF (a bzImage, a module).
 * On error elf_file_deinit() still has to be called. */
struct error *elf_file_init(struct elf_file *file, const char *path);
void elf_file_deinit(struct elf_file *file);

/*
 * Goes once through the symbol table and fills in those of VALUES that are
 * addresses: global symbols before local ones, else the first of that name. And
 * the page size, by the size of the page of zeroes.
 */
struct error *elf_file_symbols(struct elf_file *file,
			       struct wanted_value *values);

/* LEN bytes at the linked address VADDR; false if the file does not have them. */
bool elf_file_read(const struct elf_file *file, uint64_t vaddr, void *buf,
		   size_t len);

#endif
