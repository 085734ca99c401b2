/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as values. A function that can fail returns a struct error *; NULL is
 * success. An error is made where the facts are known, with numbers, wrapped
 * upward only to add which path or which pass, and printed once, in main.
 */
#ifndef CAPDUMP_BASE_ERROR_H
#define CAPDUMP_BASE_ERROR_H

#include <stdbool.h>

enum error_kind {
	ERROR_INVALID,		/* the input is broken: says where and how */
	ERROR_UNSUPPORTED,	/* valid, but nothing we can work on */
	ERROR_USAGE,		/* the command line */
	ERROR_IO,		/* the system said no */
	ERROR_NOMEM,
	ERROR_NOSPACE,		/* ENOSPC, EDQUOT, EFBIG, or a limit (-L) */
	ERROR_STOPPED,		/* by a signal */
	ERROR_AGAIN,		/* a target that wants all of it once more */
};

struct error;

/* A new error. Never returns NULL: without memory it is the static one. */
struct error *error_create(enum error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* Whether that errno value says that there is no room: ENOSPC, EDQUOT, EFBIG. */
bool error_is_nospace(int errnum);

/*
 * A new error from an errno value, whose text is appended after ": ".
 * What error_is_nospace() becomes ERROR_NOSPACE, ENOMEM ERROR_NOMEM, all
 * others ERROR_IO.
 */
struct error *error_errno(int errnum, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* The static out-of-memory error; error_destroy() leaves it alone. */
struct error *error_nomem(void) __attribute__((warn_unused_result));

/* Puts text and ": " before the message of ERR (owned; not NULL). */
struct error *error_wrap(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

const char *error_message(const struct error *err);
enum error_kind error_kind(const struct error *err);

/* The errno an error was made from, 0 if from none. */
int error_number(const struct error *err);

/* NULL is fine. */
void error_destroy(struct error *err);

/* FIRST, or NEXT if that is NULL; the other is destroyed. */
struct error *error_first(struct error *first, struct error *next)
	__attribute__((warn_unused_result));

static inline void error_cleanup(struct error **err)
{
	error_destroy(*err);
}

/* Leaves the function with the error of EXPR, if it has one. */
#define TRY(expr)						\
	do {							\
		struct error *try_err = (expr);			\
		if (try_err)					\
			return try_err;				\
	} while (0)

#endif
