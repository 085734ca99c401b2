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
	if (fadump_section_good(s)) {
		fputs(", whole\n", file);
		return;
	}
	fprintf(file, ", %" PRIu64 " bytes of it, error flags 0x%04x\n",
		s->dumped, s->error_flags);
	if (s->type != FADUMP_BOOT_MEMORY || s->dumped >= s->asked)
		return;
	fputs("       not preserved ", file);
	print_range(file, s->source + s->dumped, s->asked - s->dumped);
	fputc('\n', file);
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

/* MEMORY: there is an image, which may have it. */
static void print_header(const struct fadump *f, bool memory, FILE *file)
{
	const struct fadump_header *h = &f->header;

	fprintf(file, "  crash header at %012" PRIx64, f->header_paddr);
	if (!f->has_header) {
		fputs(memory ? ", which is not in the image\n" : "\n", file);
		return;
	}
	fprintf(file, ", version %u, ", h->version);
	if (h->crashing_cpu == FADUMP_NO_CPU)
		fputs("no CPU crashed: the firmware ended the kernel\n", file);
	else
		fprintf(file, "crashing CPU %" PRIu32 "\n", h->crashing_cpu);
	if (!h->version)
		fprintf(file, "    ELF header at %012" PRIx64 "\n",
			h->elfcorehdr);
	else
		fprintf(file, "    VMCOREINFO at %012" PRIx64 ", %" PRIu64
			" bytes; registers %" PRIu32 " bytes, CPU mask %"
			PRIu32 " bytes\n", h->vmcoreinfo, h->vmcoreinfo_len,
			h->regs_len, h->mask_len);
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
	if (f->released)
		return "this machine's, released";
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
	if (f->header_paddr)
		print_header(f, lost, file);
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

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void json_section(const struct fadump_section *s, FILE *file)
{
	fprintf(file, "{\"type\": %u, \"name\": \"%s\", \"request\": %" PRIu32
		", \"error_flags\": %u, \"source\": %" PRIu64
		", \"asked\": %" PRIu64 ", \"dumped\": %" PRIu64
		", \"destination\": %" PRIu64 ", \"whole\": %s}", s->type,
		fadump_type_name(s->type), s->request, s->error_flags,
		s->source, s->asked, s->dumped, s->destination,
		truth(fadump_section_good(s)));
}

static void json_header(const struct fadump *f, FILE *file)
{
	const struct fadump_header *h = &f->header;

	fputs(",\n    \"crash_header\": ", file);
	if (!f->header_paddr) {
		fputs("null", file);
		return;
	}
	fprintf(file, "{\"paddr\": %" PRIu64, f->header_paddr);
	if (!f->has_header) {
		fputs(", \"version\": null}", file);
		return;
	}
	fprintf(file, ", \"version\": %u, \"crashing_cpu\": ", h->version);
	if (h->crashing_cpu == FADUMP_NO_CPU)
		fputs("null", file);
	else
		fprintf(file, "%" PRIu32, h->crashing_cpu);
	if (!h->version)
		fprintf(file, ", \"elfcorehdr\": %" PRIu64 "}",
			h->elfcorehdr);
	else
		fprintf(file, ", \"vmcoreinfo\": %" PRIu64
			", \"vmcoreinfo_bytes\": %" PRIu64
			", \"registers_bytes\": %" PRIu32
			", \"cpu_mask_bytes\": %" PRIu32 "}", h->vmcoreinfo,
			h->vmcoreinfo_len, h->regs_len, h->mask_len);
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
	fprintf(file, "{\n    \"live\": %s,\n    \"released\": %s,\n    \"opal\": %s,\n    \"area\": ",
		truth(f->live), f->live || f->released ? truth(f->released) :
		"null", truth(f->opal));
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
	fputs(",\n    \"lost\": ", file);
	lost_print_json(lost, file);
	fputs("\n  }", file);
}
