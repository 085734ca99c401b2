/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a dump, and -R, which makes one of a flattened stream. */
#include <unistd.h>

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
	struct error *err = NULL;

	if (capture_err || report->status != CAPTURE_COMPLETE ||
	    stop_signal()) {
		log_warn(log, "the crashed kernel's memory is not released: %s",
			 capture_err ? "there is no dump of it" :
			 report->status != CAPTURE_COMPLETE ?
			 "the dump is not complete" : "a signal came");
		return;
	}
	err = fadump_release(options->capture.machine_root);
	if (!err) {
		log_print(log, LOG_MESSAGE,
			  "The crashed kernel's memory is released.");
		return;
	}
	log_warn(log, "the dump is complete, but the crashed kernel's memory is not released: %s",
		 error_message(err));
	error_destroy(err);
	if (options->strict && *ret == EXIT_COMPLETE)
		*ret = EXIT_UNREADABLE;
}

struct error *command_capture(const struct options *options, struct log *log,
			      enum exit_status *ret)
{
	const struct capture_options *capture = &options->capture;
	struct capture_report report;
	struct error *err, *report_err;
	struct output output;

	TRY(command_check_output(options));
	TRY(check_release(options));
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
	if (options->release)
		release(options, log, &report, err, ret);
	output_deinit(&output);
	capture_report_deinit(&report);
	return err;
}

struct error *command_rearrange(const struct options *options,
				struct log *log, enum exit_status *ret)
{
	bool complete;

	if (isatty(STDIN_FILENO))
		return error_create(ERROR_USAGE,
				    "-R reads the flattened stream from stdin, which is a terminal");
	TRY(flat_rearrange(STDIN_FILENO, options->capture.output,
			   options->capture.force, log, &complete));
	if (!complete)
		*ret = EXIT_CUT_SHORT;
	log_print(log, LOG_MESSAGE, "The dump is saved to %s.",
		  options->capture.output);
	return NULL;
}
