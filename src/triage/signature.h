/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crash's signature: the same for the same crash, whatever machine, boot or
 * dump it is seen in; another for another crash. It is of a *kind* and up to
 * SIGNATURE_FRAMES *functions*.
 *
 * Which words. The panic's own ("Kernel panic - not syncing: " left out), with
 * the panic's trace. But a panic that only ends what went wrong before (an oops,
 * a lockup, a stall, a hung task, panic_on_warn) has the words and the trace of
 * that; so has a log without a panic, since an oops goes to the capture kernel
 * before it panics.
 *
 * Kind. The words with
 *  - what follows " [#", ", CPU#", " in process ", "scheduling while atomic:" or
 *    "CPUs/tasks:" cut off, and from "{" on; a last "[NAME:PID]" too;
 *  - "task NAME:PID blocked" made "task blocked", "(device NAME)" "(device)";
 *  - what is in double quotes left out, and "CPU: N PID: N ";
 *  - a path to a source file made the file's name;
 *  - "+0xOFFSET/0xSIZE" behind a name left out;
 *  - each number made "#": 0x and hexadecimal digits; four or more of these with
 *    a digit among them, or eight or more, as a word of their own; decimal ones,
 *    at the start of a word or behind CPU; "(____ptrval____)";
 *  - each run of white space one space; white space and ":,.!#-" at the end left
 *    out.
 *
 * Functions. Of the trace, innermost first, where the CPU was (RIP and the like)
 * before that; questionable ones ("?") left out, unless all are such; without suffixes (from the first "."
 * on: .cold, .part.0, .isra.0, .constprop.0, .llvm.N) and without ppc64's leading
 * "."; the first of them left out as long as they are the panic's own machinery
 * (signature_machinery() below). One that the log names at offset 0 is a return
 * to behind the end of the one before it in the image, which does not return; if
 * nobody can tell that one's name it is left out.
 *
 * Hash. FNV-1a of 128 bits (offset basis 6c62272e07bb014262b821756295c58d, prime
 * 2^88 + 13b) over "capdump crash signature 1\n", kind "\n", and each function
 * "\n"; 32 hexadecimal digits. It tells crashes apart; it proves nothing.
 */
#ifndef CAPDUMP_TRIAGE_SIGNATURE_H
#define CAPDUMP_TRIAGE_SIGNATURE_H

#include "frames.h"

#define SIGNATURE_VERSION 1
#define SIGNATURE_FRAMES 5

struct signature {
	char kind[CRASH_LINE_MAX + 1];	/* raw bytes of the log */
	char functions[SIGNATURE_FRAMES][FRAME_NAME_LEN];
	unsigned nr_functions;
	char hash[33];
};

/* The line and the trace that say what went wrong; *LINE is NULL if the log holds
 * no crash, *TRACE if it holds no trace of it. Borrowed from CRASH. */
void signature_choose(const struct crash_log *crash,
		      const struct crash_line **line,
		      const struct crash_trace **trace);

/* Of LINE and the frames of its trace (frames_parse(); NR may be 0). */
void signature_make(const struct crash_line *line,
		    const struct crash_frame *frames, size_t nr,
		    struct signature *ret);

/* LEN bytes of TEXT as a kind: into RET, which holds CRASH_LINE_MAX + 1. */
void signature_kind(const char *text, size_t len, char *ret);

/* Whether a function, without its suffix, only tells that there was a panic. */
bool signature_machinery(const char *function);

#endif
