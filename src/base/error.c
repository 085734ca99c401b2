/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors as values: see error.h. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct error {
	enum error_kind kind;
	int errnum;
	char *message;
};

static const struct error nomem = {
	.kind = ERROR_NOMEM,
	.errnum = ENOMEM,
	.message = (char *)"out of memory",
};

struct error *error_nomem(void)
{
	return (struct error *)&nomem;
}

/* Takes over MESSAGE, which may be NULL: no memory. */
static struct error *make(enum error_kind kind, int errnum, char *message)
{
	struct error *err = message ? malloc(sizeof(*err)) : NULL;

	if (!err) {
		free(message);
		return error_nomem();
	}
	err->kind = kind;
	err->errnum = errnum;
	err->message = message;
	return err;
}

static char *format(const char *fmt, va_list args)
{
	char *text;

	return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}

struct error *error_create(enum error_kind kind, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	return make(kind, 0, text);
}

bool error_is_nospace(int errnum)
{
	return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;
}

static enum error_kind errno_kind(int errnum)
{
	return error_is_nospace(errnum) ? ERROR_NOSPACE :
	       errnum == ENOMEM ? ERROR_NOMEM : ERROR_IO;
}

struct error *error_errno(int errnum, const char *fmt, ...)
{
	char *text, *all = NULL;
	va_list args;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	if (text && asprintf(&all, "%s: %s", text, strerror(errnum)) < 0)
		all = NULL;
	free(text);
	return make(errno_kind(errnum), errnum, all);
}

struct error *error_wrap(struct error *err, const char *fmt, ...)
{
	char *text, *all = NULL;
	struct error *ret;
	va_list args;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	if (text && asprintf(&all, "%s: %s", text, err->message) < 0)
		all = NULL;
	free(text);
	if (!all)
		return err;
	ret = make(err->kind, err->errnum, all);
	error_destroy(err);
	return ret;
}

const char *error_message(const struct error *err)
{
	return err->message;
}

enum error_kind error_kind(const struct error *err)
{
	return err->kind;
}

int error_number(const struct error *err)
{
	return err->errnum;
}

void error_destroy(struct error *err)
{
	if (!err || err == &nomem)
		return;
	free(err->message);
	free(err);
}

struct error *error_first(struct error *first, struct error *next)
{
	if (!first)
		return next;
	error_destroy(next);
	return first;
}
