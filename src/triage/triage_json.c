/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A triage as one JSON object. Addresses and masks are text: JSON's numbers end at
 * 2^53. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/text.h"
#include "triage.h"

static void put_text(FILE *file, const char *key, const char *text, size_t len)
{
	fprintf(file, ",\n  \"%s\": ", key);
	if (text)
		text_print_json(file, text, len);
	else
		fputs("null", file);
}

static void put_string(FILE *file, const char *key, const char *text)
{
	put_text(file, key, text, text ? strlen(text) : 0);
}

static void put_line(FILE *file, const char *key, const struct crash_line *line)
{
	put_text(file, key, line->len ? line->text : NULL, line->len);
}

static void put_number(FILE *file, const char *key, bool known, uint64_t n)
{
	if (known)
		fprintf(file, ",\n  \"%s\": %" PRIu64, key, n);
	else
		fprintf(file, ",\n  \"%s\": null", key);
}

static const char *source_name(enum triage_source source)
{
	return source == SOURCE_MEMORY ? "memory" :
	       source == SOURCE_LOG ? "log" : NULL;
}

static void put_signature(const struct triage *triage, FILE *file)
{
	const struct signature *signature = &triage->signature;

	fputs(",\n  \"signature\": ", file);
	if (!triage->line) {
		fputs("null", file);
		return;
	}
	fprintf(file, "{\"version\": %u, \"hash\": \"%s\", \"kind\": ",
		SIGNATURE_VERSION, signature->hash);
	text_print_json(file, signature->kind, strlen(signature->kind));
	fputs(", \"functions\": [", file);
	for (unsigned i = 0; i < signature->nr_functions; i++) {
		fputs(i ? ", " : "", file);
		text_print_json(file, signature->functions[i],
				strlen(signature->functions[i]));
	}
	fputs("]}", file);
}

static void put_task(const struct triage *triage, FILE *file)
{
	const struct crash_task *task = &triage->task;

	fputs(",\n  \"task\": ", file);
	if (!triage->task_known) {
		fputs("null", file);
		return;
	}
	fprintf(file, task->cpu < 0 ? "{\"cpu\": null" : "{\"cpu\": %" PRId64,
		task->cpu);
	fprintf(file, task->pid < 0 ? ", \"pid\": null" : ", \"pid\": %" PRId64,
		task->pid);
	fputs(", \"comm\": ", file);
	if (task->comm_len)
		text_print_json(file, task->comm, task->comm_len);
	else
		fputs("null", file);
	fputc('}', file);
}

static void put_trace(const struct triage *triage, FILE *file)
{
	const struct crash_trace *trace = triage->trace;

	fputs(",\n  \"trace\": [", file);
	for (unsigned i = 0; trace && i < trace->nr_lines; i++) {
		fputs(i ? ",\n    " : "\n    ", file);
		text_print_json(file, trace->lines[i].text,
				trace->lines[i].len);
	}
	fputs("],\n  \"frames\": [", file);
	for (size_t i = 0; i < triage->nr_frames; i++) {
		const struct crash_frame *frame = &triage->frames[i];

		fprintf(file, "%s\n    {\"function\": ", i ? "," : "");
		text_print_json(file, frame->function,
				strlen(frame->function));
		if (frame->size)
			fprintf(file, ", \"offset\": %" PRIu64 ", \"size\": %" PRIu64,
				frame->offset, frame->size);
		else
			fputs(", \"offset\": null, \"size\": null", file);
		fputs(", \"module\": ", file);
		if (frame->module[0])
			text_print_json(file, frame->module,
					strlen(frame->module));
		else
			fputs("null", file);
		fprintf(file, ", \"questionable\": %s}",
			frame->questionable ? "true" : "false");
	}
	fputc(']', file);
}

static void put_registers(const struct triage *triage, FILE *file)
{
	char symbol[KALLSYMS_NAME_LEN + 40];

	put_number(file, "cpus", true, triage->cpus.nr_notes);
	fputs(",\n  \"registers\": [", file);
	for (unsigned i = 0; i < triage->cpus.nr; i++) {
		const struct registers *cpu = &triage->cpus.cpus[i];
		const char *at = triage->places ?
			triage_symbol(&triage->places[i], symbol) : NULL;

		fputs(i ? ",\n    " : "\n    ", file);
		if (!cpu->of) {
			fputs("null", file);
			continue;
		}
		fprintf(file, "{\"pid\": %" PRId32 ", \"symbol\": ", cpu->pid);
		if (at)
			text_print_json(file, at, strlen(at));
		else
			fputs("null", file);
		for (unsigned k = 0; k < cpu->of->nr; k++)
			if (i < TRIAGE_ALL_REGISTERS || k == cpu->of->pc ||
			    k == cpu->of->sp)
				fprintf(file, ", \"%s\": \"0x%" PRIx64 "\"",
					cpu->of->names[k], cpu->value[k]);
		fputc('}', file);
	}
	fputc(']', file);
}

