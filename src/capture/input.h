/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything on the reading side of a capture, opened together. */
#ifndef CAPDUMP_CAPTURE_INPUT_H
#define CAPDUMP_CAPTURE_INPUT_H

#include "../machine/fadump.h"
#include "capture.h"
#include "device_map.h"
#include "facts.h"
#include "memory.h"
#include "overlay.h"
#include "plan.h"

struct input {
	struct image *image;
	const struct kdump_header *dump;	/* of a dump; NULL: a vmcore */
	unsigned made_with;		/* the dump's level; 0: a vmcore */
	bool incomplete;		/* the dump says that it is, or it is a
					 * flattened stream that was cut off */
	bool as_it_is;			/* no level was asked for */
	bool reassembled;		/* the dump is several files */
	struct view *view;		/* main thread's */
	struct kernel *kernel;
	struct overlay *overlay;
	struct memory_budget budget;
	struct dump_facts facts;
	struct device_map devices;
	struct left_out_map left_out;
	bool free_known;
	uint64_t free_kernel;		/* NR_FREE_PAGES */
	struct fadump fadump;
	struct lost lost;
	const struct vmcoreinfo *given;	/* -x, -i; borrowed; NULL: none */
	struct log *log;		/* borrowed */
};

/* On error input_close() still has to be called. */
struct error *input_open(struct input *input,
			 const struct capture_options *options,
			 struct log *log);
void input_close(struct input *input);

/* The level that LEVEL becomes with this input, from which it may only drop more;
 * says so where that is another. */
unsigned input_level(const struct input *input, unsigned level);

/* Warns of what a scan could not read or make sense of; false: this kernel is not
 * understood at all. */
bool input_warn(const struct input *input, const struct plan *plan);

/* What the report says of the input, and of the plan at LEVEL. */
void report_input(struct capture_report *report, const struct input *input);
void report_plan(struct capture_report *report, const struct plan *plan,
		 const struct input *input, unsigned level);

#endif
