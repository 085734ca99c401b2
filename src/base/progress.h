/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress of a long run: one line rewritten in place on a screen, a line of
 * its own at most every 2 s anywhere else (a serial console, a pipe), and JSON
 * lines for programs. Main thread only.
 */
#ifndef CAPDUMP_BASE_PROGRESS_H
#define CAPDUMP_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

/* Of an object that a server gets in parts. */
struct progress_part {
	uint64_t size;
	uint8_t sha256[32];
};

/* Of a dump that goes to a server. */
struct progress_sent {
	uint64_t bytes;		/* of all tries */
	unsigned retries;
	char sha256[65];	/* of the object, once it stands; "" before, or if
				 * it is not known: */
	char sha256_of_parts[65];	/* one of those of its parts; "": none */
	struct progress_part *parts;	/* once it stands, of the sink, or the
					 * report; NULL: there are none */
	unsigned nr_parts;
	char location[1024];	/* where it stands, if not where it was asked
				 * to; "" */
};

struct progress {
	struct log *log;	/* borrowed */
	int fd;			/* JSON lines go there; -1: nowhere */
	bool screen;		/* lines go to one */
	const struct progress_sent *sent;	/* borrowed; NULL: to no server */
	const char *phase;	/* NULL: none under way */
	uint64_t total;		/* pages of this phase */
	double start, last_print, last_json;	/* seconds, monotonic */
};

void progress_init(struct progress *progress, struct log *log, int fd);

/* Whether the terminal with this device number is a screen: a virtual console
 * or a pseudo terminal, no serial line. */
bool progress_is_screen(unsigned tty);

/* Starts a phase of TOTAL pages, with a JSON line: that of "write" says that
 * the metadata is in place. PHASE is a literal. */
void progress_begin(struct progress *progress, const char *phase,
		    uint64_t total);

/* PAGES done so far, BYTES written so far; cheap to call often. */
void progress_update(struct progress *progress, uint64_t pages,
		     uint64_t bytes);

/* The phase is over; prints its last state, on a serial console or a pipe
 * only if the last line is 2 s old. */
void progress_end(struct progress *progress, uint64_t pages, uint64_t bytes);

/* Seconds on the monotonic clock. */
double progress_now(void);

/* This process's resident anonymous memory and its peak resident set, bytes;
 * 0 if /proc/self/status is not there. */
void progress_memory(uint64_t *anon, uint64_t *peak);

#endif
