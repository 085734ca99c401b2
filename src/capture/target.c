/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets: see target.h. */
#include "target.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "level.h"

#define FALLBACK 1u	/* its place among them */

uint64_t target_room(const struct capture *c, const struct dump_target *target)
{
	return min_u64(c->options->max_size, outputs_room(&target->outputs));
}

static struct error *target_init(struct capture *c, unsigned i,
				 const char *path)
{
	struct capture_target *report = &c->report->targets[i];

	c->targets[i].report = report;
	report->path = path;
	report->status = CAPTURE_FAILED;
	if (path)
		report->name = remote_is_url(path) ? remote_mask(path) :
			       strdup(path);
	return path && !report->name ? error_nomem() : NULL;
}

struct error *targets_init(struct capture *c)
{
	const struct capture_options *o = c->options;

	c->nr_targets = c->report->nr_targets = o->nr_also + 2;
	TRY(target_init(c, 0, o->output));
	c->report->targets[0].used = true;
	TRY(target_init(c, FALLBACK, o->fallback));
	for (unsigned i = 0; i < o->nr_also; i++)
		TRY(target_init(c, FALLBACK + 1 + i, o->also[i]));
	return NULL;
}

void targets_deinit(struct capture *c)
{
	for (unsigned i = 0; i < c->nr_targets; i++) {
		outputs_close(&c->targets[i].outputs);
		error_destroy(c->targets[i].err);
	}
}

bool targets_lead(struct capture *c)
{
	for (unsigned i = 0; i < c->nr_targets; i++) {
		c->target = &c->targets[i];
		if (c->target->state == TARGET_READY)
			return true;
	}
	return false;
}

bool targets_late(struct capture *c)
{
	for (unsigned i = 0; i < c->nr_targets; i++) {
		if (c->targets[i].state != TARGET_LATE)
			continue;
		c->targets[i].state = TARGET_READY;
		return targets_lead(c);
	}
	return false;
}

void target_delay(struct capture *c, struct dump_target *target,
		  struct error *err)
{
	log_warn(c->log, "%s: %s: it has to wait until the others have theirs",
		 target->report->name, error_message(err));
	error_destroy(err);
	target->state = TARGET_LATE;
}

/* Progress tells of the first target on a server. */
static void progress_pick(struct capture *c)
{
	c->progress.sent = NULL;
	for (unsigned i = c->nr_targets; i--;) {
		const struct outputs *outputs = &c->targets[i].outputs;

		if (outputs->nr && outputs_ops(outputs)->sent)
			c->progress.sent = outputs_ops(outputs)->sent(
						outputs->sinks[0]);
	}
}

/* What was begun is our own, and begun anew. */
static void target_open(struct capture *c, struct dump_target *target)
{
	bool force = c->options->force || target->begun;
	struct error *err;

	target->state = TARGET_READY;
	target->report->used = true;
	c->progress.sent = NULL;
	err = outputs_open(&target->outputs, c->options, target->report->path,
			   force, c->log);
	if (err)
		target_end(c, target, err);
	else
		target->ops = outputs_ops(&target->outputs);
	progress_pick(c);
}

static void target_begin(struct capture *c, struct dump_target *target)
{
	const char *path = target->report->path;

	target_open(c, target);
	if (target->state == TARGET_READY && c->options->before && path &&
	    remote_is_url(path))
		c->options->before(c->options->before_arg, path,
				   c->input.image, c->log);
}

void targets_open(struct capture *c)
{
	target_begin(c, &c->targets[0]);
	targets_fall_back(c);
	for (unsigned i = FALLBACK + 1; i < c->nr_targets; i++)
		target_begin(c, &c->targets[i]);
}

void targets_reopen(struct capture *c)
{
	for (unsigned i = 0; i < c->nr_targets; i++)
		if ((c->targets[i].state == TARGET_READY ||
		     c->targets[i].state == TARGET_AGAIN) && c->targets[i].begun)
			target_open(c, &c->targets[i]);
}

