/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a dump, and -R, which makes one of a flattened stream. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/stop.h"
#include "command.h"
#include "formats/flat_read.h"
#include "machine/fadump.h"
#include "machine/root.h"
#include "sink/output.h"

/* What --release would destroy must be what is dumped. */
static struct error *check_release(const struct options *options)
{
	const struct capture_options *o = &options->capture;

	if (!options->release || root_may_be_vmcore(o->machine_root, o->input))
		return NULL;
	return error_create(ERROR_USAGE,
			    "--release: %s is not this machine's %s/proc/vmcore, which would be gone",
			    o->input, o->machine_root ? o->machine_root : "");
}

/* The clock is not set to the time of a crash of long ago. */
static struct error *check_clock(const struct capture_options *o)
{
	if (o->clock.source != CLOCK_CRASH ||
	    root_may_be_vmcore(o->machine_root, o->input))
		return NULL;
	return error_create(ERROR_USAGE,
			    "--time crash: %s is not this machine's %s/proc/vmcore",
			    o->input, o->machine_root ? o->machine_root : "");
}

/* Linux 6.10 to 7.2 arch/powerpc/kernel/fadump.c: fadump_release_reserved_area()
 * rounds the area's end down to a page, and register_fadump() writes there. */
static void warn_header(const struct capture_report *report, struct log *log)
{
	uint64_t end = report->fadump_area_end;

	if (!report->fadump || end % report->page_size == 0)
		return;
	log_warn(log, "Linux (6.10 to 7.2 at least) has released the page at %#llx, too, and writes there when a dump is registered again: boot before that",
		 (unsigned long long)(end - end % report->page_size));
}

/* Why what the dump was made of is still needed; NULL: it is not. */
static const char *still_needed(const struct capture_report *report,
				const struct error *capture_err,
				enum exit_status status)
{
	if (capture_err)
		return "there is no dump of it";
	if (report->status != CAPTURE_COMPLETE)
		return "the dump is not complete";
	if (status != EXIT_COMPLETE)
		return "the dump lacks pages (--strict)";
	return stop_signal() ? "a signal came" : NULL;
}

/* Of several targets one has to be on a disk, or a server. */
static struct error *check_on_disk(const struct capture_options *o,
				   const struct capture_report *report)
{
	const char *path = NULL;

	for (size_t i = 0; o->nr_files && i <= o->nr_files && !path; i++)
		if (output_in_memory(capture_file(o, i)))
			path = capture_file(o, i);
	for (unsigned i = 0; !o->nr_files && i < report->nr_targets; i++) {
		const struct capture_target *target = &report->targets[i];

		if (!target->used || target->status != CAPTURE_COMPLETE)
			continue;
		path = target->path;
		if (remote_is_url(path) || !output_in_memory(path))
			return NULL;
	}
	return path ? error_create(ERROR_UNSUPPORTED,
				   "%s is in memory, on no disk", path) : NULL;
}

/*
 * Releases fadump's memory, the last thing that is done: the dump and its report
 * are on their disk, and the vmcore is closed and not mapped any more. What goes
 * wrong costs another boot and not the dump, which is as good as it is without:
 * so it is a warning, and the exit status is 0, but for --strict; any other would
 * make distributions' scripts copy raw memory over again.
 */
static void release(const struct options *options, struct log *log,
		    const struct capture_report *report,
		    const struct error *capture_err, enum exit_status *ret)
{
	const struct capture_options *o = &options->capture;
	const char *why = still_needed(report, capture_err, *ret);
	struct error *err = NULL;

	if (why)
		err = error_create(ERROR_UNSUPPORTED, "%s", why);
	if (!err)
		err = check_on_disk(o, report);
	if (!err)
		err = fadump_release(o->machine_root);
	if (!err) {
		log_print(log, LOG_MESSAGE,
			  "The crashed kernel's memory is released.");
		warn_header(report, log);
		return;
	}
	log_warn(log, "%sthe crashed kernel's memory is not released: %s",
		 why ? "" : "the dump is complete, but ", error_message(err));
	error_destroy(err);
	if (options->strict && *ret == EXIT_COMPLETE)
		*ret = EXIT_UNREADABLE;
}

/* --reassemble and repair pack as the input is packed, if nothing else is asked
 * for. */
static bool keeps_codec(const struct options *options)
{
	const struct capture_options *o = &options->capture;

	return (o->reassemble || o->repair) && !options->codec_given &&
	       o->codec_level == CODEC_LEVEL_DEFAULT &&
	       o->format == &kdump_writer_ops;
}

struct error *command_capture(const struct options *options, struct log *log,
			      enum exit_status *ret)
{
	struct capture_options kept = options->capture, *capture = &kept;
	struct capture_report report;
	struct error *err, *report_err;
	struct output output;

	TRY(command_check_output(options));
	TRY(check_release(options));
	TRY(check_clock(&options->capture));
	capture->keep_codec = keeps_codec(options);
	if (capture->remote && !capture->dry_run && !options->no_triage) {
		capture->before = command_send_triage;
		capture->before_arg = (void *)options;
	}
	TRY(stop_install());
	/* the dump counts for more than what is said of it: told now, while
	 * it can be helped, and done without */
	report_err = command_check_report(options, &output);
	if (report_err)
		log_warn(log, "there will be no report: %s",
			 error_message(report_err));
	err = capture_run(capture, log, &report);
	if (!err) {
		report_print(&report, capture, log);
		if (report.status == CAPTURE_CUT_SHORT)
			*ret = EXIT_CUT_SHORT;
		else if (options->strict && report.totals.nr_unreadable)
			*ret = EXIT_UNREADABLE;
	}
	if (options->report && !report_err) {
		report_err = report_write(&report, capture, log, err,
					  &output);
		if (report_err)
			log_warn(log, "no report: %s",
				 error_message(report_err));
	}
	error_destroy(report_err);
	if (capture->remote && !capture->dry_run && !err)
		command_send_report(capture, &report, log);
	if (options->release)
		release(options, log, &report, err, ret);
	output_deinit(&output);
	capture_report_deinit(&report);
	return err;
}

struct error *command_rearrange(const struct options *options,
				struct log *log, enum exit_status *ret)
{
	const char *input = options->capture.input;
	AUTO_FD int fd = -1;
	bool complete;

	if (!input && isatty(STDIN_FILENO))
		return error_create(ERROR_USAGE,
				    "-R reads the flattened stream from stdin, which is a terminal");
	/* may be a FIFO: then it waits for who writes */
	if (input)
		fd = TEMP_FAILURE_RETRY(open(input, O_RDONLY | O_CLOEXEC |
					     O_NOCTTY));
	if (input && fd < 0)
		return error_errno(errno, "%s", input);
	TRY(flat_rearrange(input ? fd : STDIN_FILENO, options->capture.output,
			   options->capture.force, log, &complete));
	if (!complete)
		*ret = EXIT_CUT_SHORT;
	log_print(log, LOG_MESSAGE, "The dump is saved to %s.",
		  options->capture.output);
	return NULL;
}
