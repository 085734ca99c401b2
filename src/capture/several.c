/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several targets: see several.h. */
#include "several.h"

#include "../base/stop.h"
#include "fan.h"

static struct error *copy(const struct error *err)
{
	return err ? error_create(error_kind(err), "%s", error_message(err)) :
	       NULL;
}

/* The end of TARGET's dump, all of which has come unless it has an error: that of the
 * end is returned, but for one that only wants pages once more. */
static struct error *finish(struct capture *c, struct dump_target *target)
{
	struct writer *writer = target->writer;
	bool sends = target_ops(target)->order == SINK_ASCENDING;
	struct error *err;

	/* what is sent is all of it, or nothing */
	if (sends && target->err)
		return NULL;
	err = writer->ops->finish(writer, sends || (!target->err &&
						    !c->report->cut_short));
	target->totals = *writer->ops->totals(writer);
	if (!level_again(c, err))
		return err;
	target->state = TARGET_AGAIN;
	return NULL;
}

void several_finish(struct capture *c, struct dump_target *target,
		    struct error *err)
{
	target->err = error_first(target->err, err);
	err = finish(c, target);
	if (target->state != TARGET_AGAIN)
		target_end(c, target, err);
}

static bool any_is(const struct capture *c, enum target_state state)
{
	for (unsigned i = 0; i < c->nr_targets; i++)
		if (c->targets[i].state == state)
			return true;
	return false;
}

/* The first target wants another level. */
static void keep_all(struct capture *c)
{
	for (unsigned i = 0; i < c->nr_targets; i++)
		if (c->targets[i].state == TARGET_READY)
			level_keep(&c->targets[i]);
}

/* The first target's end, if that is still to come: there may be too little room for
 * its last data as late as now. */
static void finish_first(struct capture *c, const struct error *why, bool last,
			 bool *retry)
{
	struct dump_target *first = c->target;
	struct error *err;

	if (first->state != TARGET_READY)
		return;
	first->err = error_first(first->err, copy(why));
	err = finish(c, first);
	*retry = level_retry(c, err, last);
	if (!*retry && first->state != TARGET_AGAIN)
		target_end(c, first, err);
}

/* What is left for TARGET to get. */
static void write_again(struct capture *c, struct dump_target *target)
{
	struct error *err;
	bool retry;

	c->target = target;
	c->writer = target->writer;
	c->from = (struct writer_place){ 0 };
	if (level_ascends(c)) {
		err = level_send(c);
	} else {
		c->from = target->writer->ops->back(target->writer);
		err = level_rest(c, true, &retry);
	}
	target_end(c, target, err);
}

/* All pages to all, and each one's end. */
static void pages_write(struct capture *c, bool last, bool *retry)
{
	struct error *err = any_is(c, TARGET_READY) ? level_pages(c) : NULL;

	*retry = level_retry(c, err, last);
	if (*retry) {
		keep_all(c);
		return;
	}
	finish_first(c, err, last, retry);
	if (*retry)
		keep_all(c);
	for (unsigned i = 0; i < c->nr_targets && !*retry; i++)
		if (c->targets[i].state == TARGET_READY)
			several_finish(c, &c->targets[i], copy(err));
	error_destroy(err);
	for (unsigned i = 0; i < c->nr_targets && !*retry; i++)
		if (c->targets[i].state == TARGET_AGAIN)
			write_again(c, &c->targets[i]);
}

struct error *several_write(struct capture *c, bool last, bool *retry)
{
	struct error *err;

	fan_set_retry(c->fan, !last);
	err = level_metadata(c);
	*retry = level_retry(c, err, last);
	if (*retry)
		return NULL;
	if (err && any_is(c, TARGET_READY)) {
		c->for_all = true;
		return err;
	}
	error_destroy(err);
	pages_write(c, last, retry);
	return NULL;
}
