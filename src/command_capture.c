/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a dump, and -R, which makes one of a flattened stream. */
#include <unistd.h>

#include "base/stop.h"
#include "command.h"
#include "formats/flat_read.h"
#include "sink/output.h"

struct error *command_capture(const struct options *options, struct log *log,
			      enum exit_status *ret)
{
	const struct capture_options *capture = &options->capture;
	struct capture_report report;
	struct error *err, *report_err;
	struct output output;

	TRY(command_check_output(options));
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
