/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes to a server beside a dump: the triage before it, the report after it.
 * None of it is worth a dump, so what goes wrong is a warning. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/io.h"
#include "command.h"
#include "triage/triage.h"

#define TRIAGE_SECONDS 30u	/* at most, that the dump waits for a server that
				 * does not take the triage */

/* Whether FILE, in memory, lacks some of what was written to it. */
static bool text_end(FILE *file)
{
	bool wrong = ferror(file);

	return fclose(file) || wrong;
}

/* What PRINT writes of TRIAGE goes to the dump's URL and SUFFIX. */
static struct error *send_printed(const struct capture_options *o,
				  const char *url, const char *suffix,
				  struct triage *triage,
				  void (*print)(struct triage *, FILE *),
				  struct log *log)
{
	struct remote_options way = o->way;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		return error_nomem();
	way.put_ranges = way.resume = false;
	way.retry_seconds = min_u64(way.retry_seconds / 10, TRIAGE_SECONDS);
	way.stall_seconds = min_u64(way.stall_seconds, TRIAGE_SECONDS);
	print(triage, file);
	if (text_end(file))
		return error_nomem();
	if (!len)
		return NULL;
	return remote_put(url, suffix, o->force ? SINK_FORCE : 0,
			  &way, log, text, len);
}

static void print_json(struct triage *triage, FILE *file)
{
	triage_print_json(triage, file);
}

void command_send_triage(void *arg, const char *url,
			 const struct image *image, struct log *log)
{
	const struct options *options = arg;
	const struct capture_options *o = &options->capture;
	AUTO_FREE struct triage *triage = calloc(1, sizeof(*triage));
	struct error *err;

	if (!remote_has_neighbours(url)) {
		log_print(log, LOG_MESSAGE, "No triage is sent: a URL with a query is for one object.");
		return;
	}
	err = triage ? triage_gather(triage, image, o->given, log) :
	      error_nomem();
	if (!err)
		err = send_printed(o, url, ".triage.json", triage, print_json,
				   log);
	if (!err)
		err = send_printed(o, url, ".dmesg", triage, triage_print_log,
				   log);
	if (triage)
		triage_deinit(triage);
	if (err)
		log_warn(log, "the triage was not sent: %s",
			 error_message(err));
	error_destroy(err);
}

static void send_report(const struct capture_options *o, const char *url,
			const struct capture_report *report, struct log *log)
{
	struct remote_options way = o->way;
	AUTO_FREE char *text = NULL;
	struct error *err = NULL;
	size_t len = 0;
	FILE *file;

	if (!remote_has_neighbours(url))
		return;
	way.put_ranges = way.resume = false;
	file = open_memstream(&text, &len);
	if (file) {
		report_print_json(file, report, o, log, NULL);
		if (text_end(file) || !len)
			err = error_nomem();
	} else {
		err = error_nomem();
	}
	if (!err)
		err = remote_put(url, ".report.json",
				 o->force ? SINK_FORCE : 0, &way, log, text,
				 len);
	if (err)
		log_warn(log, "the report was not sent: %s",
			 error_message(err));
	error_destroy(err);
}

void command_send_report(const struct capture_options *o,
			 const struct capture_report *report, struct log *log)
{
	for (unsigned i = 0; i < report->nr_targets; i++) {
		const struct capture_target *target = &report->targets[i];

		if (target->used && target->status != CAPTURE_FAILED &&
		    remote_is_url(target->path))
			send_report(o, target->path, report, log);
	}
}
