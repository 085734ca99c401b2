/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What capdump info tells of a firmware-assisted dump: of a vmcore, a dump, or
 * a device tree alone. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "filter/filter.h"
#include "summary.h"

/* An address range, with its size. */
static void print_range(FILE *file, uint64_t paddr, uint64_t len)
{
	char size[16];

	fprintf(file, "%012" PRIx64 "-%012" PRIx64 " %s", paddr,
		paddr + len - 1, text_size(len, size));
}

static void print_section(const struct fadump_section *s, unsigned i,
			  FILE *file)
{
	fprintf(file, "  %3u: %s", i, fadump_type_name(s->type));
	if (!s->asked) {
		fputs(", none\n", file);
		return;
	}
	if (s->type == FADUMP_BOOT_MEMORY) {
		fputc(' ', file);
		print_range(file, s->source, s->asked);
	} else {
		fprintf(file, ", %" PRIu64 " bytes", s->asked);
	}
	if (!s->dumped && !fadump_section_good(s)) {
		fputs(", not copied\n", file);
		return;
	}
	fprintf(file, ", now at %012" PRIx64, s->destination);
	if (fadump_section_good(s))
		fputs(", whole\n", file);
	else
		fprintf(file, ", %" PRIu64 " bytes of it, error flags 0x%04x\n",
			s->dumped, s->error_flags);
}

static void print_table(const struct fadump_table *table, FILE *file)
{
	fprintf(file, "  firmware: version %u, status %#06x%s%s%s\n",
		table->version, table->status,
		table->status & FADUMP_PERFORMED ? ", performed" : "",
		table->status & FADUMP_TRIGGERED ?
		", triggered by the boot before" : "",
		table->status & FADUMP_ERROR ? ", aborted" : "");
	for (unsigned i = 0; i < table->nr; i++)
		print_section(&table->sections[i], i, file);
}

static void print_header(const struct fadump *f, FILE *file)
{
	const struct fadump_header *h = &f->header;

	fprintf(file, "  crash header at %012" PRIx64 ", version %u, ",
		f->header_paddr, h->version);
	if (h->crashing_cpu == FADUMP_NO_CPU)
		fputs("no CPU crashed: the firmware ended the kernel\n", file);
	else
		fprintf(file, "crashing CPU %" PRIu32 "\n", h->crashing_cpu);
}

static void print_loads(const struct fadump *f, FILE *file)
{
	for (unsigned i = 0; i < f->nr_loads; i++) {
		fputs("  OPAL loaded itself to ", file);
		print_range(file, f->loads[i].paddr,
			    f->loads[i].end - f->loads[i].paddr);
		fputs(", copied before\n", file);
	}
}

static void print_lost(const struct lost *lost, FILE *file)
{
	const char *between = "  lost to fadump: ";

	if (!lost->nr) {
		fputs("  lost to fadump: nothing\n", file);
		return;
	}
	for (unsigned i = 0; i < NR_CLASSES; i++) {
		if (!lost_class(i) || !lost->pages[i])
			continue;
		fprintf(file, "%s%" PRIu64 " %s", between, lost->pages[i],
			class_name(i));
		between = ", ";
	}
	fputc('\n', file);
}

static void print_problem(void *arg, const char *text)
{
	fprintf(arg, "  warning: %s\n", text);
}

/* The tree stays as it is when the dump is released (Linux: the flattened tree
 * is not edited), so that it alone does not tell whether one waits. */
static const char *state(const struct fadump *f, const struct lost *lost)
{
	if (!f->known)
		return "none";
	if (f->live)
		return "this machine's, not released";
	if (!lost)
		return f->opal ? "OPAL's, released or not" : "released or not";
	return "yes";
}

void summary_print_fadump(const struct fadump *f, const struct lost *lost,
			  FILE *file)
{
	fprintf(file, "%-13s%s\n", "fadump:", state(f, lost));
	if (!f->known)
		return;
	if (f->has_header)
		print_header(f, file);
	if (f->area < f->area_end) {
		fputs("  area of the copies ", file);
		print_range(file, f->area, f->area_end - f->area);
		fputs(": its own contents were not preserved\n", file);
	}
	if (f->has_table)
		print_table(&f->table, file);
	print_loads(f, file);
	fadump_check(f, print_problem, file);
	if (lost && lost->known)
		print_lost(lost, file);
}

