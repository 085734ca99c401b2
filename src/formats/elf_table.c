/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PT_LOADs on their way: see elf_table.h. */
#include "elf_table.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

#define HELD 4096u	/* 160 KiB */
#define AT_ONCE 128u	/* encoded at a time */

struct elf_table {
	struct sink *sink;		/* borrowed */
	const struct elf_head *head;	/* borrowed */
	uint64_t first;		/* the number of loads[0] */
	unsigned nr;		/* held */
	unsigned nr_sent;	/* of them, given to the sink, which may still
				 * drop them; none where it cannot rewrite */
	uint64_t nr_barriers, sent_at;	/* all; before they were sent */
	uint64_t nr_checkpoints;
	struct elf_load loads[HELD];
};

struct error *elf_table_create(struct sink *sink, const struct elf_head *head,
			       struct elf_table **ret)
{
	struct elf_table *table = calloc(1, sizeof(*table));

	if (!table)
		return error_nomem();
	table->sink = sink;
	table->head = head;
	if (sink->ops->rewrites)
		table->nr_barriers = sink->ops->reached(sink);
	*ret = table;
	return NULL;
}

void elf_table_destroy(struct elf_table *table)
{
	free(table);
}

uint64_t elf_table_nr_checkpoints(const struct elf_table *table)
{
	return table->nr_checkpoints;
}

/* Writes NR of LOADS, the first of which is number FIRST. */
static struct error *send(struct elf_table *table, const struct elf_load *loads,
			  unsigned nr, uint64_t first)
{
	const struct elf_head *head = table->head;
	uint8_t buf[AT_ONCE * ELF_HEAD_PHDR_MAX];
	unsigned n;

	for (unsigned i = 0; i < nr; i += n) {
		n = (unsigned)min_u64(nr - i, AT_ONCE);
		for (unsigned k = 0; k < n; k++)
			elf_head_put_load(head, &loads[i + k],
					  buf + k * head->phdr_len);
		TRY(table->sink->ops->meta(table->sink, head->loads +
					   (first + i) * head->phdr_len, buf,
					   n * head->phdr_len));
	}
	return NULL;
}

static void forget(struct elf_table *table, unsigned nr)
{
	table->nr -= nr;
	table->nr_sent -= min_u64(nr, table->nr_sent);
	table->first += nr;
	memmove(table->loads, table->loads + nr,
		table->nr * sizeof(*table->loads));
}

/* Forgets what is durable. */
static void forget_sent(struct elf_table *table)
{
	struct sink *sink = table->sink;

	if (table->nr_sent && sink->ops->reached(sink) > table->sent_at)
		forget(table, table->nr_sent);
}

static struct error *barrier(struct elf_table *table)
{
	TRY(table->sink->ops->barrier(table->sink));
	table->nr_barriers++;
	return NULL;
}

struct error *elf_table_checkpoint(struct elf_table *table,
				   const struct elf_load *next, unsigned nr)
{
	if (!table->sink->ops->rewrites) {
		TRY(send(table, table->loads, table->nr, table->first));
		forget(table, table->nr);
		return NULL;
	}
	TRY(barrier(table));
	forget_sent(table);
	TRY(send(table, table->loads + table->nr_sent,
		 table->nr - table->nr_sent, table->first + table->nr_sent));
	table->nr_sent = table->nr;
	table->sent_at = table->nr_barriers;
	table->nr_checkpoints++;
	nr = (unsigned)min_u64(nr, table->head->nr_loads - table->first -
			       table->nr);
	return send(table, next, nr, table->first + table->nr);
}

/* Makes room for another: waits for the sink if it has to. */
static struct error *make_room(struct elf_table *table)
{
	uint64_t written;

	if (table->nr_sent < table->nr)
		TRY(elf_table_checkpoint(table, NULL, 0));
	if (table->sink->ops->rewrites) {
		TRY(barrier(table));
		TRY(table->sink->ops->drain(table->sink, &written));
		forget_sent(table);
	}
	return NULL;
}

struct error *elf_table_add(struct elf_table *table,
			    const struct elf_load *load)
{
	if (table->nr == HELD && table->nr_sent)
		forget_sent(table);
	if (table->nr == HELD)
		TRY(make_room(table));
	if (table->first + table->nr >= table->head->nr_loads)
		return error_create(ERROR_INVALID, "memory changed while it "
				    "was read: it has more than the %llu "
				    "segments that were counted",
				    (unsigned long long)table->head->nr_loads);
	table->loads[table->nr++] = *load;
	return NULL;
}

void elf_table_recover(struct elf_table *table, uint64_t size)
{
	for (unsigned i = 0; i < table->nr; i++) {
		struct elf_load *load = &table->loads[i];

		if (load->offset + load->filesz <= size)
			continue;
		load->filesz = size - min_u64(load->offset, size);
		load->memsz = load->filesz;	/* 0: PT_NULL */
	}
	table->nr_sent = 0;
}
