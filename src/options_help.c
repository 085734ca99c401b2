/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --help and -v, from the tables of options and codecs. */
#include <elfutils/version.h>
#include <string.h>

#include "options.h"

#define HELP_COLUMN 24

static void print_row(FILE *file, const struct option_row *row)
{
	char name[64];
	const char *line = row->help ? row->help : "";
	int used = fprintf(file, "  %s", option_name(row, name));

	if (used > HELP_COLUMN - 2) {
		fputc('\n', file);
		used = 0;
	}
	for (;;) {
		size_t len = strcspn(line, "\n");

		fprintf(file, "%*s%.*s\n", HELP_COLUMN - used, "", (int)len,
			line);
		if (!line[len])
			return;
		line += len + 1;
		used = 0;
	}
}

static void print_rows(FILE *file, const char *title, bool unneeded)
{
	fprintf(file, "\n%s\n", title);
	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->action != ACTION_MISSING &&
		    (row->action == ACTION_UNNEEDED) == unneeded)
			print_row(file, row);
	}
}

static void print_missing(FILE *file)
{
	char name[64];
	int column = 0;

	fprintf(file, "\nOptions of makedumpfile that are not implemented yet:\n");
	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->action != ACTION_MISSING)
			continue;
		int len = (int)strlen(option_name(row, name));

		if (column && column + len + 2 > 76) {
			fprintf(file, ",\n");
			column = 0;
		}
		column += fprintf(file, "%s%s", column ? ", " : "  ", name);
	}
	fputc('\n', file);
}

void options_print_help(FILE *file, const char *program)
{
	fprintf(file,
"Usage:\n"
"  %1$s [OPTION...] VMCORE DUMP    make a dump of a crashed kernel\n"
"  %1$s -F [OPTION...] VMCORE      the same to stdout, flattened\n"
"  %1$s --split [OPTION...] VMCORE PART1 PART2...   the same in several files\n"
"  %1$s -R [-f] [FLAT] DUMP        make a dump of a flattened one, or of stdin\n"
"  %1$s --dump-dmesg [-f] VMCORE [FILE]   write the crashed kernel's log\n"
"  %1$s --dump-dmesg --reassemble PART... FILE    the same of a split dump;\n"
"                                       -F, without FILE: to stdout\n"
"  %1$s -g VMCOREINFO -x VMLINUX   what -i reads, of a kernel's symbols\n"
"  capdump info [--json|--registers] DUMP|VMCORE|DEVICETREE\n"
"                                       say what a dump or a vmcore is\n"
"  capdump dmesg [-f] VMCORE|DUMP [FILE]    as --dump-dmesg\n"
"  capdump triage [--json|-f] VMCORE|DUMP [NAME]\n"
"                                       what to know first: NAME.triage.json, NAME.dmesg\n"
"  capdump verify DUMP|VMCORE       check a dump, page by page; info and verify\n"
"                                   take all files of a split one, too\n"
"  capdump diff [--json] A B        which pages two dumps differ in\n"
"  capdump repair [-f] DUMP NEW     of a dump that was cut off, what is left\n"
"  capdump rearrange [-f] [FLAT] DUMP       as -R\n"
"  %1$s --mem-usage [--json] [VMCORE]   count the machine's pages by kind\n"
"  capdump reservation [--json] [OPTION...]\n"
"                                       explain what crashkernel= reserves\n"
"  capdump estimate [--vmcore FILE] [--target DIR]... [--files N] [--json]\n"
"                                       how large and slow a dump would be\n"
"  capdump check [--json] [--quick] [--files N] [TARGET|URL]...\n"
"                                       whether a crash would be captured\n"
"\n"
"capdump compresses with zstd and leaves out what dump level 31 does, unless\n"
"told otherwise. Called as makedumpfile it has that program's defaults: no\n"
"compression and level 0.\n",
		program);
	print_rows(file, "Options:", false);
	print_rows(file, "Options of makedumpfile that are accepted and not needed:",
		   true);
	print_missing(file);
	fprintf(file,
"\n"
"Exit status: 0 complete, 1 no usable dump, 2 usage, 3 cut short but usable,\n"
"4 complete, but not all went well (--strict). As makedumpfile: 0 or 1.\n"
"diff: 0 the same, 1 not, 2 usage or error.\n"
"check: 0 good, 1 warning, 2 a crash will not be captured, 3 usage or error.\n");
}

void options_print_version(FILE *file)
{
	fprintf(file, "capdump %s\n", CAPDUMP_VERSION);
	fprintf(file, "libelf %d.%d\n", _ELFUTILS_VERSION / 1000,
		_ELFUTILS_VERSION % 1000);
	for (size_t i = 0; codecs[i]; i++) {
		const struct codec_ops *codec = codecs[i];
		const char *version = codec->create ? codec->version() :
				      "not built in";

		fprintf(file, "%s %s\n", codec->name,
			version ? version : "built in");
	}
}