static void json_section(const struct fadump_section *s, FILE *file)
{
	fprintf(file, "{\"type\": %u, \"name\": \"%s\", \"request\": %" PRIu32
		", \"error_flags\": %u, \"source\": %" PRIu64
		", \"asked\": %" PRIu64 ", \"dumped\": %" PRIu64
		", \"destination\": %" PRIu64 ", \"whole\": %s}", s->type,
		fadump_type_name(s->type), s->request, s->error_flags,
		s->source, s->asked, s->dumped, s->destination,
		fadump_section_good(s) ? "true" : "false");
}

static void json_header(const struct fadump *f, FILE *file)
{
	const struct fadump_header *h = &f->header;

	fputs(",\n    \"crash_header\": ", file);
	if (!f->has_header) {
		fputs("null", file);
		return;
	}
	fprintf(file, "{\"paddr\": %" PRIu64 ", \"version\": %u, \"crashing_cpu\": ",
		f->header_paddr, h->version);
	if (h->crashing_cpu == FADUMP_NO_CPU)
		fputs("null}", file);
	else
		fprintf(file, "%" PRIu32 "}", h->crashing_cpu);
}

static void json_table(const struct fadump *f, FILE *file)
{
	fputs(",\n    \"firmware\": ", file);
	if (!f->has_table) {
		fputs("null", file);
		return;
	}
	fprintf(file, "{\"version\": %u, \"status\": %u, \"sections\": [",
		f->table.version, f->table.status);
	for (unsigned i = 0; i < f->table.nr; i++) {
		fputs(i ? ",\n      " : "\n      ", file);
		json_section(&f->table.sections[i], file);
	}
	fputs("]}", file);
}

static void json_loads(const struct fadump *f, FILE *file)
{
	fputs(",\n    \"opal_loads\": [", file);
	for (unsigned i = 0; i < f->nr_loads; i++)
		fprintf(file, "%s[%" PRIu64 ", %" PRIu64 "]", i ? ", " : "",
			f->loads[i].paddr, f->loads[i].end);
	fputc(']', file);
}

static void json_lost(const struct lost *lost, FILE *file)
{
	const char *comma = "";

	if (!lost || !lost->known) {
		fputs(",\n    \"lost\": null", file);
		return;
	}
	fputs(",\n    \"lost\": {", file);
	for (unsigned i = 0; i < NR_CLASSES; i++) {
		if (!lost_class(i))
			continue;
		fprintf(file, "%s\"%s\": %" PRIu64, comma, class_key(i),
			lost->pages[i]);
		comma = ", ";
	}
	fputc('}', file);
}

struct problems {
	FILE *file;
	unsigned nr;
};

static void json_problem(void *arg, const char *text)
{
	struct problems *problems = arg;

	fputs(problems->nr++ ? ",\n      " : "\n      ", problems->file);
	text_print_json(problems->file, text, strlen(text));
}

void summary_json_fadump(const struct fadump *f, const struct lost *lost,
			 FILE *file)
{
	struct problems problems = { .file = file };

	fputs("\"fadump\": ", file);
	if (!f->known) {
		fputs("null", file);
		return;
	}
	fprintf(file, "{\n    \"live\": %s,\n    \"opal\": %s",
		f->live ? "true" : "false", f->opal ? "true" : "false");
	fputs(",\n    \"area\": ", file);
	if (f->area < f->area_end)
		fprintf(file, "[%" PRIu64 ", %" PRIu64 "]", f->area,
			f->area_end);
	else
		fputs("null", file);
	json_header(f, file);
	json_table(f, file);
	json_loads(f, file);
	fputs(",\n    \"problems\": [", file);
	fadump_check(f, json_problem, &problems);
	fputc(']', file);
	json_lost(lost, file);
	fputs("\n  }", file);
}
