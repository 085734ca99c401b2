/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One dump level of a capture: the scan for it, and its dump, from the first byte to
 * the last, as often as the target wants it. */
#ifndef CAPDUMP_CAPTURE_LEVEL_H
#define CAPDUMP_CAPTURE_LEVEL_H

#include "../base/progress.h"
#include "capture.h"
#include "input.h"
#include "plan.h"
#include "target.h"

struct capture {
	const struct capture_options *options;
	struct log *log;
	struct capture_report *report;
	struct progress progress;
	struct input input;
	struct dump_target targets[CAPTURE_MAX_TARGETS];
	unsigned nr_targets;
	struct dump_target *target;		/* that is written to; of several the
					 * first, by which levels are chosen */
	struct plan *plan;
	struct writer *writer;		/* the target's, or fan */
	struct writer *fan;		/* of several targets; owned; NULL: of
					 * one */
	struct dump_facts facts;	/* the writer reads them */
	struct writer_place from;	/* where the pages to be written begin */
	bool for_all;			/* the error is of no target alone */
	double start;
};

/* Scans for LEVEL; creates the writers for what that keeps, of all targets that are
 * ready. LAST, FIRST_ONLY: see level_write(). */
struct error *level_plan(struct capture *c, unsigned level, bool last,
			 bool first_only);

/* Writes the planned dump. LAST: no level comes after it, and not even its
 * first rank alone if FIRST_ONLY. *RETRY: it did not fit, what comes may. An error is
 * c->target's, unless c->for_all. */
struct error *level_write(struct capture *c, bool last, bool first_only,
			  bool *retry);

void level_close(struct capture *c);

/* Whether to try again without threads, each of which needs some MiB, what
 * failed with ERR; then takes it. */
bool level_serial_retry(struct capture *c, struct error *err);

/* Whether the target takes bytes ascending only. */
bool level_ascends(const struct capture *c);

/* Steps of writing a level, to c->target alone or, where there are several, to those
 * that are ready. */
struct error *level_metadata(struct capture *c);
struct error *level_pages(struct capture *c);

/* Whether a higher level may get by where this one met ERR; then takes it. */
bool level_retry(struct capture *c, struct error *err, bool last);

/* Once this one is given up: what it has written to TARGET is a dump until the next
 * level begins, should that never happen. */
void level_keep(struct dump_target *target);

/* All pages to c->target alone, or those that it wants once more, and the end. */
struct error *level_send(struct capture *c);
struct error *level_rest(struct capture *c, bool last, bool *retry);

/* Whether ERR, which may be NULL, only says that pages are wanted once more; then
 * takes it. */
bool level_again(struct capture *c, struct error *err);

#endif
