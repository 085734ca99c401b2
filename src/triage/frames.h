/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that a call trace names, read from the log's lines: those of all
 * machines that Linux runs on differ a little (arch/<arch>/kernel/stacktrace.c
 * and the like), and each has "name+0xOFFSET/0xSIZE". */
#ifndef CAPDUMP_TRIAGE_FRAMES_H
#define CAPDUMP_TRIAGE_FRAMES_H

#include "crash_log.h"

#define FRAMES_MAX (CRASH_TRACE_LINES + 1)
#define FRAME_NAME_LEN 128	/* with its end; longer names are cut off */
#define FRAME_MODULE_LEN 64

struct crash_frame {
	char function[FRAME_NAME_LEN];
	char module[FRAME_MODULE_LEN];	/* "": the kernel itself */
	uint64_t vaddr;		/* where it was, or would return to; 0: the log
				 * doesn't tell */
	uint64_t offset, size;	/* bytes; of and in the function. size 0: not
				 * told, nor is the offset */
	bool questionable;	/* "? name", "(unreliable)": found on the stack,
				 * it may be of an earlier call */
	bool place;		/* where the CPU was ("RIP: "), not a return */
	const struct crash_line *line;	/* borrowed from the trace */
};

/* The frames of a trace, innermost first; at most FRAMES_MAX. */
size_t frames_parse(const struct crash_trace *trace, struct crash_frame *ret);

/* What the "CPU: " line of a trace says. */
struct crash_task {
	int64_t cpu, pid;	/* -1: not told */
	size_t comm_len;	/* bytes */
	char comm[32];		/* raw, not terminated */
	size_t taint_len;
	char taint[64];		/* "Not tainted", "Tainted: G        W"; raw */
};

/* False if the trace has no such line. */
bool frames_task(const struct crash_trace *trace, struct crash_task *ret);

#endif
