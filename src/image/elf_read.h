/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of ELF files of either class and byte order, as Elf64 structs of this
 * machine: what <elf.h> says of their fields.
 */
#ifndef CAPDUMP_IMAGE_ELF_READ_H
#define CAPDUMP_IMAGE_ELF_READ_H

#include <elf.h>

#include "file.h"

/* Reads the header at the begin of FILE. Class, byte order and version are
 * known ones, nothing else is checked. */
struct error *elf_read_ehdr(const struct image_file *file, Elf64_Ehdr *ret);

/* The number of program headers; with PN_XNUM section header 0 has it. */
struct error *elf_count_phdrs(const struct image_file *file,
			      const Elf64_Ehdr *ehdr, uint64_t *ret);

/* The program header at BYTES, of the class and order of EHDR: as many bytes as
 * that class has. */
void elf_get_phdr(const Elf64_Ehdr *ehdr, const uint8_t *bytes,
		  Elf64_Phdr *ret);

#endif
