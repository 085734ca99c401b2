/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened, for people and as JSON: see capture.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/text.h"
#include "../sink/output.h"
#include "capture.h"
#include "plan.h"

static const char *const rank_names[NR_RANKS] = {
	"first", "slab", "kernel", "user", "memmap",
};

static const char *const status_names[] = {
	[CAPTURE_COMPLETE] = "complete",
	[CAPTURE_CUT_SHORT] = "incomplete",
	[CAPTURE_FAILED] = "failed",
};

/* Ranges of unreadable pages that the log names, and how long one may be */
#define PLACES_MAX	4
#define PLACE_LEN	48

void capture_report_deinit(struct capture_report *report)
{
	for (unsigned i = 0; i < report->nr_targets; i++) {
		free(report->targets[i].name);
		free(report->targets[i].why);
		free(report->targets[i].sent.parts);
	}
	report->nr_targets = 0;
	free(report->cut_short);
	report->cut_short = NULL;
}

bool capture_has_several(const struct capture_report *report)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < report->nr_targets; i++)
		nr += report->targets[i].used;
	return nr > 1;
}

static void print_classes(const struct capture_report *r, struct log *log)
{
	char line[DEVICE_LINE_LEN];

	log_print(log, LOG_REPORT, "%-24s %12s %12s", "pages", "in memory",
		  "for the dump");
	for (unsigned i = 0; i < NR_CLASSES; i++)
		if (r->present[i])
			log_print(log, LOG_REPORT, "%-24s %12" PRIu64
				  " %12" PRIu64, class_name(i), r->present[i],
				  r->kept[i]);
	if (r->nr_forced)
		log_print(log, LOG_REPORT, "%-24s %12s %12" PRIu64,
			  "kept all the same", "", r->nr_forced);
	log_print(log, LOG_REPORT, "%-24s %12" PRIu64 " %12" PRIu64, "all",
		  r->nr_present, r->nr_kept);
	log_print(log, LOG_REPORT,
		  "written: %" PRIu64 " zero, %" PRIu64 " filled, %" PRIu64
		  " packed, %" PRIu64 " raw, %" PRIu64 " unreadable",
		  r->totals.nr_zero, r->totals.nr_filled, r->totals.nr_packed, r->totals.nr_raw,
		  r->totals.nr_unreadable);
	for (unsigned i = 0; i < r->devices.nr_ranges; i++)
		log_print(log, LOG_REPORT, "device memory: %s",
			  device_range_text(&r->devices.ranges[i],
					    r->page_size, line));
	if (r->free_known)
		log_print(log, LOG_REPORT, "free pages: %" PRIu64
			  " found, the kernel counts %" PRIu64, r->free_found,
			  r->free_kernel);
}

void report_sent(struct capture_target *target,
		 const struct progress_sent *sent)
{
	size_t len = sent->nr_parts * sizeof(*sent->parts);

	free(target->sent.parts);
	target->sent = *sent;
	target->sent.parts = sent->parts ? malloc(len) : NULL;
	if (target->sent.parts)
		memcpy(target->sent.parts, sent->parts, len);
}

void report_unreadable(const struct capture_report *report, struct log *log)
{
	uint64_t all = report->totals.nr_unreadable, i, n;
	uint64_t nr = min_u64(all, CAPTURE_MAX_LISTED);
	const uint64_t *pfns = report->unreadable;
	char places[PLACES_MAX * PLACE_LEN] = "";
	unsigned nr_places = 0;
	size_t len = 0;

	for (i = 0; i < nr && nr_places < PLACES_MAX; i += n) {
		for (n = 1; i + n < nr && pfns[i + n] == pfns[i] + n; n++)
			;
		len += (size_t)snprintf(places + len, sizeof(places) - len,
					"%s%#" PRIx64 "-%#" PRIx64,
					nr_places++ ? ", " : "",
					pfns[i] * report->page_size,
					(pfns[i] + n) * report->page_size - 1);
	}
	if (all)
		log_warn(log, "%" PRIu64 " pages could not be read and are marked as such, at physical addresses %s%s",
			 all, places, i < all ? ", ..." : "");
}

