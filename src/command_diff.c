/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump diff: which pages two dumps, or a dump and its vmcore, differ in. */
#include <inttypes.h>
#include <string.h>

#include "base/stop.h"
#include "base/text.h"
#include "command.h"
#include "formats/diff.h"

static const struct { const char *name, *key; } kinds[NR_DIFF_KINDS] = {
	[DIFF_SAME] = { "same", "same" },
	[DIFF_OTHER] = { "differ", "differ" },
	[DIFF_UNREADABLE] = { "unreadable", "unreadable" },
	[DIFF_ONLY_A] = { "only in a", "only_a" },
	[DIFF_ONLY_B] = { "only in b", "only_b" },
};

#define MAX_LISTED 1000u	/* runs; the counts are of all */

struct listing {
	bool json;
	uint64_t nr;
};

static void list_run(void *arg, enum diff_kind kind, uint64_t paddr,
		     uint64_t end)
{
	struct listing *listing = arg;

	if (listing->nr++ >= MAX_LISTED)
		return;
	if (listing->json)
		printf("%s\n    {\"kind\": \"%s\", \"start\": %" PRIu64
		       ", \"end\": %" PRIu64 "}", listing->nr > 1 ? "," : "",
		       kinds[kind].key, paddr, end);
	else
		printf("%#014" PRIx64 "-%#014" PRIx64 " %s\n", paddr, end - 1,
		       kinds[kind].name);
}

static void print_name(const char *key, const char *path)
{
	printf("  \"%s\": ", key);
	text_print_json(stdout, path, strlen(path));
	puts(",");
}

static void print_counts(const struct diff_counts *counts,
			 const struct listing *listing)
{
	if (listing->json) {
		printf("%s],\n  \"runs\": %" PRIu64 ",\n  \"page_size\": %u,\n  \"pages\": {",
		       listing->nr ? "\n  " : "", listing->nr,
		       counts->page_size);
		for (unsigned i = 0; i < NR_DIFF_KINDS; i++)
			printf("%s\"%s\": %" PRIu64, i ? ", " : "", kinds[i].key,
			       counts->nr[i]);
		puts("}\n}");
		return;
	}
	if (listing->nr > MAX_LISTED)
		printf("and %" PRIu64 " ranges more\n",
		       listing->nr - MAX_LISTED);
	printf("%" PRIu64 " pages in both: %" PRIu64 " the same, %" PRIu64
	       " differ, %" PRIu64 " unreadable; %" PRIu64 " only in a, %"
	       PRIu64 " only in b\n", counts->nr[DIFF_SAME] +
	       counts->nr[DIFF_OTHER] + counts->nr[DIFF_UNREADABLE],
	       counts->nr[DIFF_SAME], counts->nr[DIFF_OTHER],
	       counts->nr[DIFF_UNREADABLE], counts->nr[DIFF_ONLY_A],
	       counts->nr[DIFF_ONLY_B]);
}

static struct error *compare(const struct options *options, struct log *log,
			     const struct image *a, const struct image *b,
			     enum exit_status *ret)
{
	struct listing listing = { .json = options->json };
	struct diff_counts counts;
	struct progress progress;

	if (a->target.elf_machine != b->target.elf_machine)
		return error_create(ERROR_INVALID,
				    "%s and %s are of machines of different kinds",
				    a->path, b->path);
	progress_init(&progress, log, -1);
	if (options->json) {
		puts("{");
		print_name("a", a->path);
		print_name("b", b->path);
		fputs("  \"differences\": [", stdout);
	}
	TRY(diff_images(a, b, &progress, list_run, &listing, &counts));
	print_counts(&counts, &listing);
	if (listing.nr)
		*ret = EXIT_DIFFER;
	return NULL;
}

struct error *command_diff(const struct options *options, struct log *log,
			   enum exit_status *ret)
{
	struct options other = *options;
	struct image *a, *b;
	struct error *err;

	other.capture.input = options->capture.output;
	other.capture.reassemble = false;
	other.capture.nr_parts = 0;
	TRY(stop_install());
	TRY(command_open_image(options, log, &a));
	err = command_open_image(&other, log, &b);
	if (!err) {
		err = compare(options, log, a, b, ret);
		image_close(b);
	}
	image_close(a);
	return err;
}
