/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers what capdump info tells. Memory is bounded, whatever the file says:
 * ranges beyond the first 64 are only counted, memory is scanned in windows. */
#include "summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "capture/overlay.h"
#include "capture/plan.h"
#include "image/notes.h"

#define WINDOW_BYTES (UINT64_C(16) << 30)	/* of memory, for the scan */
#define MAX_WINDOWS 65536u			/* 1 PiB of addresses */

static void range_add(struct summary *summary, uint64_t paddr, uint64_t end)
{
	uint64_t n = summary->nr_ranges;
	struct summary_range *last = n && n <= SUMMARY_MAX_RANGES ?
				     &summary->ranges[n - 1] : NULL;

	summary->memory += end - paddr;
	if (last && last->end == paddr) {
		last->end = end;
		return;
	}
	if (n < SUMMARY_MAX_RANGES)
		summary->ranges[n] = (struct summary_range){ paddr, end };
	summary->nr_ranges++;
}

static struct error *run_add(void *arg, uint64_t first, uint64_t end)
{
	struct summary *summary = arg;
	unsigned shift = summary->image->target.page_shift;

	range_add(summary, first << shift, end << shift);
	return NULL;
}

static struct error *gather_ranges(struct summary *summary)
{
	const struct image *image = summary->image;

	if (summary->header)
		return kdump_each_run(image, BITMAP_PRESENT, run_add, summary);
	for (size_t i = 0; i < image->nr_segments; i++)
		range_add(summary, image->segments[i].paddr,
			  image->segments[i].paddr + image->segments[i].memsz);
	return NULL;
}

static struct error *count_cpu(void *arg, const struct note *note)
{
	*(unsigned *)arg += note_is_prstatus(note);
	return NULL;
}

static char *copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

/* Names and time, from VMCOREINFO or a dump's header. */
static void gather_names(struct summary *summary)
{
	const struct kdump_header *h = summary->header;
	const struct kernel *kernel = summary->kernel;
	const struct vmcoreinfo *v = kernel ? kernel->vmcoreinfo : NULL;
	const char *release = v ? vmcoreinfo_get(v, "OSRELEASE") : NULL;
	const char *time = v ? vmcoreinfo_get(v, "CRASHTIME") : NULL;
	const char *machine = h ? h->utsname[UTS_MACHINE] : NULL;

	if (!release && h)
		release = h->utsname[UTS_RELEASE];
	if (!machine && kernel && kernel->has_space)
		machine = kernel->space.ops->name;
	summary->release = copy(release);
	summary->machine = copy(machine);
	summary->node = copy(h ? h->utsname[UTS_NODENAME] : NULL);
	if (time)
		error_destroy(text_parse_number(time, INT64_MAX,
						&summary->crash_time));
	if (!summary->crash_time && h)
		summary->crash_time = h->timestamp;
}

/* The pages of a vmcore by class. */
static struct error *gather_classes(struct summary *summary, struct log *log)
{
	const struct kernel *kernel = summary->kernel;
	uint64_t window = WINDOW_BYTES >> summary->image->target.page_shift;
	struct overlay *overlay = NULL;
	struct plan *plan = NULL;
	struct error *err;

	if (!kernel || !kernel->has_pages ||
	    kernel->end_pfn / window >= MAX_WINDOWS)
		return NULL;
	err = overlay_create(kernel, summary->view, log, &overlay);
	if (!err)
		err = plan_create(kernel, overlay, 0, false, window, 0, &plan);
	if (!err)
		err = plan_scan(plan, NULL);
	if (!err) {
		memcpy(summary->classes, plan->counts.present,
		       sizeof(summary->classes));
		summary->classes_known = true;
	}
	plan_destroy(plan);
	overlay_destroy(overlay);
	return err;
}

/* Turns an error into a warning: the rest is still worth printing. */
static void tolerate(struct error *err, struct log *log, const char *what)
{
	if (err)
		log_warn(log, "%s: %s", what, error_message(err));
	error_destroy(err);
}

struct error *summary_gather(struct summary *summary,
			     const struct image *image, struct log *log)
{
	struct error *err;

	memset(summary, 0, sizeof(*summary));
	summary->image = image;
	summary->header = kdump_image_header(image);
	TRY(view_create(image, VIEW_RANDOM, &summary->view));
	tolerate(kernel_open(image, summary->view, log, &summary->kernel), log,
		 "the kernel");
	gather_names(summary);
	TRY(gather_ranges(summary));
	TRY(notes_each(image, log, count_cpu, &summary->nr_cpus));
	if (summary->header)
		TRY(kdump_count(image, &summary->counts));
	else
		tolerate(gather_classes(summary, log), log,
			 "pages by kind");
	if (!summary->kernel || !summary->kernel->has_space)
		return NULL;
	err = crash_log_read(summary->kernel, summary->view, log,
			     &summary->crash);
	summary->log_known = !err;
	tolerate(err, log, "the kernel's log");
	return NULL;
}

void summary_deinit(struct summary *summary)
{
	kernel_close(summary->kernel);
	view_destroy(summary->view);
	free(summary->release);
	free(summary->machine);
	free(summary->node);
}