/* What became of each target. */
static void print_targets(const struct capture_report *report, struct log *log)
{
	for (unsigned i = 0; i < report->nr_targets; i++) {
		const struct capture_target *target = &report->targets[i];
		bool complete = target->status == CAPTURE_COMPLETE;

		if (!target->used)
			continue;
		log_print(log, complete ? LOG_MESSAGE : LOG_ERROR, "%s: %s%s%s",
			  target->name, complete ? "the dump is complete." :
			  target->status == CAPTURE_CUT_SHORT ?
			  "the dump is valid but incomplete: " : "no dump: ",
			  complete ? "" : target->why ? target->why :
			  "out of memory", complete ? "" : ".");
	}
}

void report_print(const struct capture_report *report,
		  const struct capture_options *options, struct log *log)
{
	const struct capture_target *best = &report->targets[report->best];
	const struct writer_totals *t = &report->totals;
	char in[16], out[16], anon[16], more[40] = "";
	char files[64] = "", largest[16];

	if (options->nr_files)
		snprintf(more, sizeof(more), " and %zu files more",
			 options->nr_files);
	print_classes(report, log);
	if (report->nr_forced && !options->keep_all)
		log_print(log, LOG_MESSAGE,
			  "%" PRIu64 " pages that the level leaves out are kept: they lie in what is known of the kernel's image, or VMCOREINFO names them",
			  report->nr_forced);
	log_print(log, LOG_MESSAGE,
		  "%s%s: level %u, %s: %" PRIu64 " of %" PRIu64 " pages, %s of memory in %s (%.1f %%), %.1f s, %u threads, %s of memory used",
		  options->dry_run ? "dry run" : best->name ? best->name :
		  "flattened",
		  options->dry_run ? "" : more, report->level,
		  report->codec ? report->codec->name : "uncompressed",
		  t->nr_pages, report->nr_present,
		  text_size(report->input_bytes, in), text_size(t->size, out),
		  report->input_bytes ? 100.0 * (double)t->size /
		  (double)report->input_bytes : 0, report->seconds,
		  report->nr_threads, text_size(report->peak_anon, anon));
	if (options->nr_files)
		snprintf(files, sizeof(files), " in %zu files of up to %s",
			 options->nr_files + 1, text_size(t->largest, largest));
	if (options->dry_run)
		log_print(log, LOG_MESSAGE,
			  "Nothing was written. The dump would have %" PRIu64 " pages in %s%s, %s of %s before the first page%s%s.",
			  t->nr_pages, text_size(t->size, out), files,
			  text_size(report->metadata_bytes, in),
			  options->nr_files ? "each" : "that",
			  report->cut_short ? ", and be incomplete: " : "",
			  report->cut_short ? report->cut_short : "");
	else if (capture_has_several(report))
		print_targets(report, log);
	else if (report->status != CAPTURE_COMPLETE)
		log_print(log, LOG_ERROR,
			  "The dump is valid but incomplete: %s.",
			  report->cut_short ? report->cut_short :
			  "out of memory");
	else
		log_print(log, LOG_MESSAGE, "The dump is complete.");
}

static void print_string(FILE *file, const char *key, const char *text)
{
	fprintf(file, "  \"%s\": ", key);
	if (text)
		text_print_json(file, text, strlen(text));
	else
		fputs("null", file);
	fputs(",\n", file);
}

static void print_number(FILE *file, const char *key, uint64_t v)
{
	fprintf(file, "  \"%s\": %" PRIu64 ",\n", key, v);
}

