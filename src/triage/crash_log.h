/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel said of its crash: the panic line and the call trace that
 * goes with it, found in its log.
 */
#ifndef CAPDUMP_TRIAGE_CRASH_LOG_H
#define CAPDUMP_TRIAGE_CRASH_LOG_H

#include "../kernel/printk.h"

#define CRASH_TRACE_LINES 48
#define CRASH_LINE_MAX 256	/* longer lines are cut off */

struct crash_line {
	size_t len;		/* bytes */
	char text[CRASH_LINE_MAX];	/* raw, not terminated */
};

struct crash_trace {
	unsigned nr_lines;
	bool open;		/* more of it may follow */
	unsigned patience;	/* lines to wait for its "Call Trace:" */
	struct crash_line lines[CRASH_TRACE_LINES];
};

struct crash_log {
	uint64_t nr_records;
	struct crash_line panic;	/* len 0: no panic in the log */
	struct crash_line cause;	/* "BUG: ...", "Oops: ...": before it */
	struct crash_line warning;	/* the last "WARNING: " before it */
	uint64_t panic_at, cause_at, warning_at;	/* which records */
	/* of the panic itself, of the last cause and warning before it */
	struct crash_trace panic_trace, cause_trace, warning_trace;
};

/* Feed one record, oldest first. */
void crash_log_add(struct crash_log *crash, const char *text, size_t len);

/* Whether a line says where a CPU was: "RIP: 0010:f+0x1/0x2", "pc : f+...". */
bool crash_log_is_place(const char *text, size_t len);

/* Whether a trace has more than a heading. */
bool crash_trace_tells(const struct crash_trace *trace);

/* The trace that tells more; NULL if there is none. */
const struct crash_trace *crash_log_trace(const struct crash_log *crash);

/* Reads a kernel's log; CRASH zeroed before. */
struct error *crash_log_read(const struct kernel *kernel, struct view *view,
			     struct log *log, struct crash_log *crash);

#endif
