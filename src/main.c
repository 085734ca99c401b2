/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * argv -> options -> command -> exit status. Errors are printed here and
 * nowhere else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/guard.h"
#include "command.h"

static struct error *command_help(const struct options *options,
				  struct log *log, enum exit_status *ret)
{
	(void)log, (void)ret;
	options_print_help(stdout, options->as_makedumpfile ? "makedumpfile" :
			   "capdump");
	return NULL;
}

static struct error *command_version(const struct options *options,
				     struct log *log, enum exit_status *ret)
{
	(void)options, (void)log, (void)ret;
	options_print_version(stdout);
	return NULL;
}

static command_fn *const commands[NR_COMMANDS] = {
	[COMMAND_CAPTURE] = command_capture,
	[COMMAND_REARRANGE] = command_rearrange,
	[COMMAND_DMESG] = command_dmesg,
	[COMMAND_INFO] = command_info,
	[COMMAND_VERIFY] = command_verify,
	[COMMAND_DIFF] = command_diff,
	[COMMAND_RESERVATION] = command_reservation,
	[COMMAND_ESTIMATE] = command_estimate,
	[COMMAND_CHECK] = command_check,
	[COMMAND_MEM_USAGE] = command_mem_usage,
	[COMMAND_TRIAGE] = command_triage,
	[COMMAND_VMCOREINFO] = command_vmcoreinfo,
	[COMMAND_HELP] = command_help,
	[COMMAND_VERSION] = command_version,
};

/* A reader that went away or a file size limit is an error of write(). */
static void signals_ignore(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/*
 * Messages must not land in a dump that was opened as descriptor 1 or 2. What
 * takes the place of a closed descriptor refuses to be read and written, as a
 * closed one does: a dump to a stdout that is not there is an error.
 */
static void descriptors_fill(void)
{
	int fd;

	do
		fd = open("/", O_PATH);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* What was printed may still wait in stdout's buffer, for a full disk. */
static struct error *stdout_flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return NULL;
	return error_errno(errno ? errno : EIO, "stdout");
}

static struct error *run(struct options *options, struct log *log,
			 enum exit_status *ret)
{
	struct vmcoreinfo *given;
	struct error *err;

	TRY(guard_install());
	options_print_notes(options, log);
	if (options->check_params && options->command < COMMAND_HELP)
		return NULL;
	TRY(command_load_given(options, &given));
	options->capture.given = given;
	err = commands[options->command](options, log, ret);
	vmcoreinfo_destroy(given);
	TRY(err);
	return stdout_flush();
}

int main(int argc, char **argv)
{
	enum exit_status status = EXIT_COMPLETE;
	struct options options;
	struct error *err;
	struct log log;

	descriptors_fill();
	signals_ignore();
	err = options_parse(&options, argc, argv, isatty(STDOUT_FILENO));
	log_init(&log, stderr, err ? LOG_DEFAULT : options.log_levels);
	if (!err)
		err = run(&options, &log, &status);
	if (err) {
		log_print(&log, LOG_ERROR, "%s: %s", options.as_makedumpfile ?
			  "makedumpfile" : "capdump", error_message(err));
		status = options.command == COMMAND_CHECK ?
			 EXIT_CHECK_UNKNOWN :
			 options.command == COMMAND_DIFF ? EXIT_DIFF_TROUBLE :
			 error_kind(err) == ERROR_USAGE ? EXIT_USAGE :
			 EXIT_NO_DUMP;
		error_destroy(err);
	}
	log_deinit(&log);
	if (options.as_makedumpfile && status != EXIT_COMPLETE)
		status = EXIT_NO_DUMP;
	options_deinit(&options);
	return (int)status;
}
