/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump in several files, as makedumpfile --split has it: each with the whole
 * head and both bitmaps, and the pages of its own frames.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_SPLIT_H
#define CAPDUMP_FORMATS_KDUMP_SPLIT_H

#include "writer.h"

/*
 * A writer that writes PARTS, NR of them, by frames, that together are all of
 * FACTS, to as many SINKS, which rewrite. PARTS and SINKS are borrowed. A batch has
 * pages of one part only; pages of different parts may come in any order. -L is the
 * limit of each file.
 *
 * GO_ON: a part whose sink fails, or is full, does without the rest of its pages,
 * and the others go on; the error is finish()'s. Else it is that of pages(), as of any
 * writer. The files are complete together or not at all, as far as that is known
 * when the first of them is declared so.
 */
struct error *kdump_split_create(struct sink *const *sinks,
				 const struct dump_part *parts, size_t nr,
				 const struct dump_facts *facts, bool go_on,
				 struct writer **ret);

#endif
