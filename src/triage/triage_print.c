/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A triage for people. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../base/text.h"
#include "triage.h"

#define CPUS_SHORT 64u	/* of more, only JSON tells */
#define WIDTH 78	/* columns */

static void put_text(FILE *file, const char *title, const char *text,
		     size_t len)
{
	fprintf(file, "%-13s", title);
	text_print_escaped(file, text, len, 0);
	fputc('\n', file);
}

static void put_string(FILE *file, const char *title, const char *text)
{
	text = text ? text : "unknown";
	put_text(file, title, text, strlen(text));
}

/* SECONDS since 1970 into BUF; NULL: no time. */
static const char *time_text(uint64_t seconds, char buf[32])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (seconds && seconds <= 253402300799 && gmtime_r(&time, &tm) &&
	    strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return buf;
	return NULL;
}

static void put_time(const struct triage *triage, FILE *file)
{
	char text[32];

	put_string(file, "crash time:", time_text(triage->crash_time, text));
}

/* Those that happened. */
static void put_hardware(const struct triage *triage, FILE *file)
{
	const struct hardware_errors *all = &triage->hardware;
	const char *title = "hardware:";

	for (unsigned i = 0; i < all->nr; i++) {
		const struct hardware_error *one = &all->kinds[i];
		const char *name = hardware_kind_name(i), *last;
		char text[32];

		if (!one->count)
			continue;
		last = time_text(one->last, text);
		fprintf(file, "%-13s%" PRIu32 " %s error%s, the last at %s\n",
			title, one->count, name ? name : "unknown",
			one->count == 1 ? "" : "s", last ? last : "unknown");
		title = "";
	}
	if (all->known && *title)
		fprintf(file, "%-13sno error that the kernel counted\n",
			title);
}

static void put_crash(const struct triage *triage, FILE *file)
{
	const struct crash_log *crash = &triage->crash;
	const struct crash_trace *trace = triage->trace;

	if (crash->panic.len)
		put_text(file, "panic:", crash->panic.text, crash->panic.len);
	if (crash->cause.len)
		put_text(file, "cause:", crash->cause.text, crash->cause.len);
	for (unsigned i = 0; trace && i < trace->nr_lines; i++)
		put_text(file, "", trace->lines[i].text, trace->lines[i].len);
	if (!triage->line)
		return;
	put_string(file, "signature:", triage->signature.hash);
	put_string(file, "  kind:", triage->signature.kind);
	for (unsigned i = 0; i < triage->signature.nr_functions; i++)
		put_string(file, i ? "" : "  in:",
			   triage->signature.functions[i]);
}

static void put_cpus(const struct triage *triage, FILE *file)
{
	char symbol[KALLSYMS_NAME_LEN + 40];

	fprintf(file, "%-13s%u\n", "CPUs:", triage->cpus.nr_notes);
	for (unsigned i = 0; i < triage->cpus.nr && i < CPUS_SHORT; i++) {
		const struct registers *cpu = &triage->cpus.cpus[i];
		const char *at = triage->places ?
			triage_symbol(&triage->places[i], symbol) : NULL;

		fprintf(file, "  %3u: ", i);
		if (!cpu->of) {
			fputs("its note is not understood\n", file);
			continue;
		}
		if (cpu->pid >= 0)
			fprintf(file, "PID %" PRId32 ", ", cpu->pid);
		fprintf(file, "%s %" PRIx64, cpu->of->names[cpu->of->pc],
			cpu->value[cpu->of->pc]);
		if (at) {
			fputs(", ", file);
			text_print_escaped(file, at, strlen(at), 0);
		}
		fputc('\n', file);
	}
	if (triage->cpus.nr_notes > CPUS_SHORT)
		fprintf(file, "  ... and %u more (--json)\n",
			triage->cpus.nr_notes - CPUS_SHORT);
}

static void put_modules(const struct triage *triage, FILE *file)
{
	int column = 0;

	if (!triage->modules_source)
		return;
	fprintf(file, "%-13s%zu, as the kernel's %s has them\n", "modules:",
		triage->modules.nr, triage->modules_source == SOURCE_MEMORY ?
		"memory" : "log");
	for (size_t i = 0; i < triage->modules.nr; i++) {
		const struct module *module = &triage->modules.modules[i];
		int len = (int)(strlen(module->name) +
				strlen(module->flags)) + 3;

		if (!column || column + len > WIDTH) {
			fprintf(file, "%s%13s", column ? "\n" : "", "");
			column = 13;
		} else {
			fputc(' ', file);
		}
		fputs(module->name, file);
		if (module->flags[0]) {
			fputc('(', file);
			text_print_escaped(file, module->flags,
					   strlen(module->flags), 0);
			fputc(')', file);
		}
		column += len;
	}
	if (column)
		fputc('\n', file);
}

static void put_memory(const struct triage *triage, FILE *file)
{
	unsigned shift = triage->kernel ?
			 triage->kernel->space.target.page_shift :
			 triage->image->target.page_shift;
	char size[16];

	fprintf(file, "%-13s%s in %" PRIu64 " ranges", "memory:",
		text_size(triage->memory, size), triage->nr_ranges);
	if (triage->free_known)
		fprintf(file, ", %s free",
			text_size(triage->free_pages << shift, size));
	fputc('\n', file);
}

void triage_print(const struct triage *triage, FILE *file)
{
	const struct vmcoreinfo *v = triage->kernel ?
				     triage->kernel->vmcoreinfo : NULL;
	char letters[32];

	put_string(file, "file:", triage->image->path);
	put_string(file, "kernel:", triage->release);
	put_string(file, "machine:", triage->machine);
	put_string(file, "node:", triage->node);
	put_string(file, "build ID:",
		   v ? vmcoreinfo_get(v, "BUILD-ID") : NULL);
	put_time(triage, file);
	put_crash(triage, file);
	put_cpus(triage, file);
	taint_letters(triage->taint, letters);
	if (triage->taint_source)
		fprintf(file, "%-13s%" PRIu64 "%s%s\n", "taint:",
			triage->taint, letters[0] ? " " : "", letters);
	put_hardware(triage, file);
	put_modules(triage, file);
	put_memory(triage, file);
	for (unsigned i = 0; i < triage->nr_missing; i++) {
		const char *why = triage->missing[i].why;

		fprintf(file, "%-13s%s: ", "missing:", triage->missing[i].part);
		why = why ? why : "out of memory";
		text_print_escaped(file, why, strlen(why), 0);
		fputc('\n', file);
	}
}
