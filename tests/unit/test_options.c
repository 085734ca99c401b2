/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: the whole table is walked, and what makedumpfile 1.7.9
 * knows (its getopt string and longopts, written down here once more) must be
 * in it. The sources belong to the program, not to the library: included.
 */
#include "../../src/options.c"
#include "../../src/options_words.c"
#include "../../src/options_remote.c"
#include "../../src/options_targets.c"
#include "../../src/options_help.c"
#include "../../src/option_parse.c"
#include "../../src/options_table.c"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "unit.h"

#define MAX_ARGS 24

/* Parses the words; argv[0] comes first, NULL last. */
static struct error *parse(struct options *ret, int terminal, ...)
{
	char *argv[MAX_ARGS];
	va_list args;
	int argc = 0;

	va_start(args, terminal);
	while ((argv[argc] = va_arg(args, char *)))
		argc++;
	va_end(args);
	return options_parse(ret, argc, argv, terminal);
}

#define CAPDUMP(...) parse(&o, false, "capdump", __VA_ARGS__, NULL)
#define PEER(...) parse(&o, false, "/sbin/makedumpfile", __VA_ARGS__, NULL)
#define TERMINAL(...) parse(&o, true, "capdump", __VA_ARGS__, NULL)

static const struct option_row *find_letter(char letter)
{
	for (size_t i = 0; i < nr_option_rows; i++)
		if (option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

static const struct option_row *find_name(const char *name)
{
	for (size_t i = 0; i < nr_option_rows; i++)
		if (option_rows[i].name && !strcmp(option_rows[i].name, name))
			return &option_rows[i];
	return NULL;
}

static void test_peer_table(void)
{
	static const char letters[] = "b:cDd:eEFfg:hi:lL:pRvXx:z";
	static const struct { const char *name; bool argument; } longs[] = {
		{ "split", 0 }, { "reassemble", 0 }, { "xen-syms", 1 },
		{ "xen-vmcoreinfo", 1 }, { "xen_phys_start", 1 },
		{ "message-level", 1 }, { "vtop", 1 }, { "dump-dmesg", 0 },
		{ "partial-dmesg", 0 }, { "config", 1 }, { "help", 0 },
		{ "diskset", 1 }, { "cyclic-buffer", 1 }, { "eppic", 1 },
		{ "non-mmap", 0 }, { "mem-usage", 0 },
		{ "splitblock-size", 1 }, { "work-dir", 1 },
		{ "num-threads", 1 }, { "check-params", 0 },
		{ "dry-run", 0 }, { "show-stats", 0 }, { "extension", 1 },
	};

	for (const char *p = letters; *p; p += 1 + (p[1] == ':')) {
		const struct option_row *row = find_letter(*p);

		CHECK(row && !!row->argument == (p[1] == ':'));
	}
	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
		const struct option_row *row = find_name(longs[i].name);

		CHECK(row && !!row->argument == longs[i].argument);
	}
}

/* An argument that each row takes, as far as it takes one. */
static const char *argument_for(const struct option_row *row)
{
	if (row->letter == 'd')
		return "1,31";
	if (row->letter == 'L')
		return "2G";
	if (row->name && !strcmp(row->name, "order"))
		return "address";
	if (row->name && !strcmp(row->name, "triage"))
		return "no";
	if (row->name && !strcmp(row->name, "arch"))
		return "arm64";
	if (row->name && !strcmp(row->name, "kernel"))
		return "series";
	if (row->name && !strcmp(row->name, "encryption"))
		return "sme";
	if (row->name && !strcmp(row->name, "time"))
		return "crash";
	return row->argument ? "1" : NULL;
}

/* Whether this one wants another command or other words. */
static struct error *parse_row(struct options *o, const struct option_row *row)
{
	const char *argument = argument_for(row);
	char name[64];

	option_short_name(row, name);
	if (row->commands == FOR(RESERVATION))
		return parse(o, false, "capdump", "reservation", name,
			     argument, NULL);
	if (row->commands == FOR(ESTIMATE) ||
	    row->commands == (FOR(ESTIMATE) | FOR(CHECK)))
		return parse(o, false, "capdump", "estimate", name, argument,
			     NULL);
	if (row->commands == FOR(CHECK))
		return parse(o, false, "capdump", "check", name, argument,
			     NULL);
	if ((row->commands & (FOR(INFO) | FOR(CAPTURE))) == FOR(INFO) &&
	    row->action == ACTION_FLAG)
		return parse(o, false, "capdump", "info", name, "core", NULL);
	if (row->action == ACTION_COMMAND && row->command == COMMAND_REARRANGE)
		return parse(o, false, "capdump", name, "out", NULL);
	if (row->action == ACTION_COMMAND && row->command == COMMAND_MEM_USAGE)
		return parse(o, false, "capdump", name, "core", NULL);
	if (row->letter == 'g')
		return parse(o, false, "capdump", name, "out", "-x", "vmlinux",
			     NULL);
	if (row->name && !strcmp(row->name, "split"))
		return parse(o, false, "capdump", name, "core", "out", "out2",
			     NULL);
	if (row->letter == 'F')
		return parse(o, false, "capdump", name, "core", NULL);
	if (argument)
		return parse(o, false, "capdump", name, argument, "core",
			     "out", NULL);
	return parse(o, false, "capdump", name, "core", "out", NULL);
}

static void check_missing(const struct option_row *row, struct error *err)
{
	char name[64];

	CHECK(err && error_kind(err) == ERROR_USAGE);
	if (!err)
		return;
	CHECK(strstr(error_message(err), option_short_name(row, name)));
	CHECK(strstr(error_message(err), "not implemented yet"));
	CHECK(!strchr(error_message(err), '\n'));
	CHECK(!row->help || strstr(error_message(err), row->help));
}

static void test_whole_table(void)
{
	struct options o;

	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];
		struct error *err = parse_row(&o, row);
		char name[64];

		CHECK(row->letter || row->name);
		if (row->action == ACTION_CODEC &&
		    !codec_by_letter(row->letter)->create) {
			CHECK(err && strstr(error_message(err), "without"));
		} else if (row->parse == option_parse_codec_level &&
			   !default_codec()) {
			CHECK(err && strstr(error_message(err), "no levels"));
		} else if (row->parse == option_parse_fast && !default_codec()) {
			CHECK(err && strstr(error_message(err), "for zstd"));
		} else if (row->action == ACTION_MISSING) {
			check_missing(row, err);
		} else {
			CHECK(row->help);
			if (!CHECK(!err))
				fprintf(stderr, "  %s: %s\n",
					option_name(row, name),
					error_message(err));
			CHECK(o.given[i]);
		}
		error_destroy(err);
		/* no two rows alike */
		CHECK(!row->letter || find_letter(row->letter) == row);
		CHECK(!row->name || find_name(row->name) == row);
	}
}

