/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks an ELF dump's structure: /proc/vmcore or a copy of it, dumps of -E, of
 * makedumpfile and QEMU. Its contents have nothing that they could be held against,
 * but where two program headers have the same memory.
 */
#ifndef CAPDUMP_FORMATS_VERIFY_ELF_H
#define CAPDUMP_FORMATS_VERIFY_ELF_H

#include "../image/image.h"

#define VERIFY_MAX_LACKING 100

struct verify_elf {
	uint64_t nr_problems;
	uint64_t nr_loads, nr_empty;	/* PT_LOADs; PT_NULLs: not reached */
	uint64_t nr_cpus;		/* NT_PRSTATUS notes */
	uint64_t memory, zero;		/* bytes; of them, not in the file */
	uint64_t lacking;		/* bytes that the file should have */
	uint64_t nr_lacking;		/* ranges of them; the first, by paddr: */
	struct { uint64_t paddr, end; } range[VERIFY_MAX_LACKING];
};

/*
 * Checks an image that elf_image_ops opened with IMAGE_SALVAGE. Problems are printed
 * to LOG as LOG_ERROR, the first 100 of them, and counted; what is lacking is none.
 * An error means that checking itself failed.
 */
struct error *verify_elf(const struct image *image, struct log *log,
			 struct verify_elf *ret);

#endif
