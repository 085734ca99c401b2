/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump info's output: text, or one JSON object. */
#include <elf.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "codec/codec.h"
#include "formats/kdump_format.h"
#include "summary.h"

#define CPUS_SHORT 64u	/* of more, only --registers and JSON tell */

const char *summary_time(uint64_t seconds, char *buf)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!seconds || seconds > UINT64_C(253402300799) ||	/* year 9999 */
	    !gmtime_r(&time, &tm) ||
	    !strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(buf, "unknown");
	return buf;
}

/* The header's, or what the pages have where a stream was cut off. */
static const char *codec_name(const struct summary *summary)
{
	uint32_t flags = summary->header->status & KDUMP_STATUS_CODECS;

	if (!flags)
		flags = summary->counts.codecs;
	for (size_t i = 0; codecs[i]; i++)
		if (flags & codecs[i]->flag)
			return codecs[i]->name;
	return "none";
}

static void print_text(FILE *file, const char *title, const char *text)
{
	fprintf(file, "%-13s", title);
	if (text)
		text_print_escaped(file, text, strlen(text), 0);
	else
		fputs("unknown", file);
	fputc('\n', file);
}

static void print_line(FILE *file, const char *title,
		       const struct crash_line *line)
{
	fprintf(file, "%-13s", title);
	text_print_escaped(file, line->text, line->len, 0);
	fputc('\n', file);
}

static void print_ranges(const struct summary *summary, FILE *file)
{
	uint64_t n = summary->nr_ranges;
	char size[16];

	fprintf(file, "%-13s%s in %" PRIu64 " ranges\n", "memory:",
		text_size(summary->memory, size), n);
	for (uint64_t i = 0; i < n && i < SUMMARY_MAX_RANGES; i++)
		fprintf(file, "  %012" PRIx64 "-%012" PRIx64 " %s\n",
			summary->ranges[i].paddr, summary->ranges[i].end - 1,
			text_size(summary->ranges[i].end -
				  summary->ranges[i].paddr, size));
	if (n > SUMMARY_MAX_RANGES)
		fprintf(file, "  ... and %" PRIu64 " more\n",
			n - SUMMARY_MAX_RANGES);
}

/* A vmcore does not say that it is complete. */
static void print_elf(const struct summary *summary, FILE *file)
{
	if (summary->image->incomplete)
		fprintf(file, "%-13sno: its header says that it was not finished\n",
			"complete:");
}

static void print_dump(const struct summary *summary, FILE *file)
{
	const struct kdump_header *h = summary->header;
	const struct kdump_counts *c = &summary->counts;

	fprintf(file, "%-13s%u\n", "dump level:", h->level);
	fprintf(file, "%-13s%s\n", "codec:", codec_name(summary));
	if (h->complete && !c->nr_unreached)
		fprintf(file, "%-13syes\n", "complete:");
	else if (h->complete)
		fprintf(file, "%-13sno: its header says so, but %" PRIu64 " of %" PRIu64 " pages are not in the file\n",
			"complete:", c->nr_unreached, h->nr_kept);
	else if (!c->nr_unreached)
		fprintf(file, "%-13sno: all pages that it names are in it, but not all that it was to have\n",
			"complete:");
	else
		fprintf(file, "%-13sno: %" PRIu64 " of %" PRIu64 " pages were not reached\n",
			"complete:", c->nr_unreached, h->nr_kept);
	if (h->split)
		fprintf(file, "%-13sframes %#" PRIx64 " to %#" PRIx64 " of %#" PRIx64 ", one of several files\n",
			"part:", h->first_pfn + h->start,
			h->first_pfn + h->end, h->first_pfn + h->nr_frames);
	if (h->nr_parts)
		fprintf(file, "%-13s%u files\n", "split:", h->nr_parts);
	if (h->status & KDUMP_STATUS_EXCLUDED_VMEMMAP)
		fprintf(file, "%-13sstruct pages of pages left out are left out too (makedumpfile -e)\n",
			"");
	fprintf(file, "%-13s%" PRIu64 " in memory, %" PRIu64 " in the %s:\n",
		"pages:", h->nr_present, h->nr_kept,
		h->split ? "part" : "dump");
	fprintf(file, "  %12" PRIu64 " compressed\n", c->nr_packed);
	fprintf(file, "  %12" PRIu64 " raw\n", c->nr_raw);
	fprintf(file, "  %12" PRIu64 " zero\n", c->nr_zero);
	if (c->nr_unreadable)
		fprintf(file, "  %12" PRIu64 " could not be read at the crash\n",
			c->nr_unreadable);
	if (c->nr_unreached)
		fprintf(file, "  %12" PRIu64 " not reached\n",
			c->nr_unreached);
}

static void print_classes(const struct summary *summary, FILE *file)
{
	if (!summary->classes_known)
		return;
	fprintf(file, "%s\n", summary->header ? "in memory:" : "pages:");
	for (unsigned i = 0; i < NR_CLASSES; i++)
		if (summary->classes[i])
			fprintf(file, "  %12" PRIu64 " %s\n",
				summary->classes[i],
				class_name((enum page_class)i));
}

