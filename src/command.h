/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands: what main() runs once the command line is understood. Each
 * gives an error (printed by main) or success with an exit status.
 */
#ifndef CAPDUMP_COMMAND_H
#define CAPDUMP_COMMAND_H

#include "base/log.h"
#include "image/image.h"
#include "options.h"

/* Exit statuses. 1 wins over 3, 3 over 4. */
enum exit_status {
	EXIT_COMPLETE = 0,
	EXIT_NO_DUMP = 1,
	EXIT_USAGE = 2,
	EXIT_CUT_SHORT = 3,
	EXIT_UNREADABLE = 4,	/* --strict; memory not released, too */

	/* Those of check, which are about the machine: an error and wrong
	 * usage are another number there, as monitoring programs have it. */
	EXIT_CHECK_GOOD = 0,
	EXIT_CHECK_WARNING = 1,
	EXIT_CHECK_FATAL = 2,
	EXIT_CHECK_UNKNOWN = 3,

	/* diff(1)'s */
	EXIT_DIFFER = 1,
	EXIT_DIFF_TROUBLE = 2,
};

/* *RET is EXIT_COMPLETE before the call. */
typedef struct error *command_fn(const struct options *options,
				 struct log *log, enum exit_status *ret);

command_fn command_capture, command_rearrange, command_dmesg, command_info,
	   command_verify, command_diff, command_reservation, command_estimate, command_check,
	   command_mem_usage,
	   command_triage, command_vmcoreinfo;

/* What -x or -i say of the crashed kernel (owned by the caller); NULL if neither
 * was given, or it is not for the command. */
struct error *command_load_given(const struct options *options,
				 struct vmcoreinfo **ret);

/* Opens OPTIONS->input, be it a vmcore or a dump; with all its parts, if several
 * files or --reassemble are given. */
struct error *command_open_image(const struct options *options,
				 struct log *log, struct image **ret);

/* ERROR_INVALID if PATH is the input, or a part of it. */
struct error *command_check_not_input(const struct options *options,
				      const char *path);

/* ERROR_INVALID if the output is the input: -f would destroy it. */
struct error *command_check_output(const struct options *options);

/* The same for --report, which follows the rules of an output, and may not be
 * the dump either. RET is to be deinitialised in any case; empty without a
 * report. */
struct error *command_check_report(const struct options *options,
				   struct output *ret);

/* After it: its report, to those servers that have a dump. */
void command_send_report(const struct capture_options *options,
			 const struct capture_report *report,
			 struct log *log);

/* capture_options.before of a dump that goes to a server, ARG its options: sends
 * what there is to know first. */
void command_send_triage(void *arg, const char *url,
			 const struct image *image, struct log *log);

#endif
