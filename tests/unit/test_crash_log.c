/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The panic and its trace, found in logs of several shapes. */
#include "../../src/triage/crash_log.c"

#include "unit.h"

static struct crash_log *read_log(const char *const *lines)
{
	struct crash_log *crash = calloc(1, sizeof(*crash));

	for (; crash && *lines; lines++)
		crash_log_add(crash, *lines, strlen(*lines));
	if (!crash)
		abort();
	return crash;
}

static bool is(const struct crash_line *line, const char *text)
{
	return line->len == strlen(text) && !memcmp(line->text, text, line->len);
}

static void test_sysrq(void)
{
	static const char *const lines[] = {
		"Linux version 6.1.0",
		"sysrq: Trigger a crash",
		"Kernel panic - not syncing: sysrq triggered crash",
		"CPU: 0 PID: 1 Comm: sh Not tainted 6.1.0",
		"Hardware name: QEMU",
		"Call Trace:",
		" <TASK>",
		" dump_stack_lvl+0x44/0x5c",
		" panic+0x118/0x2ed",
		" </TASK>",
		"Kernel Offset: 0x1000000",
		NULL
	};
	struct crash_log *crash = read_log(lines);
	const struct crash_trace *trace = crash_log_trace(crash);

	CHECK(crash->nr_records == 11);
	CHECK(is(&crash->panic, lines[2]) && is(&crash->cause, lines[1]));
	CHECK(trace == &crash->panic_trace && trace->nr_lines == 4);
	CHECK(is(&trace->lines[0], lines[3]) && is(&trace->lines[1], lines[5]));
	CHECK(is(&trace->lines[3], lines[8]));
	free(crash);
}

/* Watchdogs: what they say has the name of their file before it. */
static void test_watchdogs(void)
{
	static const char *const logs[][4] = {
		{ "rcu: INFO: rcu_preempt self-detected stall on CPU",
		  "rcu: \t1-....: (5250 ticks this GP)",
		  "Kernel panic - not syncing: RCU Stall" },
		{ "NMI watchdog: Watchdog detected hard LOCKUP on cpu 10",
		  "Modules linked in: nothing",
		  "Kernel panic - not syncing: Hard LOCKUP" },
		{ "watchdog: CPU3: Watchdog detected hard LOCKUP on cpu 3",
		  "Modules linked in: nothing",
		  "Kernel panic - not syncing: Hard LOCKUP" },
		{ "watchdog: BUG: soft lockup - CPU#1 stuck for 23s!",
		  "Modules linked in: nothing",
		  "Kernel panic - not syncing: softlockup: hung tasks" },
	};

	for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
		struct crash_log *crash = read_log(logs[i]);

		CHECK(is(&crash->cause, logs[i][0]));
		CHECK(is(&crash->panic, logs[i][2]));
		free(crash);
	}
}

/* An oops has the trace, the panic that follows has none; before it, an older
 * oops that the machine survived. Traces of arm64 say "Call trace:". */
static void test_oops(void)
{
	static const char *const lines[] = {
		"BUG: kernel NULL pointer dereference, address: 0000000000000008",
		"Call Trace:", " older+0x1/0x2", "---[ end trace ]---",
		"Unable to handle kernel paging request at virtual address 1\nMem abort info:",
		"Internal error: Oops: 0000000096000004 [#1] SMP",
		"CPU: 3 PID: 77 Comm: cat",
		"pc : bad_function+0x10/0x20",
		"Call trace:",
		" bad_function+0x10/0x20",
		" vfs_read+0x90/0x100",
		"Code: d503201f",
		"---[ end trace 0000000000000000 ]---",
		"Kernel panic - not syncing: Oops: Fatal exception",
		"SMP: stopping secondary CPUs",
		"---[ end Kernel panic - not syncing: Oops: Fatal exception ]---",
		"Call trace:", " later+0x1/0x2",
		"Kernel panic - not syncing: another one",
		NULL
	};
	struct crash_log *crash = read_log(lines);
	const struct crash_trace *trace = crash_log_trace(crash);

	CHECK(is(&crash->panic, lines[13]));
	CHECK(is(&crash->cause, "Unable to handle kernel paging request at virtual address 1"));
	CHECK(trace == &crash->cause_trace && trace->nr_lines == 5);
	CHECK(is(&trace->lines[1], lines[7]) && is(&trace->lines[4], lines[10]));
	free(crash);
}

/* A log whose lines lost their indentation. */
static void test_flush_left(void)
{
	static const char *const lines[] = {
		"Kernel panic - not syncing: hung_task", "Call Trace:",
		"<TASK>", "panic+0x107/0x2a0", "watchdog+0x1/0x2", "</TASK>",
		"Kernel Offset: 0x1000000", NULL
	};
	struct crash_log *crash = read_log(lines);

	CHECK(crash_log_trace(crash) && crash_log_trace(crash)->nr_lines == 3);
	free(crash);
}

static void test_none(void)
{
	static const char *const lines[] = { "all is well", "Call Trace:",
					     " f+0x1/0x2", NULL };
	struct crash_log *crash = read_log(lines);

	CHECK(!crash->panic.len && !crash->cause.len);
	CHECK(!crash_log_trace(crash));
	free(crash);
}

/* Lines and traces without end are cut. */
static void test_long(void)
{
	struct crash_log *crash = calloc(1, sizeof(*crash));
	char line[1000];

	if (!crash)
		abort();
	memset(line, 'x', sizeof(line));
	memcpy(line, "Kernel panic - not syncing: ", 28);
	crash_log_add(crash, line, sizeof(line));
	CHECK(crash->panic.len == CRASH_LINE_MAX);
	crash_log_add(crash, "Call Trace:", 11);
	line[0] = ' ';
	for (int i = 0; i < 1000; i++)
		crash_log_add(crash, line, sizeof(line));
	CHECK(crash_log_trace(crash)->nr_lines == CRASH_TRACE_LINES);
	crash_log_add(crash, "", 0);
	crash_log_add(crash, "\n\n", 2);
	free(crash);
}

int main(void)
{
	test_sysrq();
	test_watchdogs();
	test_oops();
	test_flush_left();
	test_none();
	test_long();
	return unit_end();
}
