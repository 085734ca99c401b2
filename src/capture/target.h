/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The targets of a capture: each is opened, written to and ended by itself, and what
 * becomes of one is no matter to the others. There is output, --fallback, which
 * stays UNUSED until output has failed, and --also.
 */
#ifndef CAPDUMP_CAPTURE_TARGET_H
#define CAPDUMP_CAPTURE_TARGET_H

#include "capture.h"
#include "outputs.h"

struct capture;

enum target_state {
	TARGET_UNUSED,
	TARGET_READY,	/* for a level, and its pages */
	TARGET_AGAIN,	/* wants pages once more, when the others have them */
	TARGET_LATE,	/* has no room for the level of the others: gets its own
			 * when these have ended */
	TARGET_ENDED,
};

struct dump_target {
	enum target_state state;
	struct capture_target *report;	/* borrowed */
	struct outputs outputs;		/* closed at its end */
	const struct sink_ops *ops;	/* of the last that was open */
	struct writer *writer;		/* of a level; owned; NULL: none */
	struct error *err;		/* why it has not all pages; owned */
	struct writer_totals totals;	/* of the dump that stands there; size 0:
					 * none does */
	bool begun;			/* the output may exist */
};

static inline const struct sink_ops *target_ops(const struct dump_target *target)
{
	return target->ops;
}

static inline bool target_is_under_way(const struct dump_target *target)
{
	return target->state != TARGET_UNUSED && target->state != TARGET_ENDED;
}

/* Whether what was written can be followed by another level: over it, or since
 * nothing stands. */
static inline bool target_begins_anew(const struct dump_target *target)
{
	return target_ops(target)->rewrites ||
	       target_ops(target)->order != SINK_ANY;
}

/* Bytes that it takes, by its room and -L. */
uint64_t target_room(const struct capture *c, const struct dump_target *target);

/* Names them all. */
struct error *targets_init(struct capture *c);
void targets_deinit(struct capture *c);

/* Opens all but the fallback, and that if the first can't be. */
void targets_open(struct capture *c);

/* Opens those anew to which something was written. */
void targets_reopen(struct capture *c);

/* c->target becomes the first that is ready; false: there is none. */
bool targets_lead(struct capture *c);

/* The same of those that are late, which is ready then. */
bool targets_late(struct capture *c);

/* TARGET has no room, says ERR, which is taken over. */
void target_delay(struct capture *c, struct dump_target *target,
		  struct error *err);

/* It has what it will have: all, unless it has an error or gets ERR, which may be
 * NULL, and is taken over. Closes it. */
void target_end(struct capture *c, struct dump_target *target, struct error *err);

/* The same for all that are not at their end. */
void targets_end_all(struct capture *c, struct error *err);

/* Whether the first has failed for what need not happen to the fallback, which is
 * open then. */
bool targets_fall_back(struct capture *c);

/* What became of all, in the capture's report; an error if there is no dump. */
struct error *targets_result(struct capture *c);

#endif
