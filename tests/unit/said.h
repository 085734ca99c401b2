/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that grows, such as a machine's VMCOREINFO: SAY(machine, FORMAT, ...) for
 * a struct with `text`, an array, and `text_len`. */
#ifndef CAPDUMP_TESTS_SAID_H
#define CAPDUMP_TESTS_SAID_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static inline void say_to(char *text, size_t size, size_t *len,
			  const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static inline void say_to(char *text, size_t size, size_t *len,
			  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*len += (size_t)vsnprintf(text + *len, size - *len, fmt, args);
	va_end(args);
	if (*len >= size)
		abort();
}

#define SAY(m, ...) \
	say_to((m)->text, sizeof((m)->text), &(m)->text_len, __VA_ARGS__)

#endif
