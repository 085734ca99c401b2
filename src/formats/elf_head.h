/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands before the pages of an ELF dump: the header, a PT_NOTE, the
 * PT_LOADs, beyond 65,533 of these a section header with their number, notes.
 */
#ifndef CAPDUMP_FORMATS_ELF_HEAD_H
#define CAPDUMP_FORMATS_ELF_HEAD_H

#include "elf_maps.h"

struct elf_head {
	bool narrow;		/* ELF32 */
	bool big;
	uint64_t nr_loads;	/* places for so many */
	uint64_t note_offset, note_len;
	unsigned phdr_len;	/* bytes of a program header */
	uint64_t loads;		/* offset of the first PT_LOAD's */
	unsigned flags;		/* offset of e_flags */
};

#define ELF_HEAD_PHDR_MAX 56u

/*
 * For NR_LOADS PT_LOADs. ELF32 for a machine of 32 bits whose memory and dump end
 * below 4 GiB: gdb reads no other of it. LAYOUT: all that stands before the data.
 */
struct error *elf_head_init(const struct dump_facts *facts, uint64_t nr_loads,
			    struct elf_head *head, struct dump_layout *layout);

/*
 * Writes [0, layout->data) but for the PT_LOADs; where the sink can rewrite the
 * header is not written yet, elsewhere all of it but the status.
 */
struct error *elf_head_write(const struct dump_facts *facts,
			     const struct elf_head *head,
			     const struct dump_layout *layout,
			     struct sink *sink);

/* Writes the header, where the sink can rewrite: the file is a dump from then on.
 * What stands behind it must be durable by then. */
struct error *elf_head_open(const struct dump_facts *facts,
			    const struct elf_head *head, struct sink *sink);

/* e_flags: the input's, and whether it is incomplete (ELF_INCOMPLETE). */
void elf_head_status(const struct dump_facts *facts, bool complete,
		     uint8_t status[4]);

/* A PT_LOAD, head->phdr_len bytes; all zeroes (PT_NULL) for a LOAD of nothing. */
void elf_head_put_load(const struct elf_head *head, const struct elf_load *load,
		       uint8_t *p);

#endif
