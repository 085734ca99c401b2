/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header that a kernel of POWER leaves for the one that captures its
 * firmware-assisted dump: struct fadump_crash_info_header, in the byte order of
 * the crashed kernel (Linux 7.2 arch/powerpc/include/asm/fadump-internal.h;
 * version 0 is that of Linux 6.1, version 1 came with 6.10).
 *
 * It lies at the end of the area that memory was copied to, and no PT_LOAD
 * covers it. Since 6.10 that area ends with it, inside a page, and the next
 * PT_LOAD begins there; /proc/vmcore rounds segments to whole pages (Linux 7.2
 * fs/proc/vmcore.c: process_ptload_program_headers_elf64()), which puts the
 * header into the file just below that segment. Nobody promises that, so it is
 * a hint, good only if the magic number and the size are right. Before 6.10,
 * and under OPAL, the area ends with a page: there it cannot be reached.
 */
#ifndef CAPDUMP_MACHINE_FADUMP_HEADER_H
#define CAPDUMP_MACHINE_FADUMP_HEADER_H

#include "../image/view.h"

#define FADUMP_HEADER_LEN 0x28u		/* bytes up to the registers */
#define FADUMP_NO_CPU 0xffffffffu	/* the kernel did not crash by itself */

struct fadump_header {
	unsigned version;		/* 0 or 1 */
	uint32_t crashing_cpu;		/* its logical number; under OPAL the
					 * PIR; or FADUMP_NO_CPU */
	uint64_t elfcorehdr;		/* version 0: physical address */
	uint64_t vmcoreinfo;		/* version 1: physical address of the
					 * note's copy in the area */
	uint64_t vmcoreinfo_len;	/* version 1, bytes */
	uint32_t regs_len, mask_len;	/* version 1: bytes of struct pt_regs
					 * and struct cpumask */
	uint64_t size;			/* bytes of all of it; 0: not known
					 * (version 0) */
};

/* False: that is no such header. BYTES has FADUMP_HEADER_LEN bytes. */
bool fadump_header_parse(const uint8_t *bytes, bool big_endian,
			 struct fadump_header *ret);

/*
 * Lets the segment of a vmcore that begins inside a page, right behind such a
 * header, begin with the header: see fadump_header.c for why. For an image that
 * was just opened, before anybody else has it. Whether there is one.
 */
bool fadump_header_include(struct image *image);

/* Whether there is a header at PADDR, where a segment begins (after
 * fadump_header_include(), or in a dump). Only those of ppc64 are looked for. */
bool fadump_header_at(struct view *view, uint64_t paddr,
		      struct fadump_header *ret);

#endif
