/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two forms of a kernel log in memory: for printk.h and kernel.h only. */
#ifndef CAPDUMP_KERNEL_PRINTK_RING_H
#define CAPDUMP_KERNEL_PRINTK_RING_H

#include "printk.h"

/* Linux 5.10+ kernel/printk/printk_ringbuffer.h. Offsets and sizes in bytes,
 * as VMCOREINFO has them. */
struct printk_ring {
	unsigned word;			/* of the kernel's long: 4 or 8 bytes.
					 * Ids, states and positions are such */
	uint64_t descs, infos, text;	/* vaddr of the arrays */
	uint64_t nr_descs;		/* a power of two; infos as many */
	uint64_t text_size;		/* bytes, a power of two */
	uint64_t head_id, tail_id;	/* newest and oldest descriptor */
	uint64_t desc_size, state, begin, next;		/* struct prb_desc */
	uint64_t info_size, sequence, time, text_len;	/* printk_info */
};

/* Until Linux 5.9: records one after the other, kernel/printk/printk.c. */
struct printk_buffer {
	uint64_t text;			/* vaddr */
	uint64_t size;			/* bytes */
	uint64_t first, next;		/* offsets of the oldest record, and of
					 * where the next would go */
	uint64_t record_size, time, len, text_len, dict_len;
};

/* ERROR_UNSUPPORTED if VMCOREINFO describes none, ERROR_INVALID if it is
 * nonsense or can't be read. */
struct error *printk_ring_find(const struct kernel *kernel, struct view *view,
			       struct printk_ring *ret);
struct error *printk_buffer_find(const struct kernel *kernel,
				 struct view *view, struct printk_buffer *ret);

struct error *printk_buffer_each(const struct kernel *kernel, struct view *view,
				 const struct printk_buffer *buffer,
				 struct log *log, printk_fn *fn, void *arg);

#endif
