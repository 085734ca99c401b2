/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump estimate: how large a dump would be, and what making it takes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/stop.h"
#include "base/text.h"
#include "capture/estimate.h"
#include "capture/memory.h"
#include "command.h"
#include "estimate_need.h"
#include "sink/speed.h"
#include "sink/targets.h"

#define SAMPLES 4000	/* of each kind of page: within 2 % or so */

/* What is shown if no -d chooses others. */
static const unsigned default_levels[] = { 1, 17, 25, 31 };

struct answer {
	const struct options *options;
	const struct input *input;
	const struct estimate *estimate;
	struct estimate_need need;
	/* what the targets are on, and how fast that is */
	struct target_fs fs[CAPTURE_MAX_FILES];
	double bytes_per_second[CAPTURE_MAX_FILES];
	size_t nr_fs;
	bool timed;			/* all were measured */
	unsigned levels[LEVEL_MAX + 1], nr_levels;
};

static uint64_t size_of_all(const struct answer *a, unsigned level,
			    unsigned codec)
{
	return estimate_size(a->estimate, level, codec, a->options->nr_files);
}

/* Files have the same number of pages: about as many bytes. */
static uint64_t size_of_each(const struct answer *a, unsigned level,
			     unsigned codec)
{
	unsigned nr = a->options->nr_files;

	return (size_of_all(a, level, codec) + nr - 1) / nr;
}

/* Reading, packing and writing go on side by side, and file systems at the same
 * time; the scan comes first. */
static double seconds(const struct answer *a, unsigned level, unsigned codec)
{
	const struct estimate *e = a->estimate;
	double scan = e->scan_seconds;
	double pack = (estimate_seconds(e, level, codec) - scan) /
		      a->options->nr_cpus;
	double longest = pack;

	for (size_t i = 0; i < a->nr_fs; i++) {
		double write = (double)size_of_each(a, level, codec) *
			       a->fs[i].nr_files / a->bytes_per_second[i];

		longest = write > longest ? write : longest;
	}
	return scan + longest;
}

static uint64_t wanted(const struct answer *a)
{
	return memory_wanted(a->input->kernel->end_pfn, a->options->nr_cpus,
			     a->options->nr_files);
}

static void print_heads(const struct answer *a, FILE *file, const char *title)
{
	fprintf(file, "\n%-12s %10s", title, "pages");
	for (unsigned i = 0; i < a->estimate->nr_codecs; i++) {
		const char *option = a->estimate->codecs[i].option;

		fprintf(file, " %11s", *option ? option : "raw");
	}
	fputc('\n', file);
}

enum table { TABLE_SIZE, TABLE_EACH, TABLE_TIME };

static void print_row(const struct answer *a, FILE *file, unsigned level,
		      enum table table)
{
	const struct estimate *e = a->estimate;
	char size[16];

	fprintf(file, "-d %-9u %10" PRIu64, level, estimate_pages(e, level));
	for (unsigned i = 0; i < e->nr_codecs; i++)
		if (table == TABLE_TIME)
			fprintf(file, " %9.1f s", seconds(a, level, i));
		else
			fprintf(file, " %11s", text_size(
				table == TABLE_EACH ?
				size_of_each(a, level, i) :
				size_of_all(a, level, i), size));
	fputc('\n', file);
}

static void print_table(const struct answer *a, FILE *file, enum table table)
{
	static const char *const titles[] = {
		[TABLE_SIZE] = "size", [TABLE_EACH] = "of each file",
		[TABLE_TIME] = "time",
	};

	print_heads(a, file, titles[table]);
	for (unsigned i = 0; i < a->nr_levels; i++)
		print_row(a, file, a->levels[i], table);
}

/* The file systems, and what goes to each if there are several files. */
static void print_targets(const struct answer *a, FILE *file)
{
	char size[2][16];

	for (size_t i = 0; i < a->nr_fs; i++) {
		const struct target_fs *fs = &a->fs[i];

		fputs(i ? "; " : "", file);
		text_print_escaped(file, fs->path, strlen(fs->path), 0);
		if (a->options->nr_files > 1)
			fprintf(file, " (%u of the files)", fs->nr_files);
		fprintf(file, ", which takes %s/s and has %s free",
			text_size((uint64_t)a->bytes_per_second[i], size[0]),
			text_size(fs->room, size[1]));
	}
}

static void print_text(const struct answer *a, FILE *file)
{
	const struct options *o = a->options;
	const struct estimate *e = a->estimate;
	const char *path = a->input->image->path;
	char size[2][16], files[32] = "";

	text_print_escaped(file, path, strlen(path), 0);
	fprintf(file, ": %s of memory, %" PRIu64 " pages of %u bytes\n",
		text_size(e->nr_present * e->page_size, size[0]),
		e->nr_present, e->page_size);
	print_table(a, file, TABLE_SIZE);
	if (o->nr_files > 1)
		print_table(a, file, TABLE_EACH);
	if (a->timed) {
		print_table(a, file, TABLE_TIME);
		fprintf(file, "\nTimes are for this machine's CPUs (%u of them) and for ",
			o->nr_cpus);
		print_targets(a, file);
		fputs(".\n", file);
	}
	if (o->nr_files > 1)
		snprintf(files, sizeof(files), " and %u files", o->nr_files);
	fprintf(file, "\ncapdump wants %s of free memory for it with %u CPU%s%s, and can do with less.\n",
		text_size(wanted(a), size[0]), o->nr_cpus,
		o->nr_cpus == 1 ? "" : "s", files);
	estimate_need_print(&a->need, file);
}

