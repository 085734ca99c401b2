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

#define SAMPLES 4000	/* of each kind of page: within 2 % or so */

/* What is shown if no -d chooses others. */
static const unsigned default_levels[] = { 1, 17, 25, 31 };

struct answer {
	const struct options *options;
	const struct input *input;
	const struct estimate *estimate;
	struct estimate_need need;
	struct speed speed;		/* if options->target */
	unsigned levels[LEVEL_MAX + 1], nr_levels;
};

/* Reading, packing and writing go on side by side; the scan comes first. */
static double seconds(const struct answer *a, unsigned level, unsigned codec)
{
	const struct estimate *e = a->estimate;
	double scan = e->scan_seconds;
	double pack = (estimate_seconds(e, level, codec) - scan) /
		      a->options->nr_cpus;
	double write = (double)estimate_size(e, level, codec) /
		       a->speed.bytes_per_second;

	return scan + (write > pack ? write : pack);
}

static uint64_t wanted(const struct answer *a)
{
	return memory_wanted(a->input->kernel->end_pfn, a->options->nr_cpus);
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

static void print_row(const struct answer *a, FILE *file, unsigned level,
		      bool times)
{
	const struct estimate *e = a->estimate;
	char size[16];

	fprintf(file, "-d %-9u %10" PRIu64, level, estimate_pages(e, level));
	for (unsigned i = 0; i < e->nr_codecs; i++)
		if (times)
			fprintf(file, " %9.1f s", seconds(a, level, i));
		else
			fprintf(file, " %11s", text_size(estimate_size(
					e, level, i), size));
	fputc('\n', file);
}

static void print_text(const struct answer *a, FILE *file)
{
	const struct options *o = a->options;
	const struct estimate *e = a->estimate;
	const char *path = a->input->image->path;
	char size[2][16];

	text_print_escaped(file, path, strlen(path), 0);
	fprintf(file, ": %s of memory, %" PRIu64 " pages of %u bytes\n",
		text_size(e->nr_present * e->page_size, size[0]),
		e->nr_present, e->page_size);
	print_heads(a, file, "size");
	for (unsigned i = 0; i < a->nr_levels; i++)
		print_row(a, file, a->levels[i], false);
	if (o->target && a->speed.bytes_per_second > 0) {
		print_heads(a, file, "time");
		for (unsigned i = 0; i < a->nr_levels; i++)
			print_row(a, file, a->levels[i], true);
		fprintf(file, "\nTimes are for this machine's CPUs (%u of them) and for ",
			o->nr_cpus);
		text_print_escaped(file, o->target, strlen(o->target), 0);
		fprintf(file, ", which takes %s/s and has %s free.\n",
			text_size((uint64_t)a->speed.bytes_per_second,
				  size[0]), text_size(a->speed.room, size[1]));
	}
	fprintf(file, "\ncapdump wants %s of free memory for it with %u CPU%s, and can do with less.\n",
		text_size(wanted(a), size[0]), o->nr_cpus,
		o->nr_cpus == 1 ? "" : "s");
	estimate_need_print(&a->need, file);
}

static void json_codecs(const struct answer *a, FILE *file, unsigned level,
			bool times)
{
	const struct estimate *e = a->estimate;

	for (unsigned i = 0; i < e->nr_codecs; i++) {
		const struct estimate_codec *codec = &e->codecs[i];

		fprintf(file, "%s\"%s%s\": ", i ? ", " : "",
			codec->ops ? codec->ops->name : "none",
			codec->level == CODEC_LEVEL_FAST ? "_fast" : "");
		if (times)
			fprintf(file, "%.3f", seconds(a, level, i));
		else
			fprintf(file, "%" PRIu64, estimate_size(e, level, i));
	}
}

static void print_json(const struct answer *a, FILE *file)
{
	const struct options *o = a->options;
	const struct estimate *e = a->estimate;
	const char *path = a->input->image->path;
	bool timed = o->target && a->speed.bytes_per_second > 0;

	fputs("{\n  \"file\": ", file);
	text_print_json(file, path, strlen(path));
	fprintf(file, ",\n  \"page_size\": %u,\n  \"pages\": %" PRIu64 ",\n"
		"  \"cpus\": %u,\n  \"memory_wanted\": %" PRIu64,
		e->page_size, e->nr_present, o->nr_cpus, wanted(a));
	if (o->target) {
		fputs(",\n  \"target\": ", file);
		text_print_json(file, o->target, strlen(o->target));
		fprintf(file, ",\n  \"target_room\": %" PRIu64
			",\n  \"bytes_per_second\": %.0f", a->speed.room,
			a->speed.bytes_per_second);
	}
	estimate_need_print_json(&a->need, file);
	fputs(",\n  \"levels\": [", file);
	for (unsigned i = 0; i < a->nr_levels; i++) {
		unsigned level = a->levels[i];

		fprintf(file, "%s\n    {\"level\": %u, \"pages\": %" PRIu64
			", \"sizes\": {", i ? "," : "", level,
			estimate_pages(e, level));
		json_codecs(a, file, level, false);
		fputs("}", file);
		if (timed) {
			fputs(", \"seconds\": {", file);
			json_codecs(a, file, level, true);
			fputs("}", file);
		}
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

static struct error *answer(const struct options *options,
			    const struct input *input, struct log *log)
{
	struct estimate estimate;
	struct answer a = {
		.options = options, .input = input, .estimate = &estimate,
	};
	struct progress progress;

	choose_levels(&a);
	if (options->target)
		TRY(speed_measure(options->target, &a.speed));
	if (options->target && !(a.speed.bytes_per_second > 0))
		log_warn(log, "%s has no room to measure its speed: no times are told",
			 options->target);
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
