/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads of a mapped file survive SIGBUS, which is how the system reports
 * memory that it cannot read (bad memory, a truncated file); and SIGSEGV where
 * the address is mapped: some machines report memory that way which belongs to
 * their firmware. Where this header says SIGBUS, both are meant.
 */
#ifndef CAPDUMP_BASE_GUARD_H
#define CAPDUMP_BASE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Installs the handlers, before any thread is started. */
struct error *guard_install(void);

/*
 * memcpy(); false if it met SIGBUS (then DST holds anything). A SIGBUS outside
 * of these functions does what it did before guard_install(). Any thread.
 */
bool guard_copy(void *dst, const void *src, size_t len);

/*
 * Calls FN(ARG); false if it met SIGBUS, at which it was left, wherever it was:
 * while it reads from a map it must hold nothing, and what it has changed by
 * then is the caller's to undo. Any thread; may be nested.
 */
bool guard_call(void (*fn)(void *arg), void *arg);

#endif
