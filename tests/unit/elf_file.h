/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small ELF cores for tests of the image: headers by hand, byte by byte. Of
 * either byte order, on either kind of host. */
#ifndef CAPDUMP_TESTS_ELF_FILE_H
#define CAPDUMP_TESTS_ELF_FILE_H

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/base/bytes.h"

/* The byte order of what is written */
static bool elf_file_big;

struct elf_file {
	char path[64];
	int fd;
	unsigned nr;		/* program headers so far */
};

static inline void elf_file_put(struct elf_file *f, uint64_t offset,
				const void *buf, size_t len)
{
	if (pwrite(f->fd, buf, len, (off_t)offset) != (ssize_t)len)
		abort();
}

static inline uint16_t elf_u16(uint16_t v)
{
	put_u16(&v, v, elf_file_big);
	return v;
}

static inline uint32_t elf_u32(uint32_t v)
{
	put_u32(&v, v, elf_file_big);
	return v;
}

static inline uint64_t elf_u64(uint64_t v)
{
	put_u64(&v, v, elf_file_big);
	return v;
}

static inline void elf_file_header(struct elf_file *f, uint16_t phnum)
{
	Elf64_Ehdr e = {
		.e_type = elf_u16(ET_CORE),
		.e_machine = elf_u16(EM_X86_64),
		.e_version = elf_u32(1),
		.e_phoff = elf_u64(64),
		.e_ehsize = elf_u16(64),
		.e_phentsize = elf_u16(56),
		.e_phnum = elf_u16(phnum),
	};

	memcpy(e.e_ident, ELFMAG, SELFMAG);
	e.e_ident[EI_CLASS] = ELFCLASS64;
	e.e_ident[EI_DATA] = elf_file_big ? ELFDATA2MSB : ELFDATA2LSB;
	e.e_ident[EI_VERSION] = EV_CURRENT;
	elf_file_put(f, 0, &e, sizeof(e));
}

static inline void elf_file_create(struct elf_file *f)
{
	strcpy(f->path, "/tmp/capdump-test-XXXXXX");
	f->fd = mkstemp(f->path);
	f->nr = 0;
	if (f->fd < 0)
		abort();
	elf_file_header(f, 0);
}

static inline void elf_file_phdr(struct elf_file *f, uint32_t type,
				 uint64_t offset, uint64_t paddr,
				 uint64_t filesz, uint64_t memsz)
{
	Elf64_Phdr p = {
		.p_type = elf_u32(type), .p_offset = elf_u64(offset),
		.p_paddr = elf_u64(paddr), .p_filesz = elf_u64(filesz),
		.p_memsz = elf_u64(memsz),
	};

	elf_file_put(f, 64 + 56 * f->nr++, &p, sizeof(p));
	elf_file_header(f, (uint16_t)f->nr);
}

static inline void elf_file_remove(struct elf_file *f)
{
	close(f->fd);
	unlink(f->path);
}

#endif