static void test_help(void)
{
	char *text = NULL, name[64];
	size_t size;
	FILE *file = open_memstream(&text, &size);

	options_print_help(file, "capdump");
	fclose(file);
	for (size_t i = 0; i < nr_option_rows; i++)
		CHECK(strstr(text, option_name(&option_rows[i], name)));
	free(text);
}

static void test_defaults(void)
{
	struct options o;

	CHECK_OK(CAPDUMP("core", "out"));
	CHECK(o.command == COMMAND_CAPTURE && !o.as_makedumpfile);
	CHECK(o.capture.nr_levels == 1 && o.capture.levels[0] == 31);
	CHECK(o.capture.codec == default_codec());
	CHECK(o.capture.codec_level == CODEC_LEVEL_DEFAULT && o.capture.nr_threads == -1);
	CHECK(o.capture.max_size == UINT64_MAX && o.capture.progress_fd == -1);
	CHECK(!strcmp(o.capture.input, "core"));
	CHECK(!strcmp(o.capture.output, "out"));
	CHECK(o.log_levels == LOG_DEFAULT);

	CHECK_OK(PEER("core", "out"));
	CHECK(o.as_makedumpfile && !o.capture.codec);
	CHECK(o.capture.nr_levels == 1 && o.capture.levels[0] == 0);
	CHECK_OK(PEER("info", "out"));	/* no commands there */
	CHECK(o.command == COMMAND_CAPTURE);
}