static void put_modules(const struct triage *triage, FILE *file)
{
	put_string(file, "modules_source", source_name(triage->modules_source));
	fputs(",\n  \"modules\": [", file);
	for (size_t i = 0; i < triage->modules.nr; i++) {
		const struct module *module = &triage->modules.modules[i];

		fputs(i ? ", {\"name\": " : "{\"name\": ", file);
		text_print_json(file, module->name, strlen(module->name));
		fputs(", \"flags\": ", file);
		text_print_json(file, module->flags, strlen(module->flags));
		fputc('}', file);
	}
	fputc(']', file);
}

static void put_taint(const struct triage *triage, FILE *file)
{
	char letters[32];

	put_string(file, "taint_source", source_name(triage->taint_source));
	if (!triage->taint_source) {
		fputs(",\n  \"taint\": null,\n  \"taint_flags\": null", file);
		return;
	}
	taint_letters(triage->taint, letters);
	put_number(file, "taint", true, triage->taint);
	put_string(file, "taint_flags", letters);
}

/* All kinds, those that did not happen too. */
static void put_hardware(const struct triage *triage, FILE *file)
{
	const struct hardware_errors *all = &triage->hardware;

	fputs(",\n  \"hardware_errors\": ", file);
	if (!all->known) {
		fputs("null", file);
		return;
	}
	for (unsigned i = 0; i < all->nr; i++) {
		const struct hardware_error *one = &all->kinds[i];
		const char *name = hardware_kind_name(i);

		fputs(i ? ", {\"kind\": " : "[{\"kind\": ", file);
		if (name)
			text_print_json(file, name, strlen(name));
		else
			fputs("null", file);
		fprintf(file, ", \"count\": %" PRIu32 ", \"last\": ",
			one->count);
		if (one->count)
			fprintf(file, "%" PRIu64 "}", one->last);
		else
			fputs("null}", file);
	}
	fputs(all->nr ? "]" : "[]", file);
}

static void put_memory(const struct triage *triage, FILE *file)
{
	uint64_t page_size = 1ull << (triage->kernel ?
		triage->kernel->space.target.page_shift :
		triage->image->target.page_shift);

	put_number(file, "memory", true, triage->memory);
	put_number(file, "nr_ranges", true, triage->nr_ranges);
	put_number(file, "page_size", true, page_size);
	put_number(file, "free_pages", triage->free_known, triage->free_pages);
	fputs(",\n  \"crash_kernel\": [", file);
	for (size_t i = 0; i < triage->nr_reservations; i++)
		fprintf(file, "%s[%" PRIu64 ", %" PRIu64 "]", i ? ", " : "",
			triage->reservations[i].paddr,
			triage->reservations[i].end);
	fputc(']', file);
}

static void put_vmcoreinfo(const struct triage *triage, FILE *file)
{
	const struct vmcoreinfo *v = triage->kernel ?
				     triage->kernel->vmcoreinfo : NULL;
	AUTO_FREE char *text = NULL;
	struct error *err = NULL;
	size_t len = 0;

	if (v)
		err = vmcoreinfo_text(v, &text, &len);
	put_text(file, "vmcoreinfo", err ? NULL : text, len);
	error_destroy(err);
}

static void put_missing(const struct triage *triage, FILE *file)
{
	fputs(",\n  \"missing\": [", file);
	for (unsigned i = 0; i < triage->nr_missing; i++) {
		const char *why = triage->missing[i].why;

		fprintf(file, "%s\n    {\"part\": \"%s\", \"why\": ",
			i ? "," : "", triage->missing[i].part);
		why = why ? why : "out of memory";
		text_print_json(file, why, strlen(why));
		fputc('}', file);
	}
	fputs("]\n}\n", file);
}

void triage_print_json(const struct triage *triage, FILE *file)
{
	const struct image *image = triage->image;
	const struct vmcoreinfo *v = triage->kernel ?
				     triage->kernel->vmcoreinfo : NULL;
	struct log_text *log = (struct log_text *)&triage->log;

	fprintf(file, "{\n  \"triage\": %u,\n  \"capdump\": \"%s\"",
		TRIAGE_VERSION, CAPDUMP_VERSION);
	put_string(file, "file", image->path);
	put_string(file, "kind", image->ops->name);
	put_string(file, "release", triage->release);
	put_string(file, "version", triage->version);
	put_string(file, "machine", triage->machine);
	put_string(file, "node", triage->node);
	put_string(file, "build_id",
		   v ? vmcoreinfo_get(v, "BUILD-ID") : NULL);
	put_number(file, "crash_time", triage->crash_time,
		   triage->crash_time);
	put_number(file, "uptime", triage->crash.nr_records,
		   triage->uptime / 1000000000);
	put_signature(triage, file);
	put_line(file, "panic", &triage->crash.panic);
	put_line(file, "cause", &triage->crash.cause);
	put_task(triage, file);
	put_trace(triage, file);
	put_registers(triage, file);
	put_modules(triage, file);
	put_taint(triage, file);
	put_hardware(triage, file);
	put_memory(triage, file);
	put_number(file, "log_records", triage->log_known,
		   triage->crash.nr_records);
	put_number(file, "log_left_out", triage->log_known,
		   log_text_left_out(log));
	put_vmcoreinfo(triage, file);
	put_missing(triage, file);
}