static void print_arrays(FILE *file, const struct capture_report *r)
{
	uint64_t nr = r->totals.nr_unreadable;

	fputs("  \"pages\": {", file);
	for (unsigned i = 0; i < NR_CLASSES; i++)
		fprintf(file, "%s\n    \"%s\": { \"present\": %" PRIu64
			", \"kept\": %" PRIu64 ", \"dropped\": %" PRIu64 " }",
			i ? "," : "", class_key(i), r->present[i], r->kept[i],
			r->present[i] - r->kept[i]);
	fputs("\n  },\n  \"devices\": ", file);
	device_map_print_json(&r->devices, r->page_size, file);
	fputs(",\n  \"left_out\": ", file);
	left_out_map_print_json(&r->left_out, file);
	fputs(",\n  \"ranks\": {", file);
	for (unsigned i = 0; i < NR_RANKS; i++)
		fprintf(file, "%s \"%s\": %" PRIu64, i ? "," : "",
			rank_names[i], r->ranks[i]);
	fputs(" },\n  \"unreadable_pfns\": [", file);
	for (uint64_t i = 0; i < nr && i < CAPTURE_MAX_LISTED; i++)
		fprintf(file, "%s%" PRIu64, i ? ", " : "", r->unreadable[i]);
	fputs("],\n", file);
}

static void print_sent(FILE *file, const struct progress_sent *sent)
{
	print_number(file, "sent_bytes", sent->bytes);
	print_number(file, "retries", sent->retries);
	print_string(file, "sha256", sent->sha256[0] ? sent->sha256 : NULL);
	print_string(file, "location", sent->location[0] ? sent->location :
		     NULL);
	if (!sent->sha256_of_parts[0])
		return;
	print_string(file, "sha256_of_parts", sent->sha256_of_parts);
	fputs("  \"parts\": [", file);
	for (unsigned i = 0; sent->parts && i < sent->nr_parts; i++) {
		fprintf(file, "%s\n    { \"bytes\": %" PRIu64
			", \"sha256\": \"", i ? "," : "",
			sent->parts[i].size);
		for (size_t n = 0; n < sizeof(sent->parts[i].sha256); n++)
			fprintf(file, "%02x", sent->parts[i].sha256[n]);
		fputs("\" }", file);
	}
	fputs("\n  ],\n", file);
}

/* All files of a split dump. */
static void print_files(FILE *file, const struct capture_options *o)
{
	if (!o->nr_files)
		return;
	fputs("  \"files\": [", file);
	for (size_t i = 0; i <= o->nr_files; i++) {
		const char *path = capture_file(o, i);

		fputs(i ? ", " : "", file);
		text_print_json(file, path, strlen(path));
	}
	fputs("],\n", file);
}

static void print_target_array(FILE *file, const struct capture_report *r)
{
	bool first = true;

	fputs("  \"targets\": [", file);
	for (unsigned i = 0; i < r->nr_targets; i++) {
		const struct capture_target *target = &r->targets[i];

		if (!target->used)
			continue;
		fputs(first ? "\n    {\n    " : ", {\n    ", file);
		first = false;
		print_string(file, "output", target->name);
		fputs("    ", file);
		print_string(file, "status", status_names[target->status]);
		fputs("    ", file);
		print_string(file, "reason", target->why);
		if (remote_is_url(target->path))
			print_sent(file, &target->sent);
		fprintf(file, "      \"level\": %u,\n      \"replaced\": %s,\n      \"pages_written\": %" PRIu64 ",\n      \"output_bytes\": %" PRIu64 "\n    }",
			target->level, target->replaced ? "true" : "false",
			target->totals.nr_pages, target->totals.size);
	}
	fputs(" ],\n", file);
}

static void print_fadump(FILE *file, const struct capture_report *r)
{
	if (!r->fadump)
		return;
	fputs("  \"fadump\": { \"area\": ", file);
	if (r->fadump_area < r->fadump_area_end)
		fprintf(file, "[%" PRIu64 ", %" PRIu64 "]", r->fadump_area,
			r->fadump_area_end);
	else
		fputs("null", file);
	fputs(", \"lost\": ", file);
	lost_print_json(&r->lost, file);
	fputs(" },\n", file);
}

