/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMCOREINFO: what a kernel says of itself, KEY=VALUE lines in an ELF note
 * (Linux kernel/vmcore_info.c, Documentation/admin-guide/kdump/vmcoreinfo.rst).
 */
#ifndef CAPDUMP_IMAGE_VMCOREINFO_H
#define CAPDUMP_IMAGE_VMCOREINFO_H

#include "image.h"

struct vmcoreinfo {
	char *text;		/* lines NUL-separated after parsing; owned */
	size_t len;		/* of text, bytes */
	const char **keys, **values;	/* sorted by key; point into text */
	size_t nr;
	uint64_t offset, note_len;	/* the note's contents in the file; 0: it
					 * is in no note, or from elsewhere
					 * (-x, -i) */
};

#define VMCOREINFO_MAX 65536	/* bytes; kernels have one page at most */

/* Parses TEXT (copied). Lines without '=' are skipped, the last of equal keys
 * counts. Only out of memory fails. */
struct error *vmcoreinfo_parse(const char *text, size_t len,
			       struct vmcoreinfo **ret);
void vmcoreinfo_destroy(struct vmcoreinfo *vmcoreinfo);

/* The lines again, by key; *RET (*LEN bytes) is the caller's. */
struct error *vmcoreinfo_text(const struct vmcoreinfo *vmcoreinfo, char **ret,
			      size_t *len);

/* The VMCOREINFO of an image, in a note or alone; *RET NULL if there is none. */
struct error *vmcoreinfo_read(const struct image *image, struct log *log,
			      struct vmcoreinfo **ret);

/* The value of KEY ("OSRELEASE", "NUMBER(phys_base)"), NULL if missing. */
const char *vmcoreinfo_get(const struct vmcoreinfo *vmcoreinfo,
			   const char *key);

/*
 * KIND(NAME) as a number: SYMBOL is hexadecimal, SIZE OFFSET LENGTH NUMBER
 * are decimal (signed) or 0x. False if missing or not a number.
 * vmcoreinfo_number(v, "NUMBER", "phys_base", &n).
 */
bool vmcoreinfo_number(const struct vmcoreinfo *vmcoreinfo, const char *kind,
		       const char *name, uint64_t *ret);

/* What a dump's sub-header has as phys_base: what of physical memory the kernel
 * begins to count at, by the name that its machine has for it; arm's is not in
 * VMCOREINFO. crash takes it from there (Linux phys_base of x86_64,
 * memstart_addr of arm64), makedumpfile too (phys_ram_base of riscv64). */
bool vmcoreinfo_phys_base(const struct vmcoreinfo *vmcoreinfo, uint64_t *ret);

/* The virtual address of the kernel's names: struct new_utsname of init_uts_ns, 6
 * strings of 65 bytes (Linux include/uapi/linux/utsname.h). False if unknown. */
bool vmcoreinfo_utsname(const struct vmcoreinfo *vmcoreinfo, uint64_t *ret);

#endif
