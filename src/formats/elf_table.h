/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PT_LOADs of an ELF dump that is being written: they stand before the data
 * and are written after it, so that none ever claims what is not there. Where
 * the sink can rewrite, at checkpoints; elsewhere once, ascending.
 */
#ifndef CAPDUMP_FORMATS_ELF_TABLE_H
#define CAPDUMP_FORMATS_ELF_TABLE_H

#include "elf_head.h"

struct elf_table;

/* The sink has begun. From here on only the table calls its barrier(). */
struct error *elf_table_create(struct sink *sink, const struct elf_head *head,
			       struct elf_table **ret);
void elf_table_destroy(struct elf_table *table);	/* NULL is fine */

/* The next one, whose data has been given to the sink. ERROR_INVALID if there is
 * no place for it. */
struct error *elf_table_add(struct elf_table *table,
			    const struct elf_load *load);

/* Where the sink can rewrite: makes all before durable, then writes what was
 * added, and NEXT (NR) behind it, for now: they will be added later, larger.
 * Elsewhere writes what was added. Does not wait. */
struct error *elf_table_checkpoint(struct elf_table *table,
				   const struct elf_load *next, unsigned nr);

/* After an error, and sink drain(): cuts all off at SIZE bytes of the dump; the
 * next checkpoint writes again what may have been dropped on its way. */
void elf_table_recover(struct elf_table *table, uint64_t size);

uint64_t elf_table_nr_checkpoints(const struct elf_table *table);

#endif