static void test_values(void)
{
	struct options o;

	CHECK_OK(CAPDUMP("-d", "1,31", "-L", "2G", "--num-threads=4",
			 "--message-level", "31", "--order", "address",
			 "core", "out"));
	CHECK(o.capture.nr_levels == 2 && o.capture.levels[0] == 1 &&
	      o.capture.levels[1] == 31);
	CHECK(o.capture.max_size == 2ull << 30 && o.capture.nr_threads == 4);
	CHECK(o.log_levels == 31 && o.capture.address_order);
	CHECK_OK(CAPDUMP("-d0,1,2,4,8,16,30,31", "core", "out"));
	CHECK(o.capture.nr_levels == 8 && o.capture.levels[6] == 30);
	CHECK_OK(CAPDUMP("--num-threads", "500", "core", "out"));
	CHECK(o.capture.nr_threads == CAPTURE_MAX_THREADS);
	CHECK_OK(CAPDUMP("--message-level", "1", "-D", "--show-stats", "core",
			 "out"));
	CHECK(o.log_levels == (LOG_PROGRESS | LOG_DEBUG | LOG_REPORT));

	CHECK_ERROR(CAPDUMP("-d", "32", "core", "out"), "0 to 31");
	CHECK_ERROR(CAPDUMP("-d", "", "core", "out"), "0 to 31");
	CHECK_ERROR(CAPDUMP("-d", "1,", "core", "out"), "0 to 31");
	CHECK_ERROR(CAPDUMP("-d", "1,,2", "core", "out"), "0 to 31");
	CHECK_ERROR(CAPDUMP("-d", "00000000001", "core", "out"), "0 to 31");
	CHECK_ERROR(CAPDUMP("-d", "all", "core", "out"), "\"all\"");
	CHECK_ERROR(CAPDUMP("-d", "1,1,1,1,1,1,1,1,1", "core", "out"),
		    "at most 8");
	CHECK_ERROR(CAPDUMP("-L", "0", "core", "out"), "-L");
	CHECK_ERROR(CAPDUMP("-L", "5X", "core", "out"), "5X");
	CHECK_ERROR(CAPDUMP("--num-threads", "-1", "core", "out"),
		    "--num-threads");
	CHECK_ERROR(CAPDUMP("--message-level", "32", "core", "out"), "31");
	CHECK_ERROR(CAPDUMP("--order", "size", "core", "out"), "size");
	CHECK_ERROR(CAPDUMP("--progress-fd", "1000", "core", "out"),
		    "not open");
	int fd = open("/dev/null", O_RDONLY);
	char number[16];
	snprintf(number, sizeof(number), "%d", fd);
	CHECK_ERROR(CAPDUMP("--progress-fd", number, "core", "out"),
		    "not open for writing");
	close(fd);
	CHECK_ERROR(CAPDUMP("--progress-fd", "x", "core", "out"),
		    "--progress-fd");
	CHECK_ERROR(CAPDUMP("-b", "x", "core", "out"), "-b");
	CHECK_ERROR(CAPDUMP("--cyclic-buffer", "1M", "core", "out"),
		    "--cyclic-buffer");
	CHECK_ERROR(CAPDUMP("--report", "", "core", "out"), "--report");
}

