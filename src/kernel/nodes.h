/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The NUMA nodes of a kernel: each one's struct pglist_data. */
#ifndef CAPDUMP_KERNEL_NODES_H
#define CAPDUMP_KERNEL_NODES_H

#include "kernel.h"

/* NULL to go on. */
typedef struct error *node_fn(void *arg, uint64_t vaddr);

/* Calls FN with the address of each node's pglist_data, at most 4,096. Nothing
 * is called if neither VMCOREINFO nor the kernel's symbol table names them.
 * Needs has_space. */
struct error *nodes_each(const struct kernel *kernel, struct view *view,
			 node_fn *fn, void *arg);

#endif