static void json_codecs(const struct answer *a, FILE *file, unsigned level,
			enum table table)
{
	static const char *const keys[] = {
		[TABLE_SIZE] = "sizes", [TABLE_EACH] = "file_sizes",
		[TABLE_TIME] = "seconds",
	};
	const struct estimate *e = a->estimate;

	fprintf(file, ", \"%s\": {", keys[table]);
	for (unsigned i = 0; i < e->nr_codecs; i++) {
		const struct estimate_codec *codec = &e->codecs[i];

		fprintf(file, "%s\"%s%s\": ", i ? ", " : "",
			codec->ops ? codec->ops->name : "none",
			codec->level == CODEC_LEVEL_FAST ? "_fast" : "");
		if (table == TABLE_TIME)
			fprintf(file, "%.3f", seconds(a, level, i));
		else
			fprintf(file, "%" PRIu64, table == TABLE_EACH ?
				size_of_each(a, level, i) :
				size_of_all(a, level, i));
	}
	fputc('}', file);
}

/* "target" and the like are of the first one, "targets" of all. */
static void json_targets(const struct answer *a, FILE *file)
{
	const struct target_fs *first = &a->fs[0];

	if (!a->nr_fs)
		return;
	fputs(",\n  \"target\": ", file);
	text_print_json(file, first->path, strlen(first->path));
	fprintf(file, ",\n  \"target_room\": %" PRIu64
		",\n  \"bytes_per_second\": %.0f", first->room,
		a->bytes_per_second[0]);
	fputs(",\n  \"targets\": [", file);
	for (size_t i = 0; i < a->nr_fs; i++) {
		const struct target_fs *fs = &a->fs[i];

		fputs(i ? ",\n    {\"target\": " : "\n    {\"target\": ",
		      file);
		text_print_json(file, fs->path, strlen(fs->path));
		fprintf(file, ", \"files\": %u, \"room\": %" PRIu64
			", \"bytes_per_second\": %.0f}", fs->nr_files,
			fs->room, a->bytes_per_second[i]);
	}
	fputs("\n  ]", file);
}

static void print_json(const struct answer *a, FILE *file)
{
	const struct options *o = a->options;
	const struct estimate *e = a->estimate;
	const char *path = a->input->image->path;

	fputs("{\n  \"file\": ", file);
	text_print_json(file, path, strlen(path));
	fprintf(file, ",\n  \"page_size\": %u,\n  \"pages\": %" PRIu64 ",\n"
		"  \"cpus\": %u,\n  \"files\": %u,\n"
		"  \"memory_wanted\": %" PRIu64, e->page_size, e->nr_present,
		o->nr_cpus, o->nr_files, wanted(a));
	json_targets(a, file);
	estimate_need_print_json(&a->need, file);
	fputs(",\n  \"levels\": [", file);
	for (unsigned i = 0; i < a->nr_levels; i++) {
		unsigned level = a->levels[i];

		fprintf(file, "%s\n    {\"level\": %u, \"pages\": %" PRIu64,
			i ? "," : "", level, estimate_pages(e, level));
		json_codecs(a, file, level, TABLE_SIZE);
		if (o->nr_files > 1)
			json_codecs(a, file, level, TABLE_EACH);
		if (a->timed)
			json_codecs(a, file, level, TABLE_TIME);
		fputs("}", file);
	}
	fputs("\n  ]\n}\n", file);
}

static void choose_levels(struct answer *a)
{
	const struct options *o = a->options;

	if (o->levels_given)
		for (unsigned i = 0; i < o->capture.nr_levels; i++)
			a->levels[a->nr_levels++] = o->capture.levels[i];
	else if (o->json)
		while (a->nr_levels <= LEVEL_MAX) {
			a->levels[a->nr_levels] = a->nr_levels;
			a->nr_levels++;
		}
	else
		for (size_t i = 0; i < sizeof(default_levels) /
				       sizeof(*default_levels); i++)
			a->levels[a->nr_levels++] = default_levels[i];
}

static struct error *measure_targets(struct answer *a, struct log *log)
{
	const struct options *o = a->options;

	for (unsigned i = 0; i < o->nr_targets; i++)
		TRY(targets_add(a->fs, &a->nr_fs, o->targets[i], o->targets[i],
				targets_share(o->nr_files, i, o->nr_targets)));
	a->timed = a->nr_fs;
	for (size_t i = 0; i < a->nr_fs; i++) {
		struct speed speed;

		TRY(speed_measure(a->fs[i].path, &speed));
		a->bytes_per_second[i] = speed.bytes_per_second;
		if (speed.bytes_per_second > 0)
			continue;
		log_warn(log, "%s has no room to measure its speed: no times are told",
			 a->fs[i].path);
		a->timed = false;
	}
	return NULL;
}

static struct error *answer(const struct options *options,
			    const struct input *input, struct log *log)
{
	struct estimate estimate;
	struct answer a = {
		.options = options, .input = input, .estimate = &estimate,
	};
	struct progress progress;

	choose_levels(&a);
	TRY(measure_targets(&a, log));
	TRY(estimate_need_find(options, input, log, &a.need));
	progress_init(&progress, log, -1);
	TRY(estimate_run(input, SAMPLES, &progress, &estimate));
	if (options->json)
		print_json(&a, stdout);
	else
		print_text(&a, stdout);
	return NULL;
}

struct error *command_estimate(const struct options *options, struct log *log,
			       enum exit_status *ret)
{
	struct capture_options capture = options->capture;
	struct input input = { .image = NULL };
	struct error *err;

	(void)ret;
	if (!capture.input)
		capture.input = "/proc/kcore";
	capture.foretell = true;
	TRY(stop_install());
	err = input_open(&input, &capture, log);
	if (!err)
		err = answer(options, &input, log);
	input_close(&input);
	return err;
}
