/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens image, kernel and what follows from them: see input.h. */
#include "input.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/text.h"
#include "../formats/image_kinds.h"
#include "../formats/kdump_format.h"
#include "../formats/kdump_read.h"
#include "own_memory.h"

/* A level that needs struct pages is of no use without them. */
static void warn_unfiltered(const struct input *input,
			    const struct capture_options *options)
{
	const struct kernel *kernel = input->kernel;

	if (!kernel->has_pages &&
	    options->levels[0] & ~input->made_with & ~LEVEL_ZERO)
		log_warn(input->log,
			 "no page can be left out (%s): all of %s is dumped",
			 kernel->why_not_pages ? kernel->why_not_pages :
			 "this kernel is not understood", input->dump ?
			 "what the input has" : "memory");
}

static void warn_fadump(void *arg, const char *text)
{
	log_warn(arg, "%s", text);
}

/* A firmware-assisted dump, if it is one: what of it was lost. */
static struct error *open_fadump(struct input *input,
				 const struct capture_options *options)
{
	const struct fadump *f = &input->fadump;
	const struct lost *lost = &input->lost;
	struct fadump_range ranges[FADUMP_MAX_RANGES];
	struct error *err;
	size_t nr;

	fadump_ranges(input->image, ranges, &nr);
	err = fadump_gather(input->view, ranges, nr, options->device_tree,
			    options->machine_root, input->log, &input->fadump);
	if (err)	/* no reason not to dump */
		log_warn(input->log, "the device tree: %s", error_message(err));
	error_destroy(err);
	if (!f->known)
		return NULL;
	fadump_check(f, warn_fadump, input->log);
	err = lost_count(input->kernel, f->area, f->area_end, &input->lost);
	if (err && error_kind(err) == ERROR_STOPPED)
		return err;
	if (err)	/* a number that nothing hangs on */
		log_warn(input->log, "what fadump lost is not counted: %s",
			 error_message(err));
	error_destroy(err);
	if (lost->nr)
		log_print(input->log, LOG_MESSAGE,
			  "%llu pages of users and page cache lay where the firmware copied memory to (%#llx-%#llx): they are lost to fadump",
			  (unsigned long long)lost->nr,
			  (unsigned long long)f->area,
			  (unsigned long long)f->area_end - 1);
	return NULL;
}

static struct error *open_kernel(struct input *input)
{
	TRY(view_create(input->image, VIEW_RANDOM, &input->view));
	return kernel_open_given(input->image, input->view, input->given,
				 input->log, &input->kernel);
}

static void close_kernel(struct input *input)
{
	kernel_close(input->kernel);
	view_destroy(input->view);
	input->kernel = NULL;
	input->view = NULL;
}

/* The kernel tells what of the image has to go: it is opened again then, on
 * what is left. */
static struct error *cut_reserved(struct input *input)
{
	struct reservations reserved;

	TRY(own_memory_reserved(input->kernel, input->view, input->log,
				&reserved));
	if (!reserved.nr)
		return NULL;
	close_kernel(input);
	TRY(own_memory_cut(input->image, &reserved, false,
			   input->log));
	return open_kernel(input);
}

/* What concerns memory as the capture kernel sees it. */
static struct error *open_vmcore(struct input *input,
				 const struct capture_options *options)
{
	fadump_header_include(input->image);
	TRY(own_memory_leave_out(input->image, options->machine_root,
				 options->foretell && input->image->live,
				 input->log));
	own_memory_check(input->image, input->log);
	TRY(open_kernel(input));
	return cut_reserved(input);
}

/* A dump that is to be made smaller, or packed otherwise. */
static struct error *open_dump(struct input *input)
{
	const struct kdump_header *dump = input->dump;

	if (!dump->complete && !dump->nr_present)
		return error_create(ERROR_INVALID,
				    "%s: its bitmaps were not written: there is nothing to make a dump of",
				    input->image->path);
	input->made_with = dump->level & LEVEL_MAX;
	input->incomplete = !dump->complete;
	if (!dump->complete)
		log_warn(input->log,
			 "%s incomplete, and so is what is made of it",
			 input->reassembled ? "what the parts have together is" :
			 "the input is");
	if (dump->status & KDUMP_STATUS_EXCLUDED_VMEMMAP)
		log_warn(input->log,
			 "%s was made without the struct pages of what it leaves out: what can't be judged without them is kept",
			 input->image->path);
	return open_kernel(input);
}

/* By the kernel's own count it is checked how many free pages are found: not
 * where they were left out before, or struct pages are missing. */
static struct error *count_free(struct input *input)
{
	if (!input->kernel->has_pages || input->made_with & LEVEL_FREE ||
	    input->incomplete)
		return NULL;
	TRY(kernel_free_pages(input->kernel, input->view, &input->free_kernel,
			      &input->free_known));
	if (!input->free_known)
		log_warn(input->log, "the kernel's own count of free pages can't be read: what is found is not checked against it");
	return NULL;
}

unsigned input_level(const struct input *input, unsigned level)
{
	if (input->made_with & ~level && !input->as_it_is)
		log_print(input->log, LOG_MESSAGE,
			  "Dump level %u instead of %u: %s was made with level %u.",
			  level | input->made_with, level, input->image->path,
			  input->made_with);
	return level | input->made_with;
}

