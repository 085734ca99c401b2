/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests: a program per module. CHECK() counts; main() ends with
 * `return unit_end();`, which prints one line and fails if any check did.
 */
#ifndef CAPDUMP_TESTS_UNIT_H
#define CAPDUMP_TESTS_UNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/base/error.h"

static unsigned unit_passed, unit_failed;

static inline int unit_check(int ok, const char *file, int line,
			     const char *what)
{
	if (ok) {
		unit_passed++;
	} else {
		unit_failed++;
		fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
	}
	return ok;
}

#define CHECK(cond) unit_check(!!(cond), __FILE__, __LINE__, #cond)

/* EXPR gives no error; prints the one that it gives. */
#define CHECK_OK(expr)							\
	({								\
		struct error *unit_err = (expr);			\
		if (unit_err)						\
			fprintf(stderr, "  %s\n", error_message(unit_err)); \
		int unit_ok = unit_check(!unit_err, __FILE__, __LINE__,	\
					 #expr);			\
		error_destroy(unit_err);				\
		unit_ok;						\
	})

/* EXPR gives an error whose message contains TEXT. */
#define CHECK_ERROR(expr, text)						\
	({								\
		struct error *unit_err = (expr);			\
		int unit_ok = unit_err &&				\
			strstr(error_message(unit_err), text);		\
		if (!unit_ok)						\
			fprintf(stderr, "  got: %s\n", unit_err ?	\
				error_message(unit_err) : "no error");	\
		unit_check(unit_ok, __FILE__, __LINE__,			\
			   #expr " fails with " #text);			\
		error_destroy(unit_err);				\
		unit_ok;						\
	})

/* How often what is left to chance is tried: MANY times under FULL=1, else a
 * part of them. */
static inline unsigned unit_rounds(unsigned many)
{
	return getenv("FULL") ? many : (many + 5) / 6;
}

static inline int unit_end(void)
{
	printf("%u checks passed, %u failed\n", unit_passed, unit_failed);
	return unit_failed || !unit_passed;
}

#endif
