/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Crash signatures of what kernels of several machines print: what they are made
 * of, that another boot gives the same one and another crash another. */
#include "../../src/triage/signature.h"
#include "signature_logs.h"
#include "unit.h"

#define NR(array) (sizeof(array) / sizeof(*(array)))

static void make(const char *text, struct signature *ret)
{
	static struct crash_log crash;
	static struct crash_frame frames[FRAMES_MAX];
	const struct crash_trace *trace;
	const struct crash_line *line;
	size_t nr = 0;

	memset(&crash, 0, sizeof(crash));
	memset(ret, 0, sizeof(*ret));
	/* a record a line, as most are */
	while (*text) {
		size_t len = strcspn(text, "\n");

		crash_log_add(&crash, text, len);
		text += len + (text[len] == '\n');
	}
	signature_choose(&crash, &line, &trace);
	if (trace)
		nr = frames_parse(trace, frames);
	if (line)
		signature_make(line, frames, nr, ret);
}

static void test_logs(void)
{
	struct signature all[NR(logs)];

	for (size_t i = 0; i < NR(logs); i++) {
		char functions[512] = "";

		make(logs[i].text, &all[i]);
		for (unsigned k = 0; k < all[i].nr_functions; k++) {
			strcat(functions, k ? " " : "");
			strcat(functions, all[i].functions[k]);
		}
		if (!CHECK(!strcmp(all[i].kind, logs[i].kind)) ||
		    !CHECK(!strcmp(functions, logs[i].functions)))
			fprintf(stderr, "  %zu: '%s' in '%s'\n", i,
				all[i].kind, functions);
		CHECK(strlen(all[i].hash) == (all[i].kind[0] ? 32 : 0));
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(all[i].hash, all[k].hash) ||
			      !strcmp(logs[i].kind, logs[k].kind));
	}
}

/* Pairs of logs of one crash: another boot, CPU, process, kernel or module. */
static void test_same(void)
{
	for (size_t i = 0; i < NR(pairs); i++) {
		struct signature a, b;

		make(pairs[i][0], &a);
		make(pairs[i][1], &b);
		if (!CHECK(a.hash[0] && !strcmp(a.hash, b.hash)))
			fprintf(stderr, "  %zu: '%s', '%s'\n", i, a.kind,
				b.kind);
	}
}

static void test_kinds(void)
{
	for (size_t i = 0; i < NR(kinds); i++) {
		char kind[CRASH_LINE_MAX + 1];

		signature_kind(kinds[i][0], strlen(kinds[i][0]), kind);
		if (!CHECK(!strcmp(kind, kinds[i][1])))
			fprintf(stderr, "  '%s'\n", kind);
	}
}

/* Nothing runs over, whatever a line holds. */
static void test_nonsense(void)
{
	static const char bytes[] = "0x#[]{}()\"/.:+ ?aF9 CPUtask blocked for ";
	struct crash_log *crash = calloc(1, sizeof(*crash));
	struct crash_frame *frames = calloc(FRAMES_MAX, sizeof(*frames));
	char kind[CRASH_LINE_MAX + 1];
	uint32_t seed = 1;

	if (!crash || !frames)
		abort();
	for (unsigned n = 0; n < 2000; n++) {
		struct crash_line line = { .len = n % (CRASH_LINE_MAX + 1) };
		struct crash_trace *trace = &crash->panic_trace;
		struct signature signature;

		for (size_t i = 0; i < line.len; i++) {
			seed = seed * 1664525 + 1013904223;
			line.text[i] = bytes[(seed >> 16) %
					     (sizeof(bytes) - 1)];
		}
		signature_kind(line.text, line.len, kind);
		CHECK(strlen(kind) <= line.len);
		memmove(line.text + line.len / 2, "f+0x12/0x34 [m",
			line.len > 40 ? 14 : 0);
		trace->lines[n % CRASH_TRACE_LINES] = line;
		trace->nr_lines = n % CRASH_TRACE_LINES + 1;
		signature_make(&line, frames, frames_parse(trace, frames),
			       &signature);
	}
	free(frames);
	free(crash);
}

/* A trace of addresses, and what is told beside the functions. */
static void test_frames(void)
{
	static const char *const lines[] = {
		"CPU: 3 UID: 0 PID: 77 Comm: a b Kdump: loaded Tainted: G        W  OE      6.1.0 #1",
		"NIP [c000000000db2428] .first+0x28/0x30 [mod 0123abcd]",
		"[c0000000042c7620] [c00000000139a124] dump_stack_lvl+0x88/0xc4 (unreliable)",
		" [<000003ffff9d1f7a>] _RNvC1a4main.llvm.12+0x82/0xb8 ",
		" ? stale+0x1/0x2 [xfs]",
		" no frame at all+0xg",
	};
	struct crash_trace trace = { .nr_lines = NR(lines) };
	struct crash_frame f[FRAMES_MAX];
	struct crash_task task;

	for (size_t i = 0; i < NR(lines); i++) {
		trace.lines[i].len = strlen(lines[i]);
		memcpy(trace.lines[i].text, lines[i], strlen(lines[i]));
	}
	if (!CHECK(frames_parse(&trace, f) == 4))
		return;
	CHECK(f[0].place && !strcmp(f[0].function, ".first") &&
	      !strcmp(f[0].module, "mod") && f[0].vaddr == 0xc000000000db2428 &&
	      f[0].offset == 0x28 && f[0].size == 0x30);
	CHECK(f[1].questionable && f[1].vaddr == 0xc00000000139a124);
	CHECK(f[2].vaddr == 0x3ffff9d1f7a && !f[2].questionable && !f[2].place);
	CHECK(f[3].questionable && !strcmp(f[3].module, "xfs") && !f[3].vaddr);
	CHECK(frames_task(&trace, &task) && task.cpu == 3 && task.pid == 77);
	CHECK(task.comm_len == 3 && !memcmp(task.comm, "a b", 3));
	CHECK(task.taint_len == 23 &&
	      !memcmp(task.taint, "Tainted: G        W  OE", 23));
}

int main(void)
{
	test_logs();
	test_same();
	test_kinds();
	test_nonsense();
	test_frames();
	return unit_end();
}
