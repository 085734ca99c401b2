/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The crashed kernel's log: the lockless ring buffer of Linux 5.10+
 * (kernel/printk/printk_ringbuffer.h) and the record buffer before it.
 */
#ifndef CAPDUMP_KERNEL_PRINTK_H
#define CAPDUMP_KERNEL_PRINTK_H

#include "kernel.h"

struct printk_record {
	uint64_t sequence;
	uint64_t nanoseconds;	/* since boot */
	unsigned level, facility;
	const char *text;	/* not NUL-terminated; valid during the call */
	size_t len;		/* bytes */
};
typedef struct error *printk_fn(void *arg, const struct printk_record *record);

/*
 * Calls FN for each record, oldest first. Bounded in memory (1 MiB) and time
 * whatever the buffer's headers claim. ERROR_UNSUPPORTED if VMCOREINFO does
 * not describe a log, ERROR_INVALID if it is nonsense.
 */
struct error *printk_each(const struct kernel *kernel, struct view *view,
			  struct log *log, printk_fn *fn, void *arg);

/* Prints a record as dmesg does, each of its lines with the time before it;
 * control characters escaped. */
void printk_record_print(const struct printk_record *record, FILE *file);

/* Prints the log as dmesg does ("[    1.234567] text"), control characters
 * escaped. *RET: the number of records. */
struct error *printk_print(const struct kernel *kernel, struct view *view,
			   struct log *log, FILE *file, uint64_t *ret);

#endif
