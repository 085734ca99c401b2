/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program tells its operator while it runs: messages to stderr by
 * level, and the list of warnings that the report repeats. stdout is never
 * touched: it may carry a dump.
 */
#ifndef CAPDUMP_BASE_LOG_H
#define CAPDUMP_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The bits of --message-level, makedumpfile(8)'s numbers. */
enum log_level {
	LOG_PROGRESS = 1,	/* the progress indicator */
	LOG_MESSAGE = 2,	/* messages, the summary */
	LOG_ERROR = 4,		/* errors and warnings */
	LOG_DEBUG = 8,
	LOG_REPORT = 16,	/* pages by class */
};

#define LOG_DEFAULT (LOG_PROGRESS | LOG_MESSAGE | LOG_ERROR)

struct log {
	FILE *file;		/* stderr; borrowed */
	unsigned levels;	/* enum log_level bits that are printed */
	char **warnings;	/* owned; main thread only */
	size_t nr_warnings;
	bool line_open;		/* a progress line stands without newline */
	bool stuck;		/* nobody took the last message */
};

void log_init(struct log *log, FILE *file, unsigned levels);
void log_deinit(struct log *log);

/* Whether the file takes a line, after waiting MS milliseconds at most: a pipe
 * that nobody reads or a stopped terminal must not hold up a dump. */
bool log_ready(const struct log *log, int ms);

/* Prints the text, escaped (text_escape()), and a newline if LEVEL is on. What
 * nobody takes for 5 s is dropped, and what follows at once, until the file
 * takes lines again. Main thread only. */
void log_print(struct log *log, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Prints "warning: TEXT" if LOG_ERROR is on and keeps the text for the report.
 * The same text is kept and printed once; at most 1,000 are kept. LOG may be
 * NULL: then nothing happens. Main thread only.
 */
void log_warn(struct log *log, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