static void print_devices(const struct summary *summary, FILE *file)
{
	uint64_t page_size = 1ull << summary->image->target.page_shift;
	char line[DEVICE_LINE_LEN];

	if (summary->devices.nr_ranges)
		fputs("device memory:\n", file);
	for (unsigned i = 0; i < summary->devices.nr_ranges; i++)
		fprintf(file, "  %s\n",
			device_range_text(&summary->devices.ranges[i],
					  page_size, line));
}

static void print_left_out(const struct summary *summary, FILE *file)
{
	const struct left_out_map *map = &summary->left_out;
	char line[LEFT_OUT_LINE_LEN];

	if (map->nr)
		fputs("left out by the kernel:\n", file);
	for (unsigned i = 0; i < map->nr; i++)
		fprintf(file, "  %s\n", left_out_text(&map->holes[i], line));
	if (map->more)
		fputs("  ... and more\n", file);
}

static void print_crash(const struct summary *summary, FILE *file)
{
	const struct crash_log *crash = &summary->crash;
	const struct crash_trace *trace = crash_log_trace(crash);

	if (!summary->log_known)
		return;
	if (crash->panic.len)
		print_line(file, "panic:", &crash->panic);
	else
		fprintf(file, "%-13snone in the log (%" PRIu64 " records)\n",
			"panic:", crash->nr_records);
	if (crash->cause.len)
		print_line(file, "cause:", &crash->cause);
	for (unsigned i = 0; trace && i < trace->nr_lines; i++)
		print_line(file, "", &trace->lines[i]);
}

/* All registers, or where it was; the note's number is not the CPU's where a
 * CPU has left none. */
static void print_cpu(const struct registers *cpu, unsigned n, bool all,
		      FILE *file)
{
	unsigned digits = cpu->of && cpu->of->elf_machine != EM_386 &&
			  cpu->of->elf_machine != EM_ARM ? 16 : 8;
	const char *const *names;

	fprintf(file, "  %3u: ", n);
	if (!cpu->of) {
		fputs("its note is not understood\n", file);
		return;
	}
	names = cpu->of->names;
	if (cpu->pid >= 0)
		fprintf(file, "PID %" PRId32 ", ", cpu->pid);
	fprintf(file, "%s %0*" PRIx64 ", %s %0*" PRIx64,
		names[cpu->of->pc], digits, cpu->value[cpu->of->pc],
		names[cpu->of->sp], digits, cpu->value[cpu->of->sp]);
	for (unsigned i = 0; all && i < cpu->of->nr; i++)
		fprintf(file, "%s%9s %0*" PRIx64, i % 3 ? "" : "\n     ",
			names[i], digits, cpu->value[i]);
	fputc('\n', file);
}

static void print_cpus(const struct summary *summary, bool all, FILE *file)
{
	unsigned n = summary->cpus.nr;

	fprintf(file, "%-13s%u\n", "CPUs:", summary->cpus.nr_notes);
	if (!all && n > CPUS_SHORT)
		n = CPUS_SHORT;
	for (unsigned i = 0; i < n; i++)
		print_cpu(&summary->cpus.cpus[i], i, all, file);
	if (n < summary->cpus.nr_notes)
		fprintf(file, "  ... and %u more%s\n", summary->cpus.nr_notes - n,
			n < summary->cpus.nr ? " (--registers)" : "");
}

void summary_print(const struct summary *summary, bool registers, FILE *file)
{
	const struct image *image = summary->image;
	char time[32], size[16];

	fprintf(file, "%-13s", "file:");
	text_print_escaped(file, image->path, strlen(image->path), 0);
	fprintf(file, ", %s", image->ops->name);
	if (summary->header)
		fprintf(file, " version %u", summary->header->version);
	fprintf(file, "%s, %s%s\n", image->file.flat ? ", flattened" : "",
		text_size(image->file.size, size),
		image->file.cut_off ? ", cut off" : "");
	print_text(file, "kernel:", summary->release);
	print_text(file, "machine:", summary->machine);
	if (summary->node)
		print_text(file, "node:", summary->node);
	fprintf(file, "%-13s%s\n", "crash time:",
		summary_time(summary->crash_time, time));
	print_crash(summary, file);
	print_cpus(summary, registers, file);
	print_ranges(summary, file);
	if (summary->header)
		print_dump(summary, file);
	else
		print_elf(summary, file);
	print_classes(summary, file);
	print_devices(summary, file);
	print_left_out(summary, file);
	if (summary->fadump.known)
		summary_print_fadump(&summary->fadump, &summary->lost, file);
}

static void json_text(FILE *file, const char *key, const char *text)
{
	fprintf(file, ",\n  \"%s\": ", key);
	if (text)
		text_print_json(file, text, strlen(text));
	else
		fputs("null", file);
}

static void json_line(FILE *file, const char *key,
		      const struct crash_line *line)
{
	fprintf(file, ",\n  \"%s\": ", key);
	if (line->len)
		text_print_json(file, line->text, line->len);
	else
		fputs("null", file);
}

