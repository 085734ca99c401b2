/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What POWER's firmware says of a firmware-assisted dump: the property
 * ibm,kernel-dump of the device tree's node rtas (PAPR; Linux 7.2
 * arch/powerpc/platforms/pseries/rtas-fadump.h: struct rtas_fadump_mem_struct,
 * struct rtas_fadump_section). It is there only in the boot that follows a
 * crash, and stays when the dump was released. All of it is big-endian.
 */
#ifndef CAPDUMP_MACHINE_FADUMP_TABLE_H
#define CAPDUMP_MACHINE_FADUMP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

#define FADUMP_MAX_SECTIONS 10u		/* Linux registers no more; three of
					 * them before it could copy several
					 * pieces of boot memory */

/* What a section holds: its source_data_type. */
enum fadump_type {
	FADUMP_CPUS = 0x0001,		/* the CPUs' registers */
	FADUMP_HPTE = 0x0002,		/* the hash page table */
	FADUMP_BOOT_MEMORY = 0x0011,	/* memory that the next kernel boots in */
	FADUMP_PARAMETERS = 0x0100,	/* what to add to its command line */
};

/* dump_status_flag */
#define FADUMP_PERFORMED	0x8000u
#define FADUMP_TRIGGERED	0x4000u	/* by the boot before this one */
#define FADUMP_ERROR		0x2000u

struct fadump_section {
	unsigned offset;	/* of it, in the property */
	uint32_t request;	/* 1: to be copied */
	uint16_t type;		/* enum fadump_type, or another */
	uint16_t error_flags;	/* 0: good */
	uint64_t source;	/* physical address; 0 for CPUs and HPTE */
	uint64_t asked;		/* bytes */
	uint64_t dumped;	/* bytes; all of what was asked for, if good */
	uint64_t destination;	/* physical address */
};

struct fadump_table {
	uint32_t version;	/* 1 */
	uint16_t status;	/* FADUMP_ bits */
	unsigned nr_claimed;	/* sections that it says it has */
	unsigned nr;		/* those that are in it, and read */
	struct fadump_section sections[FADUMP_MAX_SECTIONS];
};

/* Reads the property's LEN bytes. What is not in them is left out; only if there
 * is no whole header is that an error. */
struct error *fadump_table_parse(const uint8_t *bytes, size_t len,
				 struct fadump_table *ret);

/* "boot memory"; "of an unknown type" */
const char *fadump_type_name(uint16_t type);

/* Whether what the section asked for was copied, whole and without error. */
bool fadump_section_good(const struct fadump_section *section);

/* Whether it was copied into the area that is set aside for that. The
 * parameters lie elsewhere. */
bool fadump_section_in_area(const struct fadump_section *section);

/*
 * Calls FN with a sentence for each thing in the table that is not as it should
 * be, with the place and the value. LEN is the property's, bytes.
 */
typedef void fadump_problem_fn(void *arg, const char *text);
void fadump_table_check(const struct fadump_table *table, size_t len,
			fadump_problem_fn *fn, void *arg);

#endif
