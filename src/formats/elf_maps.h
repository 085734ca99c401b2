/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the memory of an ELF dump is mapped: what its PT_LOADs say besides
 * what is in them. Of memory that is mapped at several places (the kernel's
 * image is in its own mapping and in the linear one) each has a PT_LOAD, with
 * the same bytes of the file.
 */
#ifndef CAPDUMP_FORMATS_ELF_MAPS_H
#define CAPDUMP_FORMATS_ELF_MAPS_H

#include "writer.h"

struct elf_maps;

/* A run of memory, bytes [paddr, end) of whole frames; those from STORED on are
 * zero and not in the file, in which paddr's are at OFFSET. */
struct elf_run {
	uint64_t paddr, stored, end, offset;
};

/* A PT_LOAD. */
struct elf_load {
	uint64_t paddr, vaddr, offset, filesz, memsz;
};

/*
 * From the input's headers; where these do not say it, as the kernel has it. In
 * either case each byte has one map, and what is mapped once more, up to 16
 * times, another.
 */
struct error *elf_maps_create(const struct dump_facts *facts,
			      struct elf_maps **ret);
void elf_maps_destroy(struct elf_maps *maps);	/* NULL is fine */

typedef struct error *elf_load_fn(void *arg, const struct elf_load *load);

/* Calls FN for each PT_LOAD of RUN: those of one map each, then what is mapped
 * once more. Of frames that are partly in a segment only that part. */
struct error *elf_maps_each(const struct elf_maps *maps,
			    const struct elf_run *run, elf_load_fn *fn,
			    void *arg);

#endif
