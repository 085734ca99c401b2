/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump verify: what verify_dump() found, and the exit status it means. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/text.h"
#include "command.h"
#include "formats/kdump_read.h"
#include "formats/verify.h"
#include "formats/verify_elf.h"

static struct error *has_metadata(const char *path, bool *ret)
{
	struct image_file file;
	struct stat st;
	struct error *err = NULL;

	TRY(image_file_open(path, NULL, &file));
	*ret = true;
	if (fstat(file.fd, &st))
		err = error_errno(errno, "%s", path);
	else if (S_ISREG(st.st_mode))
		err = verify_has_metadata(&file, ret);
	image_file_close(&file);
	return err;
}

static void print_unreadable(const struct verify_report *report)
{
	uint64_t n = report->nr_unreadable;

	if (!n)
		return;
	printf("pages that could not be read at the crash:");
	for (uint64_t i = 0; i < n && i < VERIFY_MAX_LISTED; i++)
		printf(" %#" PRIx64, report->unreadable[i]);
	printf("%s\n", n > VERIFY_MAX_LISTED ? " ..." : "");
}

static void print_report(const struct image *image,
			 const struct verify_report *report)
{
	const struct kdump_header *h = kdump_image_header(image);

	if (h->split)
		printf("frames %#" PRIx64 " to %#" PRIx64 " of a split dump: ",
		       h->first_pfn + h->start, h->first_pfn + h->end);
	printf("%" PRIu64 " of %" PRIu64 " pages are in the %s: %" PRIu64 " compressed, %" PRIu64 " raw, %" PRIu64 " zero, %" PRIu64 " unreadable, %" PRIu64 " not reached, %" PRIu64 " bad, %" PRIu64 " not checked\n",
	       h->nr_kept, h->nr_present, h->split ? "part" : "dump",
	       report->nr_packed, report->nr_raw,
	       report->nr_zero, report->nr_unreadable, report->nr_unreached,
	       report->nr_bad, report->nr_unchecked);
	print_unreadable(report);
	if (report->nr_problems)
		printf("bad: %" PRIu64 " problems\n", report->nr_problems);
	else if (report->nr_unchecked)
		printf("not checked\n");
	else if (!h->complete && !report->nr_unreached)
		printf("incomplete, but good as far as it goes: it has all pages that it names, but not all that it was to have\n");
	else if (!h->complete)
		printf("incomplete, but good as far as it goes: %" PRIu64 " pages were not reached\n",
		       report->nr_unreached);
	else
		printf("good\n");
}

static struct error *verify_kdump(const struct options *options,
			    const struct image *image, struct log *log,
			    enum exit_status *ret)
{
	const struct kdump_header *h = kdump_image_header(image);
	AUTO_FREE struct verify_report *report = NULL;

	if (!h->complete && !h->nr_present) {
		printf("no metadata yet\n");
		*ret = EXIT_NO_DUMP;
		return NULL;
	}
	report = calloc(1, sizeof(*report));
	if (!report)
		return error_nomem();
	TRY(verify_dump(image, log, report));
	print_report(image, report);
	if (report->nr_unchecked)
		return error_create(ERROR_UNSUPPORTED,
				    "%s: %" PRIu64 " pages could not be checked: they are compressed with %s, and this capdump was built without %s",
				    image->path, report->nr_unchecked,
				    report->missing->name,
				    report->missing->library);
	if (report->nr_problems)
		*ret = EXIT_NO_DUMP;
	else if (!h->complete)
		*ret = EXIT_CUT_SHORT;
	else if (options->strict && report->nr_unreadable)
		*ret = EXIT_UNREADABLE;
	return NULL;
}

