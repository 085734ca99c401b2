/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses a command line by the table: options first, then the command, then
 * whether both fit together. Nothing is ignored silently.
 */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "base/text.h"
#include "option_parse.h"

struct command_word {
	const char *word;
	enum command_id id;
	bool repair;		/* a capture of what is left of a dump */
};

/* Words that choose a command, as capdump's first argument. */
static const struct command_word command_words[] = {
	{ .word = "info", .id = COMMAND_INFO },
	{ .word = "dmesg", .id = COMMAND_DMESG },
	{ .word = "verify", .id = COMMAND_VERIFY },
	{ .word = "diff", .id = COMMAND_DIFF },
	{ .word = "repair", .id = COMMAND_CAPTURE, .repair = true },
	{ .word = "reservation", .id = COMMAND_RESERVATION },
	{ .word = "rearrange", .id = COMMAND_REARRANGE },
	{ .word = "estimate", .id = COMMAND_ESTIMATE },
	{ .word = "check", .id = COMMAND_CHECK },
	{ .word = "mem-usage", .id = COMMAND_MEM_USAGE },
	{ .word = "triage", .id = COMMAND_TRIAGE },
};

const char *option_name(const struct option_row *row, char *buf)
{
	const char *argument = row->argument ? row->argument : "";
	const char *space = row->argument ? " " : "";

	if (row->letter && row->name)
		snprintf(buf, 64, "-%c, --%s%s%s", row->letter, row->name,
			 space, argument);
	else if (row->letter)
		snprintf(buf, 64, "-%c%s%s", row->letter, space, argument);
	else
		snprintf(buf, 64, "--%s%s%s", row->name, space, argument);
	return buf;
}

/* The name alone, for messages. */
static const char *option_short_name(const struct option_row *row, char *buf)
{
	if (row->name)
		snprintf(buf, 64, "--%s", row->name);
	else
		snprintf(buf, 64, "-%c", row->letter);
	return buf;
}

static struct error *codec_choose(struct options *options, char letter)
{
	const struct codec_ops *codec = codec_by_letter(letter);

	if (!codec)
		return error_create(ERROR_USAGE, "-%c: no such codec", letter);
	if (!codec->create)
		return error_create(ERROR_USAGE,
				    "-%c: this capdump was built without %s (capdump -v lists what is in)",
				    letter, codec->library);
	/* makedumpfile takes the last one */
	if (options->codec_given && options->capture.codec != codec &&
	    !options->as_makedumpfile)
		return error_create(ERROR_USAGE,
				    "-%c and -%c exclude each other",
				    options->capture.codec->letter, letter);
	options->capture.codec = codec;
	options->codec_given = true;
	return NULL;
}

static struct error *command_choose(struct options *options,
				    enum command_id id)
{
	enum command_id old = options->command;

	/* --help wins over -v, both over everything else */
	if (old == COMMAND_HELP || (old == COMMAND_VERSION &&
				    id != COMMAND_HELP))
		return NULL;
	if (old != COMMAND_CAPTURE && old != id && id < COMMAND_HELP)
		return error_create(ERROR_USAGE,
				    "-R, -g, --dump-dmesg, --mem-usage and capdump's other commands exclude each other");
	options->command = id;
	return NULL;
}

static struct error *row_apply(struct options *options,
			       const struct option_row *row,
			       const char *argument)
{
	char name[64];

	options->given[row - option_rows] = true;
	switch (row->action) {
	case ACTION_FLAG:
		*(bool *)((char *)options + row->flag) = true;
		return NULL;
	case ACTION_CODEC:
		return codec_choose(options, row->letter);
	case ACTION_COMMAND:
		TRY(command_choose(options, row->command));
		break;
	case ACTION_MISSING:
		return error_create(ERROR_USAGE, "%s is not implemented yet%s%s",
				    option_name(row, name),
				    row->help ? "; " : "",
				    row->help ? row->help : "");
	case ACTION_PARSE:
	case ACTION_UNNEEDED:
		break;
	}
	return row->parse ? row->parse(options, argument) : NULL;
}

/* What getopt could not make sense of. */
static struct error *getopt_error(int result, char **argv)
{
	const char *word = optind > 0 ? argv[optind - 1] : "";

