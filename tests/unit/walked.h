/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A walk of page tables that counts, for the architectures' tests. */
#ifndef CAPDUMP_TESTS_WALKED_H
#define CAPDUMP_TESTS_WALKED_H

#include "../../src/arch/table.h"

/* What a walk of the tables came by. */
struct walked {
	uint64_t bytes, tables;
	uint64_t vaddr;		/* whose leaf is looked for */
	unsigned seen;		/* leaves that have it */
};

static inline struct error *on_leaf(void *arg, const struct leaf *leaf)
{
	struct walked *w = arg;

	w->tables += leaf->table;
	w->bytes += leaf->table ? 0 : leaf->len;
	w->seen += !leaf->table && w->vaddr - leaf->vaddr < leaf->len;
	return NULL;
}

#endif