static void json_number(FILE *file, const char *key, uint64_t n)
{
	fprintf(file, ",\n  \"%s\": %" PRIu64, key, n);
}

static void json_dump(const struct summary *summary, FILE *file)
{
	const struct kdump_header *h = summary->header;
	const struct kdump_counts *c = &summary->counts;

	json_number(file, "header_version", h->version);
	json_number(file, "dump_level", h->level);
	if (h->split)
		fprintf(file, ",\n  \"part\": [%" PRIu64 ", %" PRIu64 "]",
			h->first_pfn + h->start, h->first_pfn + h->end);
	if (h->nr_parts)
		json_number(file, "parts", h->nr_parts);
	json_text(file, "codec", codec_name(summary));
	fprintf(file, ",\n  \"complete\": %s", h->complete &&
		!c->nr_unreached ? "true" : "false");
	json_number(file, "pages_present", h->nr_present);
	json_number(file, "pages_kept", h->nr_kept);
	json_number(file, "pages_compressed", c->nr_packed);
	json_number(file, "pages_raw", c->nr_raw);
	json_number(file, "pages_zero", c->nr_zero);
	json_number(file, "pages_unreadable", c->nr_unreadable);
	json_number(file, "pages_not_reached", c->nr_unreached);
}

static void json_classes(const struct summary *summary, FILE *file)
{
	fputs(",\n  \"pages\": {", file);
	for (unsigned i = 0; i < NR_CLASSES; i++)
		fprintf(file, "%s\"%s\": %" PRIu64, i ? ", " : "",
			class_key((enum page_class)i), summary->classes[i]);
	fputc('}', file);
}

static void json_ranges(const struct summary *summary, FILE *file)
{
	fputs(",\n  \"ranges\": [", file);
	for (uint64_t i = 0; i < summary->nr_ranges &&
			     i < SUMMARY_MAX_RANGES; i++)
		fprintf(file, "%s[%" PRIu64 ", %" PRIu64 "]", i ? ", " : "",
			summary->ranges[i].paddr, summary->ranges[i].end);
	fputc(']', file);
	json_number(file, "nr_ranges", summary->nr_ranges);
}

/* Values as text: JSON's numbers end at 2^53. */
static void json_cpus(const struct summary *summary, FILE *file)
{
	fputs(",\n  \"registers\": [", file);
	for (unsigned i = 0; i < summary->cpus.nr; i++) {
		const struct registers *cpu = &summary->cpus.cpus[i];

		fputs(i ? ",\n    " : "\n    ", file);
		if (!cpu->of) {
			fputs("null", file);
			continue;
		}
		fprintf(file, "{\"pid\": %" PRId32, cpu->pid);
		for (unsigned k = 0; k < cpu->of->nr; k++)
			fprintf(file, ", \"%s\": \"0x%" PRIx64 "\"",
				cpu->of->names[k], cpu->value[k]);
		fputc('}', file);
	}
	fputc(']', file);
}

static void json_crash(const struct summary *summary, FILE *file)
{
	const struct crash_trace *trace = crash_log_trace(&summary->crash);

	json_line(file, "panic", &summary->crash.panic);
	json_line(file, "cause", &summary->crash.cause);
	fputs(",\n  \"trace\": [", file);
	for (unsigned i = 0; trace && i < trace->nr_lines; i++) {
		fputs(i ? ", " : "", file);
		text_print_json(file, trace->lines[i].text,
				trace->lines[i].len);
	}
	fputc(']', file);
}

void summary_print_json(const struct summary *summary, FILE *file)
{
	const struct image *image = summary->image;
	char time[32];

	fputs("{\n  \"file\": ", file);
	text_print_json(file, image->path, strlen(image->path));
	json_text(file, "kind", image->ops->name);
	json_number(file, "size", image->file.size);
	if (image->file.flat)
		fprintf(file, ",\n  \"flattened\": true,\n  \"cut_off\": %s",
			image->file.cut_off ? "true" : "false");
	json_text(file, "release", summary->release);
	json_text(file, "machine", summary->machine);
	json_text(file, "node", summary->node);
	json_text(file, "crash_time", summary->crash_time ?
		  summary_time(summary->crash_time, time) : NULL);
	json_number(file, "cpus", summary->cpus.nr_notes);
	json_cpus(summary, file);
	json_number(file, "memory", summary->memory);
	json_ranges(summary, file);
	if (summary->log_known)
		json_crash(summary, file);
	if (summary->header)
		json_dump(summary, file);
	else
		fprintf(file, ",\n  \"complete\": %s", image->incomplete ||
			image->file.cut_off ? "false" : "null");
	if (summary->classes_known)
		json_classes(summary, file);
	fputs(",\n  \"devices\": ", file);
	device_map_print_json(&summary->devices,
			      1ull << image->target.page_shift, file);
	fputs(",\n  \"left_out\": ", file);
	left_out_map_print_json(&summary->left_out, file);
	if (summary->fadump.known) {
		fputs(",\n  ", file);
		summary_json_fadump(&summary->fadump, &summary->lost, file);
	}
	fputs("\n}\n", file);
}
