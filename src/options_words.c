/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left of a command line without its options: names of files, of which
 * each command takes its own. */
#include <string.h>
#include <unistd.h>

#include "option_parse.h"
#include "options.h"
#include "sink/remote.h"

/* WHAT goes to files only. */
static struct error *check_no_url(const char *output, const char *what)
{
	if (!output || !remote_is_url(output))
		return NULL;
	TRY(remote_check_url(output));
	return error_create(ERROR_USAGE,
			    "%s to a server is not implemented yet: name a file",
			    what);
}

/* A dump whose name may be a URL: then it is one plain file there. */
static struct error *check_target(struct options *options, const char *target)
{
	struct capture_options *capture = &options->capture;

	if (!target || !remote_is_url(target))
		return NULL;
	TRY(remote_check_url(target));
	if (options->flatten_given)
		return error_create(ERROR_USAGE,
				    "-F and a URL exclude each other: what is sent is a plain dump");
	if (!capture->format->packs)
		return error_create(ERROR_USAGE,
				    "-E and a URL exclude each other: an ELF core's headers are known last");
	if (options->value_order_given)
		return error_create(ERROR_USAGE,
				    "--order value and a URL exclude each other: what is sent is not there before its end");
	TRY(option_check_way(options, target));
	capture->remote = true;
	capture->address_order = true;
	return NULL;
}

static struct error *check_targets(struct options *options)
{
	TRY(option_read_urls(options));
	for (unsigned i = 0; i < CAPTURE_MAX_TARGETS; i++)
		TRY(check_target(options, option_target(options, i)));
	return option_check_targets(options);
}

/* --split: a vmcore, and the files of its dump. */
static struct error *check_split(struct options *options, int nr, char **words)
{
	struct capture_options *capture = &options->capture;

	if (capture->reassemble || capture->repair)
		return error_create(ERROR_USAGE,
				    "--split and %s exclude each other",
				    capture->repair ? "repair" :
				    "--reassemble");
	if (capture->nr_also || capture->fallback)
		return error_create(ERROR_USAGE,
				    "--split and %s exclude each other",
				    capture->nr_also ? "--also" :
				    "--fallback");
	if (options->flatten_given)
		return error_create(ERROR_USAGE,
				    "--split and -F exclude each other: a flattened dump is one stream");
	if (!capture->format->packs)
		return error_create(ERROR_USAGE,
				    "--split and -E exclude each other: no reader takes an ELF core in several files");
	if (nr < 3 || nr > CAPTURE_MAX_FILES + 1)
		return error_create(ERROR_USAGE,
				    "--split takes a vmcore and the names of 2 to %d files, not %d names",
				    CAPTURE_MAX_FILES, nr);
	if (options->release && capture->dry_run)
		return error_create(ERROR_USAGE,
				    "--release needs a dump: --dry-run writes none");
	capture->input = words[0];
	capture->output = words[1];
	capture->files = (const char *const *)words + 2;
	capture->nr_files = (size_t)nr - 2;
	for (size_t i = 0; i <= capture->nr_files; i++)
		TRY(check_no_url(capture_file(capture, i), "--split"));
	return NULL;
}

/* Who names all parts of a dump, as info takes them, learns what is missing. */
static struct error *too_many(const struct options *options, char **words)
{
	bool reads = options->command == COMMAND_DMESG ||
		     options->command == COMMAND_TRIAGE;

	return error_create(ERROR_USAGE,
			    "too many names: %s and what follows it%s",
			    words[2], reads ?
			    "; the parts of a split dump need --reassemble" : "");
}

/* A vmcore and what becomes of it. */
static struct error *check_vmcore_words(struct options *options, int nr,
					char **words, bool stdout_is_terminal)
{
	bool stdout_only = options->flatten_given && nr < 2;

	if (nr < 1)
		return error_create(ERROR_USAGE, "which vmcore? Try --help");
	if (nr > 2)
		return too_many(options, words);
	options->capture.input = words[0];
	options->capture.output = nr == 2 ? words[1] : NULL;
	if (options->command == COMMAND_CAPTURE)
		TRY(check_targets(options));
	else
		TRY(check_no_url(options->capture.output, "the log"));
	options->capture.flatten = options->flatten_given;
	if (options->command == COMMAND_DMESG && options->flatten_given && nr == 2)
		return error_create(ERROR_USAGE,
				    "-F writes the log to stdout: no output name (%s) can be given",
				    options->capture.output);
	if (options->command == COMMAND_DMESG)
		return NULL;
	if (options->release && (!options->capture.output ||
				 options->capture.dry_run))
		return error_create(ERROR_USAGE,
				    "--release needs a dump with a name: %s",
				    options->capture.dry_run ?
				    "--dry-run writes none" :
				    "of what goes to stdout nobody knows when it is safe");
	if (options->capture.output || options->capture.dry_run)
		return NULL;
	if (stdout_is_terminal && !(stdout_only && options->check_params))
		return error_create(ERROR_USAGE, stdout_only ?
				    "-F: stdout is a terminal" :
				    "no output name, and stdout is a terminal");
	if (options->capture.progress_fd == STDOUT_FILENO)
		return error_create(ERROR_USAGE,
				    "--progress-fd 1: stdout carries the dump");
	return NULL;
}

/* The page set stays as it is, unless levels are given. */
static void keep_all(struct options *options)
{
	options->capture.keep_all = !options->levels_given;
	if (!options->levels_given)
		options->capture.levels[0] = 0;
}