void report_print_json(FILE *file, const struct capture_report *r,
		       const struct capture_options *o,
		       const struct log *log, const struct error *err)
{
	const struct writer_totals *t = &r->totals;

	fputs("{\n", file);
	print_string(file, "program", "capdump " CAPDUMP_VERSION);
	print_string(file, "input", o->input);
	print_string(file, "output", r->targets[0].name);
	print_files(file, o);
	print_string(file, "status", status_names[err ? CAPTURE_FAILED :
						  r->status]);
	print_string(file, "error", err ? error_message(err) : NULL);
	print_string(file, "cut_short", r->cut_short);
	print_string(file, "release", r->release);
	print_number(file, "crash_time", r->crash_time);
	print_number(file, "level", r->level);
	fprintf(file, "  \"first_rank_only\": %s,\n",
		r->first_rank_only ? "true" : "false");
	print_string(file, "format", o->format->name);
	print_string(file, "codec", r->codec ? r->codec->name : NULL);
	print_string(file, "order", o->address_order || o->flatten || !o->output ||
		     !o->format->by_value ? "address" : "value");
	print_number(file, "page_size", r->page_size);
	print_number(file, "pages_present", r->nr_present);
	print_number(file, "pages_kept", r->nr_kept);
	print_number(file, "pages_kept_all_the_same", r->nr_forced);
	print_number(file, "pages_written", t->nr_pages);
	print_number(file, "pages_zero", t->nr_zero);
	print_number(file, "pages_filled", t->nr_filled);
	print_number(file, "pages_same", t->nr_same);
	print_number(file, "pages_raw", t->nr_raw);
	print_number(file, "pages_packed", t->nr_packed);
	print_number(file, "pages_unreadable", t->nr_unreadable);
	print_number(file, "pages_mispacked", t->nr_mispacked);
	print_arrays(file, r);
	fprintf(file, "  \"free_pages\": { \"found\": %" PRIu64
		", \"kernel\": ", r->free_found);
	fprintf(file, r->free_known ? "%" PRIu64 : "null", r->free_kernel);
	fprintf(file, ", \"understood\": %s },\n",
		r->not_understood ? "false" : "true");
	print_fadump(file, r);
	print_number(file, "input_bytes", r->input_bytes);
	print_number(file, "output_bytes", t->size);
	if (o->nr_files)
		print_number(file, "largest_file_bytes", t->largest);
	if (o->nr_also || o->fallback)
		print_target_array(file, r);
	else if (o->remote)
		print_sent(file, &r->targets[0].sent);
	print_number(file, "metadata_bytes", r->metadata_bytes);
	print_number(file, "packed_bytes", t->packed_bytes);
	print_number(file, "checkpoints", t->nr_checkpoints);
	print_number(file, "threads", r->nr_threads);
	fprintf(file, "  \"mapped\": %s,\n", r->mapped ? "true" : "false");
	fprintf(file, "  \"seconds\": { \"scan\": %.3f, \"metadata\": %.3f, \"all\": %.3f },\n",
		r->scan_seconds, r->metadata_seconds, r->seconds);
	print_number(file, "peak_anonymous_bytes", r->peak_anon);
	print_number(file, "peak_resident_bytes", r->peak_resident);
	fputs("  \"warnings\": [", file);
	for (size_t i = 0; i < log->nr_warnings; i++) {
		fputs(i ? ",\n    " : "\n    ", file);
		text_print_json(file, log->warnings[i],
				strlen(log->warnings[i]));
	}
	fputs(log->nr_warnings ? "\n  ]\n}\n" : "]\n}\n", file);
}

struct error *report_write(const struct capture_report *report,
			   const struct capture_options *options,
			   const struct log *log, const struct error *err,
			   const struct output *output)
{
	FILE *file;

	TRY(output_fopen(output, &file));
	report_print_json(file, report, options, log, err);
	return output_fclose(output, file);
}
