/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NT_PRSTATUS note of a CPU says: the registers it had at the crash.
 * The kernel writes one a CPU (Linux kernel/crash_core.c: crash_save_cpu()).
 */
#ifndef CAPDUMP_ARCH_REGISTERS_H
#define CAPDUMP_ARCH_REGISTERS_H

#include "../image/notes.h"

#define REGISTERS_MAX 48	/* ppc64: ELF_NGREG */

/* What a machine's notes hold. */
struct register_names {
	uint16_t elf_machine;
	uint8_t nr;		/* names */
	uint8_t pc, sp;		/* which of them */
	bool no_pid;		/* s390x: what stands there is a number of the
				 * CPU (arch/s390/kernel/crash_dump.c:
				 * fill_cpu_elf_notes()) */
	const char *const *names;	/* in the order of elf_gregset_t, each
				 * a word of the machine */
};

struct registers {
	const struct register_names *of;
	int32_t pid;		/* of the task; 0: idle, or not filled in;
				 * -1: the notes don't tell */
	uint64_t value[REGISTERS_MAX];
};

/* NULL if the notes of this machine are not known. */
const struct register_names *registers_find(uint16_t elf_machine);

/* Reads what NOTE, an NT_PRSTATUS of IMAGE, holds. *KNOWN is false, without an
 * error, if the machine's notes are not known or this one is too short. */
struct error *registers_read(const struct image *image,
			     const struct note *note, struct registers *ret,
			     bool *known);

#define REGISTERS_MAX_CPUS 8192	/* Linux: NR_CPUS at most */

/* What all CPUs left. */
struct register_list {
	unsigned nr_notes;	/* NT_PRSTATUS notes: CPUs */
	struct registers *cpus;	/* of the first of them; owned */
	unsigned nr;		/* elements of that; those whose notes make no
				 * sense have of == NULL */
};

/* Adds to RET, which is zeroed first. What was found before an error stays. */
struct error *registers_gather(const struct image *image, struct log *log,
			       struct register_list *ret);
void registers_list_deinit(struct register_list *list);

#endif