/* What is left of a dump, and one that is made of it. */
static struct error *check_repair(struct options *options, int nr, char **words,
				  bool stdout_is_terminal)
{
	if (options->capture.reassemble)
		return error_create(ERROR_USAGE,
				    "--reassemble does without repair: what is missing it says, too");
	if (nr != 2 && !options->flatten_given)
		return error_create(ERROR_USAGE,
				    "repair takes a dump, and the name of the one to make of it, not %d names",
				    nr);
	keep_all(options);
	options->capture.salvage = true;
	return check_vmcore_words(options, nr, words, stdout_is_terminal);
}

/* Parts of a split dump, and the whole one, or its log. */
static struct error *check_parts(struct options *options, int nr, char **words,
				 bool stdout_is_terminal)
{
	int nr_inputs = options->flatten_given ? nr : nr - 1;
	char *ends[2] = { words[0], nr > 1 ? words[nr - 1] : NULL };

	if (nr_inputs < 1)
		return error_create(ERROR_USAGE,
				    "--reassemble takes the names of all parts, and then that of the %s",
				    options->command == COMMAND_DMESG ?
				    "log to write; with -F it goes to stdout" :
				    "dump to make");
	options->capture.parts = (const char *const *)words + 1;
	options->capture.nr_parts = (size_t)nr_inputs - 1;
	keep_all(options);
	return check_vmcore_words(options, options->flatten_given ? 1 : 2, ends,
				  stdout_is_terminal);
}

/* The first NR words are an input, or all of its parts. */
static void set_parts(struct options *options, int nr, char **words)
{
	options->capture.input = words[0];
	options->capture.parts = (const char *const *)words + 1;
	options->capture.nr_parts = (size_t)nr - 1;
}

/* A vmcore, or all parts of a dump, and what the names of the files begin with. */
static struct error *check_triage(struct options *options, int nr,
				  char **words)
{
	struct capture_options *capture = &options->capture;
	bool parts = capture->reassemble;
	bool prints = options->json || options->flatten_given;
	const char *name = nr > 1 && !(parts && prints) ? words[nr - 1] : NULL;

	if (nr < 1 || (parts && !name && !prints))
		return error_create(ERROR_USAGE, parts ?
				    "triage --reassemble takes the names of all parts, and then what the files' names begin with; with -F or --json it prints, and takes the parts alone" :
				    "which vmcore? Try --help");
	if (nr > 2 && !parts)
		return too_many(options, words);
	TRY(check_no_url(name, "triage"));
	if (name && (!*name || name[strlen(name) - 1] == '/'))
		return error_create(ERROR_USAGE,
				    "\"%s\" is no name for files", name);
	if (name && prints)
		return error_create(ERROR_USAGE,
				    "%s prints to stdout: no name (%s) can be given",
				    options->json ? "--json" : "-F", name);
	set_parts(options, !parts ? 1 : name ? nr - 1 : nr, words);
	capture->output = name;
	return NULL;
}

/* Each target has a file at least. */
static struct error *check_files(struct options *options)
{
	unsigned nr = options->nr_files;

	if (nr && nr < options->nr_targets)
		return error_create(ERROR_USAGE,
				    "--files %u: less than the %u targets", nr,
				    options->nr_targets);
	if (!nr)
		options->nr_files = options->nr_targets ? options->nr_targets :
				    1;
	return NULL;
}

struct error *option_check_words(struct options *options, int nr, char **words,
				 bool stdout_is_terminal)
{
	switch (options->command) {
	case COMMAND_INFO:
	case COMMAND_VERIFY:
		if (nr < 1)
			return error_create(ERROR_USAGE,
					    "%s takes a file, or all files of a split dump",
					    option_command_names[options->command]);
		set_parts(options, nr, words);
		return NULL;
	case COMMAND_MEM_USAGE:
		if (nr > 1)
			return error_create(ERROR_USAGE,
					    "--mem-usage takes one file, not %d",
					    nr);
		options->capture.input = nr ? words[0] : "/proc/kcore";
		return NULL;
	case COMMAND_DIFF:
		if (nr != 2 && (nr < 2 || !options->capture.reassemble))
			return error_create(ERROR_USAGE,
					    "diff takes two files, not %d", nr);
		set_parts(options, nr - 1, words);
		options->capture.output = words[nr - 1];	/* the other */
		return NULL;
	case COMMAND_TRIAGE:
		return check_triage(options, nr, words);
	case COMMAND_CHECK:
		for (int i = 0; i < nr; i++) {
			if (remote_is_url(words[i]))
				TRY(remote_check_url(words[i]));
			TRY(option_add_target(options, words[i]));
		}
		return check_files(options);
	case COMMAND_RESERVATION:
	case COMMAND_ESTIMATE:
		if (nr)
			return error_create(ERROR_USAGE,
					    "%s takes options only, not \"%s\"",
					    option_command_names[options->command],
					    words[0]);
		return check_files(options);
	case COMMAND_VMCOREINFO:
		if (nr || !options->vmlinux)
			return error_create(ERROR_USAGE,
					    "-g takes its own file, -x VMLINUX and no other names");
		return NULL;
	case COMMAND_REARRANGE:
		if (nr != 1 && nr != 2)
			return error_create(ERROR_USAGE,
					    "-R takes the name of the dump to make, and before it the stream's, if that is not stdin; not %d names",
					    nr);
		if (nr == 2 && strcmp(words[0], "-"))
			options->capture.input = words[0];
		options->capture.output = words[nr - 1];
		return NULL;
	default:
		if (options->split && options->command == COMMAND_CAPTURE)
			return check_split(options, nr, words);
		return (options->capture.repair ? check_repair :
			options->capture.reassemble ? check_parts :
			check_vmcore_words)(options, nr, words,
					    stdout_is_terminal);
	}
}
