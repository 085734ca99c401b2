/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the struct pages lie: for kernel_open() only. */
#ifndef CAPDUMP_KERNEL_MEM_MAP_H
#define CAPDUMP_KERNEL_MEM_MAP_H

#include "kernel.h"

/* Settles the memory model; needs has_space and layout. ERROR_INVALID says
 * what VMCOREINFO lacks or what makes no sense. */
struct error *mem_map_init(struct kernel *kernel, struct view *view,
			   struct log *log);

#endif