static struct error *open_image(struct input *input,
				const struct capture_options *options)
{
	unsigned flags = (options->no_map ? IMAGE_NO_MAP : 0) |
			 (options->salvage ? IMAGE_SALVAGE : 0) |
			 (options->reassemble ? IMAGE_PART : 0);

	TRY(image_open(options->input, image_kinds, flags, input->log,
		       &input->image));
	input->reassembled = options->reassemble;
	input->as_it_is = options->keep_all;
	if (!options->reassemble)
		return NULL;
	if (!kdump_image_header(input->image))
		return error_create(ERROR_INVALID,
				    "%s: is an %s, and no part of a dump",
				    input->image->path,
				    input->image->ops->name);
	return kdump_join(input->image, options->parts, options->nr_parts,
			  input->log);
}

struct error *input_open(struct input *input,
			 const struct capture_options *options,
			 struct log *log)
{
	input->log = log;
	input->given = options->given;
	TRY(open_image(input, options));
	input->incomplete = input->image->file.cut_off ||
			    input->image->incomplete;
	input->dump = kdump_image_header(input->image);
	if (input->image->incomplete)
		log_warn(log, "the input is incomplete, and so is what is made of it");
	TRY(input->dump ? open_dump(input) : open_vmcore(input, options));
	warn_unfiltered(input, options);
	memory_plan(input->kernel->end_pfn,
		    input->kernel->space.target.page_shift,
		    options->nr_threads, options->nr_files + options->nr_also,
		    options->memory,
		    &input->budget);
	if (input->budget.files > input->budget.bytes / 2)
		log_warn(log, "%zu files need %llu MiB of memory, %llu MiB are allowed for all: fewer files would leave more threads",
			 options->nr_files + options->nr_also + 1,
			 (unsigned long long)input->budget.files >> 20,
			 (unsigned long long)input->budget.bytes >> 20);
	log_print(log, LOG_DEBUG,
		  "memory: %llu bytes available, %llu allowed; %u threads, windows of %llu pages (0: one window), %llu bytes to remember them",
		  (unsigned long long)input->budget.available,
		  (unsigned long long)input->budget.bytes,
		  input->budget.nr_threads,
		  (unsigned long long)input->budget.window_pages,
		  (unsigned long long)input->budget.store_bytes);
	TRY(device_map_find(input->kernel, input->view, log, &input->devices));
	device_map_warn(&input->devices,
			1ull << input->kernel->space.target.page_shift, log);
	TRY(left_out_map_find(input->kernel, input->view, log,
			      &input->left_out));
	left_out_map_tell(&input->left_out, log);
	TRY(overlay_create(input->kernel, input->view, log, &input->overlay));
	TRY(facts_gather(input->kernel, input->view, log, &input->facts));
	if (!input->dump)
		TRY(open_fadump(input, options));
	return count_free(input);
}

void input_close(struct input *input)
{
	fadump_deinit(&input->fadump);
	overlay_destroy(input->overlay);
	close_kernel(input);
	image_close(input->image);
}

void report_input(struct capture_report *report, const struct input *input)
{
	const char *release = (const char *)input->facts.utsname[2];
	char *escaped = text_escape(release, strnlen(release, 65));

	if (escaped)
		snprintf(report->release, sizeof(report->release), "%s",
			 escaped);
	free(escaped);
	report->crash_time = input->facts.crash_time;
	report->page_size = 1u << input->kernel->space.target.page_shift;
	report->budget = input->budget.bytes;
	report->devices = input->devices;
	report->left_out = input->left_out;
	report->free_known = input->free_known;
	report->free_kernel = input->free_kernel;
	report->fadump = input->fadump.known;
	report->fadump_area = input->fadump.area;
	report->fadump_area_end = input->fadump.area_end;
	report->lost = input->lost;
}

bool input_warn(const struct input *input, const struct plan *plan)
{
	bool understood = true;

	/* a running kernel's count has changed by the end of the scan */
	if (input->free_known && !input->image->live)
		facts_check_free(plan->counts.free_found, input->free_kernel,
				 input->log, &understood);
	if (plan->counts.nr_unreadable)
		log_warn(input->log,
			 "%llu struct pages can't be read: their pages are kept",
			 (unsigned long long)plan->counts.nr_unreadable);
	if (plan->counts.nr_nonsense)
		log_warn(input->log,
			 "%llu compound pages make no sense: they are kept",
			 (unsigned long long)plan->counts.nr_nonsense);
	return understood;
}

void report_plan(struct capture_report *report, const struct plan *plan,
		 const struct input *input, unsigned level)
{
	report->level = level;
	report->nr_present = plan->nr_present;
	report->input_bytes = plan->nr_present * report->page_size;
	report->nr_kept = plan->nr_kept;
	report->nr_forced = plan->nr_forced;
	memcpy(report->present, plan->counts.present, sizeof(report->present));
	/* in no segment, so that no scan of memory has met them */
	report->present[CLASS_LOST] = input->lost.nr;
	memcpy(report->kept, plan->counts.kept, sizeof(report->kept));
	memcpy(report->ranks, plan->ranks, sizeof(report->ranks));
	report->free_found = plan->counts.free_found;
	report->not_understood = !input_warn(input, plan);
}
