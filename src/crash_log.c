/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a crash out of a kernel log, line by line. What begins one: Linux
 * kernel/panic.c panic(), arch oops and trap handlers (die(), "BUG:",
 * "Unable to handle kernel"), drivers/tty/sysrq.c.
 */
#include "crash_log.h"

#include <string.h>

#include "base/bytes.h"

#define PATIENCE 40	/* lines from a crash's first to its "Call Trace:" */

static bool begins(const char *text, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(text, with, n);
}

static void line_set(struct crash_line *line, const char *text, size_t len)
{
	line->len = (size_t)min_u64(len, CRASH_LINE_MAX);
	memcpy(line->text, text, line->len);
}

static bool holds(const char *text, size_t len, const char *what)
{
	size_t n = strlen(what);

	for (; len >= n; text++, len--)
		if (!memcmp(text, what, n))
			return true;
	return false;
}

static bool is_cause(const char *text, size_t len)
{
	static const char *const words[] = {
		"BUG: ", "Oops", "kernel BUG at ", "Internal error: ",
		"general protection fault", "divide error", "invalid opcode",
		"Unable to handle kernel ", "watchdog: BUG: ",
		"sysrq: Trigger a crash", "Kernel Oops",
		"Oops - ", "stack segment", "double fault", "int3",
		"Fatal exception",
		/* Linux kernel/rcu/tree_stall.h, tree.c: pr_fmt() */
		"INFO: rcu", "rcu: INFO: rcu",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins(text, len, words[i]))
			return true;
	/* Linux kernel/watchdog.c: behind "watchdog: ", "NMI watchdog: ",
	 * "watchdog: CPU3: " */
	return holds(text, len, "Watchdog detected hard LOCKUP");
}

static void trace_begin(struct crash_trace *trace)
{
	trace->nr_lines = 0;
	trace->open = true;
	trace->patience = PATIENCE;
}

/* " panic+0x107/0x2a0", " <TASK>", or with a stack address before it: "[<...>]",
 * "[c000...]"; indented, but not everywhere. */
static bool is_frame(const char *text, size_t len)
{
	return begins(text, len, " ") || begins(text, len, "[") ||
	       begins(text, len, "<") || holds(text, len, "+0x");
}

static void trace_add(struct crash_trace *trace, const char *text, size_t len)
{
	bool heading = begins(text, len, "Call Trace:") ||
		       begins(text, len, "Call trace:");
	bool wanted = heading || begins(text, len, "CPU: ") ||
		      begins(text, len, "RIP: ") || begins(text, len, "pc : ");

	if (!trace->open)
		return;
	if (trace->patience) {
		trace->patience = heading ? 0 : trace->patience - 1;
		if (!heading && !trace->patience)
			trace->open = false;
		if (!wanted)
			return;
	} else if (holds(text, len, "</TASK>") || !is_frame(text, len)) {
		trace->open = false;
		return;
	}
	if (holds(text, len, "<TASK>"))
		return;
	if (trace->nr_lines == CRASH_TRACE_LINES)
		trace->open = false;
	else
		line_set(&trace->lines[trace->nr_lines++], text, len);
}

static void line_add(struct crash_log *crash, const char *text, size_t len)
{
	if (begins(text, len, "Kernel panic - not syncing")) {
		if (!crash->panic.len) {
			line_set(&crash->panic, text, len);
			crash->cause_trace.open = false;
			trace_begin(&crash->panic_trace);
		}
		return;
	}
	/* an oops tells its cause first and has many such lines */
	if (!crash->panic.len && is_cause(text, len) &&
	    !(crash->cause_trace.open && crash->cause_trace.patience)) {
		line_set(&crash->cause, text, len);
		trace_begin(&crash->cause_trace);
		return;
	}
	if (begins(text, len, "---[ end Kernel panic"))
		crash->panic_trace.open = false;
	trace_add(&crash->panic_trace, text, len);
	trace_add(&crash->cause_trace, text, len);
}

void crash_log_add(struct crash_log *crash, const char *text, size_t len)
{
	crash->nr_records++;
	/* one record may hold several lines */
	while (len) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) : len;

		line_add(crash, text, n);
		n += newline != NULL;
		text += n;
		len -= n;
	}
}

/* A heading without a trace below it tells nothing. */
static bool tells(const struct crash_trace *trace)
{
	return trace->nr_lines && !trace->patience;
}

const struct crash_trace *crash_log_trace(const struct crash_log *crash)
{
	if (tells(&crash->panic_trace))
		return &crash->panic_trace;
	return tells(&crash->cause_trace) ? &crash->cause_trace : NULL;
}

static struct error *add_record(void *arg, const struct printk_record *record)
{
	crash_log_add(arg, record->text, record->len);
	return NULL;
}

struct error *crash_log_read(const struct kernel *kernel, struct view *view,
			     struct log *log, struct crash_log *crash)
{
	return printk_each(kernel, view, log, add_record, crash);
}