static void target_tell(struct capture *c, struct dump_target *target)
{
	struct capture_target *report = target->report;
	const char *why = target->err ? error_message(target->err) :
			  c->report->cut_short;

	report->totals = target->totals;
	report->level = c->report->level;
	report->status = !why ? CAPTURE_COMPLETE : target->totals.size ?
			 CAPTURE_CUT_SHORT : CAPTURE_FAILED;
	report->why = why ? strdup(why) : NULL;
	if (target->err && (c->options->nr_also || c->options->fallback))
		log_warn(c->log, "%s: %s", report->name, why);
}

void target_end(struct capture *c, struct dump_target *target, struct error *err)
{
	const struct outputs *outputs = &target->outputs;

	target->err = error_first(target->err, err);
	target->state = TARGET_ENDED;
	if (outputs->nr && outputs_ops(outputs)->sent)
		report_sent(target->report, outputs_ops(outputs)->sent(
				    outputs->sinks[0]));
	if (target->writer)
		target->writer->ops->destroy(target->writer);
	target->writer = NULL;
	outputs_close(&target->outputs);
	progress_pick(c);
	target_tell(c, target);
}

void targets_end_all(struct capture *c, struct error *err)
{
	for (unsigned i = 0; i < c->nr_targets; i++)
		if (target_is_under_way(&c->targets[i]))
			target_end(c, &c->targets[i],
				   error_create(error_kind(err), "%s",
						error_message(err)));
	error_destroy(err);
}

/* Another one has no less room by -L, and no other memory, nor more time. */
static bool falls_back(const struct capture *c)
{
	const struct dump_target *first = &c->targets[0];

	if (!c->options->fallback || first->state != TARGET_ENDED ||
	    c->targets[FALLBACK].state != TARGET_UNUSED || !first->err ||
	    c->for_all || stop_signal() ||
	    error_kind(first->err) == ERROR_STOPPED)
		return false;
	return !first->totals.size || c->options->max_size == UINT64_MAX ||
	       error_kind(first->err) != ERROR_NOSPACE;
}

bool targets_fall_back(struct capture *c)
{
	if (!falls_back(c))
		return false;
	log_warn(c->log, "%s has not the whole dump: falling back to %s",
		 c->report->targets[0].name, c->report->targets[FALLBACK].name);
	target_begin(c, &c->targets[FALLBACK]);
	return true;
}

/* The error of a run without a dump. */
static struct error *no_dump(struct capture *c)
{
	struct error *err = c->targets[0].err;

	if (!err || (capture_has_several(c->report) &&
		     error_kind(err) != ERROR_STOPPED))
		return error_create(err ? error_kind(err) : ERROR_IO,
				    "there is no usable dump at any target");
	c->targets[0].err = NULL;
	return err;
}

struct error *targets_result(struct capture *c)
{
	struct capture_report *r = c->report;
	struct capture_target *list = r->targets, *lacking = NULL;
	const char *name;

	if (list[FALLBACK].used)
		list[0].replaced = list[FALLBACK].status <= list[0].status;
	for (unsigned i = 0; i < r->nr_targets; i++) {
		if (!list[i].used)
			continue;
		if (list[i].status < list[r->best].status)
			r->best = i;
		if (!lacking && !list[i].replaced &&
		    list[i].status != CAPTURE_COMPLETE)
			lacking = &list[i];
	}
	r->totals = list[r->best].totals;
	if (list[r->best].status == CAPTURE_FAILED)
		return no_dump(c);
	r->status = lacking ? CAPTURE_CUT_SHORT : CAPTURE_COMPLETE;
	if (!lacking || r->cut_short || !lacking->why)
		return NULL;
	name = capture_has_several(r) ? lacking->name : "";
	r->cut_short = malloc(strlen(name) + strlen(lacking->why) + 3);
	if (r->cut_short)
		sprintf(r->cut_short, "%s%s%s", name, *name ? ": " : "",
			lacking->why);
	return NULL;
}