	if (result == ':')
		return error_create(ERROR_USAGE, "%s needs an argument", word);
	if (optopt && optopt < 256)
		return error_create(ERROR_USAGE, "there is no option -%c",
				    optopt);
	if (optopt)
		return error_create(ERROR_USAGE, "%s takes no argument", word);
	return error_create(ERROR_USAGE,
			    "there is no option %s, or more than one", word);
}

/* Long options answer with this plus their row. */
#define LONG_BASE 256

static struct error *parse_options(struct options *options, int argc,
				   char **argv)
{
	char letters[1 + 2 * OPTIONS_MAX + 1] = ":", *p = letters + 1;
	struct option longs[OPTIONS_MAX + 1] = { 0 };
	unsigned nr_longs = 0;
	int result;

	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->letter) {
			*p++ = row->letter;
			if (row->argument)
				*p++ = ':';
		}
		if (row->name)
			longs[nr_longs++] = (struct option) {
				row->name, row->argument ? required_argument :
				no_argument, NULL, LONG_BASE + (int)i };
	}
	*p = '\0';

	opterr = 0;
	optind = 0;	/* glibc: starts anew */
	while ((result = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		size_t i = 0;

		if (result == '?' || result == ':')
			return getopt_error(result, argv);
		if (result >= LONG_BASE)
			i = (size_t)result - LONG_BASE;
		else
			while (option_rows[i].letter != result)
				i++;
		TRY(row_apply(options, &option_rows[i], optarg));
	}
	return NULL;
}

const char *const option_command_names[NR_COMMANDS] = {
	[COMMAND_CAPTURE] = "making a dump",
	[COMMAND_REARRANGE] = "-R",
	[COMMAND_DMESG] = "--dump-dmesg",
	[COMMAND_INFO] = "info",
	[COMMAND_VERIFY] = "verify",
	[COMMAND_DIFF] = "diff",
	[COMMAND_RESERVATION] = "reservation",
	[COMMAND_ESTIMATE] = "estimate",
	[COMMAND_CHECK] = "check",
	[COMMAND_MEM_USAGE] = "--mem-usage",
	[COMMAND_TRIAGE] = "triage",
	[COMMAND_VMCOREINFO] = "-g",
};

/* Options that mean nothing to the command. makedumpfile's --dump-dmesg and
 * --mem-usage take those for dumps; options_print_notes() says that they have no
 * effect. */
static struct error *check_given(const struct options *options)
{
	char name[64];

	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (!options->given[i] ||
		    row->commands >> options->command & 1)
			continue;
		if ((options->command == COMMAND_DMESG ||
		     options->command == COMMAND_MEM_USAGE) &&
		    !options->capture.dry_run)
			continue;
		return error_create(ERROR_USAGE,
				    "%s can't be used with %s",
				    option_short_name(row, name),
				    option_command_names[options->command]);
	}
	return NULL;
}

/* capdump's default codec: zstd, or the first that is built in. */
static const struct codec_ops *default_codec(void)
{
	const struct codec_ops *zstd = codec_by_name("zstd");

	if (zstd && zstd->create)
		return zstd;
	for (size_t i = 0; codecs[i]; i++)
		if (codecs[i]->create)
			return codecs[i];
	return NULL;
}

/* What the format has no use for. */
static struct error *check_format(struct options *options)
{
	struct capture_options *capture = &options->capture;

	if (!capture->format->packs && options->codec_given)
		return error_create(ERROR_USAGE,
				    "-E and -%c exclude each other: an ELF core is not compressed",
				    capture->codec->letter);
	if (!capture->format->packs)
		capture->codec = NULL;
	if (!capture->format->by_value && options->value_order_given)
		return error_create(ERROR_USAGE,
				    "-E and --order value exclude each other: an ELF core's pages come by address");
	return NULL;
}

static struct error *check_codec_level(const struct options *options)
{
	const struct codec_ops *codec = options->capture.codec;
	int level = options->capture.codec_level;

	if (level == CODEC_LEVEL_DEFAULT)
		return NULL;
	if (level == CODEC_LEVEL_FAST)
		return codec && codec->has_fast ? NULL :
		       error_create(ERROR_USAGE,
				    "--fast is for zstd (-z), not for %s",
				    codec ? codec->name : "no compression");
	if (!codec || codec->level_min == codec->level_max)
		return error_create(ERROR_USAGE,
				    "--level: %s has no levels; -z and -c have",
				    codec ? codec->name : "no compression");
	if (level < codec->level_min || level > codec->level_max)
		return error_create(ERROR_USAGE,
				    "--level: %s has levels from %d to %d, not %d",
				    codec->name, codec->level_min,
				    codec->level_max, level);
	return NULL;
}