static void print_elf(const struct image *image, const struct verify_elf *r)
{
	char size[3][16];

	printf("%s of memory in %" PRIu64 " segments, %s of it zeroes that are not in the file, %s lacking; registers of %" PRIu64 " CPUs\n",
	       text_size(r->memory, size[0]), r->nr_loads,
	       text_size(r->zero, size[1]), text_size(r->lacking, size[2]),
	       r->nr_cpus);
	for (uint64_t i = 0; i < r->nr_lacking && i < VERIFY_MAX_LACKING; i++)
		printf("lacking: %#" PRIx64 "-%#" PRIx64 "\n",
		       r->range[i].paddr, r->range[i].end - 1);
	if (r->nr_lacking > VERIFY_MAX_LACKING)
		printf("lacking: ... and %" PRIu64 " more ranges\n",
		       r->nr_lacking - VERIFY_MAX_LACKING);
	if (r->nr_problems)
		printf("bad: %" PRIu64 " problems\n", r->nr_problems);
	else if (r->lacking && !image->incomplete && !image->file.cut_off)
		printf("bad: the file is cut off, and does not say that it is incomplete\n");
	else if (image->incomplete || image->file.cut_off)
		printf("incomplete, but good as far as it goes: %" PRIu64 " segments were not reached\n",
		       r->nr_empty);
	else
		printf("good\n");
}

static struct error *verify_vmcore(const struct image *image, struct log *log,
				   enum exit_status *ret)
{
	AUTO_FREE struct verify_elf *report = malloc(sizeof(*report));
	bool incomplete = image->incomplete || image->file.cut_off;

	if (!report)
		return error_nomem();
	TRY(verify_elf(image, log, report));
	print_elf(image, report);
	if (report->nr_problems || (report->lacking && !incomplete))
		*ret = EXIT_NO_DUMP;
	else if (incomplete)
		*ret = EXIT_CUT_SHORT;
	return NULL;
}

/* One file: a dump, or a PART of one. */
static struct error *verify_file(const struct options *options, bool part,
				 struct log *log, enum exit_status *ret)
{
	struct image *image = NULL;
	struct error *err;
	bool begun;

	TRY(has_metadata(options->capture.input, &begun));
	if (!begun) {
		printf("no metadata yet\n");
		*ret = EXIT_NO_DUMP;
		return NULL;
	}
	TRY(command_open_image(options, log, &image));
	if (kdump_image_header(image))
		err = verify_kdump(options, image, log, ret);
	else if (part)
		err = error_create(ERROR_INVALID,
				   "%s: is an %s, and no part of a dump",
				   image->path, image->ops->name);
	else
		err = verify_vmcore(image, log, ret);
	image_close(image);
	return err;
}

/* Whether the files are one dump, and all of it. */
static struct error *verify_together(const struct options *options,
				     struct log *log, enum exit_status *ret)
{
	const struct kdump_header *h;
	struct image *image;

	TRY(command_open_image(options, log, &image));
	h = kdump_image_header(image);
	printf("together: %" PRIu64 " of %" PRIu64 " pages are in %u files: %s\n",
	       h->nr_kept, h->nr_present, h->nr_parts,
	       h->complete ? "good" : "incomplete");
	*ret = h->complete ? EXIT_COMPLETE : EXIT_CUT_SHORT;
	image_close(image);
	return NULL;
}

static int badness(enum exit_status status)
{
	return status == EXIT_NO_DUMP ? 3 : status == EXIT_CUT_SHORT ? 2 :
	       status == EXIT_UNREADABLE;
}

struct error *command_verify(const struct options *options, struct log *log,
			     enum exit_status *ret)
{
	const struct capture_options *o = &options->capture;
	struct options one = *options;
	enum exit_status status;

	one.capture.nr_parts = 0;
	one.capture.salvage = true;	/* all that a cut-off file lacks is told */
	for (size_t i = 0; i <= o->nr_parts; i++) {
		if (i)
			one.capture.input = o->parts[i - 1];
		if (o->nr_parts) {
			text_print_escaped(stdout, one.capture.input,
					   strlen(one.capture.input), 0);
			fputs(": ", stdout);
			fflush(stdout);		/* LOG has another stream */
		}
		status = EXIT_COMPLETE;
		TRY(verify_file(&one, o->nr_parts, log, &status));
		if (badness(status) > badness(*ret))
			*ret = status;
	}
	if (!o->nr_parts || *ret == EXIT_NO_DUMP)
		return NULL;
	TRY(verify_together(options, log, &status));
	if (badness(status) > badness(*ret))
		*ret = status;
	return NULL;
}
