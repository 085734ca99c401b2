/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump check: whether a crash of this machine would be captured. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/stop.h"
#include "base/text.h"
#include "check/check.h"
#include "check/machine.h"
#include "command.h"

static enum exit_status status_of(const struct check_report *report)
{
	switch (check_report_worst(report)) {
	case CHECK_FATAL:
		return EXIT_CHECK_FATAL;
	case CHECK_WARNING:
		return EXIT_CHECK_WARNING;
	case CHECK_NOTICE:
	case CHECK_OK:
		break;
	}
	return EXIT_CHECK_GOOD;
}

static void print_finding(const struct check_result *result,
			  const struct check_finding *finding, FILE *file)
{
	fprintf(file, "%-8s %-14s ", check_severity_name(finding->severity),
		result->check->name);
	text_print_escaped(file, finding->text, strlen(finding->text), 0);
	fputc('\n', file);
	if (!*finding->fix)
		return;
	fprintf(file, "%24s", "fix: ");
	text_print_escaped(file, finding->fix, strlen(finding->fix), 0);
	fputc('\n', file);
}

static void print_text(const struct check_report *report, FILE *file)
{
	static const char *const verdicts[] = {
		[CHECK_OK] = "A crash will be captured, as far as can be told.",
		[CHECK_NOTICE] = "A crash will be captured, as far as can be told.",
		[CHECK_WARNING] = "A crash may be captured, but see the warnings.",
		[CHECK_FATAL] = "A CRASH WILL NOT BE CAPTURED.",
	};

	for (unsigned i = 0; i < NR_CHECKS; i++)
		for (unsigned k = 0; k < report->results[i].nr; k++)
			print_finding(&report->results[i],
				      &report->results[i].findings[k], file);
	fprintf(file, "\n%s\n", verdicts[check_report_worst(report)]);
}

static void json_text(FILE *file, const char *key, const char *text)
{
	fprintf(file, "\"%s\": ", key);
	if (*text)
		text_print_json(file, text, strlen(text));
	else
		fputs("null", file);
}

static void json_result(const struct check_result *result, FILE *file)
{
	fprintf(file, "    {\"check\": \"%s\", \"result\": \"%s\", \"findings\": [",
		result->check->name, result->nr ?
		check_severity_name(check_worst(result)) : "not applicable");
	for (unsigned i = 0; i < result->nr; i++) {
		const struct check_finding *finding = &result->findings[i];

		fprintf(file, "%s\n      {\"id\": \"%s\", \"severity\": \"%s\", ",
			i ? "," : "", finding->id,
			check_severity_name(finding->severity));
		json_text(file, "text", finding->text);
		fputs(", ", file);
		json_text(file, "fix", finding->fix);
		fputc('}', file);
	}
	fputs("]}", file);
}

static void print_json(const struct check_report *report,
		       const struct check_machine *machine, FILE *file)
{
	const struct reservations *reserved = &machine->reserved;

	fprintf(file, "{\n  \"status\": %d,\n  \"loaded\": %s,\n  \"fadump\": %s,\n  \"reserved\": [",
		status_of(report), machine->loaded > 0 ? "true" : "false",
		machine->fadump_on && machine->fadump_registered ? "true" :
		"false");
	for (size_t i = 0; i < reserved->nr; i++)
		fprintf(file, "%s{\"range\": [%" PRIu64 ", %" PRIu64
			"], \"source\": \"%s\"}", i ? ", " : "",
			reserved->at[i].paddr, reserved->at[i].end,
			reservation_source_name(reserved->at[i].source));
	fputs("],\n  \"checks\": [\n", file);
	for (unsigned i = 0; i < NR_CHECKS; i++) {
		json_result(&report->results[i], file);
		fputs(i + 1 < NR_CHECKS ? ",\n" : "\n", file);
	}
	fputs("  ]\n}\n", file);
}

struct error *command_check(const struct options *options, struct log *log,
			    enum exit_status *ret)
{
	AUTO_FREE struct check_report *report = calloc(1, sizeof(*report));
	const char *root = options->capture.machine_root;
	struct check_machine machine;
	struct error *err;

	if (!report)
		return error_nomem();
	TRY(stop_install());
	err = check_machine_read(root, log, &machine);
	machine.targets = options->targets;
	machine.nr_targets = options->nr_targets;
	machine.nr_files = options->nr_files;
	machine.way = &options->capture.way;
	machine.estimate = !root && !options->quick;
	if (!err)
		err = check_run(&machine, report);
	if (!err && options->json)
		print_json(report, &machine, stdout);
	else if (!err)
		print_text(report, stdout);
	if (!err)
		*ret = status_of(report);
	check_machine_deinit(&machine);
	return err;
}
