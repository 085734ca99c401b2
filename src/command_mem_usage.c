/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --mem-usage: the pages of the running machine, or of a vmcore, by kind, and
 * how many of them each dump level would keep. All of it is a dry run at the
 * highest level, so that every page is counted where a dump would have it.
 */
#include <inttypes.h>
#include <string.h>

#include "base/stop.h"
#include "base/text.h"
#include "command.h"

#define NR_LEVELS (LEVEL_MAX + 1)

/* Levels that are shown: each kind alone, and those in use. */
static const unsigned shown[] = { 0, 1, 2, 4, 8, 16, 17, 25, 31 };

/* makedumpfile's kinds; what it never counts (offline, poisoned pages) is beside
 * them. */
struct usage {
	uint64_t zero, cache, cache_private, user, free, kernel, never;
	uint64_t kept[NR_LEVELS];
};

static uint64_t dropped(const struct capture_report *report,
			enum page_class class)
{
	return report->present[class] - report->kept[class];
}

/*
 * From what the highest level drops follows what the others keep. Poisoned pages
 * in a unit that it drops as a whole were not looked for there: of such a unit
 * all pages count.
 */
static void usage_count(const struct capture_report *report, struct usage *ret)
{
	*ret = (struct usage){
		.zero = report->totals.nr_zero,
		.cache = dropped(report, CLASS_CACHE),
		.cache_private = dropped(report, CLASS_CACHE_PRIVATE),
		.user = dropped(report, CLASS_ANON) +
			dropped(report, CLASS_HUGETLB),
		.free = dropped(report, CLASS_FREE) +
			dropped(report, CLASS_UNACCEPTED),
		.never = dropped(report, CLASS_OFFLINE) +
			 dropped(report, CLASS_HWPOISON),
	};
	ret->kernel = report->nr_kept - ret->zero;
	for (unsigned level = 0; level < NR_LEVELS; level++) {
		ret->kept[level] = report->nr_kept;
		for (unsigned i = 0; i < NR_CLASSES; i++)
			if (i != CLASS_LOST && !level_drops(level, i))
				ret->kept[level] += dropped(report, i);
	}
}

/* The first table and the lines after it are as makedumpfile has them: scripts
 * read those. */
static void usage_print(const struct usage *u,
			const struct capture_report *report, FILE *file)
{
	static const char line[] =
		"----------------------------------------------------------------------\n";
	const struct { const char *name, *excludable, *text; uint64_t nr; }
	rows[] = {
		{ "ZERO\t", "yes", "Pages filled with zero", u->zero },
		{ "NON_PRI_CACHE", "yes", "Cache pages without private flag",
		  u->cache },
		{ "PRI_CACHE", "yes", "Cache pages with private flag",
		  u->cache_private },
		{ "USER\t", "yes", "User process pages", u->user },
		{ "FREE\t", "yes", "Free pages", u->free },
		{ "KERN_DATA", "no", "Dumpable kernel data", u->kernel },
	};

	fprintf(file, "\nTYPE\t\tPAGES\t\t\tEXCLUDABLE\tDESCRIPTION\n%s", line);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(file, "%s\t%-16" PRIu64 "\t%s\t\t%s\n", rows[i].name,
			rows[i].nr, rows[i].excludable, rows[i].text);
	fprintf(file, "\npage size:\t\t%-16u\n"
		"Total pages on system:\t%-16" PRIu64 "\n"
		"Total size on system:\t%-16" PRIu64 " Byte\n",
		report->page_size, report->nr_present,
		report->nr_present * report->page_size);

	fprintf(file, "\nLEVEL\t\tPAGES\t\t\tSIZE\n%s", line);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		uint64_t nr = u->kept[shown[i]];
		char size[16];

		fprintf(file, "-d %u\t\t%-16" PRIu64 "\t%s\n", shown[i], nr,
			text_size(nr * report->page_size, size));
	}
	fputs("Sizes are before compression; pages of zeroes, which take no room, are among them.\n",
	      file);
	if (u->never)
		fprintf(file, "%" PRIu64 " pages are offline or poisoned, and in no dump.\n",
			u->never);
}

static void usage_print_json(const struct usage *u,
			     const struct capture_report *report,
			     const char *path, FILE *file)
{
	fputs("{\n  \"file\": ", file);
	text_print_json(file, path, strlen(path));
	fprintf(file, ",\n  \"page_size\": %u,\n  \"pages\": %" PRIu64
		",\n  \"zero\": %" PRIu64 ",\n  \"non_private_cache\": %" PRIu64
		",\n  \"private_cache\": %" PRIu64 ",\n  \"user\": %" PRIu64
		",\n  \"free\": %" PRIu64 ",\n  \"kernel\": %" PRIu64
		",\n  \"never_dumped\": %" PRIu64 ",\n  \"kinds\": {",
		report->page_size, report->nr_present, u->zero, u->cache,
		u->cache_private, u->user, u->free, u->kernel, u->never);
	for (unsigned i = 0; i < NR_CLASSES; i++)
		fprintf(file, "%s\n    \"%s\": %" PRIu64, i ? "," : "",
			class_key(i), report->present[i]);
	fputs("\n  },\n  \"levels\": [", file);
	for (unsigned level = 0; level < NR_LEVELS; level++)
		fprintf(file, "%s\n    {\"level\": %u, \"pages\": %" PRIu64 "}",
			level ? "," : "", level, u->kept[level]);
	fputs("\n  ]\n}\n", file);
}

struct error *command_mem_usage(const struct options *options,
				struct log *log, enum exit_status *ret)
{
	struct capture_options capture = options->capture;
	struct capture_report report;
	struct error *err;
	struct usage usage;

	(void)ret;
	capture.levels[0] = LEVEL_MAX;
	capture.nr_levels = 1;
	capture.codec = NULL;
	capture.paranoid = false;
	capture.dry_run = true;
	TRY(stop_install());
	err = capture_run(&capture, log, &report);
	if (!err && report.cut_short)
		err = error_create(ERROR_STOPPED, "%s", report.cut_short);
	if (!err && report.not_understood)
		err = error_create(ERROR_UNSUPPORTED,
				   "%s: this kernel's pages are not understood: what they are is not known",
				   capture.input);
	if (!err) {
		usage_count(&report, &usage);
		if (options->json)
			usage_print_json(&usage, &report, capture.input,
					 stdout);
		else
			usage_print(&usage, &report, stdout);
	}
	capture_report_deinit(&report);
	return err;
}