static void test_codecs(void)
{
	const struct codec_ops *zlib = codec_by_name("zlib");
	struct options o;
	struct log log;

	for (size_t i = 0; codecs[i]; i++) {
		char letter[3] = { '-', codecs[i]->letter, '\0' };

		if (!codecs[i]->create) {
			CHECK_ERROR(CAPDUMP(letter, "core", "out"),
				    codecs[i]->library);
			continue;
		}
		CHECK_OK(PEER(letter, letter, "core", "out"));
		CHECK(o.capture.codec == codecs[i]);
	}
	if (!zlib || !zlib->create || !codec_by_letter('z')->create ||
	    !codec_by_letter('l')->create)
		return;
	CHECK_OK(CAPDUMP("-c", "core", "out"));
	CHECK(o.capture.codec == zlib);
	CHECK_ERROR(CAPDUMP("-c", "-z", "core", "out"), "exclude");
	/* there the last one counts */
	log_init(&log, stderr, 0);
	CHECK_OK(PEER("-c", "-ld31", "core", "out"));
	CHECK(o.capture.codec == codec_by_name("lzo"));
	options_print_notes(&o, &log);
	CHECK(log.nr_warnings == 1 &&
	      !strcmp(log.warnings[0], "-c has no effect: -l came later"));
	log_deinit(&log);
	CHECK_OK(CAPDUMP("-c", "--level", "9", "core", "out"));
	CHECK(o.capture.codec_level == 9);
	CHECK_OK(CAPDUMP("--level", "5", "--level", "7", "core", "out"));
	CHECK(o.capture.codec_level == 7);
	CHECK_OK(CAPDUMP("--fast", "core", "out"));
	CHECK(o.capture.codec_level == CODEC_LEVEL_FAST);
	CHECK_OK(PEER("-z", "--fast", "core", "out"));
	CHECK_ERROR(CAPDUMP("--fast", "-c", "core", "out"), "not for zlib");
	CHECK_ERROR(PEER("--fast", "core", "out"), "no compression");
	CHECK_ERROR(CAPDUMP("--fast", "--level", "1", "core", "out"),
		    "exclude each other");
	CHECK_ERROR(CAPDUMP("--level", "1", "--fast", "core", "out"),
		    "exclude each other");
	CHECK_ERROR(CAPDUMP("--level", "0", "core", "out"), "above 0");
	CHECK_ERROR(CAPDUMP("--level", "-5", "core", "out"), "above 0");
	CHECK_ERROR(CAPDUMP("--level", "20", "core", "out"), "1 to 19");
	CHECK_ERROR(CAPDUMP("-c", "--level", "99", "core", "out"), "99");
	CHECK_ERROR(CAPDUMP("-l", "--level", "2", "core", "out"), "lzo");
	CHECK_ERROR(PEER("--level", "2", "core", "out"), "no compression");
	CHECK_ERROR(CAPDUMP("--level", "x", "core", "out"), "number");
}

static void test_words(void)
{
	struct options o;

	CHECK_OK(CAPDUMP("-F", "core"));
	CHECK(!o.capture.output);
	CHECK_ERROR(TERMINAL("-F", "core"), "terminal");
	CHECK_OK(TERMINAL("--check-params", "-F", "core"));
	CHECK_OK(CAPDUMP("core"));	/* stdout is no terminal */
	CHECK(!o.capture.output);
	CHECK_ERROR(TERMINAL("core"), "terminal");
	CHECK_OK(TERMINAL("--dry-run", "core"));
	CHECK_OK(CAPDUMP("-F", "core", "out"));
	CHECK(o.capture.flatten && !strcmp(o.capture.output, "out"));
	CHECK_ERROR(CAPDUMP("-F", "--dump-dmesg", "core", "out"), "-F");
	CHECK_ERROR(CAPDUMP("a", "b", "c"), "c");
	CHECK_ERROR(CAPDUMP("-d", "31"), "which vmcore");
	CHECK_ERROR(CAPDUMP("--progress-fd", "1", "-F", "core"), "stdout");
	CHECK_OK(CAPDUMP("--progress-fd", "1", "core", "out"));

	CHECK_OK(CAPDUMP("-R", "out"));
	CHECK(o.command == COMMAND_REARRANGE && !o.capture.input);
	CHECK(!strcmp(o.capture.output, "out"));
	CHECK_OK(CAPDUMP("rearrange", "-f", "out"));
	CHECK(o.command == COMMAND_REARRANGE && o.capture.force);
	CHECK_OK(CAPDUMP("rearrange", "-", "out"));
	CHECK(!o.capture.input && !strcmp(o.capture.output, "out"));
	CHECK_OK(CAPDUMP("rearrange", "flat", "out"));
	CHECK(!strcmp(o.capture.input, "flat"));
	CHECK(!strcmp(o.capture.output, "out"));
	CHECK_ERROR(CAPDUMP("-R", "a", "b", "c"), "-R");
	CHECK_ERROR(CAPDUMP("rearrange"), "-R");
	CHECK_ERROR(CAPDUMP("-R", "-d", "31", "out"), "-d");
	CHECK_ERROR(CAPDUMP("-R", "-F", "out"), "-F");

	CHECK_OK(CAPDUMP("--dump-dmesg", "core", "log"));
	CHECK(o.command == COMMAND_DMESG);
	CHECK(!strcmp(o.capture.output, "log"));
	CHECK_OK(TERMINAL("dmesg", "core"));
	CHECK(o.command == COMMAND_DMESG && !o.capture.output);
	CHECK_OK(PEER("-F", "--message-level", "8", "--dump-dmesg", "core"));
	CHECK(o.command == COMMAND_DMESG && !o.capture.output);
	CHECK_ERROR(CAPDUMP("-F", "--dump-dmesg", "core", "log"), "-F");
	CHECK_ERROR(CAPDUMP("--dump-dmesg", "--dry-run", "core", "log"),
		    "--dry-run");

	CHECK_OK(CAPDUMP("info", "core"));
	CHECK(o.command == COMMAND_INFO);
	CHECK_OK(CAPDUMP("verify", "--strict", "dump"));
	CHECK(o.command == COMMAND_VERIFY && o.strict);
	CHECK_ERROR(CAPDUMP("verify"), "takes a file");
	CHECK_OK(CAPDUMP("info", "a", "b"));
	CHECK(o.capture.nr_parts == 1 && !strcmp(o.capture.parts[0], "b"));
	CHECK_ERROR(CAPDUMP("info", "-d", "31", "a"), "-d");
	CHECK_ERROR(CAPDUMP("info", "-R", "a"), "exclude");
	CHECK_ERROR(CAPDUMP("--json", "core", "out"), "--json");

	CHECK_OK(CAPDUMP("--help"));
	CHECK(o.command == COMMAND_HELP);
	CHECK_OK(CAPDUMP("-v", "-R", "-h", "a", "b", "c"));
	CHECK(o.command == COMMAND_HELP);
	CHECK_OK(CAPDUMP("-v"));
	CHECK(o.command == COMMAND_VERSION);
	CHECK_ERROR(CAPDUMP("--frob", "core"), "--frob");
	CHECK_ERROR(CAPDUMP("-Q", "core"), "-Q");
	CHECK_ERROR(CAPDUMP("core", "out", "-d"), "-d needs");
	CHECK_ERROR(CAPDUMP("core", "out", "--level"), "--level needs");
	CHECK_ERROR(CAPDUMP("--dry-run=yes", "core"), "--dry-run");
}

