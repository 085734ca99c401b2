/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What capdump estimate says of a crash kernel's memory. */
#ifndef CAPDUMP_ESTIMATE_NEED_H
#define CAPDUMP_ESTIMATE_NEED_H

#include <stdio.h>

#include "capture/input.h"
#include "machine/need.h"
#include "options.h"

struct estimate_need {
	const char *name;	/* of the machine, as uname has it */
	bool known;		/* what such a machine needs; else no more */
	bool live;		/* its own files were looked at */
	struct need_asked asked;
	struct need_advice advice;
	char initramfs[256];	/* file; empty: none was found */
	const char *closed;	/* it could not be unpacked: how it is packed */
	const char *no_map;	/* why the advice was not checked, or NULL */
};

/*
 * From the machine itself if INPUT is its running kernel or --machine-root was
 * given, else from INPUT alone. What is not there, or can't be made sense of, is
 * a default; LOG gets a warning for what is damaged.
 */
struct error *estimate_need_find(const struct options *options,
				 const struct input *input, struct log *log,
				 struct estimate_need *ret);

void estimate_need_print(const struct estimate_need *need, FILE *file);

/* A member "crash_kernel" of a JSON object, and the comma before it. */
void estimate_need_print_json(const struct estimate_need *need, FILE *file);

#endif
