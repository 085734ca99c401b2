/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One dump level of a capture: the scan for it, and its dump, from the first byte to
 * the last, as often as the target wants it. */
#ifndef CAPDUMP_CAPTURE_LEVEL_H
#define CAPDUMP_CAPTURE_LEVEL_H

#include "../base/progress.h"
#include "capture.h"
#include "input.h"
#include "outputs.h"
#include "plan.h"

struct capture {
	const struct capture_options *options;
	struct log *log;
	struct capture_report *report;
	struct progress progress;
	struct input input;
	struct outputs outputs;
	struct plan *plan;
	struct writer *writer;
	struct dump_facts facts;	/* the writer reads them */
	struct writer_place from;	/* where the pages to be written begin */
	bool begun;			/* the output may exist */
	bool stands;			/* a cut-short dump is at the output */
	double start;
};

/* Scans for LEVEL; creates the writer for what that keeps. LAST, FIRST_ONLY: see
 * level_write(). */
struct error *level_plan(struct capture *c, unsigned level, bool last,
			 bool first_only);

/* Writes the planned dump. LAST: no level comes after it, and not even its
 * first rank alone if FIRST_ONLY. *RETRY: it did not fit, what comes may. */
struct error *level_write(struct capture *c, bool last, bool first_only,
			  bool *retry);

void level_close(struct capture *c);

/* Remembers why the dump does not hold all that it should: the first reason.
 * Takes ERR over. */
void level_cut_short(struct capture *c, struct error *err);

/* Whether to try again without threads, each of which needs some MiB, what
 * failed with ERR; then takes it. */
bool level_serial_retry(struct capture *c, struct error *err);

/* What the target is like. */
bool level_rewrites(const struct capture *c);
bool level_ascends(const struct capture *c);

#endif
