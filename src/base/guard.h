/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies from a mapped file survive SIGBUS, which is how the system reports
 * memory that it cannot read (bad memory, a truncated file).
 */
#ifndef CAPDUMP_BASE_GUARD_H
#define CAPDUMP_BASE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Installs the SIGBUS handler, once, before any thread is started. */
struct error *guard_install(void);

/*
 * memcpy(); false if it met SIGBUS (then DST holds anything). A SIGBUS outside
 * of this function ends the program as by default. Any thread.
 */
bool guard_copy(void *dst, const void *src, size_t len);

#endif
