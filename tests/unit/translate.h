/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An address space that is asked what is where, for the architectures' tests. */
#ifndef CAPDUMP_TESTS_TRANSLATE_H
#define CAPDUMP_TESTS_TRANSLATE_H

#include "../../src/arch/arch.h"
#include "unit.h"

static inline struct extent translate(const struct space *space,
				      struct view *view, uint64_t vaddr)
{
	struct extent extent = { 1, 1, 1 };

	CHECK_OK(space_translate(space, view, vaddr, &extent));
	return extent;
}

#endif
