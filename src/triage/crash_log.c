/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a crash out of a kernel log, line by line. What begins one: Linux
 * kernel/panic.c panic(), arch oops and trap handlers (die(), "BUG:",
 * "Unable to handle kernel"), drivers/tty/sysrq.c.
 */
#include "crash_log.h"

#include <string.h>

#include "../base/bytes.h"

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

/* Linux arch/{mips,loongarch}/mm/fault.c: "CPU 3 Unable to handle kernel"; and
 * kernel/hung_task.c: "INFO: task sh:77 blocked for more than 120 seconds." */
static bool is_other_cause(const char *text, size_t len)
{
	return (begins(text, len, "CPU ") &&
		holds(text, len, " Unable to handle kernel ")) ||
	       (begins(text, len, "INFO: task ") &&
		holds(text, len, " blocked for more than "));
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
	return holds(text, len, "Watchdog detected hard LOCKUP") ||
	       is_other_cause(text, len);
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

/* Linux 7.2 arch/<arch>/kernel/{process,traps}.c, show_regs() and
 * what they call; i386, arm, ppc64, riscv64, s390x, loongarch64 behind x86_64 and
 * arm64. */
bool crash_log_is_place(const char *text, size_t len)
{
	static const char *const words[] = {
		"RIP: ", "pc : ", "EIP: ", "PC is at ", "NIP [", "epc : ",
		"Krnl PSW : ", "  ERA: ",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins(text, len, words[i]))
			return true;
	return false;
}

/* A line of arm's stack, of which there may be hundreds: "1f00: c0a01234 ...",
 * four digits of the address (Linux arch/arm/kernel/traps.c: dump_mem()). */
static bool is_stack(const char *text, size_t len)
{
	return len > 5 && strspn(text, "0123456789abcdef") == 4 &&
	       text[4] == ':';
}

static void trace_add(struct crash_trace *trace, const char *text, size_t len)
{
	/* arm's had no heading before 6.4: " panic from f+0x1/0x2" */
	bool bare = begins(text, len, " ") && holds(text, len, " from ") &&
		    holds(text, len, "+0x");
	bool heading = bare || begins(text, len, "Call Trace:") ||
		       begins(text, len, "Call trace:");
	bool wanted = heading || begins(text, len, "CPU: ") ||
		      crash_log_is_place(text, len);

	if (!trace->open)
		return;
	if (trace->patience) {
		if (is_stack(text, len))
			return;
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
			crash->panic_at = crash->nr_records;
			crash->cause_trace.open = false;
			crash->warning_trace.open = false;
			trace_begin(&crash->panic_trace);
		}
		return;
	}
	/* an oops tells its cause first and has many such lines */
	if (!crash->panic.len && is_cause(text, len) &&
	    !(crash->cause_trace.open && crash->cause_trace.patience)) {
		line_set(&crash->cause, text, len);
		crash->cause_at = crash->nr_records;
		trace_begin(&crash->cause_trace);
		return;
	}
	if (!crash->panic.len && begins(text, len, "WARNING: ")) {
		line_set(&crash->warning, text, len);
		crash->warning_at = crash->nr_records;
		trace_begin(&crash->warning_trace);
		return;
	}
	if (begins(text, len, "---[ end Kernel panic"))
		crash->panic_trace.open = false;
	trace_add(&crash->panic_trace, text, len);
	trace_add(&crash->cause_trace, text, len);
	trace_add(&crash->warning_trace, text, len);
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

bool crash_trace_tells(const struct crash_trace *trace)
{
	return trace->nr_lines && !trace->patience;
}

const struct crash_trace *crash_log_trace(const struct crash_log *crash)
{
	if (crash_trace_tells(&crash->panic_trace))
		return &crash->panic_trace;
	return crash_trace_tells(&crash->cause_trace) ? &crash->cause_trace :
	       NULL;
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
