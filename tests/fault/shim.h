/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shim_alloc.c needs of shim.c. */
#ifndef CAPDUMP_TESTS_SHIM_H
#define CAPDUMP_TESTS_SHIM_H

#include <stdbool.h>

enum call { READ, WRITE, SYNC, FALLOCATE, TRUNCATE, MMAP, ALLOC, THREAD, OPEN,
	    NR_CALLS };

/* Counts a call; whether it is to fail. Any thread. */
bool shim_strikes(enum call call);

#endif