/* Command lines as kdump-utils, kdump-tools and openSUSE's kdump have them. */
static void test_distributions(void)
{
	struct options o;

	if (!codec_by_name("lzo")->create || !codec_by_name("zlib")->create)
		return;
	CHECK_OK(PEER("--check-params", "-l", "--message-level", "7", "-d",
		      "31", "vmcore", "dumpfile"));
	CHECK(o.check_params);
	CHECK_OK(PEER("--check-params", "-F", "-l", "--message-level", "7",
		      "-d", "31", "vmcore"));
	CHECK_OK(PEER("-l", "--message-level", "7", "-d", "31",
		      "--num-threads=128", "/proc/vmcore", "out"));
	CHECK_OK(PEER("-c", "-d", "31", "-F", "/proc/vmcore"));
	if (codec_by_name("zstd")->create)
		CHECK_OK(PEER("-F", "-z", "--num-threads", "8",
			      "--message-level", "6", "-d", "31",
			      "/proc/vmcore"));
	CHECK_OK(PEER("-R", "/var/crash/vmcore"));
	CHECK_OK(PEER("--dump-dmesg", "/proc/vmcore", "/var/crash/dmesg"));
}

static void test_notes(void)
{
	struct options o;
	struct log log;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	log_init(&log, file, LOG_DEFAULT | LOG_DEBUG);
	CHECK_OK(PEER("-b", "4", "--cyclic-buffer", "1024", "--work-dir", "/x",
		      "core", "out"));
	options_print_notes(&o, &log);
	CHECK(log.nr_warnings == 0);
	CHECK_OK(PEER("-L", "1G", "-d", "31", "--dump-dmesg", "core", "out"));
	options_print_notes(&o, &log);
	CHECK(log.nr_warnings == 2);
	log_deinit(&log);
	fclose(file);
	CHECK(strstr(text, "-b is not needed"));
	CHECK(strstr(text, "--cyclic-buffer is not needed"));
	CHECK(strstr(text, "--work-dir is not needed"));
	CHECK(strstr(text, "warning: -d has no effect on --dump-dmesg"));
	free(text);
}

int main(void)
{
	test_peer_table();
	test_whole_table();
	test_help();
	test_defaults();
	test_values();
	test_codecs();
	test_words();
	test_distributions();
	test_notes();
	return unit_end();
}
