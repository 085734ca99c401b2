/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a crash of the running machine would be captured: a table of checks
 * (check.c), each of which looks at one thing and says what it found, in plain
 * sentences. Nothing is changed.
 */
#ifndef CAPDUMP_CHECK_CHECK_H
#define CAPDUMP_CHECK_CHECK_H

#include "../base/error.h"
#include "../base/log.h"

struct check_machine;

enum check_severity {
	CHECK_OK,
	CHECK_NOTICE,		/* to know; also what can't be told */
	CHECK_WARNING,		/* a dump may fail, or lack something */
	CHECK_FATAL,		/* a crash will not be captured */
};

struct check_finding {
	const char *id;		/* a stable word; the check's own if OK */
	enum check_severity severity;
	char text[400];		/* a sentence; not escaped */
	char fix[256];		/* a command; empty: there is none */
};

#define CHECK_MAX_FINDINGS 16

/* What a check found. Nothing: it means nothing on this machine. */
struct check_result {
	const struct check *check;
	struct check_finding findings[CHECK_MAX_FINDINGS];
	unsigned nr;		/* those beyond the last are dropped */
};

/* An error: what the check needs can't be read, which becomes a notice; no
 * memory and a signal end the command. */
typedef struct error *check_fn(const struct check_machine *machine,
			       struct check_result *ret);

struct check {
	const char *name;
	check_fn *run;
};

#define NR_CHECKS 9

struct check_report {
	struct check_result results[NR_CHECKS];
};

/* Runs all checks of MACHINE. */
struct error *check_run(const struct check_machine *machine,
			struct check_report *ret);

/* The worst of the findings. */
enum check_severity check_worst(const struct check_result *result);
enum check_severity check_report_worst(const struct check_report *report);

/* "warning" */
const char *check_severity_name(enum check_severity severity);

/* For checks: adds a finding, and to the last one a fix. */
void check_say(struct check_result *result, enum check_severity severity,
	       const char *id, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void check_fix(struct check_result *result, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* WORD as a shell reads it back, for a fix: quoted if need be; "..." if it is too
 * long. Returns BUF. */
#define CHECK_WORD_SIZE 180
const char *check_quote(const char *word, char buf[CHECK_WORD_SIZE]);

/* All is well, with what is: a sentence. */
void check_good(struct check_result *result, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
