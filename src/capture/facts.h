/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of a dump's head, gathered from image and kernel. */
#ifndef CAPDUMP_CAPTURE_FACTS_H
#define CAPDUMP_CAPTURE_FACTS_H

#include "../formats/writer.h"
#include "../kernel/kernel.h"

/*
 * Fills what depends on the crashed machine only; the caller adds nr_kept,
 * level, codec, limits. What can't be read is left 0 and warned about.
 */
struct error *facts_gather(const struct kernel *kernel, struct view *view,
			   struct log *log, struct dump_facts *ret);

/*
 * Compares the free pages found with the kernel's own NR_FREE_PAGES.
 * *UNDERSTOOD false: less than half of them were found.
 */
void facts_check_free(uint64_t found, uint64_t kernel, struct log *log,
		      bool *understood);

#endif