static void options_init(struct options *options, const char *program)
{
	const char *slash = program ? strrchr(program, '/') : NULL;
	const char *base = slash ? slash + 1 : program ? program : "";

	*options = (struct options) {
		.command = COMMAND_CAPTURE,
		.as_makedumpfile = !strcmp(base, "makedumpfile"),
		.capture = {
			.format = &kdump_writer_ops,
			.codec_level = CODEC_LEVEL_DEFAULT,
			.nr_threads = -1,
			.max_size = UINT64_MAX,
			.progress_fd = -1,
			.way = {
				.retry_seconds = REMOTE_RETRY_SECONDS,
				.stall_seconds = REMOTE_STALL_SECONDS,
			},
			.nr_levels = 1,
		},
		.log_levels = LOG_DEFAULT,
		.nr_cpus = 1,
	};
	if (!options->as_makedumpfile) {
		options->capture.levels[0] = 31;
		options->capture.codec = default_codec();
	}
}

struct error *options_parse(struct options *ret, int argc, char **argv,
			    bool stdout_is_terminal)
{
	options_init(ret, argc > 0 ? argv[0] : NULL);
	if (!ret->as_makedumpfile && argc > 1) {
		for (size_t i = 0; i < sizeof(command_words) /
					sizeof(command_words[0]); i++) {
			if (strcmp(argv[1], command_words[i].word))
				continue;
			ret->command = command_words[i].id;
			ret->capture.repair = command_words[i].repair;
			argv++;
			argc--;
			break;
		}
	}
	TRY(parse_options(ret, argc, argv));
	if (ret->debug)
		ret->log_levels |= LOG_DEBUG;
	if (ret->show_stats)
		ret->log_levels |= LOG_REPORT;
	if (ret->command == COMMAND_HELP || ret->command == COMMAND_VERSION)
		return NULL;
	TRY(check_given(ret));
	TRY(check_format(ret));
	TRY(check_codec_level(ret));
	if (ret->vmcoreinfo_in && ret->vmlinux)
		return error_create(ERROR_USAGE,
				    "-i and -x exclude each other");
	return option_check_words(ret, argc - optind, argv + optind,
			   stdout_is_terminal);
}

/* Whether anything was said of the way to a server. */
static bool way_is_given(const struct remote_options *way)
{
	return way->ca_file || way->insecure || way->netrc ||
	       way->credentials || way->known_hosts || way->ssh_key ||
	       way->put_ranges || way->resume || way->limit_rate ||
	       way->s3_endpoint || way->s3_region ||
	       way->retry_seconds != REMOTE_RETRY_SECONDS ||
	       way->stall_seconds != REMOTE_STALL_SECONDS;
}

void options_print_notes(const struct options *options, struct log *log)
{
	char name[64];

	if (options->capture.paranoid && !options->capture.codec)
		log_warn(log, "--paranoid has no effect: pages are not compressed");

	if (options->capture.dedup && !options->capture.format->shares)
		log_warn(log, "--dedup has no effect: in an ELF core each page has its own contents");
	if (options->command == COMMAND_CAPTURE && !options->capture.remote &&
	    way_is_given(&options->capture.way))
		log_warn(log, "options of sending have no effect: the dump goes to no URL");
	for (unsigned i = 0; i < CAPTURE_MAX_TARGETS; i++) {
		const char *target = option_target(options, i);

		if (options->capture.remote && target && remote_is_url(target) &&
		    !options->urls[i] && !remote_has_neighbours(target))
			log_warn(log, "all who look at the processes see this URL and what signs it: put it into a file, and name that: @/path");
	}
	if (options->capture.split_block && !options->split)
		log_warn(log, "--splitblock-size has no effect without --split");

	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (!options->given[i])
			continue;
		option_short_name(row, name);
		if (row->action == ACTION_UNNEEDED)
			log_print(log, LOG_DEBUG, "%s is not needed", name);
		else if (row->action == ACTION_CODEC &&
			 row->letter != options->capture.codec->letter)
			log_warn(log, "%s has no effect: -%c came later", name,
				 options->capture.codec->letter);
		else if (!(row->commands >> options->command & 1))
			log_warn(log, "%s has no effect on %s", name,
				 option_command_names[options->command]);
	}
}
