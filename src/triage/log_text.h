/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's log as text of a bounded size: all of it, or its beginning and its
 * end. */
#ifndef CAPDUMP_TRIAGE_LOG_TEXT_H
#define CAPDUMP_TRIAGE_LOG_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "../base/error.h"

#define LOG_TEXT_HEAD (64u << 10)	/* bytes of the beginning */
#define LOG_TEXT_TAIL (448u << 10)	/* and of the end */

struct log_text {
	char *head, *tail;	/* owned; tail is a ring */
	size_t head_len;
	uint64_t tail_len;	/* bytes that were ever put into the ring */
	FILE *file;		/* what is printed here is kept */
};

struct error *log_text_init(struct log_text *text);
void log_text_deinit(struct log_text *text);	/* zeroed is fine */

/* Bytes that log_text_print() leaves out. Flushes. */
uint64_t log_text_left_out(struct log_text *text);

/* Prints what was kept; where something is left out that is said in a line, and
 * what follows begins with a line. */
void log_text_print(struct log_text *text, FILE *file);

#endif
