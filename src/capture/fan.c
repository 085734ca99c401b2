/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One writer for several targets: see fan.h. */
#include "fan.h"

#include <stdlib.h>

#include "../base/stop.h"
#include "../base/text.h"
#include "several.h"

struct fan {
	struct writer writer;
	struct capture *c;	/* borrowed */
	struct dump_target *first;	/* of them: by it levels are chosen */
	bool retry;
	bool feeds;		/* metadata() is through */
	uint64_t bitmap_end;	/* frames, of the windows so far */
	struct writer_totals totals;	/* while no target is ready */
};

/* The next target after TARGET, NULL: the first, that is ready; NULL: none. */
static struct dump_target *next_ready(const struct fan *fan, struct dump_target *target)
{
	struct dump_target *end = fan->c->targets + fan->c->nr_targets;

	target = target ? target + 1 : fan->c->targets;
	while (target < end && target->state != TARGET_READY)
		target++;
	return target < end ? target : NULL;
}

#define EACH_READY(fan, target)						\
	(struct dump_target *target = next_ready(fan, NULL); target;	\
	 target = next_ready(fan, target))

/* What TARGET's writer returned: an error only if it is all targets'. */
static struct error *settle(struct fan *fan, struct dump_target *target,
			    struct error *err)
{
	struct capture *c = fan->c;
	/* begun once, the one kind has nothing yet to go back to */
	bool again = fan->feeds ||
		     target_ops(target)->order == SINK_ASCENDING;

	if (!err)
		return NULL;
	if (target == fan->first && fan->retry && !stop_signal() &&
	    error_kind(err) == ERROR_NOSPACE && target_begins_anew(target))
		return error_wrap(err, "%s", target->report->name);
	if (again && level_again(c, err))
		target->state = TARGET_AGAIN;
	else if (fan->feeds)
		several_finish(c, target, err);
	else if (error_kind(err) == ERROR_NOSPACE && !stop_signal())
		target_delay(c, target, err);
	else
		target_end(c, target, err);
	return NULL;
}

/* There has to be one left. */
static struct error *check_left(const struct fan *fan)
{
	return next_ready(fan, NULL) ? NULL :
	       error_create(ERROR_IO, "no target takes any more pages");
}

static enum writer_survey fan_surveys(const struct writer *writer)
{
	const struct fan *fan = (const struct fan *)writer;
	enum writer_survey most = SURVEY_NONE;

	for EACH_READY(fan, target) {
		const struct writer *w = target->writer;
		enum writer_survey wants = w->ops->surveys ?
					   w->ops->surveys(w) : SURVEY_NONE;

		most = wants > most ? wants : most;
	}
	return most;
}

static struct error *fan_survey(struct writer *writer,
				const struct batch *batch)
{
	struct fan *fan = (struct fan *)writer;

	for EACH_READY(fan, target) {
		struct writer *w = target->writer;

		if (w->ops->surveys && w->ops->surveys(w) != SURVEY_NONE)
			TRY(settle(fan, target, w->ops->survey(w, batch)));
	}
	return check_left(fan);
}

static struct error *check_room(const struct fan *fan,
				const struct dump_target *target)
{
	uint64_t need = target->writer->ops->metadata_len(target->writer);
	uint64_t room = target_room(fan->c, target);
	char size[2][16];

	return need <= room ? NULL :
	       error_create(ERROR_NOSPACE, "dump level %u needs %s, there is room for %s",
			    fan->c->report->level, text_size(need, size[0]),
			    text_size(room, size[1]));
}

static struct error *fan_begin(struct writer *writer)
{
	struct fan *fan = (struct fan *)writer;

	fan->feeds = false;
	fan->bitmap_end = 0;
	for EACH_READY(fan, target) {
		struct writer *w = target->writer;
		struct error *err = check_room(fan, target);

		TRY(settle(fan, target, err ? err : w->ops->begin(w)));
	}
	return check_left(fan);
}

/* All windows come twice if any target ascends: for those the second time. */
static struct error *fan_bitmap(struct writer *writer,
				const struct pageset *present,
				const struct pageset *kept)
{
	struct fan *fan = (struct fan *)writer;
	bool second = present->first < fan->bitmap_end;

	for EACH_READY(fan, target) {
		struct writer *w = target->writer;

		if (w->ops->bitmap && (!second || target_ops(target)->order ==
				       SINK_ASCENDING))
			TRY(settle(fan, target,
				   w->ops->bitmap(w, present, kept)));
	}
	if (!second)
		fan->bitmap_end = present->end;
	return check_left(fan);
}

static struct error *fan_metadata(struct writer *writer)
{
	struct fan *fan = (struct fan *)writer;

	for EACH_READY(fan, target) {
		struct writer *w = target->writer;

		TRY(settle(fan, target, w->ops->metadata(w)));
	}
	fan->feeds = true;
	return check_left(fan);
}

static struct error *fan_pages(struct writer *writer, const struct batch *batch)
{
	struct fan *fan = (struct fan *)writer;

	for EACH_READY(fan, target) {
		struct writer *w = target->writer;

		TRY(settle(fan, target, w->ops->pages(w, batch)));
	}
	return check_left(fan);
}

static struct error *fan_window_end(struct writer *writer,
				    const struct pageset *kept)
{
	struct fan *fan = (struct fan *)writer;

	for EACH_READY(fan, target) {
		struct writer *w = target->writer;

		if (!target_ops(target)->rewrites)
			TRY(settle(fan, target, w->ops->window_end(w, kept)));
	}
	return check_left(fan);
}

/* All that are ready have got the same. */
static const struct writer_totals *fan_totals(const struct writer *writer)
{
	const struct fan *fan = (const struct fan *)writer;
	const struct dump_target *target = next_ready(fan, NULL);

	return target ? target->writer->ops->totals(target->writer) :
	       &fan->totals;
}

static void fan_destroy(struct writer *writer)
{
	free(writer);
}

static const struct writer_ops fan_ops = {
	.name = "several targets",
	.surveys = fan_surveys,
	.survey = fan_survey,
	.begin = fan_begin,
	.bitmap = fan_bitmap,
	.metadata = fan_metadata,
	.pages = fan_pages,
	.window_end = fan_window_end,
	.totals = fan_totals,
	.destroy = fan_destroy,
};

struct error *fan_create(struct capture *c, struct writer **ret)
{
	struct fan *fan = calloc(1, sizeof(*fan));

	if (!fan)
		return error_nomem();
	fan->writer.ops = &fan_ops;
	fan->c = c;
	fan->first = c->target;
	*ret = &fan->writer;
	return NULL;
}

void fan_set_retry(struct writer *fan, bool retry)
{
	((struct fan *)fan)->retry = retry;
}
