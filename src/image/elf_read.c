/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF headers: see elf_read.h. */
#include "elf_read.h"

#include <stddef.h>
#include <string.h>

#include "../base/bytes.h"

/* A number of 2, 4 or 8 bytes. */
static uint64_t number(const uint8_t *p, size_t size, bool big)
{
	switch (size) {
	case 2:
		return get_u16(p, big);
	case 4:
		return get_u32(p, big);
	default:
		return get_u64(p, big);
	}
}

static bool is_narrow(const Elf64_Ehdr *ehdr)
{
	return ehdr->e_ident[EI_CLASS] == ELFCLASS32;
}

static bool is_big(const Elf64_Ehdr *ehdr)
{
	return ehdr->e_ident[EI_DATA] == ELFDATA2MSB;
}

/* Field NAME of an Elf32_TYPE or Elf64_TYPE at P. */
#define FIELD(ehdr, type, p, name)					      \
	(is_narrow(ehdr) ?						      \
	 number((p) + offsetof(Elf32_##type, name),			      \
		sizeof(((Elf32_##type *)NULL)->name), is_big(ehdr)) :	      \
	 number((p) + offsetof(Elf64_##type, name),			      \
		sizeof(((Elf64_##type *)NULL)->name), is_big(ehdr)))

static struct error *check_ident(const uint8_t *ident, size_t len)
{
	if (len < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG))
		return error_create(ERROR_INVALID,
				    "no ELF header: the file ends at %#zx",
				    len);
	if ((ident[EI_CLASS] != ELFCLASS64 && ident[EI_CLASS] != ELFCLASS32) ||
	    (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB) ||
	    ident[EI_VERSION] != EV_CURRENT)
		return error_create(ERROR_INVALID,
				    "ELF class %u, byte order %u, version %u (offset 4)",
				    ident[EI_CLASS], ident[EI_DATA],
				    ident[EI_VERSION]);
	return NULL;
}

struct error *elf_read_ehdr(const struct image_file *file, Elf64_Ehdr *ret)
{
	uint8_t p[sizeof(Elf64_Ehdr)];
	Elf64_Ehdr e = { 0 };
	size_t len;

	TRY(image_file_read(file, p, sizeof(p), 0, &len));
	TRY(check_ident(p, len));
	memcpy(e.e_ident, p, EI_NIDENT);
	if (len < (is_narrow(&e) ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr)))
		return error_create(ERROR_INVALID,
				    "no whole ELF header: the file ends at %#zx",
				    len);
	e.e_type = (uint16_t)FIELD(&e, Ehdr, p, e_type);
	e.e_machine = (uint16_t)FIELD(&e, Ehdr, p, e_machine);
	e.e_version = (uint32_t)FIELD(&e, Ehdr, p, e_version);
	e.e_entry = FIELD(&e, Ehdr, p, e_entry);
	e.e_phoff = FIELD(&e, Ehdr, p, e_phoff);
	e.e_shoff = FIELD(&e, Ehdr, p, e_shoff);
	e.e_flags = (uint32_t)FIELD(&e, Ehdr, p, e_flags);
	e.e_ehsize = (uint16_t)FIELD(&e, Ehdr, p, e_ehsize);
	e.e_phentsize = (uint16_t)FIELD(&e, Ehdr, p, e_phentsize);
	e.e_phnum = (uint16_t)FIELD(&e, Ehdr, p, e_phnum);
	e.e_shentsize = (uint16_t)FIELD(&e, Ehdr, p, e_shentsize);
	e.e_shnum = (uint16_t)FIELD(&e, Ehdr, p, e_shnum);
	e.e_shstrndx = (uint16_t)FIELD(&e, Ehdr, p, e_shstrndx);
	*ret = e;
	return NULL;
}

struct error *elf_count_phdrs(const struct image_file *file,
			      const Elf64_Ehdr *ehdr, uint64_t *ret)
{
	size_t size = is_narrow(ehdr) ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr);
	uint8_t p[sizeof(Elf64_Shdr)];
	struct error *err;

	*ret = ehdr->e_phnum;
	if (ehdr->e_phnum != PN_XNUM)
		return NULL;
	err = ehdr->e_shoff ?
	      image_file_read_exact(file, p, size, ehdr->e_shoff) : NULL;
	if (err || !ehdr->e_shoff) {
		error_destroy(err);
		return error_create(ERROR_INVALID,
				    "e_phnum is PN_XNUM, but there is no section header 0 at e_shoff %#llx",
				    (unsigned long long)ehdr->e_shoff);
	}
	*ret = FIELD(ehdr, Shdr, p, sh_info);
	return NULL;
}

void elf_get_phdr(const Elf64_Ehdr *ehdr, const uint8_t *bytes, Elf64_Phdr *ret)
{
	*ret = (Elf64_Phdr){
		.p_type = (uint32_t)FIELD(ehdr, Phdr, bytes, p_type),
		.p_flags = (uint32_t)FIELD(ehdr, Phdr, bytes, p_flags),
		.p_offset = FIELD(ehdr, Phdr, bytes, p_offset),
		.p_vaddr = FIELD(ehdr, Phdr, bytes, p_vaddr),
		.p_paddr = FIELD(ehdr, Phdr, bytes, p_paddr),
		.p_filesz = FIELD(ehdr, Phdr, bytes, p_filesz),
		.p_memsz = FIELD(ehdr, Phdr, bytes, p_memsz),
		.p_align = FIELD(ehdr, Phdr, bytes, p_align),
	};
}
