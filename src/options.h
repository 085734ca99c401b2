/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: one const table of options (options_table.c) from which
 * parsing, --help, the completion's test and the lines about options that do
 * not exist yet are made. makedumpfile(8)'s options are all in it.
 */
#ifndef CAPDUMP_OPTIONS_H
#define CAPDUMP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "capture/capture.h"
#include "machine/reserve.h"

enum command_id {
	COMMAND_CAPTURE,
	COMMAND_REARRANGE,	/* -R */
	COMMAND_DMESG,		/* --dump-dmesg */
	COMMAND_INFO,
	COMMAND_VERIFY,
	COMMAND_DIFF,
	COMMAND_RESERVATION,
	COMMAND_ESTIMATE,
	COMMAND_CHECK,
	COMMAND_MEM_USAGE,	/* --mem-usage */
	COMMAND_TRIAGE,
	COMMAND_VMCOREINFO,	/* -g */
	COMMAND_HELP,
	COMMAND_VERSION,
	NR_COMMANDS
};

#define OPTIONS_MAX 128	/* rows of the table */

/* What `capdump reservation` is asked; what is not given is the machine's. */
struct reservation_options {
	const char *arch;	/* reserve_arch_name(); NULL: not given */
	unsigned kernel;	/* RESERVE_LINUX(), RESERVE_SERIES; 0: not
				 * given */
	bool encryption_given;
	enum reserve_encryption encryption;
	const char *cmdline;	/* or @FILE; NULL: not given */
	const char *iomem;	/* file; NULL: not given */
};

/* All strings are borrowed from argv. */
struct options {
	enum command_id command;
	bool as_makedumpfile;	/* called by that name: its defaults */
	bool check_params;	/* --check-params: do nothing else */
	struct capture_options capture;	/* input and output are every
					 * command's; input NULL: stdin */
	bool strict;		/* unreadable pages: exit status 4 */
	bool split;		/* into several files */
	bool release;		/* fadump's memory, after a complete dump */
	bool no_triage;		/* none goes before a dump to a server */
	bool show_stats;
	bool json;
	bool registers;
	/* estimate, check: folders that the dump's files go to, in turn, and
	 * how many files it has, from 1 on */
	const char *targets[CAPTURE_MAX_FILES];
	unsigned nr_targets, nr_files;
	bool quick;		/* check: no estimate */
	unsigned nr_cpus;	/* estimate: of the capture kernel */
	const char *report;	/* NULL: none */
	const char *vmlinux;	/* -x; NULL: none */
	const char *vmcoreinfo_in; /* -i; NULL: none */
	const char *vmcoreinfo;	/* -g: the file to write */
	struct reservation_options reservation;
	unsigned log_levels;	/* enum log_level */

	char *urls[CAPTURE_MAX_TARGETS];	/* of targets, read from files;
						 * NULL: none was; owned */

	/* What the parser needs to judge combinations. */
	bool given[OPTIONS_MAX];	/* row i of option_rows was given */
	bool codec_given, value_order_given, flatten_given, debug, levels_given;
};

enum option_action {
	ACTION_FLAG,		/* sets the bool at `flag` */
	ACTION_PARSE,		/* calls `parse` */
	ACTION_CODEC,		/* the codec with this letter */
	ACTION_COMMAND,		/* makes it another command */
	ACTION_UNNEEDED,	/* makedumpfile needs it, we don't: accepted */
	ACTION_MISSING,		/* not implemented yet */
};

/* The commands for which an option means something. */
#define FOR(command) (1u << COMMAND_##command)

struct option_row {
	char letter;		/* 0: none */
	const char *name;	/* without "--"; NULL: none */
	const char *argument;	/* for --help; NULL: takes none */
	enum option_action action;
	unsigned commands;	/* FOR() bits; unused by UNNEEDED, MISSING */
	size_t flag;		/* ACTION_FLAG: offsetof(struct options, x) */
	enum command_id command;	/* ACTION_COMMAND */
	struct error *(*parse)(struct options *options, const char *argument);
	const char *help;	/* ACTION_MISSING: what to do instead, NULL if
				 * there is nothing; lines end with \n */
};

extern const struct option_row option_rows[];
extern const size_t nr_option_rows;

/* "-d LEVELS" or "--report FILE"; BUF holds at least 64 bytes. */
const char *option_name(const struct option_row *row, char *buf);

/*
 * Parses a command line; argv[0]'s last part chooses makedumpfile's defaults,
 * STDOUT_IS_TERMINAL whether a dump may go there. All errors are ERROR_USAGE.
 * May reorder argv. RET->as_makedumpfile is set even on error.
 */
struct error *options_parse(struct options *ret, int argc, char **argv,
			    bool stdout_is_terminal);

/* Also after an error of options_parse(). */
void options_deinit(struct options *options);

/* Logs what was accepted without effect. */
void options_print_notes(const struct options *options, struct log *log);

void options_print_help(FILE *file, const char *program);
void options_print_version(FILE *file);

#endif
