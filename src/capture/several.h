/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One dump level to several targets in one pass over the pages. A target that wants
 * pages once more gets them when the others have all, alone.
 */
#ifndef CAPDUMP_CAPTURE_SEVERAL_H
#define CAPDUMP_CAPTURE_SEVERAL_H

#include "level.h"

/* As level_write(); unless *RETRY or an error, all targets are at their end, or
 * late. */
struct error *several_write(struct capture *c, bool last, bool *retry);

/* No more pages come to TARGET in this pass: all have, or not for ERR, which is taken
 * over. It ends, or wants pages once more. */
void several_finish(struct capture *c, struct dump_target *target,
		    struct error *err);

#endif
